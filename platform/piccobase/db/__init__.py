"""The databases: engines, transactions, their errors as ours, and the schema they hold. Knows no filter and no rule."""
