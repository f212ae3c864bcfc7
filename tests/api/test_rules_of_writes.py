"""What a rule is asked of when something is written: the draft that joins real tables, the row as it is when locked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from piccolo.columns import Boolean, ForeignKey, Integer, Varchar
from piccolo.columns.base import OnDelete
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules, rule, signed_in
from piccobase.columns import MultiSelect, Relations
from piccobase.testing import Caller, TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(view="", create="")


class Team(Collection, tablename="teams"):
    name = Varchar()
    lead = ForeignKey(User)
    rules = OPEN


class Task(Collection, tablename="tasks"):
    title = Varchar(length=10, required=True)
    team = ForeignKey(Team)
    level = Integer()
    tags = MultiSelect(["a", "b", "c"])
    rules = Rules(list="", view="", create="team.name = 'red' && team.lead.name = 'ada' && level > 2")


class Signed(Collection, tablename="signed"):
    title = Varchar(length=5, required=True)
    author = ForeignKey(User)
    rules = Rules(view="", create=signed_in & "author = @request.auth.id && author.name = @request.auth.name")


class Asked(Collection, tablename="asked"):
    title = Varchar(length=5, required=True)
    other = Varchar(length=3)
    tags = MultiSelect(["a", "b", "c"])
    teams = Relations(Team)
    rules = Rules(
        view="",
        create=rule("@request.body.tags:length > 1 && title ~ 'o' && title != 'no'") & "@request.query.code = '7'",
    )


class Document(Collection, tablename="documents"):
    title = Varchar()
    views = Integer()
    open = Boolean(default=True)
    rules = Rules(list="", view="", create="", update="open = true", delete="open = true")


class Ring(Collection, tablename="rings"):
    """Records that hold each other."""

    name = Varchar()
    next = ForeignKey("self", on_delete=OnDelete.cascade)
    rules = OPEN


class Chain(Collection, tablename="chains"):
    name = Varchar()
    links = Relations(Ring, cascade=True)
    needs = Relations(Team, required=True)
    rules = OPEN


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    tables = [User, Team, Task, Signed, Asked, Document, Ring, Chain]
    async with serving(tables, [], database_url, tmp_path) as guest:
        yield guest


async def sign_up(api: TestApp, name: str) -> tuple[Caller, str]:
    account = {"email": f"{name}@b.co", "password": "12345678", "passwordConfirm": "12345678"}
    created = await api.create("users", **account, name=name)
    return await api.signed_in("users", account["email"], "12345678"), created["id"]


async def outcome(api: Caller, collection: str, body: dict[str, Any], **query: str) -> int | dict[str, str]:
    """200, or the codes by field."""
    answer = await api.ask("POST", api.records(collection), body, query=query)
    if answer.status_code == 200:
        return 200
    assert answer.status_code == 400, answer.text
    return {name: error["code"].removeprefix("validation_") for name, error in answer.json()["data"].items()}


async def test_the_draft_of_a_new_record_joins_the_records_it_points_to(api: Caller) -> None:
    _, ada = await sign_up(api, "ada")
    red, blue = await api.create("teams", name="red", lead=ada), await api.create("teams", name="blue", lead=ada)
    leaderless = await api.create("teams", name="red")
    good = {"title": "x", "team": red["id"], "level": 3}
    assert await outcome(api, "tasks", good) == 200
    for refused in (
        {"team": blue["id"]},
        {"team": leaderless["id"]},
        {"team": "nosuchrecord000"},
        {"team": None},
        {"level": 2},
        {"level": "x"},
        {"team": blue["id"], "title": ""},
    ):
        assert await outcome(api, "tasks", good | refused) == {}, refused


async def test_a_rule_that_holds_lets_the_fields_speak(api: Caller) -> None:
    _, ada = await sign_up(api, "ada")
    red = await api.create("teams", name="red", lead=ada)
    good = {"title": "x", "team": red["id"], "level": 3}
    assert await outcome(api, "tasks", good | {"title": "x" * 11}) == {"title": "max_text_constraint"}
    assert await outcome(api, "tasks", good | {"title": "", "tags": ["q"]}) == {
        "title": "required",
        "tags": "invalid_value",
    }


async def test_a_rule_is_asked_of_the_record_as_it_was_meant_even_where_a_limit_is_broken(api: Caller) -> None:
    body = {"title": "toolong", "tags": ["a", "b"]}
    assert await outcome(api, "asked", body, code="7") == {"title": "max_text_constraint"}
    assert await outcome(api, "asked", body | {"title": "good"}, code="7") == 200
    assert await outcome(api, "asked", body | {"title": "good", "other": "long"}, code="7") == {
        "other": "max_text_constraint"
    }
    for refused in ({"title": "no"}, {"tags": ["a"]}, {"tags": None}):
        assert await outcome(api, "asked", body | refused, code="7") == {}, refused
    assert await outcome(api, "asked", body, code="8") == {}


async def test_what_no_database_can_hold_is_nothing_to_a_rule(api: Caller) -> None:
    for value in ("o\0", 5, ["o"]):
        assert await outcome(api, "asked", {"title": value, "tags": ["a", "b"]}, code="7") == {}
    _, ada = await sign_up(api, "ada")
    red = await api.create("teams", name="red", lead=ada)
    assert await outcome(api, "tasks", {"title": "x", "team": red["id"], "level": 2**40}) == {}


async def test_only_who_has_signed_in_writes_in_their_own_name(api: Caller) -> None:
    ada, ada_id = await sign_up(api, "ada")
    bob, bob_id = await sign_up(api, "bob")
    assert await outcome(ada, "signed", {"title": "x", "author": ada_id}) == 200
    assert await outcome(ada, "signed", {"title": "x", "author": bob_id}) == {}
    assert await outcome(bob, "signed", {"title": "x", "author": ada_id}) == {}
    assert await outcome(api, "signed", {"title": "x", "author": None}) == {}
    assert await outcome(api, "signed", {"title": "x", "author": ""}) == {}


class Interrupting:
    """A database on which something else happens just before a transaction begins."""

    def __init__(self, db: Any, happens: Callable[[], Awaitable[object]]) -> None:
        self._db, self._happens = db, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        await self._happens()
        async with self._db.transaction() as begun:
            yield begun

    @asynccontextmanager
    async def brief_transaction(self) -> AsyncIterator[Any]:
        await self._happens()
        async with self._db.brief_transaction() as begun:
            yield begun


async def interrupted(api: Caller, sql: str, method: str, path: str, body: Any = None) -> int:
    """The status of a request before whose transaction `sql` is run."""
    records = api.services.records
    db = records.db
    records.db = cast("Any", Interrupting(db, lambda: db.rows(sql)))
    try:
        return (await api.ask(method, path, body)).status_code
    finally:
        records.db = db


CLOSED = "UPDATE documents SET open = FALSE"


@pytest.fixture(params=[True, False], ids=["all within the transaction", "only the writing within it"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read before a change is read in its transaction where that may be, else before it and in it again."""
    if not request.param:
        monkeypatch.setattr("piccobase.records.updating._is_brief", lambda asked: False)


