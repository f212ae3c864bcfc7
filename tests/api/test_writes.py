"""Writes that meet each other: modifiers under concurrency, deletes and what points to the deleted, unique clashes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import BigInt, ForeignKey, OnDelete, Varchar
from piccolo.constraints import Unique
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules
from piccobase.columns import Relations
from piccobase.testing import Caller, TestApp

EVERYONE = Rules(list="", view="", create="", update="", delete="")


class Member(AuthCollection, tablename="members"):
    rules = Rules(list="", view="", create="", update="", delete="")


class Cat(Collection, tablename="cats"):
    name = Varchar(required=True)
    chip = Varchar(unique=True)
    rules = EVERYONE


class Counter(Collection, tablename="counters"):
    total = BigInt()
    rules = EVERYONE


class Kitten(Collection, tablename="kittens"):
    name = Varchar()
    mother = ForeignKey(Cat, on_delete=OnDelete.cascade)
    rules = EVERYONE


class Toy(Collection, tablename="toys"):
    name = Varchar()
    of = ForeignKey(Cat, on_delete=OnDelete.set_null)
    rules = EVERYONE


class Passport(Collection, tablename="passports"):
    cat = ForeignKey(Cat, on_delete=OnDelete.restrict, required=True)
    rules = EVERYONE


class Club(Collection, tablename="clubs"):
    name = Varchar()
    cats = Relations(Cat)
    rules = EVERYONE


class Pair(Collection, tablename="pairs"):
    a = Varchar()
    b = Varchar()
    once = Unique([a, b])
    rules = EVERYONE


TABLES = [Member, Cat, Counter, Kitten, Toy, Passport, Club, Pair]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, [], database_url, tmp_path) as guest:
        yield guest


async def test_fifty_at_once_count_to_fifty(api: Caller) -> None:
    counter = await api.create("counters")
    path = api.records("counters", counter["id"])
    answers = await asyncio.gather(*(api.ask("PATCH", path, {"total+": 1}) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await api.ask("GET", path)).json()["total"] == 50


async def test_one_of_many_that_want_a_unique_value_gets_it(api: Caller) -> None:
    wanted = {"name": "tom", "chip": "42"}
    answers = await asyncio.gather(*(api.ask("POST", api.records("cats"), wanted) for _ in range(10)))
    refused = [answer.json()["data"] for answer in answers if answer.status_code != 200]
    assert len(refused) == 9
    assert all(data["chip"]["code"] == "validation_not_unique" for data in refused)
    for _ in range(2):  # an optional unique text may be empty many times
        await api.create("cats", name="stray")


async def test_every_column_of_a_violated_index_is_named(api: Caller) -> None:
    await api.create("pairs", a="1", b="2")
    answer = await api.ask("POST", api.records("pairs"), {"a": "1", "b": "2"})
    codes = {name: error["code"] for name, error in answer.json()["data"].items()}
    assert codes == {"a": "validation_not_unique", "b": "validation_not_unique"}


async def test_an_id_that_is_taken_or_malformed_is_an_error_of_the_id(api: Caller) -> None:
    made = await api.create("cats", id="abcdefghij12345", name="x")
    cases = {
        made["id"]: "validation_not_unique",
        "short": "validation_min_text_constraint",
        "x" * 16: "validation_max_text_constraint",
        "ABCDEFGHIJ12345": "validation_invalid_format",
    }
    for given, code in cases.items():
        answer = await api.ask("POST", api.records("cats"), {"id": given, "name": "y"})
        assert answer.json()["data"]["id"]["code"] == code, given


async def test_relations_must_exist(api: Caller) -> None:
    for collection, body in (("kittens", {"mother": "nosuchrecord000"}), ("clubs", {"cats": ["nosuchrecord000"]})):
        answer = await api.ask("POST", api.records(collection), body)
        [error] = answer.json()["data"].values()
        assert error["code"] == "validation_missing_rel_records"


async def test_a_deleted_record_takes_along_what_cascades_and_leaves_the_rest_without_it(api: Caller) -> None:
    tom, jane = await api.create("cats", name="tom"), await api.create("cats", name="jane")
    kitten = await api.create("kittens", mother=tom["id"])
    toy = await api.create("toys", of=tom["id"])
    club = await api.create("clubs", cats=[tom["id"], jane["id"]])
    assert (await api.ask("DELETE", api.records("cats", tom["id"]))).status_code == 204
    assert (await api.ask("DELETE", api.records("cats", tom["id"]))).status_code == 404
    assert (await api.ask("GET", api.records("kittens", kitten["id"]))).status_code == 404
    left = (await api.ask("GET", api.records("toys", toy["id"]))).json()
    trimmed = (await api.ask("GET", api.records("clubs", club["id"]))).json()
    assert left["of"] is None
    assert trimmed["cats"] == [jane["id"]]
    assert trimmed["updated"] >= club["updated"]


async def test_a_required_relation_keeps_its_target_and_nothing_is_half_deleted(api: Caller) -> None:
    tom = await api.create("cats", name="tom")
    kitten = await api.create("kittens", mother=tom["id"])
    await api.create("passports", cat=tom["id"])
    refused = await api.ask("DELETE", api.records("cats", tom["id"]))
    assert (refused.status_code, refused.json()["data"]) == (400, {})
    assert (await api.ask("GET", api.records("kittens", kitten["id"]))).status_code == 200


async def test_an_empty_change_moves_only_the_date(api: Caller) -> None:
    tom = await api.create("cats", name="tom")
    after = (await api.ask("PATCH", api.records("cats", tom["id"]), {})).json()
    assert after["updated"] >= tom["updated"]
    assert after | {"updated": ""} == tom | {"updated": ""}


async def test_what_the_server_sets_nobody_writes(api: Caller) -> None:
    sent = {"name": "tom", "created": "2001-01-01 00:00:00Z", "updated": "2001-01-01 00:00:00Z", "collectionId": "x"}
    tom = await api.create("cats", **sent)
    assert not tom["created"].startswith("2001")
    assert not tom["updated"].startswith("2001")
    assert tom["collectionName"] == "cats"


async def test_the_last_superuser_stays(api: TestApp) -> None:
    root = await api.superuser()
    [only] = (await root.ask("GET", api.records("_superusers"))).json()["items"]
    refused = await root.ask("DELETE", api.records("_superusers", only["id"]))
    assert (refused.status_code, refused.json()["message"]) == (400, "You can't delete the only existing superuser.")


async def test_totals_are_exact_after_every_write(api: Caller) -> None:
    async def total() -> int:
        found: int = (await api.ask("GET", api.records("counters"))).json()["totalItems"]
        return found

    assert await total() == 0
    made = await api.create("counters")
    assert await total() == 1
    assert await total() == 1
    await api.ask("DELETE", api.records("counters", made["id"]))
    assert await total() == 0
