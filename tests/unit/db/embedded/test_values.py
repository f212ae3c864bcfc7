"""Values through the embedded engine, beside Piccolo's own SQLite engine."""

import enum
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piccolo.columns import (
    JSON,
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Column,
    Date,
    DoublePrecision,
    Integer,
    Interval,
    Numeric,
    Real,
    SmallInt,
    Text,
    Time,
    Timestamp,
    Timestamptz,
    Varchar,
)
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import create_table_class

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import NotUnique
from piccobase.db.values import adapt, compare_decimals, decimal_text

TOKYO = timezone(timedelta(hours=9))


class Colour(enum.Enum):
    red = "r"
    none = None


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data.db")
    yield engine
    await engine.close()


async def stored(engine: Any, column: Column, value: Any) -> Any:
    """What a value reads as after it went through Piccolo into a table with that column."""
    table = create_table_class("Thing", class_kwargs={"db": engine}, class_members={"value": column})
    await table.create_table(if_not_exists=True)
    await table.delete(force=True)
    await table(value=value).save()
    (row,) = await table.select(table.value)
    found = await table.objects().first()
    assert found is not None
    assert found.value == row["value"]
    return row["value"]


SAME: list[tuple[Column, list[Any]]] = [
    (Varchar(null=True), ["", "text", "1.10", "it's", "\u00e9\U0001f600", None]),
    (Text(null=True), ["", "0012", "1e5", None]),
    (Integer(null=True), [0, -1, 2**31, None]),
    (BigInt(null=True), [2**63 - 1, -(2**63)]),
    (SmallInt(), [7]),
    (Boolean(null=True), [True, False, None]),
    (Real(null=True), [0.5, -1.0, None]),
    (DoublePrecision(), [0.1, 1e300]),
    (Numeric(null=True), [Decimal("1.5"), Decimal("-2"), Decimal(0), None]),
    (Numeric(digits=(10, 2)), [Decimal("9.99")]),
    (UUID(null=True), [uuid.UUID("12345678123456781234567812345678"), None]),
    (Timestamp(null=True), [datetime(2024, 2, 29, 23, 59, 59, 123000), datetime(1, 1, 1), None]),
    (Timestamptz(null=True), [datetime(2024, 1, 1, 10, tzinfo=UTC), datetime(2024, 1, 1, 10, tzinfo=TOKYO), None]),
    (Date(null=True), [date(2024, 2, 29), None]),
    (Time(null=True), [time(8, 30), time(23, 59, 59, 999999), None]),
    (Interval(null=True), [timedelta(days=1, seconds=2, microseconds=500000), timedelta(0), -timedelta(days=3), None]),
    (JSON(null=True), ['{"a": 1}', '"text"', {"a": [1, None]}, None]),
    (JSONB(null=True), ["[1]", {"a": {"b": "c"}}]),
    (Bytea(null=True), [b"", b"\x00\xff", None]),
    (Array(base_column=Varchar(), null=True), [[], ["a", "it's"], None]),
    (Array(base_column=Integer()), [[1, 2, 3]]),
    (Array(base_column=Array(base_column=Integer())), [[[1], [2, 3]]]),
    (Array(base_column=Timestamptz()), [[datetime(2024, 1, 1, 10, tzinfo=UTC)]]),
    (Array(base_column=Timestamp()), [[datetime(2024, 1, 1, 10)]]),
    (Array(base_column=Date()), [[date(2024, 1, 1)]]),
    (Array(base_column=Time()), [[time(8, 30)]]),
]


@pytest.mark.parametrize(("column", "values"), SAME, ids=[type(column).__name__ for column, _ in SAME])
async def test_values_equal_those_of_piccolos_own_engine(
    db: EmbeddedEngine, tmp_path: Path, column: Column, values: list[Any]
) -> None:
    stock = SQLiteEngine(path=str(tmp_path / "stock.db"))
    for value in values:
        ours, theirs = await stored(db, column.copy(), value), await stored(stock, column.copy(), value)
        assert (ours, type(ours)) == (theirs, type(theirs))


