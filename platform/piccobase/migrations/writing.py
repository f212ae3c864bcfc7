"""Writes a difference down as a migration file: Piccolo's calls in Piccolo's template, always in the same order.

What is written is read back before it is kept: a file that would not lead to the declared tables is never left.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import black
from piccolo import __VERSION__ as PICCOLO_VERSION
from piccolo.apps.migrations.auto.serialisation import Import, serialise_params
from piccolo.apps.migrations.commands.new import render_template
from piccolo.conf.apps import AppConfig
from piccolo.table import Table

from piccobase.base.errors import StartError
from piccobase.migrations.differing import ColumnChange, Difference, TableChange, difference
from piccobase.migrations.files import load_files, read_history
from piccobase.migrations.folding import Renames
from piccobase.migrations.states import OWN_TABLE, ColumnState, ConstraintState, Reference, State, TableState

_LINE_LENGTH = 82  # as Piccolo has it
_LONGEST_DESCRIPTION = 100
_ID_FORMAT = "%Y-%m-%dT%H:%M:%S:%f"


async def write_migration(
    app: AppConfig, after: State, found: Difference, *, description: str = "", accepted: Collection[str] = ()
) -> Path:
    """A new file in the app's folder, which is made if need be. Returns its path.

    Raises StartError where the file would not say what is declared, and leaves none then.
    """
    text = _Writing().file(app, _next_id(app), found, description or describe(found), accepted)
    path = _write(app, text)
    try:
        await _check(app, path, after)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


async def write_empty(app: AppConfig, description: str = "") -> Path:
    """A file with a function to fill in."""
    id_ = _next_id(app)
    text = _EMPTY.format(description=description, id=id_, app=app.app_name, version=PICCOLO_VERSION)
    return _write(app, black.format_str(text, mode=black.Mode(line_length=_LINE_LENGTH)))


_EMPTY = '''from piccolo.apps.migrations.auto.migration_manager import MigrationManager


ID = "{id}"
VERSION = "{version}"
DESCRIPTION = {description!r}


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="{app}", description=DESCRIPTION
    )

    async def run():
        """Within the migration's transaction, before tables are changed."""

    async def run_back():
        """When the migration is reverted."""

    manager.add_raw(run)
    manager.add_raw_backwards(run_back)

    return manager
