"""A database that has an app's tables, and no record of its migrations, takes up the history where it stands.

So it is with a database that followed the code until the first migration was written, and with one that was restored
or made by hand.
"""

import logging
from collections.abc import Iterator, Sequence

from piccolo.conf.apps import AppConfig

from piccobase.base.errors import StartError
from piccobase.db.engine import Database
from piccobase.db.setup import plan_setup
from piccobase.db.shape import Shape, read_shape
from piccobase.migrations.files import Migration
from piccobase.migrations.state_tables import tables_of
from piccobase.migrations.states import State

log = logging.getLogger("piccobase.db")
_SHOWN = 5  # of the differences


async def take_up(db: Database, app: AppConfig, history: Sequence[Migration]) -> list[str]:
    """The names of the migrations that the database must have seen; none where it has none of the tables.

    They lead to the newest migration whose tables are those of the database. Raises StartError where there is none.
    """
    known = _known(history)
    shape = await read_shape(db)
    if not known.keys() & shape.tables.keys():
        return []
    for position in range(len(history), 0, -1):
        state = history[position - 1].after
        if state.tables and not any(True for _ in differences(db, state, shape, known)):
            names = [migration.id for migration in history[:position]]
            log.info(
                "The database has the tables of %s already, as they are after the migration %s: goes on from there.",
                app.app_name,
                names[-1],
            )
            return names
    found = list(differences(db, history[-1].after, shape, known))
    more = f"\n… and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise StartError(
        f"The database has tables of {app.app_name}, but no record of its migrations, and they are not as they are "
        f"after any of them. After the last, {history[-1].id}, there would be:\n"
        + "\n".join(found[:_SHOWN])
        + more
        + "\nMake them so, and try again; or, if you know better: piccobase migrate apply --fake"
    )


def differences(db: Database, state: State, shape: Shape, known: "dict[str, set[str]] | None" = None) -> Iterator[str]:
    """A line for each thing in which the database is not as the state says.

    Columns and tables that are only in the database count if they are `known`: columns by table.
    """
    plan = plan_setup(tables_of(state, db), shape)
    yield from plan.problems
    yield from (f"Missing: {statement}" for statement in plan.statements)
    for name, columns in (known or {}).items():
        if name not in shape.tables:
            continue
        if name not in state.tables:
            yield f"{name}: is in the database only."
            continue
        of_state = {column.db_name for column in state.tables[name].columns}
        for column in sorted(columns & shape.tables[name].columns.keys() - of_state):
            yield f"{name}.{column}: is in the database only."


def _known(history: Sequence[Migration]) -> dict[str, set[str]]:
    """All tables and columns that there have ever been."""
    known: dict[str, set[str]] = {}
    for migration in history:
        for name, table in migration.after.tables.items():
            known.setdefault(name, set()).update(column.db_name for column in table.columns)
    return known
