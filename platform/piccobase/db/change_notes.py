"""What a connection to SQLite changes in the tables of collections, noted row by row and written into the change log.

SQLite tells of each row that is about to change, of those that foreign keys and triggers change too. What it has told
during a statement is written right after it, so that a savepoint or a transaction that is undone takes its part of the
log along.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import apsw
import msgspec

from piccobase.base.clock import unix_time
from piccobase.db.sqlite_tokens import folded
from piccobase.db.watched import CHANGES, WatchedTable, from_stored

_INSERT = (
    f'INSERT INTO "{CHANGES}" ("collection", "record", "verb", "fields", "actor_collection", "actor", "time", "row")'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
# With the table's name as SQLite tells it, which is how it was written when the table was made.
_COLUMNS = """SELECT t.name, c.cid, c.name FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c
WHERE t.type = 'table' AND t.name = ? COLLATE NOCASE"""
_encode = msgspec.json.Encoder(order="sorted").encode
_NAMES_KEPT = 1000


class _Layout(NamedTuple):
    """Where things are in a row of a table."""

    collection: str
    key: int
    names: tuple[str, ...]  # of fields, in the order of the columns; empty where a column is none
    kept: tuple[tuple[int, str], ...]


def _layout(watched: WatchedTable, places: Mapping[str, int]) -> _Layout:
    fields = {folded(column): name for column, name in watched.fields.items()}
    kept = {folded(column): name for column, name in watched.kept.items()}
    return _Layout(
        watched.collection,
        places[folded(watched.key)],
        tuple(fields.get(column, "") for column in places),
        tuple((place, kept[column]) for column, place in places.items() if column in kept),
    )


LogRow = tuple[Any, ...]
_Row = tuple[Any, ...] | None
_Note = tuple[str, _Row, _Row]  # a table, and a row before and after; both None where it cannot be read


class ChangeNotes:
    """The notes of one connection. `write` after each statement that may have changed something."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._watched: tuple[WatchedTable, ...] = ()
        self._layouts: dict[str, _Layout] = {}
        self.noted: list[_Note] = []
        self._said: dict[tuple[str, ...], str] = {}
        self._data = self._schema = -1  # versions of the file, and of its schema, that the layouts were read from
        # No method: the connection would keep alive what keeps it alive.
        connection.preupdate_hook(partial(_note, self._layouts, self.noted))

    def watch(self, tables: Iterable[WatchedTable]) -> None:
        self._watched = tuple(tables)
        self.look_again()

    def watch_stored(self) -> None:
        """Watches what is stored in the database; nothing where that is not set up yet."""
        try:
            stored = list(self._cursor.execute('SELECT "watched" FROM "_collections"', can_cache=False))
        except apsw.SQLError:
            stored = []
        self.watch(table for (text,) in stored if (table := from_stored(text)) is not None)

    def look_again(self) -> None:
        """After a change of the schema: columns may be in other places."""
        self._layouts.clear()
        self._schema = self._schema_version()
        self._data = self._connection.data_version()
        for watched in self._watched:
            columns: list[Any] = self._cursor.execute(_COLUMNS, (watched.table,), can_cache=False).fetchall()
            places = {folded(column): place for _, place, column in columns}
            if folded(watched.key) in places:
                self._layouts[columns[0][0]] = _layout(watched, places)

    def pause(self) -> None:
        """Notes nothing until `look_again`: what a change of the schema does to rows is no change of records. SQLite
        may empty a table before it drops it."""
        self._layouts.clear()

    def note_commit(self) -> None:
        """The connection has committed: the next change of the file's version is somebody else's."""
        self._data = self._connection.data_version()

    def _follow_others(self) -> None:
        """Another process has committed since the last transaction, and may have changed the schema."""
        if self._schema_version() == self._schema:
            self._data = self._connection.data_version()
        else:
            self.watch_stored()

    def _schema_version(self) -> int:
        rows: list[Any] = self._cursor.execute("PRAGMA schema_version").fetchall()
        return int(rows[0][0])

    def forget(self) -> None:
        """What was noted has not happened."""
        self.noted.clear()

    def write(self, actor: tuple[str, str]) -> None:
        """Writes what was noted into the log, in the transaction that is open. Raises apsw.Error."""
        self.insert(self.take(actor))

    def take(self, actor: tuple[str, str]) -> list[LogRow]:
        """What was noted, as rows of the log. It is noted no longer."""
        if self._connection.data_version() != self._data:
            self._follow_others()
        rows = self._rows(*actor, int(unix_time() * 1000))
        self.noted.clear()
        return rows

    def insert(self, rows: Sequence[LogRow]) -> None:
        """Raises apsw.Error."""
        if len(rows) == 1:
            self._cursor.execute(_INSERT, rows[0])
        else:
            self._cursor.executemany(_INSERT, rows)

    def _rows(self, actor_collection: str, actor: str, moment: int) -> list[LogRow]:
        rows: list[LogRow] = []
        for table, before, after in self.noted:
            layout = self._layouts.get(table)
            if layout is None:
                continue  # it is no longer a collection's
            collection, key = layout.collection, layout.key
            if before is None and after is None:
                rows.append((collection, "", "update", None, actor_collection, actor, moment, None))
            elif before is not None and after is not None and before[key] == after[key]:
                names = self._names(_changed(layout.names, before, after))
                rows.append((collection, _id(after[key]), "update", names, actor_collection, actor, moment, None))
            else:
                if before is not None:
                    row = _kept(layout, before)
                    rows.append((collection, _id(before[key]), "delete", None, actor_collection, actor, moment, row))
                if after is not None:
                    rows.append((collection, _id(after[key]), "create", None, actor_collection, actor, moment, None))
        return rows

    def _names(self, names: tuple[str, ...]) -> str:
        said = self._said.get(names)
        if said is None:
            if len(self._said) >= _NAMES_KEPT:
                self._said.clear()
            said = self._said[names] = _encode(sorted(names)).decode()
        return said


def _note(layouts: Mapping[str, _Layout], noted: list[_Note], update: apsw.PreUpdate) -> None:
    table = update.table_name
    if table not in layouts:
        return
    try:
        noted.append((table, update.old, update.new))
    except (apsw.Error, UnicodeDecodeError):
        # A virtual column, which SQLite works out only when it is read, or text that is none. The row is changed
        # whatever is raised here.
        noted.append((table, None, None))


def _changed(names: Sequence[str], before: Sequence[Any], after: Sequence[Any]) -> tuple[str, ...]:
    found = [name for name, was, is_ in zip(names, before, after, strict=True) if was != is_]
    return tuple([name for name in found if name])


def _id(key: Any) -> str:
    return key if type(key) is str else _text(key) if type(key) is bytes else str(key)


def _kept(layout: _Layout, row: Sequence[Any]) -> str:
    values = {name: row[place] for place, name in layout.kept}
    return _encode({name: _text(value) if type(value) is bytes else value for name, value in values.items()}).decode()


def _text(blob: bytes) -> str:
    """As PostgreSQL writes bytes."""
    return "\\x" + blob.hex()
