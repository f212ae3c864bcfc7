"""The schema over time: from one state of the tables to the next. Compared, planned, judged for losses, carried out."""
