"""Cases 3, 7 and 40: the change log is out of every client's reach, and what it keeps of a deleted record lets nobody
in: no hash, no token key, nothing that was declared secret."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Text, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules, owner
from piccobase.changes.opening import change_log
from piccobase.columns import Password


class Member(AuthCollection, tablename="members"):
    pin = Varchar(secret=True)
    rules = Rules(list="", view="", create="", update=owner, delete=owner)


class Safe(Collection, tablename="safes"):
    label = Text()
    code = Password()
    rules = Rules(list="", view="", create="", update="", delete="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Any]:
    async with serving([Member, Safe], [], database_url, tmp_path) as guest:
        yield guest


async def test_a_deleted_record_leaves_no_secret_behind(api: Any) -> None:
    engine = api.services.engine
    secret = {"password": "12345678", "passwordConfirm": "12345678"}
    member = await api.create("members", email="ann@example.com", pin="pin 4711", **secret)
    [[hashed, key]] = await engine.rows('SELECT password, "tokenKey" FROM members')
    safe = await api.create("safes", label="silver", code="open sesame")
    [[code]] = await engine.rows("SELECT code FROM safes")
    signed_in = await api.signed_in("members", "ann@example.com", "12345678")
    for _ in range(2):  # changed before they go, too
        await signed_in.ask("PATCH", api.records("members", member["id"]), {"pin": "pin 0815"})
    assert (await signed_in.ask("DELETE", api.records("members", member["id"]))).status_code == 204
    assert (await api.ask("DELETE", api.records("safes", safe["id"]))).status_code == 204
    deleted = [it for it in await change_log(engine).after("") if it.verb == "delete"]
    assert [sorted(it.row or ()) for it in deleted] == [
        ["created", "email", "emailVisibility", "id", "updated", "verified"],
        ["created", "id", "label", "updated"],
    ]
    kept = str(await engine.rows("SELECT * FROM _changes"))
    assert "ann@example.com" in kept  # so this looks at the right place
    for text in (hashed, key, code, "pin 4711", "pin 0815", "12345678", "open sesame"):
        assert text not in kept


async def test_no_request_reads_or_writes_the_log(api: Any) -> None:
    safe = await api.create("safes", label="silver")
    root = await api.superuser()
    for name in ("_changes", "changes", "StoredChange"):
        for caller in (api, root):
            for method, path, body in (
                ("GET", api.records(name), None),
                ("GET", api.records(name, "1"), None),
                ("POST", api.records(name), {"record": "x"}),
                ("PATCH", api.records(name, "1"), {"record": "x"}),
                ("DELETE", api.records(name, "1"), None),
            ):
                assert (await caller.ask(method, path, body)).status_code == 404
        for text in (f"@collection.{name}.record != ''", f"{name}_via_record.verb != ''"):
            answer = await api.ask("GET", api.records("safes"), query={"filter": text})
            assert answer.status_code in (400, 403)
        answer = await api.ask("GET", api.records("safes", safe["id"]), query={"expand": f"{name}_via_record"})
        assert answer.json().get("expand", {}) == {}
