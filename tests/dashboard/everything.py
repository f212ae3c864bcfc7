"""An app with a column of every kind that a form shows in a way of its own, served for the browser."""

from enum import Enum

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    Interval,
    Numeric,
    Secret,
    Text,
    Time,
    Timestamp,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete

from piccobase import App, AuthCollection, Collection
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, Relations, Select


class Owner(AuthCollection, tablename="owners"):
    name = Varchar()


class Size(Enum):
    small = 1
    large = 2


class Thing(Collection, tablename="things"):
    name = Varchar(length=100, required=True)
    body = Text()
    html = Editor()
    link = URL()
    nickname = Varchar(null=True, default=None)
    amount = Integer()
    big = BigInt()
    double = DoublePrecision()
    price = Numeric(digits=(30, 10))
    flag = Boolean()
    maybe = Boolean(null=True, default=None)
    at = Timestamptz(null=True, default=None)
    naive = Timestamp(null=True, default=None)
    day = Date(null=True, default=None)
    clock = Time(null=True, default=None)
    span = Interval()
    code = UUID(null=True, default=None)
    raw = Bytea()
    facts = JSONB()
    nothing = JSONB(null=True, default=None)
    place = GeoPoint()
    size = Integer(choices=Size, default=Size.small)
    mood = Select(["calm", "loud"])
    several = MultiSelect(["a", "b", "c"])
    owner = ForeignKey(Owner, on_delete=OnDelete.restrict)
    owners = Relations(Owner)
    texts = Array(base_column=Varchar(), default=list)
    numbers = Array(base_column=BigInt(), null=True, default=None)
    grid = Array(base_column=Array(base_column=Integer()), default=list)
    secret = Secret()


app = App(collections=[Owner, Thing])
