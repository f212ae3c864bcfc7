"""What names mean, who may use them, and what a client's path through relations does to the result."""

from typing import Any

import pytest
from tests.unit.filters.conftest import Database

from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.errors import InvalidFilter, LockedRelation, UnknownField, UnsupportedFilter
from piccobase.filters.fragments import Fragment, render
from piccobase.filters.joins import Joins, Listed
from piccobase.filters.names import CollectionNames, not_hidden
from piccobase.filters.parser import parse
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

REFUSED = [
    ("titel = 'x'", UnknownField, 'things has no field "titel". Did you mean "title"? (at 1: titel = \'x\')'),
    ("title = 1 && zzz = 2", UnknownField, 'things has no field "zzz". (at 14: zzz = 2)'),
    ("cat.nmae = 1", UnknownField, 'cats has no field "nmae". Did you mean "name"? (at 1: cat.nmae = 1)'),
    ("Title = 'x'", UnknownField, 'things has no field "Title". Did you mean "title"? (at 1: Title = \'x\')'),
    ("title.x = 1", UnknownField, "things.title leads no further: it is no relation. (at 1: title.x = 1)"),
    ("collectionId = 'x'", UnknownField, 'things has no field "collectionId". (at 1: collectionId = \'x\')'),
    ("@rowid > 1", UnknownField, 'There is no "@rowid". (at 1: @rowid > 1)'),
    ("@nope = 1", UnknownField, 'There is no "@nope". (at 1: @nope = 1)'),
    ("@now:lower = 'x'", UnknownField, "@now takes no modifier. (at 1: @now:lower = 'x')"),
    ("@now.x = 1", UnknownField, 'There is no "@now.x". (at 1: @now.x = 1)'),
    ("null:lower = 1", UnknownField, 'things has no field "null". (at 1: null:lower = 1)'),
    ("title:nope = 1", UnknownField, 'There is no modifier ":nope". (at 1: title:nope = 1)'),
    ("@request.nope = 1", UnknownField, 'There is no "@request.nope". (at 1: @request.nope = 1)'),
    ("@request.query = 1", UnknownField, 'There is no "@request.query". (at 1: @request.query = 1)'),
    ("@request.method:lower = 1", UnknownField, None),
    ("@request.query.a:nope = 1", UnknownField, 'There is no modifier ":nope". (at 1: @request.query.a:nope = 1)'),
    ("@request.auth.name.x = 1", UnknownField, None),
    ("@request.body.title:length = 1", UnknownField, None),
    ("@request.roles:lower = 'x'", UnsupportedFilter, None),
    ("num = 1 || raw = 'x'", UnsupportedFilter, '"raw" holds bytes, which cannot be compared. (at 12: raw = \'x\')'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_name_that_leads_nowhere_is_refused_with_its_place(
    sqlite_database: Database, text: str, error: type[InvalidFilter], message: str | None
) -> None:
    with pytest.raises(error) as refused:
        sqlite_database.ask("things", text, actor="users/u1")
    assert refused.value.status == 400
    if message is not None:
        assert refused.value.message == message


def compiled(
    registry: Registry, collection: str, text: str, dialect: Any = "sqlite", **options: Any
) -> tuple[str, list[Any]]:
    joins = Joins(dialect_of(dialect))
    names = CollectionNames(
        collection=registry.collections[collection], find=registry.find, joins=joins, alias="r", **options
    )
    parsed = parse(text)
    statement = render(compile_filter(parsed, names, joins.dialect), dialect)
    return statement.sql, statement.bind(Bindings(literals=parsed.literals))


def test_a_path_can_go_through_six_relations_and_no_more(registry: Registry) -> None:
    class Endless(dict[str, CollectionInfo]):
        pass

    cats = registry.collections["cats"]
    owner = cats.by_name["owner"]
    from dataclasses import replace

    # A collection whose relation points to itself.
    ring = replace(cats, by_name={**cats.by_name, "next": replace(owner, name="next", column="next", target="cats")})
    for hops, fine in ((6, True), (7, False)):
        names = CollectionNames(collection=ring, find=lambda name: ring, joins=Joins(dialect_of("sqlite")), alias="r")
        text = ".".join(["next"] * hops) + ".name = 'x'"
        if fine:
            compile_filter(parse(text), names, dialect_of("sqlite"))
            assert names.joins.fragment().sql.count("LEFT JOIN") == 6
        else:
            with pytest.raises(UnknownField, match="6 relations"):
                compile_filter(parse(text), names, dialect_of("sqlite"))


def test_the_same_path_shares_one_join_and_different_paths_do_not(registry: Registry) -> None:
    joins = Joins(dialect_of("sqlite"))
    names = CollectionNames(collection=registry.collections["things"], find=registry.find, joins=joins, alias="r")
    compile_filter(parse("cat.name = 'a' && cat.owner.name = 'b' && cat.owner.id = cat.name"), names, joins.dialect)
    assert joins.fragment().sql == (
        ' LEFT JOIN "cats" AS "via_1" ON "via_1"."id" = "r"."cat"'
        ' LEFT JOIN "users" AS "via_2" ON "via_2"."id" = "via_1"."owner"'
    )


def test_the_key_of_a_relation_is_the_relation_itself_and_needs_no_join(registry: Registry) -> None:
    joins = Joins(dialect_of("sqlite"))
    names = CollectionNames(collection=registry.collections["things"], find=registry.find, joins=joins, alias="r")
    assert compile_filter(parse("cat.id = 'c1'"), names, joins.dialect).sql == '"r"."cat" = \0'
    assert joins.fragment().sql == ""


def test_a_hidden_field_is_unknown_and_no_hint_names_it(registry: Registry) -> None:
    def readable(collection: CollectionInfo, field: FieldInfo) -> bool:
        return not_hidden(collection, field) and field.name != "secret"

    for text in ("secret = 's'", "secret:lower = 's'", "secre = 's'", "'s' = secret", "title = secret"):
        with pytest.raises(UnknownField) as refused:
            compiled(registry, "things", text, readable=readable)
        assert 'Did you mean "secret"' not in refused.value.message
    with pytest.raises(UnknownField, match='no field "password"'):
        compiled(registry, "things", "cat.owner.password = 's'", readable=not_hidden)


class TestRelationsOfClients:
    """The list rule of a collection that a client's path goes into (protocol.md §3.9)."""

    def passage(self, registry: Registry, rules: dict[str, str | None]) -> Any:
        def asked(target: CollectionInfo) -> Listed | None:
            rule = rules.get(target.name, "")
            if rule is None:
                raise LockedRelation(f"{target.name} is locked.")

            def listed(alias: str, joins: Joins) -> Fragment:
                names = CollectionNames(
                    collection=target, find=registry.find, joins=joins, alias=alias.strip('"'), optional=True
                )
                return compile_filter(parse(rule or ""), names, joins.dialect, constants=True)

            return listed if rule else None

        return asked

    CASES = (
        ("cat.name != 'x'", {}, "1 2 3 4 5 6"),
        ("cat.name != 'x'", {"cats": "name = 'red'"}, "1 4 5 6"),
        ("cat.name = ''", {"cats": "name = 'red'"}, "4 5 6"),
        ("cat.name = ''", {"cats": "owner.name = 'Bob'"}, "3 4 5 6"),
        ("title != 'x' || cat.name = 'y'", {"cats": "name = 'red'"}, "1 4 5 6"),
        ("cat.id = 'c2'", {"cats": None}, "2"),
        ("cat = 'c2'", {"cats": "name = 'red'"}, "2"),
        ("cat.owner.name = 'Ann'", {"users": "name = 'Bob'"}, ""),
        ("cat.owner.name != 'x'", {"users": "name = 'Bob'"}, "2 3 4 5 6"),
    )

    @pytest.mark.parametrize(("text", "rules", "expected"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
    def test_the_joined_row_must_be_absent_or_satisfy_its_list_rule(
        self, database: Database, text: str, rules: dict[str, str | None], expected: str
    ) -> None:
        assert database.ask("things", text, passage=self.passage(database.registry, rules)) == expected

    def test_a_path_into_a_locked_collection_is_refused(self, database: Database) -> None:
        passage = self.passage(database.registry, {"cats": None})
        for text, sort in (("cat.name = 'x'", "id"), ("title = 'x'", "cat.name")):
            with pytest.raises(LockedRelation):
                database.ask("things", text, sort=sort, passage=passage)

    def test_a_sort_through_a_relation_restricts_as_well(self, database: Database) -> None:
        passage = self.passage(database.registry, {"cats": "name = 'red'"})
        assert database.ask("things", "title != 'x'", sort="-cat.name,id", passage=passage) == "1 4 5 6"


PRIVATE = [
    ("email = 'ann@x.io'", "u1"),
    ("email = 'bob@x.io'", ""),
    ("email != 'x'", "u1"),
    ("email ~ 'x.io'", "u1"),
    ("'bob@x.io' = email", ""),
    ("email = 'bob@x.io' || name = 'Bob'", "u2"),
    ("email:lower != 'x'", "u1"),
    ("name = 'Ann' || email != 'x'", "u1"),
]


@pytest.mark.parametrize(("text", "expected"), PRIVATE, ids=[case[0] for case in PRIVATE])
def test_a_private_address_never_matches(database: Database, text: str, expected: str) -> None:
    assert database.ask("users", text, private_email=True) == expected


def test_a_private_address_behind_a_relation_never_matches(database: Database) -> None:
    assert database.ask("things", "cat.owner.email != 'x'", private_email=True) == "1"
    assert database.ask("things", "cat.owner.email ~ 'x.io'") == "1 3"


ACTORS = [
    ("@request.auth.id != ''", "users/u1", True),
    ("@request.auth.id = 'u1'", "users/u1", True),
    ("@request.auth.name = 'Ann'", "users/u1", True),
    ("@request.auth.email = 'bob@x.io'", "users/u2", True),
    ("@request.auth.emailVisibility = true", "users/u1", True),
    ("@request.auth.emailVisibility = true", "users/u2", False),
    ("@request.auth.team = 't1'", "users/u1", True),
    ("@request.auth.team = ''", "users/u2", True),
    ("@request.auth.nope = ''", "users/u1", True),
    ("@request.auth.collectionName = 'users'", "users/u1", True),
    ("@request.auth.collectionId = 'users'", "users/u1", False),
    ("@request.auth.team.name = 'red'", "users/u1", True),
    ("@request.auth.team.name = 'blue'", "users/u1", False),
    ("@request.auth.team.name = ''", "users/u2", True),
    ("@request.auth.team.name ~ 'RE'", "users/u1", True),
    ("@request.auth.team.name != 'red'", "users/u2", True),
    ("@request.auth.owner.team.name = 'red'", "cats/c1", True),
    ("@request.auth.owner.team.id = 't1'", "cats/c1", True),
    ("@request.auth.nap > '2023'", "cats/c1", True),
    ("@request.auth.nap = '2024-01-01 00:00:00.000Z'", "cats/c1", True),
    ("@request.auth.msel ~ 'a'", "things/1", True),
    ("@request.auth.msel = '[\"a\",\"b\"]'", "things/2", True),
    ("@request.auth.js.b.1.c = 'deep'", "things/3", True),
    ("@request.auth.js = 5", "things/1", True),
    ("@request.auth.whole = 9007199254740993", "things/1", True),
    ("@request.auth.price = 10.5", "things/1", True),
    ("@request.auth.flag = true", "things/1", True),
    ("@request.auth.uid = '6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11'", "things/1", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "actor", "holds"), ACTORS, ids=[f"{case[1]} {case[0]}" for case in ACTORS])
def test_values_of_the_auth_record_are_those_its_fields_have(
    database: Database, text: str, actor: str, holds: bool
) -> None:
    assert database.ask("teams", text, actor=actor) == ("t1 t2" if holds else "")


ROLES = [
    ("@request.roles ?= 'editor'", {"editor", "author"}, True),
    ("@request.roles ?= 'admin'", {"editor", "author"}, False),
    ("@request.roles ?= 'editor'", set(), False),
    ("@request.roles = 'editor'", {"editor"}, True),
    ("@request.roles = 'editor'", {"editor", "author"}, False),
    ("@request.roles != 'editor'", {"author"}, True),
    ("@request.roles != 'editor'", {"author", "editor"}, False),
    ("@request.roles = ''", set(), True),
    ("@request.roles ?~ 'edit'", {"author", "editor"}, True),
    ("'editor' ?= @request.roles", {"author", "editor"}, True),
    ("@request.roles ?= @request.query.role", {"author", "editor"}, True),
]


@pytest.mark.parametrize(("text", "roles", "holds"), ROLES, ids=[f"{case[0]} {sorted(case[1])}" for case in ROLES])
def test_roles_are_a_list_of_which_some_or_all_must_satisfy(
    database: Database, text: str, roles: set[str], holds: bool
) -> None:
    actor = database.actor("users", "u1", roles=frozenset(roles))
    assert database.ask("teams", text, actor=actor, query={"role": "editor"}) == ("t1 t2" if holds else "")


def test_a_field_named_like_a_constant_wins_over_it(registry: Registry) -> None:
    from dataclasses import replace

    things = registry.collections["things"]
    flag = replace(things.by_name["title"], name="true", column="true")
    names = CollectionNames(
        collection=replace(things, by_name={**things.by_name, "true": flag}),
        find=registry.find,
        joins=Joins(dialect_of("sqlite")),
        alias="r",
    )
    assert compile_filter(parse("true = 'x'"), names, dialect_of("sqlite")).sql == '"r"."true" = \0'
