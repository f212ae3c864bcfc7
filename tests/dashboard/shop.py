"""Collections with every kind of field and many kinds of rules, for the API pages."""

from enum import Enum

from piccolo.columns import (
    JSON,
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Char,
    Date,
    DoublePrecision,
    Email,
    ForeignKey,
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
from piccolo.table import Table

from piccobase import App, AuthCollection, AuthOptions, Collection, FieldRules, Role, Rules, owner, role, signed_in
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, Password, RecordId, Relations, Select


class Customer(AuthCollection, tablename="customers", auth=AuthOptions(identity=("email", "nick"))):
    nick = Varchar(length=12, unique=True, required=True)
    name = Varchar(help_text="<b>As on the door</b>")
    rules = Rules(list=signed_in, view=signed_in, create="", update=owner, delete=owner)


class Size(int, Enum):
    SMALL = 10
    LARGE = 20


class Kind(Collection, tablename="kinds"):
    id = RecordId(min_length=2, max_length=4, pattern="^[A-Z]{2,4}$")
    name = Varchar(length=3, required=True)
    rules = Rules(list="", view="")


class Thing(Collection, tablename="things"):
    title = Varchar(length=10, required=True)
    code = Char(length=4, unique=True, required=True)
    serial = Integer(unique=True, required=True)
    mail = Email(required=True, unique=True)
    link = URL(only_domains=["example.org"], required=True)
    body = Editor(required=True)
    size = SmallInt(choices=Size, required=True)
    big = BigInt(required=True)
    price = Numeric(digits=(4, 2), required=True)
    ratio = DoublePrecision(required=True)
    single = Real(required=True)
    flag = Boolean(required=True)
    at = Timestamptz(required=True)
    local = Timestamp(required=True)
    day = Date(required=True)
    clock = Time(required=True)
    span = Interval(required=True)
    uid = UUID(required=True)
    facts = JSONB(required=True)
    plain = JSON(required=True)
    raw = Bytea(required=True)
    words = Array(base_column=Varchar(), required=True)
    numbers = Array(base_column=Array(base_column=Integer()), required=True)
    colour = Select(["red", "it's $blue"], required=True)
    marks = MultiSelect(["a", "b", "c"], min_select=2, required=True)
    place = GeoPoint(required=True)
    pin = Password(min_length=4, max_length=6, required=True)
    kind = ForeignKey(Kind, required=True)
    kinds = Relations(Kind, min_select=2, required=True)
    buyer = ForeignKey(Customer, null=False)
    secret = Varchar(secret=True)
    margin = Integer(help_text="Nobody's business")
    public = Boolean(default=False)
    rules = Rules(
        list=owner("buyer") | "public = true",
        view=owner("buyer") | "public = true",
        create=signed_in & "buyer = @request.auth.id",
        update=owner("buyer"),
        delete=owner("buyer"),
        fields={"margin": FieldRules(read=role("clerk"), write=role("clerk"))},
    )


class Loose(Collection, tablename="loose", lenient=True):
    title = Varchar(required=True)
    number = DoublePrecision(required=True)
    rules = Rules(list="title = @request.query.title", view="")


class Old(Table, tablename="old"):
    code = Varchar(primary_key=True, length=8, default=None)
    text = Text()
    rules = Rules(list="")


class Numbered(Table, tablename="numbered"):
    number = Integer(primary_key=True, default=None)
    text = Text()


TABLES = (Customer, Kind, Thing, Loose, Old, Numbered)
ROLES = (Role("clerk"), Role("boss", includes=["clerk"]))
app = App(collections=TABLES, roles=ROLES)