'''


def describe(found: Difference) -> str:
    """A description for those who gave none: what changes, as far as it fits."""
    told = ""
    for number, line in enumerate(lines := list(found.lines())):
        added = f"{told}, {line}" if told else line
        if len(added) > _LONGEST_DESCRIPTION and told:
            return f"{told} and {len(lines) - number} more"
        told = added
    return told


def _next_id(app: AppConfig) -> str:
    """As Piccolo makes them, but always after the last one, however the clocks of two machines differ."""
    now = datetime.now()
    with suppress(ValueError, IndexError):
        last = datetime.strptime(load_files(app)[-1].id, _ID_FORMAT)
        now = max(now, last + timedelta(microseconds=1))
    return now.strftime(_ID_FORMAT)


def _write(app: AppConfig, text: str) -> Path:
    """Raises StartError where it cannot be written."""
    folder = Path(app.resolved_migrations_folder_path)
    found = re.search(r"""^ID = ["']([^"']+)["']""", text, re.MULTILINE)
    assert found is not None
    app_name = re.sub(r"[^a-z0-9_]", "", app.app_name.lower().replace("-", "_"))
    path = folder / f"{app_name}_{found[1].replace(':', '_').replace('-', '_').lower()}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        path.write_text(text, "utf-8")
    except OSError as error:
        raise StartError(f"The migration {path} cannot be written: {error.strerror}.") from error
    return path


async def _check(app: AppConfig, path: Path, after: State) -> None:
    """Reads back what was written."""
    history = await read_history(app)
    if history[-1].file.path != path:
        raise StartError(f"The migration {path} would not be the last: {history[-1].file.path} comes after it.")
    if left := list(difference(history[-1].after, after, Renames()).lines()):
        raise StartError(
            f"A migration file cannot say all that has changed: read back, {left[0]}. Write that one by hand: "
            "piccobase migrate new --empty"
        )


@dataclass(frozen=True, slots=True)
class _Name:
    """Stands in the text as it is."""

    text: str

    def __repr__(self) -> str:
        return self.text


class _Writing:
    """Collects the calls, and what they need at the head of the file."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.definitions: set[str] = set()
        self.calls: list[str] = []
        self.targets: frozenset[str] = frozenset()  # names of the classes that stand for tables pointed to

    def file(self, app: AppConfig, id_: str, found: Difference, description: str, accepted: Collection[str]) -> str:
        self._tables(found)
        text: str = render_template(  # type: ignore[no-untyped-call]  # Piccolo has no types here
            migration_id=id_,
            auto=True,
            alter_statements=self.calls,
            extra_imports=sorted(self.imports),
            extra_definitions=sorted(self.definitions),
            app_name=app.app_name,
            description=description.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " "),
        )
        if accepted:
            # A function, since a description may hold what looks like a group of the pattern.
            line = f"ACCEPTED_LOSSES = {sorted(accepted)!r}"
            text = re.sub(r"^DESCRIPTION = .*$", lambda match: f"{match[0]}\n{line}", text, count=1, flags=re.MULTILINE)
        return black.format_str(text, mode=black.Mode(line_length=_LINE_LENGTH))

    def _call(self, function: str, **arguments: Any) -> None:
        self.calls.append(f"manager.{function}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})")

    def _tables(self, found: Difference) -> None:
        self.targets = frozenset(_names_of_targets(found))
        for table in found.created:
            self._call(
                "add_table", class_name=table.class_name, tablename=table.tablename, schema=table.schema, columns=None
            )
        for table in found.dropped:
            self._call("drop_table", class_name=table.class_name, tablename=table.tablename, schema=table.schema)
        for change in found.changed:
            self._renamed_table(change)
        for table in found.created:
            for column in table.columns:
                self._add_column(table, column)
            for constraint in table.constraints:
                self._add_constraint(table, constraint)
        for change in found.changed:
            self._columns(change)

    def _renamed_table(self, change: TableChange) -> None:
        before, after = change.before, change.after
        if change.is_renamed:
            self._call(
                "rename_table",
                old_class_name=before.class_name,
                old_tablename=before.tablename,
                new_class_name=after.class_name,
                new_tablename=after.tablename,
                schema=before.schema,
            )
        if change.is_moved:
            self._call(
                "change_table_schema",
                class_name=after.class_name,
                tablename=after.tablename,
                new_schema=after.schema,
                old_schema=before.schema,
            )

    def _columns(self, change: TableChange) -> None:
        table = change.after
        for column in change.dropped:
            names = {"column_name": column.name, "db_column_name": column.db_name}
            self._call("drop_column", **_of(table), **names, schema=table.schema)
        for column in change.added:
            self._add_column(table, column)
        for altered in change.changed:
            if altered.is_renamed:
                self._call(
                    "rename_column",
                    **_of(table),
                    old_column_name=altered.before.name,
                    new_column_name=altered.after.name,
                    old_db_column_name=altered.before.db_name,
                    new_db_column_name=altered.after.db_name,
                    schema=table.schema,
                )
        for altered in change.changed:
            if altered.is_altered:
                self._alter_column(table, altered)
        added = {constraint.name for constraint in change.constraints_added}
        for gone in change.constraints_dropped:
            if gone.name in added:
                continue  # the new one takes its place; Piccolo, which drops last, would be left without any
            self._call("drop_constraint", **_of(table), constraint_name=gone.name, schema=table.schema)
        for new in change.constraints_added:
            self._add_constraint(table, new)

    def _add_column(self, table: TableState, column: ColumnState) -> None:
        if column.implicit:
            return
        self._call(
            "add_column",
            **_of(table),
            column_name=column.name,
            db_column_name=column.db_name,
            column_class_name=column.cls.__name__,
            column_class=self._class(column.cls),
            params=self._params(column, tuple(column.texts())),
            schema=table.schema,
        )

    def _alter_column(self, table: TableState, change: ColumnChange) -> None:
        # Called as before: so Piccolo finds it, which reads what is altered before what is renamed.
        names = change.parameters
        known = set(change.before.texts())
        self._call(
            "alter_column",
            **_of(table),
            column_name=change.before.name,
            db_column_name=change.before.db_name,
            params=self._params(change.after, names),
            old_params=self._params(change.before, tuple(name for name in names if name in known))
            | {name: None for name in names if name not in known},
            column_class=self._class(change.after.cls),
            old_column_class=self._class(change.before.cls),
            schema=table.schema,
        )

    def _add_constraint(self, table: TableState, constraint: ConstraintState) -> None:
        self._call(
            "add_constraint",
            **_of(table),
            constraint_name=constraint.name,
            constraint_class=self._class(constraint.cls),
            params=dict(constraint.params),
            schema=table.schema,
        )

    def _class(self, cls: type) -> _Name:
        """A table may be called as a column is: Email."""
        imported = repr(Import(module=cls.__module__, target=cls.__name__))
        if cls.__name__ in self.targets:
            self.imports.add(f"{imported} as {cls.__name__}Column")
            return _Name(f"{cls.__name__}Column")
        self.imports.add(imported)
        return _Name(cls.__name__)

    def _params(self, column: ColumnState, names: Collection[str]) -> dict[str, Any]:
        """Those of the column's parameters that are named, with what they need imported."""
        written = serialise_params({key: value for key, value in column.params.items() if key in names})
        self.imports.update(map(repr, written.extra_imports))
        self.definitions.update(map(repr, written.extra_definitions))
        params = dict(written.params)
        if column.reference is not None and "references" in names:
            params["references"] = self._target(column.reference)
        if column.reference is not None and "target_column" in names:
            params["target_column"] = column.reference.column
        return params

    def _target(self, reference: Reference) -> Any:
        """The table that a foreign key points to, as a class with what is needed of it: Piccolo does the same."""
        if reference.table == OWN_TABLE:
            return OWN_TABLE
        self.imports.add(repr(Import(module=Table.__module__, target=Table.__name__)))
        schema, _, tablename = reference.table.rpartition(".")
        columns = "; ".join(self._definition(column) for column in reference.stub) or "pass"
        self.definitions.add(
            f'class {reference.class_name}(Table, tablename="{tablename}", schema={schema or None!r}): {columns}'
        )
        return _Name(reference.class_name)

    def _definition(self, column: ColumnState) -> str:
        params = self._params(column, tuple(column.texts()))
        arguments = ", ".join(f"{name}={value!r}" for name, value in params.items())
        return f"{column.name} = {self._class(column.cls)!r}({arguments})"


def _of(table: TableState) -> dict[str, Any]:
    return {"table_class_name": table.class_name, "tablename": table.tablename}


def _names_of_targets(found: Difference) -> Iterator[str]:
    columns = [column for table in found.created for column in table.columns]
    for change in found.changed:
        columns += [*change.added, *(column for it in change.changed for column in (it.before, it.after))]
    for column in columns:
        if column.reference is not None and column.reference.table != OWN_TABLE:
            yield column.reference.class_name
