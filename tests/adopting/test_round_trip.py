"""The law of adopting: what was declared and created is found, and declared again so that nothing would be changed."""

import datetime
import json
from decimal import Decimal
from typing import Any

import pytest
from piccolo import columns as c
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.defaults.base import Default
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from piccobase import App, AuthCollection, Collection
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, NewRecordId, Select
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import SetupPlan, plan_setup, prepare
from piccobase.db.shape import read_shape
from piccobase.migrations.adopting import postgres, sqlite
from piccobase.migrations.adopting.declaration import Declaration
from piccobase.migrations.adopting.declaring import declare
from piccobase.migrations.adopting.source import write_app

Engine = EmbeddedEngine | PostgresEngine
MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 15, 123000)


class Kinds(Table, tablename="kinds"):
    """Each column that Piccolo has, with its own default."""

    varchar = c.Varchar(length=20)
    any_length = c.Varchar(length=None)
    char = c.Char(length=3)
    text = c.Text()
    email = c.Email()
    small = c.SmallInt()
    integer = c.Integer()
    big = c.BigInt()
    numeric = c.Numeric(digits=(12, 4))
    decimal = c.Numeric()
    real = c.Real()
    double = c.DoublePrecision()
    boolean = c.Boolean()
    date = c.Date()
    time = c.Time()
    timestamp = c.Timestamp()
    timestamptz = c.Timestamptz()
    interval = c.Interval()
    uuid = c.UUID()
    json = c.JSON()
    jsonb = c.JSONB()
    blob = c.Bytea()
    texts = c.Array(base_column=c.Text())
    short_texts = c.Array(base_column=c.Varchar(length=5))
    numbers = c.Array(base_column=c.BigInt())
    moments = c.Array(base_column=c.Timestamptz())
    count_ = c.Text(db_column_name="count")
    default_ = c.Text(db_column_name="default")
    from_ = c.Integer(db_column_name="from")


class Defaults(Table, tablename="defaults"):
    """Each with a default of one's own."""

    id = c.UUID(primary_key=True)
    varchar = c.Varchar(default='it\'s "so"')
    text = c.Text(default="two\nlines, \\ and ü")
    integer = c.Integer(default=-7)
    big = c.BigInt(default=2**53 + 1)
    numeric = c.Numeric(digits=(20, 10), default=Decimal("1234567890.1234567891"))
    real = c.Real(default=1.5)
    double = c.DoublePrecision(default=0.1)
    boolean = c.Boolean(default=True)
    date = c.Date(default=MOMENT.date())
    time = c.Time(default=MOMENT.time().replace(microsecond=0))
    timestamp = c.Timestamp(default=MOMENT)
    interval = c.Interval(default=datetime.timedelta(days=2, seconds=5))
    json = c.JSON(default='{"a": [1, null]}')
    jsonb = c.JSONB(default="[]")
    texts = c.Array(base_column=c.Text(), default=["a", 'b "c"'])
    numbers = c.Array(base_column=c.Integer(), default=[1, 2])
    kind = Select(["a", "b'c"], enum="kind_of_thing", default="b'c")


class Nullable(Table, tablename="nullable"):
    id = c.Varchar(length=10, primary_key=True, default=None)
    varchar = c.Varchar(null=True, default=None)
    unique_text = c.Varchar(null=True, default=None, unique=True, required=True)
    number = c.Integer(null=True, default=5, unique=True)
    moment = c.Timestamptz(null=True, default=None)
    numeric = c.Numeric(null=True, default=None)
    uuid = c.UUID(null=True, default=None)
    flag = c.Boolean(null=True, default=None)
    blob = c.Bytea(null=True, default=None)
    needed = c.Date(default=None)
    kind = Select(["a"], enum="another_kind", null=True, default=None)


