"""PostgreSQL's errors become ours: by SQLSTATE (PostgreSQL manual, Appendix A), never by the text of a message."""

import re

import asyncpg
from asyncpg.exceptions import InvalidCachedStatementError

from piccobase.base.errors import PiccobaseError
from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    DatabaseUnavailable,
    NotUnique,
    SchemaChanged,
    SerializationFailed,
    StillReferenced,
    ValueRefused,
)

# What a driver call can raise on account of the database; everything else is a mistake in our code and passes.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

_CONFLICTS = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
}
_OUT_OF_REACH = {
    "25006",  # read_only_sql_transaction: this server is a standby
    "57014",  # query_canceled: by the server's own statement_timeout
}

_CHANGED = {
    "42703",  # undefined_column
    "42P01",  # undefined_table
    # A column has another type than the statement means.
    "42804",  # datatype_mismatch
    "42846",  # cannot_coerce
    "42883",  # undefined_function: no such operator for these types
}


def translated(error: BaseException) -> PiccobaseError:
    """One of DRIVER_ERRORS as one of ours. Raise it `from` the original, which has the details for the log."""
    match error:
        case InvalidCachedStatementError():
            return (
                SerializationFailed()
            )  # a table was altered under a prepared statement; asyncpg has dropped that by now
        case asyncpg.PostgresError(sqlstate=str(code)):
            return _by_code(code, error)
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            return ValueRefused()  # the driver itself could not encode an argument
        case asyncpg.InterfaceError() if "clos" not in str(error):
            return DatabaseFailed()
        case _:  # the network, or "connection is closed"
            return DatabaseUnavailable()


def certainly_not_done(error: BaseException) -> bool:
    """Whether the server refused the statement, or was never asked. Without its answer it may have been done."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate)[:2] not in ("08", "57")  # the connection was lost; the server was told to stop
    return isinstance(error, asyncpg.InterfaceError)


def _by_code(code: str, error: asyncpg.PostgresError) -> PiccobaseError:
    match code[:2]:
        case _ if code in _CONFLICTS:
            return SerializationFailed()
        case _ if code in _OUT_OF_REACH:
            return DatabaseUnavailable()
        case "23":
            return _by_constraint(code, error)
        case "22" if code == "22021":  # character_not_in_repertoire
            return ValueRefused("The text has a character that cannot be stored, such as NUL.")
        case "22":
            return ValueRefused()
        case "42" if code in _CHANGED:
            return SchemaChanged()
        # connection_exception, invalid_authorization, invalid_catalog_name, insufficient_resources, shutdown, I/O
        case "08" | "28" | "3D" | "53" | "57" | "58":
            return DatabaseUnavailable()
    return DatabaseFailed()


def _by_constraint(code: str, error: asyncpg.PostgresError) -> PiccobaseError:
    match code:
        case "23505":
            return NotUnique(columns_of_key(error.detail or ""))
        case "23503":
            return StillReferenced()
        case "23502":
            return ConstraintFailed(column=error.column_name or "")
    return ConstraintFailed(column=error.column_name or "", constraint=error.constraint_name or "")


def columns_of_key(detail: str) -> tuple[str, ...]:
    """The columns in `Key (title, lower(slug::text))=(…) already exists.`, whatever language the server speaks.

    The catalog would tell as well, but it cannot be asked: the transaction that saw the error answers no query any
    more. Empty when there is no such detail, which is what the server does for columns one may not read.
    """
    start = detail.find("(")
    if start < 0:
        return ()
    columns: list[str] = []
    for element in _elements(detail[start + 1 :]):
        columns += [name for name in _columns_in(element) if name not in columns]
    return tuple(columns)


def _elements(text: str) -> list[str]:
    """What stands between the commas of a list, up to the bracket that closes it."""
    elements, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                break
            depth -= 1
        elif character == "," and depth == 0:
            elements.append("")
            continue
        elements[-1] += character
    return elements


_IN_EXPRESSION = re.compile(
    r"""
      '(?:[^']|'')*'                                  # a string
    | ::\s*(?:"[^"]+"|\w+)(?:\s+varying)?             # a cast
    | COLLATE\s+(?:"[^"]+"|\w+)
    | (?:"[^"]+"|[^\W\d]\w*)\s*(?=\()                 # a function
    | (?P<column>"(?:[^"]|"")+"|[^\W\d]\w*)
    """,
    re.VERBOSE,
)
_KEYWORDS = {"AND", "OR", "NOT", "IS", "NULL", "CASE", "WHEN", "THEN", "ELSE", "END", "TRUE", "FALSE", "ARRAY", "IN"}


def _columns_in(element: str) -> list[str]:
    # The server writes a column's name in small letters or in double quotes, and its keywords in capitals.
    found = [match["column"] for match in _IN_EXPRESSION.finditer(element) if match["column"]]
    return [_unquoted(name) for name in found if name not in _KEYWORDS]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
