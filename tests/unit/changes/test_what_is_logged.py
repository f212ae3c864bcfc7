"""The change log has every write of every way in, and nothing that was undone."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.changes.blog import Posts, Remarks, Shelves, blog, now, since, told

from piccobase.db.errors import NotUnique
from piccobase.db.placeholders import in_dialect
from piccobase.testing import TestApp


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with blog(database_url, tmp_path) as api:
        yield api


async def run(api: TestApp, sql: str, *args: Any) -> list[Any]:
    engine = api.services.engine
    return await engine.rows(in_dialect(sql, engine.dialect), args)


async def test_what_the_api_writes_with_who_wrote_it(api: TestApp) -> None:
    body = {"email": "ann@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    ann = await api.create("writers", **body)
    signed_in = await api.signed_in("writers", "ann@example.com", "12345678")
    post = await signed_in.create("posts", title="one", views=1)
    await signed_in.ask("PATCH", api.records("posts", post["id"]), {"views": 2})
    await signed_in.ask("PATCH", api.records("writers", ann["id"]), {"about": "writes"})
    await api.ask("DELETE", api.records("posts", post["id"]))
    changes = await told(api)
    assert await since(api, "") == [
        ("create", "writers", ann["id"]),
        ("create", "posts", post["id"]),
        ("update", "posts", post["id"], ("views",)),
        ("update", "writers", ann["id"], ("about",)),
        ("delete", "posts", post["id"]),
    ]
    writer = (ann["collectionId"], ann["id"])
    assert [(it.actor_collection, it.actor) for it in changes] == [("", ""), writer, writer, writer, ("", "")]
    assert changes[-1].row is not None
    assert {name: changes[-1].row[name] for name in ("id", "title", "views")} == {
        "id": post["id"],
        "title": "one",
        "views": 2,
    }
    assert all(it.row is None for it in changes[:-1])


async def test_a_batch_is_logged_as_what_it_does_with_who_sent_it(api: TestApp) -> None:
    root = await api.superuser()
    await root.ask("PATCH", "/api/settings", {"batch": {"enabled": True}})
    before = await now(api)
    path, new = api.records("posts"), {"id": "aaaaaaaaaaaaaaa", "title": "one"}
    good = [
        {"method": "POST", "url": path, "body": new},
        {"method": "PATCH", "url": f"{path}/{new['id']}", "body": {"views": 2}},
    ]
    answer = await root.ask("POST", "/api/batch", {"requests": good})
    assert answer.status_code == 200, answer.text
    answer = await root.ask("POST", "/api/batch", {"requests": [{**good[1], "body": {"views": 3}}, good[0]]})
    assert answer.status_code == 400
    assert await since(api, before) == [
        ("create", "posts", new["id"]),
        ("update", "posts", new["id"], ("views",)),
    ]
    assert {it.actor_collection for it in await told(api, before)} == {"pbc_3142635823"}


async def test_piccolo_and_raw_sql_are_told_apart_by_nothing(api: TestApp) -> None:
    post = Posts(title="one", views=1)
    await post.save()
    post.views = 2
    await post.save([Posts.views])
    await run(api, "UPDATE posts SET title = ? WHERE views = ?", "two", 2)
    record = post.id
    await post.remove()
    assert await since(api, "") == [
        ("create", "posts", record),
        ("update", "posts", record, ("views",)),
        ("update", "posts", record, ("title",)),
        ("delete", "posts", record),
    ]


async def test_superusers_are_logged_and_the_systems_other_tables_are_not(api: TestApp) -> None:
    root = await api.superuser()
    before = await now(api)
    ann = await api.create("writers", email="a@b.co", password="12345678", passwordConfirm="12345678")
    answer = await root.ask("PUT", api.records("writers", ann["id"]) + "/roles", {"roles": []})
    assert answer.status_code == 200, answer.text
    await root.ask("PATCH", "/api/settings", {"meta": {"appName": "Other"}})
    assert next(it.collection for it in await told(api)) == "pbc_3142635823"
    assert await since(api, before) == [("create", "writers", ann["id"])]


async def test_cascades_of_the_database_are_logged(api: TestApp) -> None:
    post = Posts(title="one")
    await post.save()
    remarks = [Remarks(text=str(number), post=post.id) for number in range(3)]
    for remark in remarks:
        await remark.save()
    before = await now(api)
    await run(api, "DELETE FROM posts WHERE id = ?", post.id)
    gone = await since(api, before)
    assert sorted(gone) == sorted(
        [("delete", "posts", post.id), *(("delete", "remarks", remark.id) for remark in remarks)]
    )
    assert {it.row["post"] for it in await told(api, before) if it.row and "post" in it.row} == {post.id}


async def test_many_rows_of_one_statement(api: TestApp) -> None:
    await Posts.insert(*(Posts(title=str(number)) for number in range(5)))
    await run(api, "UPDATE posts SET views = 7 WHERE title < '3'")
    before = await now(api)
    await run(api, "DELETE FROM posts")  # without WHERE: SQLite would empty the table in one go
    assert [it[0] for it in await since(api, "")] == ["create"] * 5 + ["update"] * 3 + ["delete"] * 5
    assert {it.row["title"] for it in await told(api, before) if it.row} == set("01234")


async def test_a_key_that_is_a_number_and_one_that_changes(api: TestApp) -> None:
    await Shelves.insert(Shelves(label="top"))
    await run(api, "UPDATE shelves SET number = 7")
    await run(api, "UPDATE shelves SET label = 'low'")
    assert await since(api, "") == [
        ("create", "shelves", "1"),
        ("delete", "shelves", "1"),
        ("create", "shelves", "7"),
        ("update", "shelves", "7", ("label",)),
    ]


async def test_the_row_of_a_deleted_record_has_all_its_digits(api: TestApp) -> None:
    width = Decimal("1234567890123456789.12345678901234567890")
    await Shelves.insert(Shelves(number=1, width=width), Shelves(number=2, width=Decimal(10**25)))
    before = await now(api)
    await run(api, "DELETE FROM shelves")
    rows = [it.row for it in await told(api, before) if it.row]
    assert [(row["id"], row["label"], Decimal(row["width"])) for row in rows] == [(1, "", width), (2, "", 10**25)]


async def test_an_upsert_is_what_it_became(api: TestApp) -> None:
    sql = "INSERT INTO shelves (number, label) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET label = excluded.label"
    await run(api, sql, 1, "top")
    await run(api, sql, 1, "low")
    await run(api, "INSERT INTO shelves (number, label) VALUES (1, 'x') ON CONFLICT DO NOTHING")
    assert await since(api, "") == [("create", "shelves", "1"), ("update", "shelves", "1", ("label",))]


async def test_what_is_undone_is_not_there(api: TestApp) -> None:
    engine = api.services.engine
    with pytest.raises(ZeroDivisionError):
        async with engine.transaction():
            await Posts(title="undone").save()
            raise ZeroDivisionError
    assert await since(api, "") == []
    async with engine.transaction() as transaction:
        await Shelves(number=1, label="kept").save()
        for number, fails in ((2, True), (3, False), (4, True)):
            try:
                async with engine.transaction():
                    await run(api, "INSERT INTO shelves (number) VALUES (?)", number)
                    async with engine.transaction():
                        await run(api, "UPDATE shelves SET label = ? WHERE number = 1", str(number))
                    if fails:
                        raise LookupError
            except LookupError:
                pass
        savepoint = await transaction.savepoint()
        await run(api, "DELETE FROM shelves")
        await savepoint.rollback_to()
    assert await since(api, "") == [
        ("create", "shelves", "1"),
        ("create", "shelves", "3"),
        ("update", "shelves", "1", ("label",)),
    ]


async def test_a_statement_that_fails_in_its_middle_leaves_nothing(api: TestApp) -> None:
    engine = api.services.engine
    await Posts(title="taken").save()
    before = await now(api)
    async with engine.transaction():
        with pytest.raises(NotUnique):
            async with engine.transaction():
                await Posts.insert(Posts(title="new"), Posts(title="newer"), Posts(title="taken"))
        await Shelves(number=9, label="").save()
    assert await since(api, before) == [("create", "shelves", "9")]


async def test_a_record_that_is_changed_to_what_it_was_is_an_update_of_nothing(api: TestApp) -> None:
    await Shelves(number=1, label="top").save()
    before = await now(api)
    await run(api, "UPDATE shelves SET label = 'top'")
    assert await since(api, before) == [("update", "shelves", "1")]