class Related(Table, tablename="related"):
    id = c.BigSerial(primary_key=True)
    kind = c.ForeignKey(Kinds, null=False, on_delete=OnDelete.restrict, on_update=OnUpdate.no_action)
    other = c.ForeignKey(Defaults, on_delete=OnDelete.set_null, index=True)
    nullable = c.ForeignKey(Nullable, unique=True)
    parent = c.ForeignKey("self", on_delete=OnDelete.no_action)
    position = c.Integer(index=True)
    hashed = c.Text(index=True, index_method=IndexMethod.hash)
    place = Unique(["kind", "position"])
    same = Unique(["parent", "position"], nulls_distinct=False)
    not_negative = Check("position >= 0")


class Page(Collection, tablename="pages"):
    title = c.Varchar(length=200, required=True, unique=True)
    slug = c.Varchar(length=30, unique=True)  # of those that are not empty
    subjects = MultiSelect(["a", "b"])
    link = URL()
    body = Editor()
    place = GeoPoint()


class Reader(AuthCollection, tablename="readers"):
    page = c.ForeignKey(Page)


DECLARED = [Kinds, Defaults, Nullable, Related, Page, Reader]


async def adopted(engine: Engine) -> tuple[Declaration, list[type[Table]]]:
    """The declaration of what is in the database, and the tables that its file makes."""
    found = await (postgres.read_tables(engine) if engine.dialect == "postgres" else sqlite.fit_tables(engine))  # type: ignore[arg-type]
    declaration = declare(found)
    namespace: dict[str, Any] = {"__name__": "adopted"}
    exec(compile(write_app(declaration, "A database."), "app.py", "exec"), namespace)
    app: App = namespace["app"]
    assert app.check() == []
    for table in app.collections:
        table._meta.db = engine
    return declaration, list(app.collections)


@pytest.mark.parametrize("rows", [False, True], ids=["empty", "with rows"])
async def test_what_was_declared_and_created_is_declared_again_so_that_nothing_would_change(
    engine: Engine, rows: bool
) -> None:
    await prepare(engine, DECLARED)
    if rows:
        await _fill()
    before = await read_shape(engine)
    declaration, tables = await adopted(engine)
    assert declaration.left_out == ()
    shape = await read_shape(engine)
    assert shape == before
    assert plan_setup(tables, shape) == SetupPlan()
    of_ours = {table._meta.tablename: table for table in DECLARED}
    for table in tables:
        assert _told(table) == _told(of_ours[table._meta.tablename], engine), table


async def _fill() -> None:
    await Kinds.insert(Kinds(texts=["a"], numbers=[1], moments=[MOMENT.replace(tzinfo=datetime.UTC)]))
    await Defaults.insert(Defaults())
    await Nullable.insert(Nullable(id="a", needed=MOMENT.date()), Nullable(id="b", needed=MOMENT.date(), number=None))
    await Related.insert(Related(kind=1, position=1))
    await Page.insert(Page(title="a", slug=""), Page(title="b", slug=""))


def _told(table: type[Table], engine: Engine | None = None) -> dict[str, Any]:
    """What has to be the same again: names, what may be null, keys, relations, and constant defaults."""
    return {
        column._meta.db_column_name: (
            column._meta.null,
            column._meta.primary_key,
            column._meta.unique,
            _target(column),
            _default(column),
        )
        for column in table._meta.columns
    }


def _target(column: c.Column) -> Any:
    if not isinstance(column, c.ForeignKey):
        return None
    meta = column._foreign_key_meta
    return meta.resolved_references._meta.tablename, meta.on_delete, meta.on_update


def _default(column: c.Column) -> Any:
    value = getattr(column, "default", None)
    if column._meta.primary_key:
        return None  # Python makes that of a collection's key, and the database knows nothing of it
    if isinstance(value, NewRecordId):
        return value.postgres.strip("'")
    if isinstance(value, Default) or callable(value):
        return "made anew"
    return json.loads(value) if isinstance(column, c.JSON) and value is not None else value
