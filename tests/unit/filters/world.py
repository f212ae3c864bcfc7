"""Records that are related in every way, the same in both databases.

Their twins stood in the reference when what filters find of them was written down; ids are short here."""

from datetime import UTC, datetime
from typing import Any

from piccolo.columns import JSONB, Boolean, DoublePrecision, ForeignKey, Text, Timestamptz
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase.columns import GeoPoint, MultiSelect, Relations, Select
from piccobase.schema.declaration import AuthCollection, Collection

CHOICES = ("a", "b", "c")


class Cat(Collection, tablename="cats", lenient=True):
    name = Text()
    n = DoublePrecision(default=0)
    parent = ForeignKey("self")
    kids = Relations()


Cat.kids.target = Cat  # a class cannot name itself


class SeenCat(Collection, tablename="vcats", lenient=True):
    """Guests may list those that are `vis`."""

    name = Text()
    vis = Boolean()


class Locked(Collection, tablename="locked", lenient=True):
    name = Text()


class Person(AuthCollection, tablename="people", lenient=True):
    name = Text()
    fav = ForeignKey(Cat)
    favs = Relations(Cat)
    tags = MultiSelect(CHOICES)
    js = JSONB(null=True, default=None)


class Post(Collection, tablename="posts", lenient=True):
    title = Text()
    cat = ForeignKey(Cat)
    mcats = Relations(Cat)
    vcat = ForeignKey(SeenCat)
    vcats = Relations(SeenCat)
    locks = Relations(Locked)
    num = DoublePrecision(default=0)
    msel = MultiSelect(CHOICES)
    sel = Select(CHOICES)
    js = JSONB(null=True, default=None)
    dt = Timestamptz(null=True, default=None)
    geo = GeoPoint()
    author = ForeignKey(Person)
    readers = Relations(Person)


class Comment(Collection, tablename="comments", lenient=True):
    text = Text()
    post = ForeignKey(Post)
    posts = Relations(Post)
    n = DoublePrecision(default=0)


class SeenComment(Collection, tablename="vcomments", lenient=True):
    """Guests may list those that are `vis`."""

    text = Text()
    post = ForeignKey(Post)
    vis = Boolean()


class Sole(Collection, tablename="uniq", lenient=True):
    text = Text()
    post = ForeignKey(Post)
    one_each = Unique([post])


class Secretive(Collection, tablename="hidrel", lenient=True):
    text = Text()
    post = ForeignKey(Post, secret=True)


WORLD: list[type[Table]] = [Cat, SeenCat, Locked, Person, Post, Comment, SeenComment, Sole, Secretive]
LIST_RULES: dict[str, str | None] = {"vcats": "vis = true", "vcomments": "vis = true", "locked": None}

RELATED: dict[str, list[dict[str, Any]]] = {
    "cats": [
        {"id": "c1", "name": "red", "n": 1},
        {"id": "c2", "name": "Blue", "n": 2},
        {"id": "c3", "name": "green", "n": 3},
    ],
    "vcats": [{"id": "v1", "name": "red", "vis": True}, {"id": "v2", "name": "Blue", "vis": False}],
    "locked": [{"id": "l1", "name": "x"}],
    "people": [
        {"id": "u1", "name": "u1", "email": "u1@x.io", "emailVisibility": True, "fav": "c1", "favs": ["c1", "c2"],
         "tags": ["a", "b"]},
        {"id": "u2", "name": "u2", "email": "u2@x.io", "emailVisibility": False},
    ],
    "posts": [
        {"id": "p1", "title": "p1", "num": 1, "cat": "c1", "mcats": ["c1", "c2"], "vcat": "v1", "vcats": ["v1", "v2"],
         "msel": ["a", "b"], "author": "u1", "readers": ["u1", "u2"], "dt": datetime(2024, 1, 31, 10, tzinfo=UTC),
         "geo": '{"lat":-7,"lon":12.5}', "js": '[1,"a"]', "sel": "a"},
        {"id": "p2", "title": "p2", "num": 2, "cat": "c2", "mcats": ["c2"], "vcat": "v2", "vcats": ["v2"],
         "msel": ["b"], "author": "u2", "readers": ["u2"]},
        {"id": "p3", "title": "p3", "num": 3},
        {"id": "p4", "title": "p4", "num": 4, "cat": "c1", "mcats": ["c3", "c1", "c2"], "vcats": ["v1"],
         "msel": ["a", "b", "c"], "readers": ["u1"], "geo": '{"lat":50,"lon":10}'},
        {"id": "p5", "title": "p5", "num": 5, "locks": ["l1"]},
    ],
    "comments": [
        {"id": "m1", "text": "c1", "post": "p1", "posts": ["p1"], "n": 1},
        {"id": "m2", "text": "c2", "post": "p1", "posts": ["p1", "p2"], "n": 2},
        {"id": "m3", "text": "c3", "post": "p2", "n": 3},
    ],
    "vcomments": [
        {"id": "w1", "text": "c1", "post": "p1", "vis": True},
        {"id": "w2", "text": "c2", "post": "p1", "vis": False},
        {"id": "w3", "text": "c3", "post": "p2", "vis": False},
    ],
    "uniq": [{"id": "q1", "text": "uq", "post": "p1"}],
    "hidrel": [],
}  # fmt: skip
