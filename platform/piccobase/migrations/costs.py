"""What a statement costs those who use the database meanwhile: whom it keeps waiting, and about how long."""

from piccobase.migrations.changes import Step
from piccobase.schema.values.base import Dialect

# Microseconds for each row: by `benchmarks/rebuild.py`, and by half a million rows on PostgreSQL with three indexes.
# A machine that has more to do takes two or three times as long.
REBUILD = 8.0  # SQLite: the row copied, with three indexes made again
CONVERT = 8.0  # SQLite: a value looked at before, and made another one
REWRITE = 2.0  # PostgreSQL: the row written anew, with its indexes
UPDATE = 8.0
INDEX = 1.0
SCAN = 0.1

SQLITE = "writers wait, readers go on"
EXCLUSIVE = "ACCESS EXCLUSIVE: readers and writers of the table wait"
SHARE_ROW = "SHARE ROW EXCLUSIVE: writers of both tables wait, readers go on"
SHARE = "SHARE: writers of the table wait, readers go on"
ROWS = "ROW EXCLUSIVE: only who writes the same rows waits"


def step(
    sql: str, says: str, table: str, *, rows: int = 0, each: float = 0.0, lock: str = "", dialect: Dialect
) -> Step:
    """`each` are the microseconds for a row. On SQLite a transaction that writes keeps all other writers waiting."""
    if dialect == "sqlite":
        lock = SQLITE
    return Step(sql=sql, says=says, table=table, rows=rows, lock=lock, seconds=rows * each / 1e6)
