"""Attack 30: a path that writes records and runs no hooks. The audit log is a hook around all writes."""

from collections import Counter
from typing import Any

from piccolo.columns import ForeignKey, OnDelete, Varchar
from tests.dashboard.rooms import Room

from piccobase import App, AuthCollection, Collection, CreatingRecord, RecordCreated, Rules
from piccobase.columns import Relations
from piccobase.testing import PASSWORD, TestApp
from piccobase_audit import audit

EVERYONE = Rules(list="", view="", create="", update="", delete="")


class Member(AuthCollection, tablename="members"):
    rules = EVERYONE


class Cat(Collection, tablename="cats"):
    name = Varchar(unique=True)
    rules = EVERYONE


class Kitten(Collection, tablename="kittens"):
    name = Varchar()
    mother = ForeignKey(Cat, on_delete=OnDelete.cascade)
    rules = EVERYONE


class Toy(Collection, tablename="toys"):
    of = ForeignKey(Kitten, on_delete=OnDelete.set_null)
    rules = EVERYONE


class Club(Collection, tablename="clubs"):
    cats = Relations(Cat)
    rules = EVERYONE


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = EVERYONE


TABLES = [Member, Cat, Kitten, Toy, Club, Note]


def make_app() -> App:
    app = App(TABLES, plugins=[audit()])

    @app.hook(CreatingRecord, collection=Toy)
    async def in_a_hook(event: CreatingRecord, proceed: Any) -> None:
        await proceed()
        note = await event.records.create("notes", {"text": "a toy"})
        await event.records.update("notes", note["id"], {"text": "a new toy"})

    @app.listen(RecordCreated, collection=Club)
    async def in_a_listener(event: RecordCreated) -> None:
        await app.records.as_system("clubs have a note").create("notes", {"text": "a club"})

    @app.job()
    async def in_a_job(name: str) -> None:
        await app.records.as_system("a job").create("cats", {"name": name})

    return app


Noted = Counter[tuple[str, str, str]]  # verb, collection and record


async def by_hooks(api: TestApp) -> Noted:
    """What the audit log has, but for accounts of superusers."""
    root = await api.superuser()
    found = await root.get(f"{api.records('audit_entries')}", query={"perPage": "1000"})
    entries = found.json()["items"]
    return Counter(
        (entry["verb"], entry["collection"], entry["record"])
        for entry in entries
        if entry["collection"] != "_superusers"
    )


async def by_database(api: TestApp) -> Noted:
    """The same of the change log, which the database itself writes: nothing is missing there."""
    ours = {table._meta.tablename for table in TABLES}
    return Counter((one.verb, one.collection, one.record) for one in await api.changes() if one.collection in ours)


async def made(api: TestApp, collection: str, **draft: Any) -> str:
    answer = await api.post(api.records(collection), draft)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def over_the_api(api: TestApp) -> None:
    cat = await made(api, "cats", name="Lexi")
    await api.patch(api.records("cats", cat), {"name": "Lex"})
    await api.delete(api.records("cats", cat))


async def by_forms(api: TestApp) -> None:
    form = {"@jsonPayload": (None, '{"name": "of a form"}')}
    assert (await api.client.post(api.records("cats"), files=form)).status_code == 200


async def batch(api: TestApp) -> None:
    cat = await made(api, "cats", name="Parser")
    root = await api.superuser()
    path, new = api.records("cats"), "a" * 15
    requests = [
        {"method": "POST", "url": path, "body": {"name": "first"}},
        {"method": "PATCH", "url": f"{path}/{cat}", "body": {"name": "second"}},
        {"method": "PUT", "url": path, "body": {"id": cat, "name": "third"}},
        {"method": "PUT", "url": path, "body": {"id": new, "name": "fourth"}},
        {"method": "DELETE", "url": f"{path}/{cat}"},
    ]
    answer = await root.post("/api/batch", {"requests": requests})
    assert answer.status_code == 200, answer.text


