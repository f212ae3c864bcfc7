"""The SQL itself and its bound values: written so that an index on the column serves it."""

from typing import Any

import pytest
from tests.unit.filters.conftest import MOMENT, UID, Database

from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.errors import TooManyRows
from piccobase.filters.fragments import render
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import parse
from piccobase.schema.actor import Actor
from piccobase.schema.registry import Registry

CASES = [
    ("title = 'x'", '"r"."title" = ?', ["x"], '"r"."title" = $1::text', ["x"]),
    ("'x' < title", '"r"."title" > ?', ["x"], '"r"."title" COLLATE "C" > $1::text', ["x"]),
    ("title != 'x'", '"r"."title" IS NOT ?', ["x"], '"r"."title" IS DISTINCT FROM $1::text', ["x"]),
    ("title = 5", '"r"."title" = ?', ["5.0"], '"r"."title" = $1::text', ["5.0"]),
    ("title = ''", '"r"."title" = \'\'', [], '"r"."title" = \'\'', []),
    ("body = ''", '("r"."body" = \'\' OR "r"."body" IS NULL)', [], '("r"."body" = \'\' OR "r"."body" IS NULL)', []),
    (
        "title ~ 'A%_'",
        '"r"."title" LIKE ? ESCAPE \'\\\'',
        ["a%_"],
        'lower("r"."title" COLLATE "C") LIKE $1::text ESCAPE \'\\\'',
        ["a%_"],
    ),
    (
        "title ~ 'A_'",
        '"r"."title" LIKE ? ESCAPE \'\\\'',
        ["%a\\_%"],
        'lower("r"."title" COLLATE "C") LIKE $1::text ESCAPE \'\\\'',
        ["%a\\_%"],
    ),
    ("whole = 9007199254740993", '"r"."whole" = ?', [9007199254740993], '"r"."whole" = $1::bigint', [9007199254740993]),
    ("num > 5", '"r"."num" > ?', [5], '"r"."num" > $1::float8', [5.0]),
    ("num = 'x'", "FALSE", [], "FALSE", []),
    ("num < 'x'", '"r"."num" IS NOT NULL', [], '"r"."num" IS NOT NULL', []),
    ("flag = true", '"r"."flag" = ?', [1], '"r"."flag" = $1::boolean', [True]),
    (
        "dt > '2026-11-25 11:20:30.456+01:00'",
        '"r"."dt" > ?',
        ["2026-11-25 10:20:30.456Z"],
        '"r"."dt" > $1::timestamptz',
        [MOMENT],
    ),
    ("dt > @now", '"r"."dt" > ?', ["2026-11-25 10:20:30.456Z"], '"r"."dt" > $1::timestamptz', [MOMENT]),
    (
        "local > @now",
        '"r"."local" > ?',
        ["2026-11-25 10:20:30.456Z"],
        '"r"."local" > $1::timestamp',
        [MOMENT.replace(tzinfo=None)],
    ),
    ("uid = '6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11'", '"r"."uid" = ?', [str(UID)], '"r"."uid" = $1::uuid', [UID]),
    ("id = @request.auth.id", '"r"."id" = ?', ["u1"], '"r"."id" = $1::text', ["u1"]),
    (
        "cat = @request.auth.id",
        '("r"."cat" = ? OR ("r"."cat" IS NULL AND ?))',
        ["u1", 0],
        '("r"."cat" = $1::text OR ("r"."cat" IS NULL AND $2::boolean))',
        ["u1", False],
    ),
    ("js.a = 5", 'CASE WHEN json_valid("r"."js") THEN json_extract("r"."js", ?) END IS ?', ['$."a"', 5], None, None),
    ("@request.auth.id != ''", "?", [1], "$1::boolean", [True]),
    (
        "title = 'a' && (num = 1 || num = 2)",
        '("r"."title" = ? AND ("r"."num" = ? OR "r"."num" = ?))',
        ["a", 1, 2],
        '("r"."title" = $1::text AND ("r"."num" = $2::float8 OR "r"."num" = $3::float8))',
        ["a", 1.0, 2.0],
    ),
]


@pytest.mark.parametrize(
    ("text", "sqlite", "sqlite_args", "postgres", "postgres_args"), CASES, ids=[case[0] for case in CASES]
)
def test_a_filter_compiles_to_sql_that_an_index_serves(
    registry: Registry,
    text: str,
    sqlite: str,
    sqlite_args: list[Any],
    postgres: str | None,
    postgres_args: list[Any] | None,
) -> None:
    actor = Actor(collection=registry.collections["users"], id="u1")
    for name, sql, args in (("sqlite", sqlite, sqlite_args), ("postgres", postgres, postgres_args)):
        if sql is None:
            continue
        joins = Joins(dialect_of(name))
        names = CollectionNames(collection=registry.collections["things"], find=registry.find, joins=joins, alias="r")
        parsed = parse(text)
        statement = render(compile_filter(parsed, names, joins.dialect), joins.dialect.name)
        assert statement.sql == sql
        assert statement.bind(Bindings(literals=parsed.literals, actor=actor, moment=MOMENT)) == args


