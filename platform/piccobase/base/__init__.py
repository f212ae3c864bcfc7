"""What everything stands on: the error tree, config, ids, the clock, numbers as text. Knows nothing of ours."""
