"""The change log: what was created, changed and deleted, by whom, in the order of the commits."""
