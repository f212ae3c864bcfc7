"""The `sort` parameter: text to items, items to ORDER BY (protocol.md §2.3)."""

import re
from dataclasses import dataclass

from piccobase.filters.dialects.base import Dialect
from piccobase.filters.errors import InvalidFilter, InvalidSort
from piccobase.filters.fragments import Fragment, join
from piccobase.filters.lexer import IDENTIFIER
from piccobase.filters.names import Names
from piccobase.filters.operands import Column
from piccobase.filters.tree import Name

MAX_ITEMS = 8
MAX_ITEM_LENGTH = 255
_NAME = re.compile(IDENTIFIER)


@dataclass(frozen=True, slots=True)
class SortItem:
    """One item; `name` may be `@random` or `@rowid` too."""

    name: Name
    descending: bool


def parse_sort(text: str) -> tuple[SortItem, ...]:
    """The items of a sort, none for an empty text. Raises InvalidSort; names are not looked up yet."""
    if not text:
        return ()
    items: list[SortItem] = []
    at = 0
    for written in text.split(","):
        items.append(_item(written, at, text))
        at += len(written) + 1
    if len(items) > MAX_ITEMS:
        raise InvalidSort(f"A sort can have at most {MAX_ITEMS} items.")
    return tuple(items)


def _item(written: str, at: int, text: str) -> SortItem:
    if len(written) > MAX_ITEM_LENGTH:
        raise InvalidSort(f"A sort item can have at most {MAX_ITEM_LENGTH} characters.", at, text)
    item = written.strip(" ")  # a + in a URL arrives as a blank
    descending = item.startswith("-")
    item = item.lstrip(" ") if item[:1] not in ("-", "+") else item[1:]
    path = item.split(".")
    last, _, modifier = path[-1].partition(":")
    if not _NAME.fullmatch(item) or not all(path) or not last or ":" in modifier:
        raise InvalidSort("A sort item is the name of a field, with - before it for descending.", at, text)
    return SortItem(Name((*path[:-1], last), modifier, at), descending)


def compile_sort(items: tuple[SortItem, ...], names: Names, dialect: Dialect, *, text: str = "") -> Fragment:
    """What stands behind ORDER BY; empty for no items. `text` is the sort as it was written, for messages.

    Texts sort binary, NULL comes first when ascending, on both databases. Raises InvalidSort or UnknownField.
    """
    try:
        return join(", ", [key for item in items for key in _keys(item, names, dialect)])
    except InvalidFilter as error:
        raise (error.within(text) if text else error) from None


def _keys(item: SortItem, names: Names, dialect: Dialect) -> list[Fragment]:
    match item.name.path:
        case ("@random",):
            return [Fragment("RANDOM()")]
        case ("@rowid",):
            keys = names.insertion_order()
            if not keys:
                raise InvalidSort("A view has no insertion order.", item.name.at)
        case _:
            resolved = names.resolve(item.name)
            if not isinstance(resolved, Column) or resolved.each:
                raise InvalidSort(f'"{item.name}" is no field and cannot be sorted by.', item.name.at)
            keys = dialect.sort_keys(resolved)
    return [dialect.sorted(key, descending=item.descending) for key in keys]
