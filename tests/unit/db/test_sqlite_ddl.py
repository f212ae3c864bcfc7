"""Piccolo's DDL as SQLite gets it."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import JSON, UUID, Date, ForeignKey, Integer, Numeric, Timestamptz, Varchar
from piccolo.columns.defaults.date import DateOffset
from piccolo.columns.defaults.timestamptz import TimestamptzOffset
from piccolo.constraints import Check, Unique
from piccolo.table import Table, create_table_class

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, NotUnique
from piccobase.db.sqlite_ddl import rewrite


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data.db")
    yield engine
    await engine.close()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('CREATE TABLE t ("a" NUMERIC)', 'CREATE TABLE t ("a" DECIMAL_TEXT COLLATE DECIMAL_ORDER)'),
        (
            'CREATE TABLE IF NOT EXISTS "t" ("a" NUMERIC(10, 2) UNIQUE NOT NULL DEFAULT -1.50, "b" TEXT)',
            (
                'CREATE TABLE IF NOT EXISTS "t" ("a" DECIMAL_TEXT(10, 2) COLLATE DECIMAL_ORDER UNIQUE NOT NULL'
                " DEFAULT '-1.50', \"b\" TEXT)"
            ),
        ),
        (
            'CREATE TABLE t ("a" NUMERIC DEFAULT null)',
            'CREATE TABLE t ("a" DECIMAL_TEXT COLLATE DECIMAL_ORDER DEFAULT null)',
        ),
        ('CREATE TABLE t ("a" JSON, "b" JSONB)', 'CREATE TABLE t ("a" JSON_TEXT, "b" JSONB_TEXT)'),
        (
            'ALTER TABLE t ADD COLUMN "a" NUMERIC(5, 1) NOT NULL DEFAULT 0',
            "ALTER TABLE t ADD COLUMN \"a\" DECIMAL_TEXT(5, 1) COLLATE DECIMAL_ORDER NOT NULL DEFAULT '0'",
        ),
        (
            "CREATE TABLE t (\"a\" TIMESTAMP DEFAULT '2024-01-01 10:00:00.123456')",
            "CREATE TABLE t (\"a\" TIMESTAMP DEFAULT '2024-01-01 10:00:00.123Z')",
        ),
    ],
)
def test_types_and_defaults_are_rewritten(theirs: str, ours: str) -> None:
    assert rewrite(theirs) == ours


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE TABLE "NUMERIC" ("NUMERIC" TEXT DEFAULT \'NUMERIC, "x" NUMERIC\')',
        "CREATE TABLE t (\"a, NUMERIC\" VARCHAR(3) DEFAULT 'it''s NUMERIC')",
        'CREATE TABLE t ("a" TEXT, CONSTRAINT numeric CHECK ("a" != \'NUMERIC\'))',
        'CREATE TABLE t ("a" TEXT CHECK (a IN (NUMERIC, JSON)), UNIQUE (a), PRIMARY KEY (NUMERIC))',
        "CREATE TABLE t (\"a\" UUID DEFAULT 'None', \"b\" VARCHAR DEFAULT 'None')",
        'CREATE TABLE t AS SELECT 1 AS "NUMERIC"',
        "CREATE INDEX numeric ON t (json)",
        'ALTER TABLE "NUMERIC" RENAME COLUMN "JSON" TO "NUMERIC"',
        'ALTER TABLE t DROP COLUMN "ADD"',
        "DROP TABLE numeric",
        "",
    ],
)
def test_everything_else_stays_as_it_is(statement: str) -> None:
    assert rewrite(statement) == statement


async def test_defaults_of_the_database_are_stored_as_values_are(db: EmbeddedEngine) -> None:
    thing = create_table_class(
        "Thing",
        class_kwargs={"db": db},
        class_members={
            "key": UUID(),
            "now": Timestamptz(),
            "later": Timestamptz(default=TimestamptzOffset(days=1)),
            "then": Timestamptz(default=datetime(2024, 1, 1, tzinfo=UTC)),
            "day": Date(default=DateOffset(days=1)),
            "price": Numeric(default=Decimal("1234567890.1234567891")),
            "meta": JSON(default="1.10"),
        },
    )
    await thing.create_table()
    await db.rows("INSERT INTO thing DEFAULT VALUES")
    await db.rows("INSERT INTO thing DEFAULT VALUES")
    first, second = await thing.select()
    assert first["key"] != second["key"]
    assert first["key"].version == 4
    assert first["key"].variant == uuid.RFC_4122
    assert timedelta(0) <= datetime.now(UTC) - first["now"] < timedelta(minutes=1)
    assert timedelta(0) <= datetime.now(UTC) + timedelta(days=1) - first["later"] < timedelta(minutes=1)
    assert first["then"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert abs(first["day"] - date.today()) <= timedelta(days=2)
    assert first["price"] == Decimal("1234567890.1234567891")
    assert first["meta"] == "1.10"
    assert (await db.rows("SELECT now, later FROM thing"))[0][0].endswith("Z")


async def test_a_table_is_created_with_its_constraints(db: EmbeddedEngine) -> None:
    class Concert(Table, db=db):
        band = Varchar(index=True)
        day = Integer()
        seats = Integer(default=1)
        once = Unique([band, day])
        some = Check(seats > 0)

    await Concert.create_table()
    await Concert(band="a", day=1).save()
    with pytest.raises(NotUnique) as twice:
        await Concert(band="a", day=1).save()
    assert twice.value.columns == ("band", "day")
    with pytest.raises(ConstraintFailed) as none:
        await Concert(band="b", day=1, seats=0).save()
    assert none.value.constraint == "some"
    assert {name for (name,) in await db.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")} == {
        "once",
        "concert_band",
    }


async def test_a_unique_constraint_for_which_nulls_are_the_same(db: EmbeddedEngine) -> None:
    class Seat(Table, db=db):
        row = Integer(null=True)
        name = Varchar(null=True)
        once = Unique([row, name], nulls_distinct=False)

    await Seat.create_table()
    await Seat.insert(Seat(row=None, name="a"), Seat(row=0, name="a"), Seat(row=None, name=None))
    for row, name in ((None, "a"), (0, "a"), (None, None)):
        with pytest.raises(NotUnique) as twice:
            await Seat(row=row, name=name).save()
        assert twice.value.columns == ("row", "name")


async def test_creating_a_table_is_undone_with_its_transaction(db: EmbeddedEngine) -> None:
    class Seat(Table, db=db):
        row = Integer()
        some = Check(row > 0)

    with pytest.raises(KeyError):
        async with db.transaction():
            await Seat.create_table()
            assert await Seat.table_exists()
            raise KeyError
    assert not await Seat.table_exists()


async def test_what_others_refer_to_can_get_a_check(db: EmbeddedEngine) -> None:
    class Hall(Table, db=db):
        size = Integer()

    class Seat(Table, db=db):
        hall = ForeignKey(Hall)

    await Hall.create_table()
    await Seat.create_table()
    await db.run_ddl('ALTER TABLE hall ADD CONSTRAINT "big" CHECK ("size" > 10)')
    hall: Any = Hall(size=11)
    await hall.save()
    await Seat(hall=hall).save()
    with pytest.raises(ConstraintFailed):
        await Hall(size=1).save()


async def test_an_added_column_reads_like_one_that_was_there_from_the_start(db: EmbeddedEngine) -> None:
    class Ticket(Table, db=db):
        name = Varchar()

    await Ticket.create_table()
    await Ticket(name="old").save()
    await Ticket.alter().add_column("price", Numeric(digits=(5, 2), default=Decimal("9.50")))
    class_members = {"name": Varchar(), "price": Numeric(digits=(5, 2))}
    ticket = create_table_class("Ticket", class_kwargs={"db": db}, class_members=class_members)
    await ticket(name="new", price=Decimal("10")).save()
    assert await ticket.select(ticket.name, ticket.price).order_by(ticket.price) == [
        {"name": "old", "price": Decimal("9.50")},
        {"name": "new", "price": Decimal("10")},
    ]
