"""What a connection to SQLite changes in the tables of collections, noted row by row and written into the change log.

SQLite tells of each row that is about to change, of those that foreign keys and triggers change too. What it has told
during a statement is written right after it, so that a savepoint or a transaction that is undone takes its part of the
log along.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

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
_IN_MEMORY = 10_000  # rows of one statement


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


_Row = tuple[Any, ...] | None
_Note = tuple[str, _Row, _Row]  # a table, and a row before and after; both None where it cannot be read


class _Noted:
    """Rows that have changed and are not in the log yet. What is more than some thousands lies in a file meanwhile: one
    statement may change any number."""

    def __init__(self) -> None:
        self.layouts: dict[str, _Layout] = {}
        self.rows: list[_Note] = []  # never empty while there are any
        self._file: IO[bytes] | None = None
        self._sizes: list[int] = []  # of the batches in it
        self._most = _IN_MEMORY

    def note(self, update: apsw.PreUpdate) -> None:
        """SQLite calls it for each row. What is raised here would not keep the row from being changed."""
        table = update.table_name
        if table not in self.layouts:
            return
        if len(self.rows) >= self._most:
            self._set_aside()
        try:
            self.rows.append((table, update.old, update.new))
        except (apsw.Error, UnicodeDecodeError):
            # A virtual column, which SQLite works out only when it is read, or text that is none.
            self.rows.append((table, None, None))

    def _set_aside(self) -> None:
        packed = msgspec.msgpack.encode(self.rows)
        try:
            if self._file is None:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115  # until it is forgotten
            self._file.seek(sum(self._sizes))
            if self._file.write(packed) < len(packed):
                raise OSError
        except OSError:  # no room there: then memory has to do
            self._most *= 2
        else:
            self._sizes.append(len(packed))
            self.rows.clear()

    def batches(self) -> Iterator[list[_Note]]:
        """All of them, in their order."""
        if self._file is not None:
            self._file.seek(0)
            for size in self._sizes:
                yield msgspec.msgpack.decode(self._file.read(size))
        yield self.rows

    def forget(self) -> None:
        self.rows.clear()
        if self._file is not None:
            self._file.close()
            self._file, self._most = None, _IN_MEMORY
            self._sizes.clear()


class ChangeNotes:
    """The notes of one connection. `write` after each statement that may have changed something."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._watched: tuple[WatchedTable, ...] = ()
        self._noted = _Noted()
        self._layouts = self._noted.layouts
        self.noted = self._noted.rows
        self._said: dict[tuple[str, ...], str] = {}
        self._data = self._schema = -1  # versions of the file, and of its schema, that the layouts were read from
        # No method of this object: the connection would keep alive what keeps it alive.
        connection.preupdate_hook(self._noted.note)

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
        self._noted.forget()

    def write(self, actor: tuple[str, str]) -> int:
        """Writes what was noted into the log, in the transaction that is open. Returns how many rows that were.

        Raises apsw.Error.
        """
        if self._connection.data_version() != self._data:
            self._follow_others()
        moment = int(unix_time() * 1000)
        count = 0
        try:
            for notes in self._noted.batches():
                rows = self._rows(notes, *actor, moment)
                if len(rows) == 1:
                    self._cursor.execute(_INSERT, rows[0])
                else:
                    self._cursor.executemany(_INSERT, rows)
                count += len(rows)
        finally:
            self._noted.forget()
        return count

    def _rows(self, notes: Iterable[_Note], actor_collection: str, actor: str, moment: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for table, before, after in notes:
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


def _changed(names: Sequence[str], before: Sequence[Any], after: Sequence[Any]) -> tuple[str, ...]:
    return tuple([name for name, was, is_ in zip(names, before, after, strict=True) if was != is_ and name])


def _id(key: Any) -> str:
    return key if type(key) is str else _text(key) if type(key) is bytes else str(key)


def _kept(layout: _Layout, row: Sequence[Any]) -> str:
    values = {name: row[place] for place, name in layout.kept}
    return _encode({name: _text(value) if type(value) is bytes else value for name, value in values.items()}).decode()


def _text(blob: bytes) -> str:
    """As PostgreSQL writes bytes."""
    return "\\x" + blob.hex()
