"""The collections of the conformance cases, which coerce as PocketBase does. `conformance/world.py` has their twins."""

from piccolo.columns import JSONB, Boolean, DoublePrecision, Email, ForeignKey, Text, Timestamptz, Varchar
from piccolo.constraints import Unique

from piccobase import App, AuthCollection, Collection, Rules
from piccobase.columns import URL, GeoPoint, MultiSelect, Relations, Select

OPEN = Rules(list="", view="", create="", update="", delete="")
SELF = "id = @request.auth.id"
CHOICES = ("a", "b", "c")


class Cat(Collection, tablename="cats", lenient=True):
    name = Text()
    rules = OPEN


class Post(Collection, tablename="posts", lenient=True):
    title = Text()
    body = Text()
    hid = Text(secret=True)
    num = DoublePrecision(default=0)
    flag = Boolean(default=False)
    dt = Timestamptz(null=True, default=None)
    sel = Select(CHOICES)
    msel = MultiSelect(CHOICES, max_select=3)
    cat = ForeignKey(Cat)
    mcats = Relations(Cat, max_select=9)
    js = JSONB(null=True, default=None)
    geo = GeoPoint()
    link = URL()
    mail = Email()
    rules = OPEN


class Sample(Collection, tablename="samples", lenient=True):
    title = Text()
    body = Text()
    hid = Text(secret=True)
    num = DoublePrecision(default=0)
    flag = Boolean(default=False)
    dt = Timestamptz(null=True, default=None)
    sel = Select(CHOICES)
    msel = MultiSelect(CHOICES, max_select=3)
    cat = ForeignKey(Cat)
    mcats = Relations(Cat, max_select=9)
    js = JSONB(null=True, default=None)
    geo = GeoPoint()
    link = URL()
    mail = Email()
    rules = OPEN


class Demand(Collection, tablename="demands", lenient=True):
    text = Text(required=True)
    number = DoublePrecision(default=0, required=True)
    rules = OPEN


class Pair(Collection, tablename="pairs", lenient=True):
    left = Varchar()
    right = Varchar()
    unique_pair = Unique([left, right])
    rules = OPEN


class Locked(Collection, tablename="locked", lenient=True):
    name = Text()


class Ruled(Collection, tablename="ruled", lenient=True):
    cat = ForeignKey(Cat)
    rules = Rules(list="", view="", create="cat.name = 'red'", update="", delete="")


class Person(AuthCollection, tablename="people", lenient=True):
    name = Text()
    rules = Rules(list="", view="", create="", update=SELF, delete=SELF)


class Member(AuthCollection, tablename="members", lenient=True):
    name = Text()
    rules = Rules(list="", view="", create="", update=SELF, delete=SELF)


class Room(Collection, tablename="rooms", lenient=True):
    name = Text()
    rules = OPEN


class Shelf(Collection, tablename="shelves", lenient=True):
    name = Text()
    room = ForeignKey(Room)
    rules = OPEN


class Draft(Collection, tablename="drafts", lenient=True):
    name = Text()
    shelf = ForeignKey(Shelf)
    rules = Rules(list="", view="name = 'ready' && @request.context = 'expand'", create="", update="", delete="")


class Book(Collection, tablename="books", lenient=True):
    title = Text()
    reader = ForeignKey(Person)
    shelf = ForeignKey(Shelf)
    shelves = Relations(Shelf, max_select=9)
    locked = ForeignKey(Locked)
    draft = ForeignKey(Draft)
    drafts = Relations(Draft, max_select=9)
    rules = OPEN


class Review(Collection, tablename="reviews", lenient=True):
    text = Text()
    book = ForeignKey(Book)
    books = Relations(Book, max_select=9)
    rules = OPEN


class Cover(Collection, tablename="covers", lenient=True):
    name = Text()
    book = ForeignKey(Book, unique=True)
    rules = OPEN


BOOKS = [Room, Shelf, Draft, Book, Review, Cover]
app = App(collections=[Cat, Post, Sample, Demand, Pair, Locked, Ruled, Person, Member, *BOOKS])
