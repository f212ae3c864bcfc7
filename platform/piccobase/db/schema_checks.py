"""What SQLite does not see to by itself when the schema changes: views, triggers and foreign keys that lead nowhere."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.sqlite_tokens import folded, quoted, tokens, unquoted

_TOLD = 5  # rows that an error names


Ask = Callable[..., Awaitable[list[Any]]]  # `rows` of a database or a transaction


class Broken(NamedTuple):
    """A view, or the triggers of a table, that cannot be run, and why not in SQLite's words: `no such column: body`."""

    what: str
    why: str


async def broken_parts(ask: Ask) -> set[Broken]:
    """Views and triggers that do not compile."""
    found = set()
    for (name,) in await ask("SELECT name FROM sqlite_schema WHERE type = 'view'"):
        if why := await _reason(ask, f"SELECT * FROM {quoted(name)}"):
            found.add(Broken(f"the view {name}", why))
    triggers = await ask("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'")
    for table, name, sql in triggers:
        columns = await ask("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
        event, watched = _event(sql)
        if missing := sorted(watched - {folded(column) for (column,) in columns}):
            found.add(Broken(f"the trigger {name} of {table}", f"no such column: {missing[0]}"))
        elif why := await _reason(ask, _statement(event, table, [column for (column,) in columns])):
            # All triggers of that event are compiled together, and SQLite does not say which one it speaks of.
            together = [other for at, other, text in triggers if at == table and _event(text)[0] == event]
            one = "the trigger" if len(together) == 1 else "one of the triggers"
            found.add(Broken(f"{one} {', '.join(together)} of {table}", why))
    return found


async def check_parts(ask: Ask, before: set[Broken]) -> None:
    """Raises StartError for views and triggers that are broken now and were not among those `before`."""
    if broken := sorted(await broken_parts(ask) - before):
        lines = [f"{what} would not work any more: {why}" for what, why in broken]
        raise StartError("\n".join([*lines, "Change or drop what is named here first, and make it anew afterwards."]))


async def _reason(ask: Ask, statement: str) -> str:
    """Why the statement does not compile, "" when it does."""
    try:
        await ask(f"EXPLAIN {statement}")
    except PiccobaseError as error:
        return str(error.__cause__ or error)
    return ""


def _event(create_trigger: str) -> tuple[str, frozenset[str]]:
    """`UPDATE OF title ON posts` -> UPDATE and the columns that are watched, folded."""
    solid = [it for it in tokens(create_trigger) if it.kind != "space"]
    at = next(
        index for index, it in enumerate(solid) if it.kind == "word" and it.upper in ("INSERT", "UPDATE", "DELETE")
    )
    watched = []
    if solid[at + 1].upper == "OF":
        end = next(
            index for index in range(at, len(solid)) if solid[index].kind == "word" and solid[index].upper == "ON"
        )
        watched = [folded(unquoted(it.text)) for it in solid[at + 2 : end] if it.text != ","]
    return solid[at].upper, frozenset(watched)


def _statement(event: str, table: str, columns: list[str]) -> str:
    """One that runs all triggers of the event."""
    match event:
        case "INSERT":
            return f"INSERT INTO {quoted(table)} DEFAULT VALUES"
        case "DELETE":
            return f"DELETE FROM {quoted(table)}"
    same = ", ".join(f"{quoted(column)} = {quoted(column)}" for column in columns)
    return f"UPDATE {quoted(table)} SET {same}"


class Dangling(NamedTuple):
    """A row whose foreign key points to nothing, or a `mismatch`: a table whose foreign key cannot be followed at all.

    `rowid` is None in a table without; `key` is the number of the foreign key in `pragma_foreign_key_list`.
    """

    table: str
    rowid: int | None = None
    parent: str = ""
    key: int = 0
    mismatch: str = ""


async def dangling(ask: Ask) -> Counter[Dangling]:
    """All of the database."""
    found: Counter[Dangling] = Counter()
    tables = await ask(
        "SELECT DISTINCT t.name FROM sqlite_schema AS t JOIN pragma_foreign_key_list(t.name) WHERE t.type = 'table'"
    )
    for (table,) in tables:
        try:
            rows = await ask(f"PRAGMA foreign_key_check({quoted(table)})")
        except PiccobaseError as error:
            found[Dangling(table, mismatch=str(error.__cause__ or error))] += 1
        else:
            found.update(Dangling(*row) for row in rows)
    return found


async def told(ask: Ask, found: Counter[Dangling]) -> list[str]:
    """A line for each of the first ones, with what the row points to."""
    lines = [it async for it in _lines(ask, list(found.elements())[:_TOLD])]
    return [*lines, *([f"… and {found.total() - _TOLD} more"] if found.total() > _TOLD else [])]


async def _lines(ask: Ask, found: list[Dangling]) -> AsyncIterator[str]:
    for it in found:
        if it.mismatch:
            yield f"{it.table}: {it.mismatch}; what is pointed to must be a primary key or unique"
            continue
        columns = await ask(
            'SELECT "from" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq', (it.table, it.key)
        )
        names = [name for (name,) in columns]
        if it.rowid is None:
            yield f"{it.table}: the {' and '.join(names)} of a row is not in {it.parent}"
            continue
        listed = ", ".join(map(quoted, names))
        [values] = await ask(f"SELECT {listed} FROM {quoted(it.table)} WHERE rowid = ?", (it.rowid,))
        said = " and ".join(f"{name} {value!r}" for name, value in zip(names, values, strict=True))
        yield f"{it.table}, row {it.rowid}: {said} is not in {it.parent}"
