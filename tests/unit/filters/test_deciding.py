"""Rules that are answered without a database: the answer is the database's, for whatever rule there is one."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.filters.conftest import Database

from piccobase.filters.bindings import Bindings
from piccobase.filters.deciding import Decision, decision_of
from piccobase.filters.errors import InvalidFilter
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import parse

OPERANDS = (
    "title", "body", "num", "flag", "dt", "sel", "msel", "js", "cat", "secret", "id", "created", "title:lower",
    "cat.name", "cats", "cats.name", "uid", "day",
    "@request.auth.id", "@request.auth.name", "@request.auth.email", "@request.auth.emailVisibility",
    "@request.auth.collectionName", "@request.auth.team", "@request.auth.team.name", "@request.auth.nothing",
    "@request.roles", "@request.method", "@request.context", "@request.query.q", "@request.headers.x",
    "@request.body.title", "@request.body.cat", "@request.body.flag", "@request.body.num", "@request.body.title:isset",
    "@request.body.title:changed", "@request.body.msel:each", "@request.body.cat.name", "@now",
    "''", "'Alpha'", "'5'", "'u1'", "'c1'", "'a'", "'red'", "'2024-01-01'", "'a\\nb'", "5", "5.0", "0", "true", "false",
    "null",
)  # fmt: skip
OPERATORS = ("=", "!=", "?=", "?!=", ">", "<=", "~", "!~", "?~")
SENT: Any = st.sampled_from([None, "", "Alpha", "c1", "u1", "5", 5, 5.0, True, False, ["a"], "a\0b", {"a": 1}])

FIELDS = ("title", "body", "sel", "cat", "id", "flag")
VALUES = tuple(operand for operand in OPERANDS if operand[0] in "@'" or operand in ("true", "false", "null", "5"))


def compared(left: Sequence[str], operators: Sequence[str], right: Sequence[str]) -> st.SearchStrategy[str]:
    return st.builds("{} {} {}".format, st.sampled_from(left), st.sampled_from(operators), st.sampled_from(right))


# Of all kinds, and many of those that are meant to be decided.
comparisons = (
    compared(FIELDS, ("=", "!="), VALUES)
    | compared(VALUES, ("=", "!="), FIELDS)
    | compared(VALUES, OPERATORS, VALUES)
    | compared(OPERANDS, OPERATORS, OPERANDS)
)
rules = st.recursive(
    comparisons,
    lambda parts: st.builds("({} {} {})".format, parts, st.sampled_from(["&&", "||"]), parts),
    max_leaves=4,
)
requests = st.fixed_dictionaries(
    {
        "actor": st.sampled_from([None, "users/u1", "users/u2"]),
        "roles": st.frozensets(st.sampled_from(["editor", "Alpha"])),
        "body": st.dictionaries(st.sampled_from(["title", "cat", "flag", "num", "msel"]), SENT),
        "query": st.dictionaries(st.just("q"), st.sampled_from(["", "Alpha", "u1"])),
    }
)
drafts = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["", "Alpha", "u1", "5"]),
        "body": st.sampled_from(["", "Alpha", "a\nb"]),
        "flag": st.booleans(),
        "sel": st.sampled_from(["", "a"]),
        "cat": st.sampled_from(["c1", "c9"]),
        "num": st.sampled_from([0.0, 5.0]),
        "id": st.sampled_from(["u1", "u9"]),
    },
)


def asked(database: Database, request: dict[str, Any]) -> dict[str, Any]:
    """What a filter is asked with, out of what was generated."""
    bound = {name: value for name, value in request.items() if name in ("body", "query")}
    if request["actor"] is not None:
        bound["actor"] = database.actor(*request["actor"].split("/"), roles=request["roles"])
    return bound


def decision(database: Database, collection: str, text: str, *, draft: bool, **bound: Any) -> Decision | None:
    names = CollectionNames(
        collection=database.collection(collection),
        find=database.registry.find,
        joins=Joins(database.dialect),
        alias="r",
        draft=draft,
        signed_in_as=database.split(bound)[1]["signed_in_as"],
    )
    return decision_of(parse(text), names)


@settings(max_examples=400, deadline=None)
@given(text=rules, request=requests, collection=st.sampled_from(["things", "loose"]))
def test_of_stored_records_it_is_what_both_databases_find(
    sqlite_database: Database, postgres_database: Database, text: str, request: dict[str, Any], collection: str
) -> None:
    for database in (sqlite_database, postgres_database):
        bound, info = asked(database, request), database.collection(collection)
        try:
            decided = decision(database, collection, text, draft=False, **bound)
            if decided is None:
                return
            found = database.ask(collection, text, **bound).split()
        except InvalidFilter:
            return
        bindings = Bindings(**database.split(dict(bound))[0])
        columns = ", ".join(f'"{field.column}"' for field in (info.key, *decided.fields))
        for id_, *row in database.rows(f"SELECT {columns} FROM {info.source}"):
            assert decided.decide(bindings, row) in (None, id_ in found), (id_, row)


@settings(max_examples=400, deadline=None)
@given(text=rules, request=requests, record=drafts, collection=st.sampled_from(["things", "loose"]))
def test_of_drafts_it_is_what_both_databases_say(
    sqlite_database: Database,
    postgres_database: Database,
    text: str,
    request: dict[str, Any],
    record: dict[str, Any],
    collection: str,
) -> None:
    for database in (sqlite_database, postgres_database):
        bound, info = asked(database, request), database.collection(collection)
        meant = {field.name: None for field in info.fields} | record
        try:
            decided = decision(database, collection, text, draft=True, **bound)
            if decided is None:
                return
            holds = database.ask_draft(collection, text, meant, **bound)
        except InvalidFilter:
            return
        row = [database.stored(field, meant) for field in decided.fields]
        assert decided.decide(Bindings(**database.split(dict(bound))[0]), row) in (None, holds), row


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("@request.auth.id != ''", ""),
        ("@request.roles ?= 'editor'", ""),
        ("@request.auth.email ~ '%@x.io' && @request.body.title:isset = false", ""),
        ("title = @request.auth.id", "title"),
        ("@request.auth.id != cat && cat != ''", "cat"),
        ("flag = true || @request.auth.id = cat && @request.auth.collectionName = 'users'", "flag cat"),
        ("body = 'Alpha'", "body"),
    ],
)
def test_what_rules_mostly_say_takes_no_database(database: Database, text: str, fields: str) -> None:
    decided = decision(database, "things", text, draft=False, actor="users/u1")
    assert decided is not None
    assert [field.name for field in decided.fields] == fields.split()


@pytest.mark.parametrize(
    "text",
    [
        "cat.name = 'red'",
        "title > 'a'",
        "title = body",
        "title:lower = 'alpha'",
        "num = 5",
        "js = 'a'",
        "dt = '2024-01-01'",
        "cats = 'c1'",
        "@request.roles ?= title",
        "@request.body.title:changed = true",
        "@request.auth.team.name = 'red'",
        "@collection.users.id ?= title",
        "flag = true && cat.name = 'red'",
    ],
)
def test_what_looks_further_is_left_to_the_database(database: Database, text: str) -> None:
    assert decision(database, "things", text, draft=False, actor="users/u1") is None


def test_a_value_that_surprises_is_left_to_the_database(database: Database) -> None:
    decided = decision(database, "things", "title = @request.auth.id && flag = true", draft=False)
    assert decided is not None
    bindings = Bindings()
    assert decided.decide(bindings, [5, True]) is None  # a column of a table that somebody else has made
    assert decided.decide(bindings, [5, False]) is False
    assert decided.decide(bindings, ["", None]) is None