EXACT: list[tuple[Column, Any]] = [
    (Numeric(), Decimal("1234567890.1234567891")),
    (Numeric(), Decimal("0.1000")),
    (Numeric(), Decimal("123456789012345678901234567890")),
    (Numeric(), Decimal("-0.00000000000000000001")),
    (JSON(), "1.10"),
    (JSON(), "12345678901234567890"),
    (JSON(), "true"),
]


@pytest.mark.parametrize(("column", "value"), EXACT, ids=[repr(value) for _, value in EXACT])
async def test_values_that_piccolos_own_engine_changes_are_kept(db: EmbeddedEngine, column: Column, value: Any) -> None:
    found = await stored(db, column, value)
    assert (found, str(found), type(found)) == (value, str(value), type(value))


async def test_decimals_in_lists_keep_their_digits_in_the_file(db: EmbeddedEngine) -> None:
    found = await stored(db, Array(base_column=Numeric()), [Decimal("1.10"), Decimal("12345678901234567890.1")])
    assert found == [1.1, 12345678901234567890.1]  # as Piccolo's own engine reads them
    assert await db.rows("SELECT value FROM thing") == [("[1.10,12345678901234567890.1]",)]


async def test_dates_are_stored_in_utc_and_cut_to_milliseconds(db: EmbeddedEngine) -> None:
    class_members = {"naive": Timestamp(), "aware": Timestamptz()}
    table = create_table_class("Thing", class_kwargs={"db": db}, class_members=class_members)
    await table.create_table()
    moment = datetime(2024, 1, 1, 10, 0, 0, 123999)
    await table(naive=moment, aware=moment.replace(tzinfo=TOKYO)).save()
    assert await db.rows("SELECT naive, aware FROM thing") == [("2024-01-01 10:00:00.123Z", "2024-01-01 01:00:00.123Z")]
    assert await table.select(table.naive, table.aware) == [
        {
            "naive": datetime(2024, 1, 1, 10, 0, 0, 123000),
            "aware": datetime(2024, 1, 1, 1, 0, 0, 123000, tzinfo=UTC),
        }
    ]
    assert await table.exists().where(table.aware == moment.replace(tzinfo=TOKYO))


@pytest.mark.parametrize(
    ("text", "naive", "aware"),
    [
        (
            "2024-01-01 10:00:00.123456+00:00",
            datetime(2024, 1, 1, 10, 0, 0, 123456),
            datetime(2024, 1, 1, 10, 0, 0, 123456, tzinfo=UTC),
        ),
        ("2024-01-01 10:00:00", datetime(2024, 1, 1, 10), datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("2024-01-01 10:00:00+09:00", datetime(2024, 1, 1, 1), datetime(2024, 1, 1, 1, tzinfo=UTC)),
        ("", None, None),
    ],
)
async def test_dates_that_others_have_written_are_read(
    db: EmbeddedEngine, text: str, naive: datetime | None, aware: datetime | None
) -> None:
    class_members = {"naive": Timestamp(), "aware": Timestamptz()}
    table = create_table_class("Thing", class_kwargs={"db": db}, class_members=class_members)
    await table.create_table()
    await db.rows("INSERT INTO thing (naive, aware) VALUES (?, ?)", (text, text))
    assert await table.select(table.naive, table.aware) == [{"naive": naive, "aware": aware}]


async def test_a_file_of_piccolos_own_engine_is_read(db: EmbeddedEngine, tmp_path: Path) -> None:
    stock = SQLiteEngine(path=str(tmp_path / "data.db"))
    class_members = {"price": Numeric(), "at": Timestamptz(), "ok": Boolean(), "tags": Array(base_column=Varchar())}
    written = create_table_class("Thing", class_kwargs={"db": stock}, class_members=class_members)
    await written.create_table()
    await written(price=Decimal("9.5"), at=datetime(2024, 1, 1, tzinfo=UTC), ok=True, tags=["a"]).save()
    class_members = {name: column.copy() for name, column in class_members.items()}
    read = create_table_class("Thing", class_kwargs={"db": db}, class_members=class_members)
    assert await read.select() == await written.select()


# --- decimals


async def prices(db: EmbeddedEngine, *values: str, unique: bool = False) -> Any:
    column = Numeric(digits=(40, 20), unique=unique)
    price = create_table_class("Price", class_kwargs={"db": db}, class_members={"price": column})
    await price.create_table()
    for value in values:
        await price(price=Decimal(value)).save()
    return price


async def test_decimals_sort_and_compare_as_numbers(db: EmbeddedEngine) -> None:
    price = await prices(db, "10", "9.5", "-1", "-10", "100.00000000000000000001", "100", "9.50")
    texts = [str(row["price"]) for row in await price.select(price.price).order_by(price.price, price.id)]
    assert texts == ["-10", "-1", "9.5", "9.50", "10", "100", "100.00000000000000000001"]
    assert await price.count().where(price.price > Decimal("9.5")) == 3
    assert await price.count().where(price.price == Decimal("9.500")) == 2
    assert await price.count().where(price.price.is_in([Decimal("100.0"), Decimal("10.0")])) == 2
    assert await db.rows("SELECT max(price), min(price) FROM price") == [("100.00000000000000000001", "-10")]
    assert await db.rows("SELECT count(*) FROM price WHERE price < 0") == [(2,)]


async def test_a_unique_decimal_is_unique_by_its_value(db: EmbeddedEngine) -> None:
    price = await prices(db, "1.0", unique=True)
    with pytest.raises(NotUnique) as caught:
        await price(price=Decimal("1.00")).save()
    assert caught.value.columns == ("price",)
    await price(price=Decimal("1.00000000000000000001")).save()


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("1", "1", 0),
        ("1.0", "1.00", 0),
        ("1E+3", "1000", 0),
        ("-0", "0", 0),
        ("9.5", "10", -1),
        ("-9.5", "-10", 1),
        ("0.1", "0.10000000000000000000001", -1),
        ("Infinity", "1E+999", 1),
        ("1", "", -1),  # what is no number comes last
        ("a", "1", 1),
        ("NaN", "1", 1),
        ("a", "b", -1),
    ],
)
def test_the_order_of_decimals(left: str, right: str, order: int) -> None:
    assert compare_decimals(left, right) == order
    assert compare_decimals(right, left) == -order


