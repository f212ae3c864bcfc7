"""What the next migrations of a project would say: drafted from the code and the files, written when it is wanted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from piccobase.base.errors import StartError
from piccobase.db.setup import SchemaDatabase
from piccobase.migrations.beginning import found_state
from piccobase.migrations.changes import SchemaChange
from piccobase.migrations.differing import Difference, difference
from piccobase.migrations.files import change_between, last_state, read_history
from piccobase.migrations.folding import Renames
from piccobase.migrations.projects import Project, ProjectApp
from piccobase.migrations.record import create_record, record
from piccobase.migrations.renaming import Answers, find_renames
from piccobase.migrations.states import State, state_of
from piccobase.migrations.writing import write_migration


@dataclass(frozen=True, slots=True)
class Draft:
    """A migration that is not written yet. One that `is_there` says what the database has already."""

    app: ProjectApp
    before: State
    after: State
    renames: Renames
    difference: Difference
    is_there: bool = False
    description: str = ""

    def change(self, db: SchemaDatabase) -> SchemaChange:
        """What the migration would do, to be planned."""
        return change_between(self.before, self.after, self.renames, db)

    async def write(
        self, description: str = "", accepted: Collection[str] = (), db: SchemaDatabase | None = None
    ) -> Path:
        """Writes the file. One that `is_there` is recorded as done in `db`, where one is given. Raises StartError."""
        path = await write_migration(
            self.app.config,
            self.after,
            self.difference,
            description=self.description if self.is_there else description or self.description,
            accepted=() if self.is_there else accepted,
        )
        if self.is_there and db is not None:
            [*_, last] = await read_history(self.app.config)
            async with db.schema_transaction():
                await create_record(db)
                await record(db, self.app.config, [last.id])
        return path


async def draft_migrations(project: Project, answers: Answers, db: SchemaDatabase | None = None) -> list[Draft]:
    """What has changed in the code since the last migrations of the project's own apps.

    An app without any gets two: what is in the database already, if there is one and it has tables of it, and what is
    to be changed. Writes and changes nothing. Raises StartError, Ambiguous where nobody says whether it is a rename.
    """
    if not project.own:
        raise StartError("There is no place for migrations: the app was not made in a file.")
    drafts: list[Draft] = []
    for app in project.own:
        after = state_of(app.tables)
        history = await read_history(app.config)
        before = last_state(history)
        if not history and db is not None and (there := await found_state(db, app.tables)).tables:
            first = difference(State(), there, Renames())
            said = "The tables as they were"
            drafts.append(Draft(app, State(), there, Renames(), first, is_there=True, description=said))
            before = there
        renames = find_renames(before, after, answers)
        if found := difference(before, after, renames):
            said = "" if before.tables else _first_description(found)
            drafts.append(Draft(app, before, after, renames, found, description=said))
    answers.finish()
    return drafts


def _first_description(found: Difference) -> str:
    names: Sequence[str] = [table.name for table in found.created]
    return f"The first tables: {', '.join(names)}" if len(names) <= 5 else f"The first {len(names)} tables"
