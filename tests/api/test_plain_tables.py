"""Plain tables and odd names: keys of every type are texts on the wire, and a field is called as its column is."""

from collections.abc import AsyncIterator
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import UUID, BigInt, ForeignKey, Integer, Text, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.columns import Relations
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")


class Band(Table, tablename="bands"):
    """Without a key of its own: Piccolo gives it a Serial called id."""

    name = Varchar()
    rules = OPEN


class Venue(Table, tablename="venues"):
    number = Integer(primary_key=True)
    name = Varchar()
    rules = OPEN


class Song(Table, tablename="songs"):
    key = BigInt(primary_key=True)
    name = Varchar()
    rules = OPEN


class Label(Table, tablename="labels"):
    code = UUID(primary_key=True)
    name = Varchar()
    rules = OPEN


class Country(Table, tablename="countries"):
    iso = Text(primary_key=True)
    name = Varchar()
    rules = OPEN


class Gig(Collection, tablename="gigs"):
    band = ForeignKey(Band)
    venue = ForeignKey(Venue)
    song = ForeignKey(Song)
    label = ForeignKey(Label)
    country = ForeignKey(Country)
    bands = Relations(Band)
    labels = Relations(Label)
    rules = OPEN


class Suit(StrEnum):
    hearts = "h"
    spades = "s"


class Rank(IntEnum):
    low = 1
    high = 2


class Odd(Collection, tablename="odd"):
    """Names that Piccolo or SQL keeps for itself."""

    count_ = Integer(db_column_name="count")
    update_ = Varchar(db_column_name="update")
    underscored = Varchar(db_column_name="_x")
    camel_case = Varchar(db_column_name="camelCase")
    order = Integer()
    group = Varchar()
    value = Varchar()
    draft = Varchar()
    r = Varchar()
    suit = Varchar(choices=Suit, default=Suit.hearts)
    rank = Integer(choices=Rank, default=Rank.low)
    rules = OPEN


TABLES: list[type[Table]] = [Band, Venue, Song, Label, Country, Gig, Odd]
UUID_TEXT = "6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11"
# collection, how an id is given, the id on the wire, another form that names the same record, ids that name none
KEYS: list[tuple[str, Any, str, Any, list[str]]] = [
    ("venues", 7, "7", "7", ["8", "2147483648", "07", "07x", "x", "", "7.0", "99999999999999999999", "-7"]),
    ("venues", "-7", "-7", -7, ["7", "--7"]),
    ("songs", 2**62 + 1, str(2**62 + 1), str(2**62 + 1), [str(2**62), "1e3"]),
    ("labels", UUID_TEXT.upper(), UUID_TEXT, UUID_TEXT.replace("-", ""), ["x", UUID_TEXT[:-1] + "2"]),
    ("countries", "fr", "fr", "fr", ["FR", "fr ", "de"]),
]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, [], database_url, tmp_path) as guest:
        yield guest


async def test_a_key_of_any_type_is_called_id_and_is_a_text(api: Caller) -> None:
    for collection, given, wire, other, others in KEYS:
        made = await api.create(collection, id=given, name="x")
        assert made["id"] == wire
        assert set(made) == {"id", "name", "collectionId", "collectionName"}
        path = api.records(collection, wire)
        assert (await api.ask("GET", path)).json() == made
        assert (await api.ask("PATCH", path, {"id": wire, "name": "y"})).json()["name"] == "y"
        for none in filter(None, others):
            assert (await api.ask("GET", api.records(collection, none))).status_code == 404, none
        twice = await api.ask("POST", api.records(collection), {"id": other})
        assert twice.json()["data"]["id"]["code"] == "validation_not_unique"
        for text in (f"id = '{wire}'", f"id ?= '{wire}'"):
            found = (await api.ask("GET", api.records(collection), query={"filter": text})).json()
            assert [record["id"] for record in found["items"]] == [wire], text
        listed = (await api.ask("GET", api.records(collection), query={"sort": "-id", "fields": "id"})).json()
        assert {"id": wire} in listed["items"]
        changed = await api.ask("PATCH", path, {"id": "1"})
        assert changed.json()["data"]["id"]["code"] == "validation_pk_change"
        assert (await api.ask("DELETE", path)).status_code == 204
        assert (await api.ask("GET", path)).status_code == 404


async def test_the_database_counts_where_the_key_is_a_serial(api: Caller) -> None:
    ids = [(await api.create("bands", name=name))["id"] for name in ("a", "b", "c")]
    assert ids == ["1", "2", "3"]
    found = (await api.ask("GET", api.records("bands"), query={"filter": "id > 1", "sort": "-id"})).json()
    assert [record["id"] for record in found["items"]] == ["3", "2"]


