"""Access rules: who may do what to which record. Turns a rule and a request into a filter; runs no SQL."""
