"""Plain Piccolo tables: keys are integers or UUIDs in the database and texts on the wire."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID as UUIDValue

import pytest
from piccolo.columns import UUID, ForeignKey, Serial, Varchar
from piccolo.table import Table

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import prepare
from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.fragments import compose, render
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import parse
from piccobase.schema.actor import Actor
from piccobase.schema.building import build_registry


class Label(Table, tablename="labels"):
    code = UUID(primary_key=True)
    name = Varchar()


class Band(Table, tablename="bands"):
    number = Serial(primary_key=True)
    name = Varchar()
    label = ForeignKey(Label)
    parent = ForeignKey("self")


LABEL = UUIDValue("6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    loop = asyncio.new_event_loop()
    if request.param == "sqlite":
        engine: Any = EmbeddedEngine(tmp_path_factory.mktemp("plain") / "data.db")
        yield from _asking(loop, engine)
    else:
        with request.getfixturevalue("postgres_server").empty_database() as url:
            yield from _asking(loop, PostgresEngine(url))
    loop.close()


def _asking(loop: asyncio.AbstractEventLoop, engine: Any) -> Iterator[Any]:
    registry = build_registry([Label, Band])
    bands = registry.collections["bands"]
    dialect = dialect_of(engine.dialect)

    async def fill() -> None:
        await prepare(engine, [Label, Band])
        await Label(code=LABEL, name="Sub Pop").save()
        await Band(name="one", label=LABEL).save()
        await Band(name="two", label=None, parent=1).save()

    loop.run_until_complete(fill())

    def ask(text: str, actor: str = "") -> list[str]:
        joins = Joins(dialect)
        names = CollectionNames(
            collection=bands, find=registry.find, joins=joins, alias="r", signed_in_as=bands if actor else None
        )
        where = compile_filter(parse(text), names, dialect, constants=True)
        sql = compose(
            'SELECT "r"."name" FROM bands AS "r"', joins.fragment(), " WHERE ", where, ' ORDER BY "r"."number"'
        )
        statement = render(sql, engine.dialect)
        who = Actor(collection=bands, id=actor, values={"id": int(actor), "parent": 1}) if actor else Actor()
        bindings = Bindings(actor=who, query={"label": str(LABEL), "one": "1", "bad": "x1"})
        return [row[0] for row in loop.run_until_complete(engine.rows(statement.sql, statement.bind(bindings)))]

    yield ask
    loop.run_until_complete(engine.close())


CASES = [
    ("id = '1'", "", ["one"]),
    ("id = 1", "", ["one"]),
    ("id = 'x'", "", []),
    ("id != '1'", "", ["two"]),
    ("id > 1", "", ["two"]),
    ("id ~ '2'", "", ["two"]),
    ("parent = '1'", "", ["two"]),
    ("parent.id = '1'", "", ["two"]),
    ("parent.name = 'one'", "", ["two"]),
    ("parent = ''", "", ["one"]),
    ("parent = @request.query.one", "", ["two"]),
    ("parent = @request.query.bad", "", []),
    ("parent != @request.query.bad", "", ["one", "two"]),
    ("parent = @request.query.none", "", ["one"]),
    (f"label = '{LABEL}'", "", ["one"]),
    ("label.id = @request.query.label", "", ["one"]),
    ("label.name = 'Sub Pop'", "", ["one"]),
    ("label = ''", "", ["two"]),
    ("label = 'x'", "", []),
    ("id = @request.auth.id", "2", ["two"]),
    ("parent = @request.auth.id", "1", ["two"]),
    ("id = @request.auth.parent", "2", ["one"]),
    ("@request.auth.parent.name = 'one'", "2", ["one", "two"]),
    ("@request.auth.parent.label.name = 'Sub Pop'", "2", ["one", "two"]),
]


@pytest.mark.parametrize(("text", "actor", "expected"), CASES, ids=[case[0] for case in CASES])
def test_keys_are_compared_as_the_wire_writes_them(ask: Any, text: str, actor: str, expected: list[str]) -> None:
    assert ask(text, actor) == expected
