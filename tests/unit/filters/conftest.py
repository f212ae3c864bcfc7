"""Records of every family of values in both databases, for filters to be asked of."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID as UUIDValue

import pytest
from piccolo.columns import (
    JSON,
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Interval,
    Numeric,
    Real,
    Text,
    Time,
    Timestamp,
    Timestamptz,
    Varchar,
)  # fmt: skip
from piccolo.table import Table
from tests.postgres_server import PostgresServer
from tests.unit.filters.world import RELATED, WORLD

from piccobase.columns import GeoPoint, MultiSelect, Relations, Select
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import prepare
from piccobase.filters.bindings import Bindings
from piccobase.filters.closing import closed, restrictions
from piccobase.filters.compiler import compile_filter, open_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.fragments import Fragment, compose, join, render, slot
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import parse
from piccobase.filters.shape import shape_of
from piccobase.filters.sorting import open_sort, order_by, parse_sort
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.building import build_registry
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.registry import Registry

MOMENT = datetime(2026, 11, 25, 10, 20, 30, 456000, tzinfo=UTC)  # a Wednesday


class Team(Collection, tablename="teams"):
    name = Varchar()


class User(AuthCollection, tablename="users"):
    name = Varchar()
    team = ForeignKey(Team)


class Cat(Collection, tablename="cats"):
    name = Varchar()
    owner = ForeignKey(User)
    nap = Timestamptz(null=True, default=None)


class Thing(Collection, tablename="things"):
    title = Varchar()
    body = Text(null=True, default=None)
    num = DoublePrecision()
    small = Real(null=True, default=None)
    whole = BigInt(null=True, default=None)
    price = Numeric(digits=(20, 10), null=True, default=None)
    flag = Boolean()
    dt = Timestamptz(null=True, default=None)
    local = Timestamp(null=True, default=None)
    day = Date(null=True, default=None)
    clock = Time(null=True, default=None)
    span = Interval(null=True, default=None)
    uid = UUID(null=True, default=None)
    js = JSONB(null=True, default=None)
    plain = JSON(null=True, default=None)
    sel = Select(["a", "b"])
    msel = MultiSelect(["a", "b", "c"])
    geo = GeoPoint()
    tags = Array(base_column=Varchar(), default=list)
    raw = Bytea(null=True, default=None)
    cat = ForeignKey(Cat)
    cats = Relations(Cat)
    secret = Varchar(secret=True)


class Loose(Collection, tablename="loose", lenient=True):
    title = Varchar()
    num = DoublePrecision()
    whole = BigInt()
    flag = Boolean()
    dt = Timestamptz(null=True, default=None)
    js = JSONB(null=True, default=None)
    sel = Select(["a", "b"])
    msel = MultiSelect(["a", "b", "c"])
    geo = GeoPoint()
    cat = ForeignKey(Cat)


TABLES: list[type[Table]] = [Team, User, Cat, Thing, Loose]

# How the columns of a draft are cast on PostgreSQL.
POSTGRES_TYPES = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE PRECISION", "decimal": "NUMERIC", "boolean": "BOOLEAN",
    "duration": "INTERVAL", "bytes": "BYTEA", "instant": "TIMESTAMPTZ", "date": "DATE", "time": "TIME", "uuid": "UUID",
    "json": "JSONB", "list": "JSONB", "geo": "JSONB", "array": "VARCHAR[]",
}  # fmt: skip
POSTGRES_TYPES_OF = {"small": "REAL", "local": "TIMESTAMP", "plain": "JSON"}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


UID = UUIDValue("6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11")

RECORDS: dict[str, list[dict[str, Any]]] = {
    "teams": [{"id": "t1", "name": "red"}, {"id": "t2", "name": ""}],
    "users": [
        {"id": "u1", "name": "Ann", "team": "t1", "email": "ann@x.io", "emailVisibility": True},
        {"id": "u2", "name": "Bob", "team": None, "email": "bob@x.io", "emailVisibility": False},
    ],
    "cats": [
        {"id": "c1", "name": "red", "owner": "u1", "nap": _at("2024-01-01T00:00:00Z")},
        {"id": "c2", "name": "Blue", "owner": None},
        {"id": "c3", "name": "", "owner": "u2"},
    ],
    "things": [
        {
            "id": "1", "title": "Alpha", "body": "one", "num": 5.0, "small": 0.1, "whole": 9007199254740993,
            "price": Decimal("10.5"), "flag": True, "dt": _at("2024-01-01T00:00:00Z"), "local": datetime(2024, 1, 1),
            "day": date(2024, 1, 1), "clock": time(9, 30), "span": timedelta(seconds=90), "uid": UID, "js": "5",
            "plain": "5", "sel": "a", "msel": ["a"], "geo": '{"lat":48.5,"lon":2.25}', "tags": ["x"], "raw": b"1",
            "cat": "c1", "cats": ["c1","c2"], "secret": "s",
        },
        {
            "id": "2", "title": "beta", "num": -1.5, "small": 2.0, "whole": 9007199254740992,
            "price": Decimal("9.50"), "dt": _at("2024-01-01T12:30:00.250Z"), "local": datetime(2024, 1, 1, 12, 30),
            "day": date(2024, 1, 2), "clock": time(9, 30, 0, 500000), "span": timedelta(seconds=100), "js": '"5"',
            "plain": '"5"', "msel": ["a","b"], "tags": ["x", "y z"], "cat": "c2",
        },
        {
            "id": "3", "title": "5", "body": "", "num": 0.0, "whole": 0, "price": Decimal("0.1234567890"),
            "js": '{"a":"x","b":[1,{"c":"deep"}],"n":null,"t":true,"z":"a, b: c"}',
            "plain": '{"a":"x","b":[1,{"c":"deep"}],"n":null,"t":true,"z":"a, b: c"}', "cat": "c3",
        },
        {"id": "4", "title": "", "num": 1234567.25, "whole": -3, "js": "true", "plain": "true", "flag": True},
        {"id": "5", "title": "100%_\\", "num": 1e21, "js": "null", "plain": "null", "body": "Äpfel"},
        {"id": "6", "title": "1", "num": 1.0, "js": "[1,2]", "plain": "[1,2]", "body": "ZZ"},
    ],
    "loose": [
        {"id": "1", "title": "5", "num": 5.0, "whole": 9007199254740993, "flag": True, "js": "5", "sel": "a",
         "dt": _at("2024-01-01T00:00:00Z"), "msel": ["a"], "cat": "c1"},
        {"id": "2", "title": "abc", "num": 0.0, "whole": 9007199254740992, "js": "5"},
        {"id": "3", "title": "", "num": 5.5, "js": '{"a":"x"}', "msel": ["a","b"], "cat": "c3"},
        {"id": "4", "title": "5.0", "num": -1.0, "js": "true"},
        {"id": "5", "title": "1", "num": 1.0, "js": None},
    ],
}  # fmt: skip


class Undone(Exception):
    """Ends a transaction that was only a trial."""


class Database:
    """One database with all records in it, made as a server makes it. Its engine runs in a loop of its own."""

    def __init__(
        self,
        engine: EmbeddedEngine | PostgresEngine,
        registry: Registry,
        tables: Sequence[type[Table]] = tuple(TABLES),
        records: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType(RECORDS),
    ) -> None:
        self.engine, self.registry, self.records = engine, registry, records
        self.name = engine.dialect
        self.dialect = dialect_of(engine.dialect)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(prepare(engine, tables))
        for table in tables:
            self._fill(registry.collections[table._meta.tablename])

    def close(self) -> None:
        self._loop.run_until_complete(self.engine.close())
        self._loop.close()

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._loop.run_until_complete(self.engine.rows(sql, args))

    def tried(self, before: Sequence[str], sql: str, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of the last of several statements, all of which are undone."""

        async def run() -> list[tuple[Any, ...]]:
            with suppress(Undone):
                async with self.engine.transaction():
                    for statement in before:
                        await self.engine.rows(statement)
                    found = await self.engine.rows(sql, args)
                    raise Undone
            return found

        return self._loop.run_until_complete(run())

    def collection(self, name: str) -> CollectionInfo:
        return self.registry.collections[name]

    def _fill(self, collection: CollectionInfo) -> None:
        names = ", ".join(f'"{field.column}"' for field in collection.fields)
        for number, record in enumerate(self.records[collection.name]):
            stamp = MOMENT + timedelta(hours=number)
            values = [self.stored(field, {"created": stamp, "updated": stamp, **record}) for field in collection.fields]
            marks = ", ".join("?" if self.name == "sqlite" else f"${index + 1}" for index in range(len(values)))
            self.rows(f"INSERT INTO {collection.source} ({names}) VALUES ({marks})", values)

    def stored(self, field: Any, record: Mapping[str, Any]) -> Any:
        empty = None if field.nullable else field.value.zero()
        value = record.get(field.name, empty)
        bind = field.value.bind(self.name)
        return value if value is None or bind is None else bind(value)

    def ask(self, collection: str, text: str, *, sort: str = "id", **bound: Any) -> str:
        """The ids of the records a filter finds, with blanks between them."""
        bindings, options = self.split(bound)
        info = self.collection(collection)
        joins = Joins(self.dialect)
        names = CollectionNames(collection=info, find=self.registry.find, joins=joins, alias="r", **options)
        conditions = [open_filter(parse(text), names, self.dialect)]
        keys = open_sort(parse_sort(sort), names, self.dialect, text=sort)
        conditions += restrictions(joins)
        where = [closed(conditions)]
        order = order_by(keys, self.dialect, conditions)
        found = self.select(info.source, joins, where, order, Bindings(literals=shape_of(text).literals, **bindings))
        return " ".join(row[0] for row in found)

    def ask_draft(self, collection: str, text: str, record: Mapping[str, Any], **bound: Any) -> bool:
        """Whether a filter with its own literals holds for a record that is not stored."""
        bindings, options = self.split(bound)
        info = self.collection(collection)
        joins = Joins(self.dialect)
        names = CollectionNames(
            collection=info, find=self.registry.find, joins=joins, alias="draft", draft=True, **options
        )
        where = compile_filter(parse(text), names, self.dialect, constants=True)
        values = [self._draft_column(field, self.stored(field, record)) for field in info.fields]
        draft = join(", ", values)
        statement = render(
            compose('WITH "draft" AS (SELECT ', draft, ') SELECT 1 FROM "draft"', joins.fragment(), " WHERE ", where),
            self.name,
        )
        return bool(self.rows(statement.sql, statement.bind(Bindings(**bindings))))

    def _draft_column(self, field: Any, value: Any) -> Fragment:
        cast = "" if self.name == "sqlite" else f"::{POSTGRES_TYPES_OF.get(field.name) or POSTGRES_TYPES[field.family]}"
        return compose(slot(lambda bindings: value), f'{cast} AS "{field.column}"')

    def select(
        self, source: str, joins: Joins, where: list[Fragment], order: Fragment, bindings: Bindings
    ) -> list[tuple[Any, ...]]:
        statement = render(
            compose(
                f'SELECT "r"."id" FROM {source} AS "r"', joins.fragment(),
                " WHERE ", join(" AND ", where), " ORDER BY ", order,
            ),
            self.name,
        )  # fmt: skip
        return self.rows(statement.sql, statement.bind(bindings))

    def actor(self, collection: str, id: str, **more: Any) -> Actor:
        info = self.collection(collection)
        [record] = [record for record in self.records[collection] if record["id"] == id]
        values = {field.name: self.stored(field, record) for field in info.fields}
        return Actor(collection=info, id=id, values=values, **more)

    def split(self, bound: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes to Bindings, and what to CollectionNames. An actor may be given as `users/u1`."""
        options = {name: bound.pop(name) for name in ("readable", "passage", "private_email") if name in bound}
        actor = bound.get("actor", GUEST)
        if isinstance(actor, str):
            actor = self.actor(*actor.split("/"))
        bound = {"moment": MOMENT, **bound, "actor": actor}
        return bound, {"signed_in_as": actor.collection, **options}


@pytest.fixture(scope="session")
def registry() -> Registry:
    return build_registry(TABLES)


@pytest.fixture(scope="session")
def sqlite_database(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(EmbeddedEngine(tmp_path_factory.mktemp("filters") / "data.db"), registry)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_database(registry: Registry, postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.empty_database() as url:
        database = Database(PostgresEngine(url), registry)
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


def _related(engine: EmbeddedEngine | PostgresEngine) -> Iterator[Database]:
    database = Database(engine, build_registry(WORLD), WORLD, RELATED)
    yield database
    database.close()


@pytest.fixture(scope="session")
def related_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    yield from _related(EmbeddedEngine(tmp_path_factory.mktemp("related") / "data.db"))


@pytest.fixture(scope="session")
def related_postgres(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.empty_database() as url:
        yield from _related(PostgresEngine(url))


@pytest.fixture(params=["sqlite", "postgres"])
def related(request: pytest.FixtureRequest) -> Database:
    """The records of `world.py`."""
    found: Database = request.getfixturevalue(f"related_{request.param}")
    return found