@settings(deadline=None)
@given(st.lists(st.decimals() | st.text(max_size=3), min_size=3, max_size=3))
def test_the_order_of_decimals_is_one_whatever_comes(values: list[Decimal | str]) -> None:
    low, middle, high = (str(value) for value in values)
    if compare_decimals(low, middle) <= 0 and compare_decimals(middle, high) <= 0:
        assert compare_decimals(low, high) <= 0
    assert compare_decimals(low, middle) == -compare_decimals(middle, low)


@settings(deadline=None)
@given(st.decimals(allow_nan=False))
def test_a_decimal_reads_back_from_its_text(value: Decimal) -> None:
    assert Decimal(decimal_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("1E-7", "0.0000001"), ("1.50", "1.50"), ("1E+5000", "1E+5000"), ("-1E-5000", "-1E-5000")],
)
def test_decimals_are_written_out(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


# --- what Piccolo and others bind


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Colour.red, "r"),
        (Colour.none, None),
        (["a", Decimal("1.10"), None, 2**70], '["a",1.10,null,1180591620717411303424]'),
        (("\u00e9",), '["\u00e9"]'),
        ({"a": date(2024, 1, 1)}, '{"a":"2024-01-01"}'),
        (timedelta(minutes=1), 60.0),
        (True, 1),
        (bytearray(b"a"), b"a"),
    ],
)
async def test_bound_values(db: EmbeddedEngine, value: Any, form: Any) -> None:
    assert await db.rows("SELECT ?", (value,)) == [(form,)]


async def test_a_value_without_a_form_is_refused(db: EmbeddedEngine) -> None:
    with pytest.raises(TypeError, match="object"):
        await db.rows("SELECT ?", (object(),))


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_a_list_reads_back_from_its_json(value: Any) -> None:
    assert json.loads(adapt([value])) == [value]


async def test_a_column_is_called_what_the_query_calls_it(db: EmbeddedEngine) -> None:
    thing = create_table_class("Thing", class_kwargs={"db": db}, class_members={"ok": Boolean(), "n": Integer()})
    await thing.create_table()
    await thing(ok=True, n=1).save()
    assert await thing.raw('SELECT ok AS "fine", n AS "many [M2M]", count(*) AS "how [many" FROM thing') == [
        {"fine": True, "many": ["1"], "how [many": 1}
    ]
