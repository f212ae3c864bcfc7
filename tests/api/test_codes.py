"""Every code of the protocol's Appendix B that a record can be refused with, and what constraints of a database say."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import JSON, Email, ForeignKey, Integer, Numeric, OnDelete, Text, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from tests.asking import Api, serving

from piccobase import AuthCollection, Collection, Rules, owner
from piccobase.columns import URL, Editor, GeoPoint, JSONOf, MultiSelect, Password, RecordId, Relations, Select

EVERYONE = Rules(list="", view="", create="", update="", delete="")
USER = {"email": "a@example.com", "password": "12345678", "passwordConfirm": "12345678"}


class User(AuthCollection, tablename="users"):
    rules = Rules(list="", view="", create="", update=owner)


class Member(AuthCollection, tablename="members"):
    rules = Rules(list="", view="", create="")


class Coded(Collection, tablename="coded"):
    id = RecordId(pattern=r"^\S+$", min_length=1, max_length=20)
    rules = EVERYONE


class Thing(Collection, tablename="things"):
    needed = Varchar(required=True, default="")
    short = Varchar(length=3)
    whole = Integer()
    exact = Numeric(digits=(4, 1))
    mail = Email()
    link = URL(only_domains=["example.com"])
    moment = Timestamptz(null=True, default=None)
    one = Select(["a", "b"])
    many = MultiSelect(["a", "b", "c"], min_select=2, max_select=2)
    friend = ForeignKey("self", on_delete=OnDelete.set_null)
    friends = Relations(Coded, max_select=1)
    anything = JSON()
    shaped = JSONOf(dict[str, int])
    rich = Editor(max_size=10)
    place = GeoPoint()
    pin = Password(min_length=4, max_length=6)
    alone = Varchar(unique=True)
    text = Text()
    left = Integer(default=1)
    right = Integer(default=2)
    apart = Unique([short, whole])
    ordered = Check(left < right)
    rules = EVERYONE


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving([User, Member, Thing, Coded], [], database_url, tmp_path) as guest:
        yield guest


# What is sent beside `needed`, and what comes back: code and constants of the one field that is wrong.
CASES: Sequence[tuple[str, dict[str, Any], str, Any]] = [
    ("needed", {"needed": ""}, "required", None),
    ("short", {"short": "four"}, "max_text_constraint", {"max": 3}),
    ("short", {"short": 5}, "invalid_value", None),
    ("whole", {"whole": 1.5}, "only_int_constraint", None),
    ("whole", {"whole": "x"}, "not_a_number", None),
    ("whole", {"whole": 2**31}, "max_number_constraint", {"max": 2**31 - 1}),
    ("whole", {"whole": -(2**31) - 1}, "min_number_constraint", {"min": -(2**31)}),
    ("exact", {"exact": 1000}, "max_number_constraint", {"max": 1000}),
    ("mail", {"mail": "a@b"}, "is_email", None),
    ("link", {"link": "nowhere"}, "invalid_url", None),
    ("link", {"link": "https://example.org"}, "url_domain_not_allowed", None),
    ("moment", {"moment": "soon"}, "invalid_value", None),
    ("one", {"one": "z"}, "invalid_value", {"value": "z"}),
    ("many", {"many": ["a"]}, "not_enough_values", {"minSelect": 2}),
    ("many", {"many": ["a", "b", "c"]}, "too_many_values", {"maxSelect": 2}),
    ("friend", {"friend": "nobody"}, "missing_rel_records", None),
    ("friends", {"friends": ["nobody"]}, "missing_rel_records", None),
    ("anything", {"anything": "x" * (1 << 20)}, "json_size_limit", {"maxSize": 1 << 20}),
    ("shaped", {"shaped": {"a": "b"}}, "invalid_json", {"errors": {"/...": "Expected `int`, got `str`."}}),
    ("rich", {"rich": "x" * 11}, "content_size_limit", {"maxSize": 10}),
    ("place", {"place": {"lat": 91, "lon": 0}}, "invalid_latitude", None),
    ("place", {"place": {"lat": 0, "lon": 181}}, "invalid_longitude", None),
    ("pin", {"pin": "123"}, "min_text_constraint", None),
    ("pin", {"pin": "1234567"}, "max_text_constraint", None),
    ("alone", {"alone": "taken"}, "not_unique", None),
    ("id", {"id": "short"}, "min_text_constraint", {"min": 15}),
    ("id", {"id": "A" * 15}, "invalid_format", None),
    ("text", {"text": "a\0b"}, "invalid_value", None),
]


async def test_each_mistake_has_its_code(api: Api) -> None:
    await api.create("things", needed="x", alone="taken", whole=-1)
    kept = await api.create("things", needed="x", whole=-2)
    for field, body, code, params in CASES:
        created = await api.ask("POST", api.records("things"), {"needed": "x", **body})
        data = created.json()["data"]
        assert (created.status_code, list(data)) == (400, [field]), (body, created.text[:300])
        assert data[field]["code"] == f"validation_{code}", (str(body)[:80], data)
        assert data[field].get("params") == params, (str(body)[:80], data)
        if field == "id":
            continue
        changed = await api.ask("PATCH", api.records("things", kept["id"]), body)
        assert {name: error["code"] for name, error in changed.json()["data"].items()} == {
            field: f"validation_{code}"
        }, (str(body)[:80], changed.text[:300])
    for given in ("another00000000", "", None):
        moved = await api.ask("PATCH", api.records("things", kept["id"]), {"id": given})
        assert moved.json()["data"]["id"]["code"] == "validation_pk_change"
    assert (await api.ask("GET", api.records("things", kept["id"]))).json() == kept


async def test_ids_of_a_pattern_of_one_s_own(api: Api) -> None:
    await api.create("coded", id="Mine")
    for given, code, params in (
        ("a/b", "forbidden_pk_character", {"ch": "/"}),
        ("con", "reserved_pk", {"reserved": "con"}),
        ("Mine", "not_unique", None),
    ):
        error = (await api.ask("POST", api.records("coded"), {"id": given})).json()["data"]["id"]
        assert (error["code"], error.get("params")) == (f"validation_{code}", params)


async def test_mistakes_of_an_account(api: Api) -> None:
    made = await api.create("users", **USER)
    me = await api.signed_in("users", "a@example.com", "12345678")
    other = {**USER, "email": "b@example.com"}
    for collection, body, expected in (
        ("users", {**other, "passwordConfirm": "x"}, {"passwordConfirm": "values_mismatch"}),
        ("users", {**other, "verified": True}, {"verified": "values_mismatch"}),
        ("users", {"email": "b@example.com"}, {"password": "required", "passwordConfirm": "required"}),
        ("users", {**other, "password": "short", "passwordConfirm": "short"}, {"password": "min_text_constraint"}),
        ("users", USER, {"email": "not_unique"}),
        ("members", {**other, "id": made["id"]}, {"id": "invalid_auth_id"}),
    ):
        data = (await api.ask("POST", api.records(collection), body)).json()["data"]
        assert {name: error["code"].removeprefix("validation_") for name, error in data.items()} == expected, body
    newer = {"password": "87654321", "passwordConfirm": "87654321"}
    for body, expected in (
        (newer, {"oldPassword": "required"}),
        ({**newer, "oldPassword": "wrong"}, {"oldPassword": "invalid_old_password"}),
        ({"email": "c@example.com"}, {"email": "values_mismatch"}),
    ):
        data = (await me.ask("PATCH", api.records("users", made["id"]), body)).json()["data"]
        assert {name: error["code"].removeprefix("validation_") for name, error in data.items()} == expected, body


async def test_constraints_of_several_columns_are_told_by_field_or_in_words(api: Api) -> None:
    await api.create("things", needed="x", short="abc", whole=7)
    kept = await api.create("things", needed="x", short="abc", whole=8)
    both = {"short": "validation_not_unique", "whole": "validation_not_unique"}
    for method, path, body in (
        ("POST", api.records("things"), {"needed": "x", "short": "abc", "whole": 7}),
        ("PATCH", api.records("things", kept["id"]), {"whole": 7}),
    ):
        refused = await api.ask(method, path, body)
        assert {name: error["code"] for name, error in refused.json()["data"].items()} == both
    for method, path, body in (
        ("POST", api.records("things"), {"needed": "x", "left": 3}),
        ("PATCH", api.records("things", kept["id"]), {"left": 3}),
    ):
        refused = await api.ask(method, path, body)
        assert (refused.status_code, refused.json()["data"]) == (400, {})
        assert refused.json()["message"]