FANS = [
    (
        "comments_via_post.text ?= 'x'",
        'EXISTS (SELECT 1 FROM "comments" AS "via_1" WHERE "via_1"."post" = "r"."id" AND "via_1"."text" = ?)',
    ),
    (
        "num = 1 && comments_via_post.text ?= 'x' && comments_via_post.n ?= 2",
        (
            '("r"."num" = ? AND EXISTS (SELECT 1 FROM "comments" AS "via_1" WHERE "via_1"."post" = "r"."id"'
            ' AND "via_1"."text" = ? AND "via_1"."n" = ?))'
        ),
    ),
    (
        "comments_via_post.text ?= 'x' || comments_via_post.text ?= 'y'",
        (
            '(EXISTS (SELECT 1 FROM "comments" AS "via_1" WHERE "via_1"."post" = "r"."id" AND "via_1"."text" = ?)'
            ' OR EXISTS (SELECT 1 FROM "comments" AS "via_1" WHERE "via_1"."post" = "r"."id" AND "via_1"."text" = ?))'
        ),
    ),
    (
        "comments_via_post.text ?!= 'x'",
        (
            'EXISTS (SELECT 1 FROM (SELECT 1) AS "one" LEFT JOIN "comments" AS "via_1" ON "via_1"."post" = "r"."id"'
            ' WHERE "via_1"."text" IS NOT ?)'
        ),
    ),
    (
        "uniq_via_post.text = 'x'",
        '"via_1"."text" = ?',
    ),
    (
        "msel:each = 'a'",
        (
            '(EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid("r"."msel") THEN "r"."msel" ELSE \'[]\' END)'
            ' AS "via_1" WHERE "via_1"."value" = ?) AND NOT EXISTS (SELECT 1 FROM json_each(CASE WHEN'
            ' json_valid("r"."msel") THEN "r"."msel" ELSE \'[]\' END) AS "via_2"'
            ' WHERE ("via_2"."value") IS NOT NULL AND ("via_2"."value" = ?) IS NOT TRUE))'
        ),
    ),
]


@pytest.mark.parametrize(("text", "sql"), FANS, ids=[case[0] for case in FANS])
def test_what_fans_out_stands_in_an_exists_around_all_that_speaks_of_it(related: Database, text: str, sql: str) -> None:
    joins = Joins(dialect_of("sqlite"))
    posts = related.registry.collections["posts"]
    names = CollectionNames(collection=posts, find=related.registry.find, joins=joins, alias="r")
    statement = render(compile_filter(parse(text), names, joins.dialect), "sqlite")
    assert statement.sql == sql


@pytest.mark.parametrize("size", [50, 51])
def test_more_related_records_at_once_than_a_database_joins_are_refused(related: Database, size: int) -> None:
    text = " && ".join(f"@collection.cats:a{number}.name ?= 'red'" for number in range(size))
    together = text + " && (" + " || ".join(f"@collection.cats:a{number}.n ?= 1" for number in range(size)) + ")"
    assert related.ask("posts", text) == "p1 p2 p3 p4 p5"
    if size > 50:
        with pytest.raises(TooManyRows, match="50 related records"):
            related.ask("posts", together)


def test_a_rules_literals_are_its_own_and_a_clients_come_with_each_request(registry: Registry) -> None:
    joins = Joins(dialect_of("sqlite"))
    names = CollectionNames(collection=registry.collections["things"], find=registry.find, joins=joins, alias="r")
    rule = compile_filter(parse("title = 'rule'"), names, joins.dialect, constants=True)
    asked = compile_filter(parse("title = 'first'"), names, joins.dialect)
    assert [binder(Bindings(literals=("second",))) for binder in (*rule.binders, *asked.binders)] == ["rule", "second"]


@pytest.mark.parametrize("hostile", ["x' OR 1=1 --", "'; DROP TABLE things; --", "\\", "%", '"', "$1", "?", "{}"])
def test_no_value_ever_joins_the_sql_text(registry: Registry, hostile: str) -> None:
    literal = "'" + hostile.replace("\\", "\\\\").replace("'", "\\'") + "'"
    for name in ("sqlite", "postgres"):
        joins = Joins(dialect_of(name))
        names = CollectionNames(collection=registry.collections["things"], find=registry.find, joins=joins, alias="r")
        shown = compile_filter(parse(f"title = {literal} || js.a ~ {literal}"), names, joins.dialect).sql
        plain = compile_filter(parse("title = 'abc' || js.a ~ 'abc'"), names, joins.dialect).sql
        assert shown == plain