async def test_a_key_that_nobody_makes_must_be_given(api: Caller) -> None:
    for collection in ("venues", "songs", "countries"):
        answer = await api.ask("POST", api.records(collection), {"name": "x"})
        assert answer.json()["data"]["id"]["code"] == "validation_required", collection
    for given in ("x", 1.5, True, [], 2**31):
        answer = await api.ask("POST", api.records("venues"), {"id": given})
        assert (answer.status_code, list(answer.json()["data"])) == (400, ["id"]), given
    for given in ("a/b", "a.b", "con", "a b", "a\nb", "<a>"):
        answer = await api.ask("POST", api.records("countries"), {"id": given})
        assert answer.json()["data"]["id"]["code"].endswith("_pk_character" if given != "con" else "_reserved_pk"), (
            given
        )
    made = await api.create("labels", name="has an id of its own")
    assert len(made["id"]) == 36


async def test_relations_to_them_are_texts_and_take_both_forms(api: Caller) -> None:
    band = await api.create("bands", name="B")
    await api.create("venues", id=7, name="V")
    await api.create("songs", id=2**62 + 1, name="S")
    await api.create("labels", id=UUID_TEXT, name="L")
    await api.create("countries", id="fr", name="C")
    wire = {"band": band["id"], "venue": "7", "song": str(2**62 + 1), "label": UUID_TEXT, "country": "fr"}
    lists = {"bands": [band["id"]], "labels": [UUID_TEXT]}
    numbers = {"band": int(band["id"]), "venue": 7, "song": 2**62 + 1, "label": UUID_TEXT.upper(), "country": "fr"}
    for sent in (wire, numbers):
        gig = await api.create("gigs", **sent, **lists)
        assert {name: gig[name] for name in wire} == wire
        assert {name: gig[name] for name in lists} == lists
    for name, id_ in wire.items():
        for text in (f"{name} = '{id_}'", f"{name}.id = '{id_}'", f"{name}.name = '{name[0].upper()}'"):
            found = await api.ask("GET", api.records("gigs"), query={"filter": text})
            assert found.json()["totalItems"] == 2, text
    for name in wire:
        for wrong in ("999", "zz", UUID_TEXT[:-1] + "0"):
            answer = await api.ask("PATCH", api.records("gigs", gig["id"]), {name: wrong})
            assert (answer.status_code, list(answer.json()["data"])) == (400, [name]), (name, wrong)
    for name in lists:
        answer = await api.ask("PATCH", api.records("gigs", gig["id"]), {name + "+": "999"})
        assert answer.json()["data"][name]["code"] == "validation_missing_rel_records"


async def test_a_list_of_such_ids_is_trimmed_when_its_target_goes(api: Caller) -> None:
    one, two = await api.create("bands", name="1"), await api.create("bands", name="2")
    label = await api.create("labels", id=UUID_TEXT)
    gig = await api.create("gigs", bands=[one["id"], two["id"]], labels=[UUID_TEXT])
    assert (await api.ask("DELETE", api.records("bands", one["id"]))).status_code == 204
    assert (await api.ask("DELETE", api.records("labels", label["id"]))).status_code == 204
    left = (await api.ask("GET", api.records("gigs", gig["id"]))).json()
    assert (left["bands"], left["labels"]) == ([two["id"]], [])


async def test_a_name_is_the_column_s_whatever_it_means_elsewhere(api: Caller) -> None:
    values = {"count": 3, "update": "u", "_x": "x", "camelCase": "c", "order": 2, "group": "g", "value": "v"}
    values |= {"draft": "d", "r": "r"}
    made = await api.create("odd", **values)
    assert {name: made[name] for name in values} == values
    for name, value in values.items():
        text = f"{name} = '{value}'" if isinstance(value, str) else f"{name} = {value}"
        found = (await api.ask("GET", api.records("odd"), query={"filter": text, "sort": f"-{name}"})).json()
        assert found["items"] == [made], name
        picked = (await api.ask("GET", api.records("odd", made["id"]), query={"fields": name})).json()
        assert picked == {name: value}
    changed = (await api.ask("PATCH", api.records("odd", made["id"]), {"count+": 2, "order-": 5, "update": ""})).json()
    assert (changed["count"], changed["order"], changed["update"]) == (5, -3, "")


async def test_choices_are_the_values_of_the_enum_and_nothing_else(api: Caller) -> None:
    made = await api.create("odd")
    assert (made["suit"], made["rank"]) == ("h", 1)
    path = api.records("odd", made["id"])
    assert (await api.ask("PATCH", path, {"suit": "s", "rank": 2})).json()["rank"] == 2
    for body in ({"suit": "spades"}, {"suit": "x"}, {"rank": 3}, {"rank": 0}, {"rank+": 7}):
        answer = await api.ask("PATCH", path, body)
        [error] = answer.json()["data"].values()
        assert error["code"] == "validation_invalid_value", body
    assert (await api.ask("GET", path)).json()["suit"] == "s"
