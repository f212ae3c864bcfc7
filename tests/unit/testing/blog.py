"""The app that the test kit is tried with."""

from piccolo.columns import (
    JSON,
    Array,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    Interval,
    Numeric,
    Real,
    Serial,
    Text,
    Time,
    Timestamptz,
    Varchar,
)
from piccolo.columns import UUID as UUIDColumn
from piccolo.table import Table

from piccobase import App, AuthCollection, Collection, MailTemplate, Role, Rules, View, owner, role, signed_in
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, Relations, Select


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list=signed_in, view="", create="", update="id = @request.auth.id")


class Post(Collection, tablename="posts"):
    title = Varchar(length=40, required=True)
    body = Text()
    author = ForeignKey(User, required=True)
    rules = Rules(list="", view="", create=signed_in & "author = @request.auth.id", update=owner("author") | role("ed"))


class Everything(Collection, tablename="everything"):
    """A field of each kind, all of them required."""

    code = Varchar(length=6, unique=True)
    slug = Varchar(required=True)
    kind = Select(["a", "b"], required=True)
    tags = MultiSelect(["x", "y", "z"], min_select=2, required=True)
    posts = Relations(Post, required=True)
    place = Integer(unique=True)
    price = Numeric((4, 2), required=True)
    ratio = Real(required=True)
    level = Integer(required=True, choices=None)
    at = Timestamptz(required=True)
    day = Date(required=True)
    hour = Time(required=True)
    length = Interval(required=True)
    data = JSON(required=True)
    key = UUIDColumn(required=True)
    raw = Bytea(required=True)
    where = GeoPoint(required=True)
    link = URL(required=True)
    text = Editor(required=True)
    numbers = Array(base_column=Integer(), required=True)
    agreed = Boolean(required=True)
    first_name = Varchar(required=True, db_column_name="firstName")


class Band(Table, tablename="bands"):
    id = Serial(primary_key=True)
    name = Varchar(required=True)


class Node(Collection, tablename="nodes"):
    parent = ForeignKey("self", required=True)


class Counts(View, query="SELECT id, title FROM posts"):
    pass


def blog() -> App:
    """A new one, since jobs are declared in it."""
    app = App(
        collections=[User, Post, Everything, Band, Node, Counts],
        roles=[Role("ed")],
        mails={"hello": MailTemplate("Hello {{ name }}", "<p>Hello</p>")},
    )

    @app.job()
    async def greet(email: str, name: str) -> None:
        await app.mail.send_own("hello", email, {"name": name})

    return app