@pytest.mark.usefixtures("either_way")
async def test_a_rule_that_no_longer_holds_for_the_locked_row_refuses(api: Caller) -> None:
    made = await api.create("documents", title="before")
    path = api.records("documents", made["id"])
    assert await interrupted(api, CLOSED, "PATCH", path, {"title": "after"}) == 404
    assert (await api.ask("GET", path)).json()["title"] == "before"
    await api.services.engine.rows("UPDATE documents SET open = TRUE")
    assert await interrupted(api, CLOSED, "DELETE", path) == 404
    assert (await api.ask("GET", path)).status_code == 200


@pytest.mark.usefixtures("either_way")
async def test_a_record_that_goes_meanwhile_is_not_found(api: Caller) -> None:
    for method in ("PATCH", "DELETE"):
        made = await api.create("documents", title="before")
        path = api.records("documents", made["id"])
        assert await interrupted(api, "DELETE FROM documents", method, path, {"title": "after"}) == 404


@pytest.mark.usefixtures("either_way")
async def test_a_modifier_starts_from_what_the_locked_row_holds(api: Caller) -> None:
    made = await api.create("documents", title="x", views=1)
    path = api.records("documents", made["id"])
    assert await interrupted(api, "UPDATE documents SET views = 10", "PATCH", path, {"views+": 5}) == 200
    assert (await api.ask("GET", path)).json()["views"] == 15


async def test_records_that_hold_each_other_go_together(api: Caller) -> None:
    first = await api.create("rings", name="1")
    second = await api.create("rings", name="2", next=first["id"])
    third = await api.create("rings", name="3", next=second["id"])
    await api.ask("PATCH", api.records("rings", first["id"]), {"next": third["id"]})
    team, other = await api.create("teams", name="t"), await api.create("teams", name="o")
    alone = await api.create("chains", links=[first["id"]], needs=[team["id"]])
    both = await api.create("chains", links=[first["id"], second["id"]], needs=[team["id"], other["id"]])
    itself = await api.create("rings", name="own")
    await api.ask("PATCH", api.records("rings", itself["id"]), {"next": itself["id"]})

    refused = await api.ask("DELETE", api.records("teams", team["id"]))
    assert (refused.status_code, refused.json()["data"]) == (400, {})
    assert (await api.ask("GET", api.records("chains", both["id"]))).json()["needs"] == [team["id"], other["id"]]
    assert (await api.ask("DELETE", api.records("rings", second["id"]))).status_code == 204
    assert [ring["name"] for ring in (await api.ask("GET", api.records("rings"))).json()["items"]] == ["own"]
    for gone in (alone, both):
        assert (await api.ask("GET", api.records("chains", gone["id"]))).status_code == 404
    assert (await api.ask("DELETE", api.records("rings", itself["id"]))).status_code == 204
    assert (await api.ask("DELETE", api.records("teams", team["id"]))).status_code == 204
