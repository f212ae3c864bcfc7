"""Work done later: jobs that are added, kept in the database and run by workers; schedules that add them by the clock.

`declaring.py` is what a developer declares, `adding.py` how a job comes into the database, `claiming.py` how a worker
gets it and what becomes of it, `running.py` one run of its function, `worker.py` the loops around these, `cron.py` and
`scheduling.py` the clock, `looking.py` what people see of it.
"""
