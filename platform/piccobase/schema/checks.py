"""Mistakes in what is declared, each with a stable id and its place. Pure; the builder gathers them."""

from collections.abc import Collection as Many
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from piccolo.columns import Boolean, Column, Email
from piccolo.table import Table

from piccobase.base.errors import Problem
from piccobase.columns import MultiSelect, Password, Select, TokenKey
from piccobase.schema.auth_options import AuthOptions, TokenKind
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.declaration import AuthCollection, Collection, View
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import RESERVED_AUTH_FIELDS, RESERVED_FIELDS, is_word, nearest

# What signing in rests on. A password in a Varchar would be stored as it was typed.
_ACCOUNT: dict[str, type[Column]] = {
    "password": Password,
    "tokenKey": TokenKey,
    "email": Email,
    "emailVisibility": Boolean,
    "verified": Boolean,
}
SHORTEST_TOKEN, LONGEST_TOKEN = 10, 94_670_856  # seconds (protocol.md §5.1)


def is_table(declared: object) -> bool:
    """Whether it is a class that can be served: a table of somebody's own."""
    return isinstance(declared, type) and issubclass(declared, Table) and declared not in _ABSTRACT


_ABSTRACT = (Table, Collection, AuthCollection, View)


def check_classes(tables: Sequence[object]) -> Iterator[Problem]:
    for place, table in enumerate(tables, start=1):
        if not is_table(table):
            yield Problem("collection.E006", f"collection {place}", f"{table!r} is no class of a table of your own")


def check_names(tables: Sequence[type[Table]], system: Many[type[Table]]) -> Iterator[Problem]:
    lowered = [table._meta.tablename.lower() for table in tables]
    for table in tables:
        name = table._meta.tablename
        if lowered.count(name.lower()) > 1:
            yield Problem("collection.E001", name, "two collections have this name (letter case does not count)")
        if not is_word(name) or "_via_" in name:
            yield Problem(
                "collection.E002", name, "a name is a word of letters, digits and _, at most 63, without _via_ in it"
            )
        if name.startswith("_") and table not in system:
            yield Problem("collection.E003", name, "names that begin with _ are the system's own")


def check_ids(collections: Sequence[CollectionInfo]) -> Iterator[Problem]:
    ids = [collection.id for collection in collections]
    for collection in collections:
        if ids.count(collection.id) > 1 or not is_word(collection.id):
            yield Problem(
                "collection.E005",
                collection.name,
                f'the id "{collection.id}" must be a word, and this collection\'s alone',
            )


def check_fields(table: type[Table], fields: Sequence[FieldInfo]) -> Iterator[Problem]:
    is_auth = issubclass(table, AuthCollection)
    reserved = RESERVED_FIELDS | (RESERVED_AUTH_FIELDS if is_auth else frozenset())
    names = [field.name for field in fields]
    for field in fields:
        place = f"{table._meta.tablename}.{field.name}"
        if field.name in reserved or not is_word(field.name):
            yield Problem("field.E006", place, "this name is reserved, or no word of letters, digits and _, at most 63")
        if names.count(field.name) > 1:
            yield Problem("field.E007", place, "two fields have this name on the wire, where a key is called id")
        if isinstance(field.piccolo, Password) and is_auth and field.name != "password":
            yield Problem("field.E008", place, "an auth collection has one password, and it is called password")
        if isinstance(field.piccolo, Select | MultiSelect):
            yield from _check_choices(field.piccolo, place)
    if issubclass(table, AuthCollection):
        yield from _check_account(table, {field.name: field for field in fields})


def _check_choices(column: Select | MultiSelect, place: str) -> Iterator[Problem]:
    values = column.values
    if not values or "" in values or len(set(values)) < len(values):
        yield Problem("field.E009", place, "a select has values, each of them once, and none of them empty")
    elif isinstance(column, MultiSelect):
        if not 0 <= column.min_select <= (column.max_select or len(values)) <= len(values):
            yield Problem("field.E010", place, "min_select and max_select must fit each other and the number of values")
    elif column.length and max(map(len, values)) > column.length:
        yield Problem("field.E011", place, f"has a value of more than {column.length} characters; give it a length")


def _check_account(table: type[AuthCollection], fields: dict[str, FieldInfo]) -> Iterator[Problem]:
    name, options = table._meta.tablename, table.auth_options or AuthOptions()
    for identity in options.identity:
        found = fields.get(identity)
        if found is None:
            yield Problem("auth.E001", f"{name}.{identity}", "signs in, but is no field." + nearest(identity, fields))
        elif not found.unique:
            yield Problem("auth.E001", f"{name}.{identity}", "signs in, so it must have unique=True")
    if options.password and not options.identity:
        yield Problem("auth.E002", name, "signs in by password, so it needs a field in identity")
    for wanted, cls in _ACCOUNT.items():
        column: Any = fields[wanted].piccolo if wanted in fields else None
        if not isinstance(column, cls):
            yield Problem("auth.E003", f"{name}.{wanted}", f"must stay a column of type {cls.__name__}")
    for kind, seconds in options.tokens.items():
        if kind not in get_args(TokenKind):
            hint = nearest(kind, get_args(TokenKind))
            yield Problem("auth.E004", f"{name}, tokens", f'there is no kind of token "{kind}".{hint}')
        elif not SHORTEST_TOKEN <= seconds <= LONGEST_TOKEN:
            yield Problem("auth.E005", f"{name}, tokens", f"{kind} tokens live from 10 to 94670856 seconds")
