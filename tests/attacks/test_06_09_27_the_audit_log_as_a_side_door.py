"""06, 09, 27: the audit log shows what the record hides, or an undo writes what whoever asks may not write."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Varchar

from piccobase import App, AuthCollection, Collection, FieldRules, Role, Rules, owner, role
from piccobase.testing import Caller, TestApp
from piccobase_audit import audit

ENTRIES = "/api/collections/audit_entries"
HIDDEN = "for the board"


class User(AuthCollection, tablename="users"):
    rules = Rules(list="", view="", create="", update=owner)


class Contract(Collection, tablename="contracts"):
    title = Varchar()
    holder = ForeignKey(User)
    rank = Integer(default=0)
    wage = Integer(default=0)
    memo = Varchar(secret=True)
    rules = Rules(
        list="",
        view="",
        update=owner("holder"),
        fields={"rank": FieldRules(write=role("boss")), "wage": FieldRules(read=role("boss"), write=role("boss"))},
    )


@pytest.fixture
async def api(database_url: str | None) -> AsyncIterator[TestApp]:
    app = App([User, Contract], [Role("boss"), Role("auditor")], plugins=[audit(read=role("auditor"))])
    async with TestApp(app, database_url=database_url) as started:
        yield started


@pytest.fixture
async def auditor(api: TestApp) -> Caller:
    auditor, root = await api.user("users", email="grace@example.com"), await api.superuser()
    await root.put(api.records("users", auditor.id) + "/roles", {"roles": ["auditor"]})
    return auditor


@pytest.fixture
async def contract(api: TestApp, auditor: Caller) -> dict[str, Any]:
    return await api.make("contracts", title="One", holder=auditor.id, memo=HIDDEN, wage=4711)


async def changed(api: TestApp, contract: dict[str, Any], **values: Any) -> str:
    """The id of the entry of a change that a superuser makes."""
    root = await api.superuser()
    assert (await root.patch(api.records("contracts", contract["id"]), values)).status_code == 200
    found = await root.get(f"/api/audit/contracts/{contract['id']}")
    return str(found.json()["items"][0]["id"])


async def test_whoever_may_read_entries_sees_nothing_that_records_hide(
    api: TestApp, auditor: Caller, contract: dict[str, Any]
) -> None:
    entry = await changed(api, contract, wage=4712, title="Two")
    everywhere = {
        "history": await auditor.get(f"/api/audit/contracts/{contract['id']}"),
        "of accounts": await auditor.get(f"/api/audit/users/{auditor.id}"),
        "list": await auditor.get(f"{ENTRIES}/records"),
        "fields": await auditor.get(f"{ENTRIES}/records", query={"fields": "*,hiddenBefore,hiddenAfter"}),
        "view": await auditor.get(f"{ENTRIES}/records/{entry}"),
    }
    for surface, answer in everywhere.items():
        assert answer.status_code == 200, surface
        leaks = [secret for secret in (HIDDEN, "471", "wage", "memo", "grace@example.com") if secret in answer.text]
        assert leaks == [], surface
    for query in (
        {"filter": "hiddenAfter.wage > 1"},
        {"filter": f"hiddenBefore ~ '{HIDDEN}'"},
        {"sort": "hiddenAfter"},
    ):
        assert (await auditor.get(f"{ENTRIES}/records", query=query)).status_code == 400, query


async def test_who_may_not_read_entries_gets_neither_these_nor_an_undo(api: TestApp) -> None:
    ada = await api.user("users")
    contract = await api.make("contracts", title="One", holder=ada.id)  # which she may update
    entry = await changed(api, contract, title="Two")
    for caller in (api, ada):
        assert (await caller.get(f"/api/audit/contracts/{contract['id']}")).json()["items"] == []
        assert (await caller.get(f"{ENTRIES}/records/{entry}")).status_code == 404
        assert (await caller.post(f"/api/audit/entries/{entry}/undo")).status_code == 404
    assert [row["title"] for row in await api.rows("contracts")] == ["Two"]


@pytest.mark.parametrize(("field", "value", "status"), [("rank", 9, 409), ("wage", 9, 403), ("memo", "x", 403)])
async def test_an_undo_writes_no_field_that_whoever_asks_may_not_write(
    api: TestApp, auditor: Caller, contract: dict[str, Any], field: str, value: Any, status: int
) -> None:
    entry = await changed(api, contract, **{field: value, "title": "Two"})
    refused = await auditor.post(f"/api/audit/entries/{entry}/undo")
    assert refused.status_code == status
    [row] = await api.rows("contracts")
    assert (row[field], row["title"]) == (value, "Two")


async def test_an_undo_asks_the_rule_of_the_record(api: TestApp, auditor: Caller, contract: dict[str, Any]) -> None:
    other = await api.make("contracts", title="Of somebody else")
    created = (await auditor.get(f"/api/audit/contracts/{other['id']}")).json()["items"][0]["id"]
    entry = await changed(api, other, title="Two")
    for one in (entry, created):  # neither update nor delete is allowed
        assert (await auditor.post(f"/api/audit/entries/{one}/undo")).status_code in (403, 404)
    mine = await changed(api, contract, title="Two")
    assert (await auditor.post(f"/api/audit/entries/{mine}/undo")).status_code == 200
    assert {row["title"] for row in await api.rows("contracts")} == {"One", "Two"}
