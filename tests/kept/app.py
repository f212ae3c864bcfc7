"""The app whose databases are kept here. All versions that made one can declare it, so it may not be changed."""

from piccolo.columns import Boolean, Date, ForeignKey, Integer, Numeric, Text, Varchar
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase import App, AuthCollection, Collection, Role, Rules
from piccobase.columns import MultiSelect


class Member(AuthCollection, tablename="members"):
    name = Varchar()
    rules = Rules(list="", view="", update="id = @request.auth.id")


class Book(Collection, tablename="books"):
    title = Varchar(length=200, required=True)
    pages = Integer(default=0, index=True)
    price = Numeric(digits=(12, 4))
    bought = Date(null=True, default=None)
    lent = Boolean(default=False)
    remarks = Text()
    subjects = MultiSelect(["science", "history", "poetry"])
    reader = ForeignKey(Member, on_delete=OnDelete.set_null)
    once = Unique(["title", "pages"])
    rules = Rules(list="", view="", update="@request.roles ?= 'librarian'")


class Shelf(Table, tablename="shelves"):
    label = Varchar(length=20, unique=True, required=True)
    rules = Rules(list="", view="")


app = App(collections=[Member, Book, Shelf], roles=[Role("librarian")])
