"""SQLite's errors as ours, by extended result code (sqlite.org/rescode.html)."""

import re
from collections.abc import Iterator

import apsw

from piccobase.base.errors import PiccobaseError
from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    DatabaseUnavailable,
    NotUnique,
    SchemaChanged,
    SerializationFailed,
    StillReferenced,
)
from piccobase.db.sqlite_tokens import tokens, unquoted

_UNAVAILABLE: dict[type[apsw.Error], str] = {
    apsw.FullError: "The disk of the database is full.",
    apsw.ReadOnlyError: "The database cannot be written.",
    apsw.CantOpenError: "The database cannot be opened.",
    apsw.IOError: "The database cannot be read or written.",
    apsw.CorruptError: "The database file is damaged.",
    apsw.NotADBError: "The database file is not an SQLite database.",
}

_MISSING = re.compile(r"no such (?:table|column): |has no column named ")


def translated(error: apsw.Error, connection: apsw.Connection) -> PiccobaseError:
    """Our error for one of SQLite's; raise it `from` the original.

    `connection` is asked for the columns of an index that SQLite names without them, so it must not be in use.
    """
    if isinstance(error, apsw.ConstraintError):
        return _constraint(error, connection)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return SerializationFailed("The database is locked by another process. Please try again in a moment.")
    if isinstance(error, apsw.SQLError) and _MISSING.search(str(error)):  # there is no code of its own for it
        return SchemaChanged()
    for theirs, message in _UNAVAILABLE.items():
        if isinstance(error, theirs):
            return DatabaseUnavailable(message)
    return DatabaseFailed()


def _constraint(error: apsw.ConstraintError, connection: apsw.Connection) -> PiccobaseError:
    text = str(error)
    _, _, subject = text.partition(": ")
    match getattr(error, "extendedresult", 0):
        case apsw.SQLITE_CONSTRAINT_UNIQUE | apsw.SQLITE_CONSTRAINT_PRIMARYKEY | apsw.SQLITE_CONSTRAINT_ROWID:
            return NotUnique(_unique_columns(subject, connection))
        case apsw.SQLITE_CONSTRAINT_NOTNULL:
            return ConstraintFailed("The database refused an empty value.", column=_column(subject))
        case apsw.SQLITE_CONSTRAINT_CHECK:
            return ConstraintFailed(constraint=subject)
    # ON DELETE RESTRICT is a trigger inside SQLite, and has a trigger's code.
    if "FOREIGN KEY" in text:
        return StillReferenced("The record is referenced by others, or refers to one that does not exist.")
    return ConstraintFailed()


def _column(qualified: str) -> str:
    """`posts.title` -> `title`"""
    return qualified.rpartition(".")[2]


def _unique_columns(subject: str, connection: apsw.Connection) -> tuple[str, ...]:
    """The columns in `posts.title, posts.slug`, or those of the index in `index 'posts_slug_ci'`.

    SQLite names the index alone where it has expressions: then the columns are those that its SQL mentions.
    """
    named = re.fullmatch(r"index '(.*)'", subject, re.DOTALL)
    if named is None:
        return tuple(_column(part) for part in subject.split(", "))
    index = named[1].replace("''", "'")
    found = connection.execute(
        "SELECT sql, tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?", (index,)
    ).get
    if found is None:
        return ()
    sql, table = found
    mentioned = set(_mentioned(sql))
    columns = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)).fetchall()
    return tuple(str(name) for (name,) in columns if name in mentioned)


def _mentioned(create_index: str) -> Iterator[str]:
    """The names between the first parenthesis and its end; a WHERE behind it does not say what is unique."""
    depth = 0
    for token in tokens(create_index):
        depth += (token.text == "(") - (token.text == ")")
        if depth and token.kind in ("name", "word"):
            yield unquoted(token.text)
        elif not depth and token.text == ")":
            return
