"""Case 16: expand opens no locked collection, shows no record that view hides, and cannot be made to grow without end.

With it cases 6 and 14: a record that view hides is hidden from expand too, and so is a relation that cannot be read.
"""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Boolean, ForeignKey, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Role, Rules, owner
from piccobase.columns import Relations
from piccobase.testing import TestApp


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list="", view="", create="")


class Vault(Collection, tablename="vaults"):
    """Cannot be seen by anyone."""

    word = Varchar(default="TOP")
    user = ForeignKey(User)


class Diary(Collection, tablename="diaries"):
    text = Varchar(default="TOP")
    writer = ForeignKey(User)
    rules = Rules(list=owner("writer"), view=owner("writer"))


class Note(Collection, tablename="notes"):
    public = Boolean(default=False)
    vault = ForeignKey(Vault)
    vaults = Relations(Vault)
    diary = ForeignKey(Diary)
    diaries = Relations(Diary)
    writer = ForeignKey(User)
    secret = ForeignKey(User, secret=True)
    rules = Rules(list="public = true", view="public = true", update="public = true")


class Knot(Collection, tablename="knots"):
    """Each may lead to all."""

    others = Relations()
    rules = Rules(list="", view="")


Knot.others.target = Knot


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Vault, Diary, Note, Knot], [Role("editor")], database_url, tmp_path) as guest:
        yield guest


LOCKED = [
    "vault",
    "vaults",
    "vault.user",
    "vaults_via_user",
    "diary",
    "diaries",
    "diary.writer.vaults_via_user",
    "writer.vaults_via_user",
    "writer.vaults(user)",
    "writer.diaries_via_writer",
    "writer.diaries(writer)",
    "writer.notes_via_writer.diary",
    "writer.notes_via_writer.vault",
    "secret",
    "secret.notes_via_secret",
    "writer.notes_via_secret",
    "writer._superusers_via_id",
]


async def test_no_path_leads_into_what_view_hides(api: TestApp) -> None:
    root = await api.superuser()
    tokens = {}
    for name in ("ann", "bo"):
        password = f"password-{name}"
        draft = {"email": f"{name}@example.com", "password": password, "passwordConfirm": password}
        await root.create("users", id=f"{name:0<15}", name=name, **draft)
        tokens[name] = await api.signed_in("users", f"{name}@example.com", password)
    bo, ann = f"{'bo':0<15}", f"{'ann':0<15}"
    vault = (await root.create("vaults", user=bo))["id"]
    diary = (await root.create("diaries", writer=bo))["id"]
    filled = {"vault": vault, "vaults": [vault], "diary": diary, "diaries": [diary], "writer": bo, "secret": ann}
    shown = (await root.create("notes", public=True, **filled))["id"]
    hidden = (await root.create("notes", **filled))["id"]
    for who in (api, tokens["ann"]):
        for expand in LOCKED:
            for path in (api.records("notes"), api.records("notes", shown), api.records("users", bo)):
                answer = await who.ask("GET", path, query={"expand": expand})
                assert answer.status_code == 200
                assert not any(word in answer.text for word in ("TOP", ann, hidden)), (expand, path)
        notes = await who.ask(
            "GET", api.records("users", bo), query={"expand": "notes_via_writer.writer.notes_via_writer"}
        )
        assert shown in notes.text
        assert hidden not in notes.text
        # A write does not show more either.
        changed = await who.ask("PATCH", api.records("notes", shown) + "?expand=vault,diary,secret,writer", {})
        assert changed.status_code == 200
        assert list(changed.json()["expand"]) == ["writer"]
    # Who may read the diary gets it, by the same paths.
    mine = await tokens["bo"].ask(
        "GET", api.records("notes", shown), query={"expand": "diary,writer.diaries_via_writer"}
    )
    assert mine.text.count("TOP") == 2
    assert (await root.ask("GET", api.records("notes", hidden), query={"expand": "vault"})).text.count("TOP") == 1


async def test_records_that_lead_to_each_other_end_in_an_error_and_not_in_gigabytes(api: TestApp) -> None:
    """A hundred records, six levels: a trillion records, were each written out."""
    root = await api.superuser()
    ids = [f"{number:015}" for number in range(100)]
    for record_id in ids:
        await root.create("knots", id=record_id)
    for record_id in ids:
        assert (await root.ask("PATCH", root.records("knots", record_id), {"others": ids})).status_code == 200
    started = time.monotonic()
    for path in (api.records("knots"), api.records("knots", ids[0])):
        for expand in ("others." * 6, "others.knots_via_others." * 3):
            answer = await api.client.get(path, params={"expand": expand})
            assert (answer.status_code, answer.headers["x-error-code"]) == (400, "query.expand_too_large")
            assert answer.json()["data"] == {}
    assert time.monotonic() - started < 20
    assert (await api.ask("GET", api.records("knots", ids[0]), query={"expand": "others.others"})).status_code == 200


HOSTILE = [
    '"',
    "'",
    "notes_via_writer'--",
    'notes_via_"writer"',
    "notes_via_writer) OR (1=1",
    "writer;DROP TABLE users",
    "writer\x00",
    "\x00",
    "_via_",
    "notes_via_",
    "_via_writer",
    "notes_via_writer_via_writer",
    "()",
    "notes()",
    "(writer)",
    "a" * 60_000,
    "a." * 20_000,
    "." * 50_000,
    "vault.*",
    "*",
    "ÿ_via_writer",
    "notes_via_writer\n",
]


async def test_no_text_is_more_than_a_name(api: TestApp) -> None:
    root = await api.superuser()
    note = await root.create("notes", public=True)
    for expand in HOSTILE:
        for path in (api.records("notes"), api.records("notes", note["id"])):
            answer = await api.ask("GET", path, query={"expand": expand})
            assert answer.status_code == 200, expand[:50]
            assert '"expand"' not in answer.text
