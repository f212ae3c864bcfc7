"""Case 31: what is stored is what was sent. No text becomes null or another text, no number another number."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import BigInt, Text, Timestamptz, Varchar
from tests.asking import serving

from piccobase import AuthCollection, AuthOptions, Collection, Rules, owner
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="", update="")


class User(AuthCollection, tablename="users", auth=AuthOptions(identity=("email", "nick"))):
    nick = Varchar(unique=True, required=True)
    rules = Rules(create="", view=owner, list="")


class Note(Collection, tablename="notes"):
    text = Text(null=True, default=None)
    number = BigInt()
    moment = Timestamptz(null=True, default=None)
    rules = OPEN


class Loose(Collection, tablename="loose", lenient=True):
    text = Text()
    number = BigInt()
    moment = Timestamptz(null=True, default=None)
    rules = OPEN


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Note, Loose], [], database_url, tmp_path) as guest:
        yield guest


TEXTS = ["null", "NULL", "None", "undefined", "true", "0", "-0", "1e3", "007", " x ", "\t", "İ"]
TEXTS += ["\ufb01", "\u212a", "\u017f", "e\u0301", "\u00e9"]  # what NFKC or NFC would turn into other texts


@pytest.mark.parametrize("collection", ["notes", "loose"])
async def test_a_text_stays_the_text_it_is(api: Caller, collection: str) -> None:
    for text in TEXTS:
        made = await api.create(collection, text=text)
        viewed = (await api.ask("GET", api.records(collection, made["id"]))).json()
        changed = (await api.ask("PATCH", api.records(collection, made["id"]), {"text": text})).json()
        assert [record["text"] for record in (made, viewed, changed)] == [text] * 3
    unset = await api.create(collection)
    assert unset["text"] == ("" if collection == "loose" else None)


@pytest.mark.parametrize("collection", ["notes", "loose"])
async def test_a_number_beyond_doubles_and_a_moment_without_a_zone_stay_what_they_are(
    api: Caller, collection: str
) -> None:
    for number in (2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)):
        made = await api.create(collection, number=number)
        assert (made["number"], (await api.ask("GET", api.records(collection, made["id"]))).json()["number"]) == (
            number,
            number,
        )
        added = await api.ask("PATCH", api.records(collection, made["id"]), {"number+": -1 if number > 0 else 1})
        assert added.json()["number"] == number + (-1 if number > 0 else 1)
    made = await api.create(collection, moment="2024-03-31 02:30:00")  # an hour that some zones do not have
    assert made["moment"] == "2024-03-31 02:30:00.000Z"


async def test_an_id_is_one_id(api: Caller) -> None:
    await api.create("notes", id="abcdefghij12345")
    for id_ in ("abcdefghij12345 ", " abcdefghij12345", "abcdefghij1234\uff15", "abcdefghij12345\n"):
        answer = await api.ask("POST", api.records("notes"), {"id": id_})
        assert (answer.status_code, list(answer.json()["data"])) == (400, ["id"]), repr(id_)
    for id_ in ("abcdefghij12345%20", "abcdefghij12345%00", "abcdefghij12345%0A", "ABCDEFGHIJ12345"):
        assert (await api.ask("GET", api.records("notes", id_))).status_code == 404


TWINS = [
    ("ada", "\uff41\uff44\uff41"),
    ("kim", "Kim"),
    ("zoe\u0301", "zo\u00e9"),
    ("final", "\ufb01nal"),
    ("eve", "eve "),
    ("bob", "b\u043eb"),
]


async def test_accounts_whose_names_look_alike_are_two_accounts(api: Caller) -> None:
    for number, (name, twin) in enumerate(TWINS):
        made = []
        for which, nick in enumerate((name, twin)):
            password = f"password {number} {which}"
            account = {"email": f"u{number}{which}@b.co", "password": password, "passwordConfirm": password}
            made.append((await api.create("users", nick=nick, **account))["id"])
        for which, nick in enumerate((name, twin)):
            form = {"identity": nick, "password": f"password {number} {which}", "identityField": "nick"}
            answer = await api.ask("POST", "/api/collections/users/auth-with-password", form)
            assert answer.json()["record"]["id"] == made[which], nick
            other = form | {"password": f"password {number} {1 - which}"}
            refused = await api.ask("POST", "/api/collections/users/auth-with-password", other)
            assert refused.status_code == 400, nick
