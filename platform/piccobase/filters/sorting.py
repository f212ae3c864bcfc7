"""The `sort` parameter: text to items, items to ORDER BY (protocol.md §2.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from piccobase.filters.closing import Condition, first_row
from piccobase.filters.dialects.base import Dialect
from piccobase.filters.errors import InvalidFilter, InvalidSort
from piccobase.filters.fragments import Fragment, compose, join
from piccobase.filters.joins import Fan
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


@dataclass(frozen=True, slots=True)
class SortKeys:
    """What an item sorts by, and what it stands for in the database."""

    item: SortItem
    keys: list[Fragment]
    fans: tuple[Fan, ...] = ()


def open_sort(items: tuple[SortItem, ...], names: Names, dialect: Dialect, *, text: str = "") -> list[SortKeys]:
    """The items with their names looked up. `text` is the sort as it was written, for messages.

    Raises InvalidSort, UnknownField or LockedRelation.
    """
    try:
        return [_keys(item, names, dialect) for item in items]
    except InvalidFilter as error:
        raise (error.within(text) if text else error) from None


def order_by(sort: list[SortKeys], dialect: Dialect, conditions: Iterable[Condition] = ()) -> Fragment:
    """What stands behind ORDER BY; empty for no items.

    Texts sort binary, NULL comes first when ascending, on both databases. By a path that fans out a record is sorted
    by the first of its related ones; where `conditions`, which the statement asks, speak of the same ones, by the first
    that satisfies them.
    """
    conditions = list(conditions)
    return join(
        ", ",
        [
            dialect.sorted(first_row(key, each.fans, conditions) if each.fans else key, descending=each.item.descending)
            for each in sort
            for key in each.keys
        ],
    )


def compile_sort(items: tuple[SortItem, ...], names: Names, dialect: Dialect, *, text: str = "") -> Fragment:
    """Both in one, for a statement without conditions on related records."""
    return order_by(open_sort(items, names, dialect, text=text), dialect)


def _keys(item: SortItem, names: Names, dialect: Dialect) -> SortKeys:
    match item.name.path:
        case ("@random",):
            return SortKeys(item, [Fragment("RANDOM()")])
        case ("@rowid",):
            if keys := names.insertion_order():
                return SortKeys(item, keys)
            raise InvalidSort("A view has no insertion order.", item.name.at)
    column = names.resolve(item.name)
    if not isinstance(column, Column):
        raise InvalidSort(f'"{item.name}" is no field and cannot be sorted by.', item.name.at)
    keys = dialect.sort_keys(column)
    if column.guard is not None:
        # The order would tell what may not be read: such values sort as none.
        keys = [compose("CASE WHEN ", column.guard, " THEN ", key, " END") for key in keys]
    return SortKeys(item, keys, column.fans)