async def batch_that_fails(api: TestApp) -> None:
    path = api.records("cats")
    requests = [{"method": "POST", "url": path, "body": {"name": name}} for name in ("fine", "first")]
    assert (await api.post("/api/batch", {"requests": requests})).status_code == 400


async def bulk(api: TestApp) -> None:
    root = await api.superuser()
    for name in ("b1", "b2"):
        await made(api, "kittens", name=name)
    for asked in ({"action": "update", "body": {"name": "b3"}}, {"action": "delete"}):
        answer = await root.post("/api/collections/kittens/bulk", {"filter": "name ~ 'b'", "limit": 10, **asked})
        assert answer.status_code == 200, answer.text


async def cascades(api: TestApp) -> None:
    """The cat takes its kitten along, whose toy stays, and leaves its club."""
    cat = await made(api, "cats", name="Mother")
    kitten = await made(api, "kittens", name="Token", mother=cat)
    await made(api, "toys", of=kitten)
    await made(api, "clubs", cats=[cat])
    assert (await api.delete(api.records("cats", cat))).status_code == 204


async def accounts(api: TestApp) -> None:
    password = {"password": PASSWORD, "passwordConfirm": PASSWORD}
    member = await made(api, "members", email="ada@example.com", **password)
    ada = await api.signed_in("members", "ada@example.com")
    assert (await ada.post("/api/collections/members/auth-refresh")).status_code == 200
    new = {"oldPassword": PASSWORD, "password": "another password", "passwordConfirm": "another password"}
    assert (await ada.patch(api.records("members", member), new)).status_code == 200


async def in_the_dashboard(api: TestApp) -> None:
    room = Room(await api.superuser(), api)
    assert (await room.add("cats", {"name": "Room"})).status_code == 201
    [row] = [one for one in await room.list("cats") if one["name"] == "Room"]
    assert (await room.save("cats", row["id"], {"name": "Tables"})).status_code == 200
    assert (await room.ask("DELETE", f"/api/tables/cats/{row['id']}/")).status_code == 204


async def in_a_job(api: TestApp) -> None:
    await api.declared.jobs.add("in_a_job", {"name": "of a job"})
    await api.run_jobs()


async def as_if(api: TestApp) -> None:
    answer = await api.post(api.records("cats"), {"name": "dry"}, headers={"Dry-Run": "true"})
    assert answer.status_code == 200


async def an_undo(api: TestApp) -> None:
    root = await api.superuser()
    query = {"filter": "verb = 'delete' && collection = 'cats'", "perPage": "1"}
    [entry] = (await root.get(api.records("audit_entries"), query=query)).json()["items"]
    assert (await root.post(f"/api/audit/entries/{entry['id']}/undo")).status_code == 200


PATHS = [
    (over_the_api, {"create": 1, "update": 1, "delete": 1}),
    (by_forms, {"create": 1}),
    (batch, {"create": 3, "update": 2, "delete": 1}),
    (batch_that_fails, {}),
    (bulk, {"create": 2, "update": 2, "delete": 2}),
    (cascades, {"create": 6, "update": 3, "delete": 2}),  # with the notes that hooks and listeners write
    (accounts, {"create": 1, "update": 1}),
    (in_the_dashboard, {"create": 1, "update": 1, "delete": 1}),
    (in_a_job, {"create": 1}),
    (as_if, {}),
    (an_undo, {"create": 1}),
]


async def test_a_hook_around_writes_sees_all_that_the_database_sees(database_url: str | None) -> None:
    async with TestApp(make_app(), database_url=database_url) as api:
        root = await api.superuser()
        await root.patch("/api/settings", {"batch": {"enabled": True}})
        before: Noted = Counter()
        for path, verbs in PATHS:
            await path(api)
            await api.settled()
            noted = await by_hooks(api)
            assert noted == await by_database(api), path.__name__
            assert Counter(verb for verb, _, _ in (noted - before).elements()) == verbs, path.__name__
            before = noted
