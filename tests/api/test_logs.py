"""`/api/logs` (protocol.md §8.3): what is kept of requests, and how superusers read it, on both databases."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.base.clock import now
from piccobase.base.json import encode_json
from piccobase.db.embedded import EmbeddedEngine
from piccobase.logs.reading import LogReader
from piccobase.logs.store import LogStore
from piccobase.testing import Caller, TestApp, frozen


class Post(Collection, tablename="posts"):
    title = Varchar(length=200, required=True)
    rules = Rules(list="", view="", create="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Post], [], database_url, tmp_path, logs=True) as served:
        yield served


async def logged(root: Caller, **query: str) -> list[dict[str, Any]]:
    """What is in the log by now."""
    await root.services.request_log.flush()
    answer = await root.ask("GET", "/api/logs", query={"perPage": "200", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_entry_says_what_was_asked_by_whom_and_how_it_ended(api: TestApp) -> None:
    root = await api.superuser()
    await root.services.request_log.flush()
    await root.ask("DELETE", "/api/logs")
    await api.ask(
        "GET", api.records("posts"), query={"perPage": "1"}, headers={"User-Agent": "curl/8", "Referer": "/x"}
    )
    await root.ask("GET", root.records("posts"))
    await api.ask("POST", api.records("posts"), {})
    read, by_root, refused = (await logged(root))[-3:]
    assert read["message"] == "GET /api/collections/posts/records?perPage=1"
    assert read["level"] == 0
    assert read["data"] == {
        "auth": "",
        "execTime": read["data"]["execTime"],
        "method": "GET",
        "referer": "/x",
        "remoteIP": "127.0.0.1",
        "status": 200,
        "type": "request",
        "url": "/api/collections/posts/records?perPage=1",
        "userAgent": "curl/8",
        "userIP": "127.0.0.1",
    }
    assert 0 < read["data"]["execTime"] < 10_000
    assert len(read["id"]) == 15
    assert read["created"].endswith("Z")
    assert by_root["data"]["auth"] == "_superusers"
    assert refused["level"] == 8
    assert refused["data"]["status"] == 400
    assert refused["data"]["error"] == "Failed to create record."
    assert refused["data"]["details"] == {"title": "validation_required"}


async def test_the_log_is_filtered_sorted_paged_and_counted_in_the_filter_language(api: TestApp) -> None:
    root = await api.superuser()
    for number in range(3):
        await api.ask("GET", api.records("posts"), query={"page": str(number + 1)})
    await api.ask("GET", "/api/collections/nothing/records")
    await logged(root)
    cases = [
        ({"filter": "data.status>=400"}, 1),
        ({"filter": "data.status = 404 && message ~ 'nothing'"}, 1),
        ({"filter": "data.auth = '_superusers'"}, 0),
        ({"filter": "data.url ~ 'page=2'"}, 1),
        ({"filter": "level > 0"}, 1),
        ({"filter": "created > '2020-01-01 00:00:00'"}, 4),
        ({"filter": "created > @now"}, 0),
        ({"filter": "data.type:lower = 'request'"}, 4),
        ({"filter": "data.missing.path = 1"}, 0),
    ]
    for query, total in cases:
        answer = await root.ask("GET", "/api/logs", query=query)
        assert (query, answer.json()["totalItems"]) == (query, total)
    newest = await logged(root, sort="-@rowid")
    oldest = await logged(root, sort="@rowid")
    assert newest == oldest[::-1]
    slowest = await logged(root, sort="-data.execTime", fields="data.execTime")
    assert [set(item) for item in slowest] == [{"data"}] * 4
    assert slowest == sorted(slowest, key=lambda item: -item["data"]["execTime"])
    page = (await root.ask("GET", "/api/logs", query={"page": "2", "perPage": "2", "skipTotal": "1"})).json()
    assert [item["id"] for item in page["items"]] == [item["id"] for item in oldest[2:4]]
    assert (page["totalItems"], page["totalPages"]) == (-1, -1)
    for wrong in (
        {"filter": "foo = 1"},
        {"filter": "level >"},
        {"sort": "foo"},
        {"filter": "@collection.posts.id != ''"},
    ):
        assert (await root.ask("GET", "/api/logs", query=wrong)).status_code == 400
    assert (await root.ask("GET", "/api/logs/stats", query={"filter": "foo = 1"})).status_code == 400


async def test_one_entry_is_viewed_hours_are_counted_and_everything_is_deleted(api: TestApp) -> None:
    root = await api.superuser()
    await api.ask("GET", api.records("posts"))
    first = (await logged(root))[0]
    assert (await root.ask("GET", f"/api/logs/{first['id']}")).json() == first
    for missing in ("nothing", "a%00b"):
        assert (await root.ask("GET", f"/api/logs/{missing}")).status_code == 404
    hour = first["created"][:13] + ":00:00.000Z"
    stats = (await root.ask("GET", "/api/logs/stats", query={"filter": f"id = '{first['id']}'"})).json()
    assert stats == [{"date": hour, "total": 1}]
    assert (await root.ask("DELETE", "/api/logs")).status_code == 204
    await root.services.request_log.flush()
    left = await logged(root)
    assert first["id"] not in {item["id"] for item in left}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/logs"), ("GET", "/api/logs/abc"), ("GET", "/api/logs/stats"), ("DELETE", "/api/logs")],
)
async def test_only_superusers_read_or_delete_the_log(api: Caller, method: str, path: str) -> None:
    assert (await api.ask(method, path)).status_code == 401


async def test_reading_the_log_and_what_lies_outside_of_the_api_is_logged_only_when_it_fails(api: TestApp) -> None:
    root = await api.superuser()
    await root.ask("GET", "/api/logs")
    await api.client.get("/admin/sign-in")
    await api.client.request("OPTIONS", "/api/health")
    await api.ask("GET", "/api/logs")
    await api.client.get("/favicon.ico")
    urls = [item["data"]["url"] for item in await logged(root)]
    assert urls == ["/api/logs", "/favicon.ico"]


async def test_the_settings_say_what_is_kept(api: TestApp) -> None:
    root = await api.superuser()

    async def entries_after(**logs: Any) -> list[dict[str, Any]]:
        await root.ask("PATCH", "/api/settings", {"logs": logs})
        await root.services.request_log.flush()
        await root.ask("DELETE", "/api/logs")
        await root.services.request_log.flush()
        await root.ask("DELETE", "/api/logs")
        await root.ask("GET", root.records("posts"))
        await root.ask("GET", "/api/nothing")
        return [
            item["data"] for item in await logged(root) if "posts" in item["message"] or "nothing" in item["message"]
        ]

    [read, _] = await entries_after(logIP=False, logAuthId=True)
    assert not {"userIP", "remoteIP"} & set(read)
    assert len(read["authId"]) == 15
    assert [entry["status"] for entry in await entries_after(minLevel=4)] == [404]
    assert await entries_after(minLevel=0, maxDataSize=5) == [{"__pb_truncated__": True}] * 2
    assert await entries_after(maxDataSize=0, maxDays=0) == []


async def test_old_entries_go_after_so_many_days_and_the_oldest_when_there_are_too_many(api: TestApp) -> None:
    root = await api.superuser()
    store = root.services.request_log.store
    with frozen(now() - timedelta(days=6)):
        long_ago = now().timestamp()
    await store.insert(f'[[{long_ago}, null, 0, "old", {{}}], [{long_ago + 4 * 86_400}, null, 0, "new", {{}}]]')
    await store.drop_older_than(5)
    assert [item["message"] for item in await logged(root, filter="message = 'old' || message = 'new'")] == ["new"]
    moment = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    for batch in range(20):
        texts = ", ".join(f'[{moment}, null, 0, "{batch:02}", {{"filler": "{"x" * 500}"}}]' for _ in range(100))
        await store.insert(f"[{texts}]")
    store._max_size = 700_000
    while await store.shrink():
        pass
    left = [item["message"] for item in await logged(root, filter="message >= '00' && message <= '99'", sort="message")]
    assert left
    total = (await root.ask("GET", "/api/logs", query={"filter": "data.filler ~ 'x'"})).json()["totalItems"]
    assert 500 < total < 1500
    assert left[0] > "00"  # the oldest went first


async def test_messages_of_the_program_are_kept_beside_the_requests(api: TestApp) -> None:
    root = await api.superuser()
    try:
        raise ValueError("no stock")
    except ValueError:
        logging.getLogger("shop.orders").exception("order %s failed", 7)  # pytest has set up logging, as `serve` does
    [entry] = await logged(root, filter="data.logger = 'shop.orders'")
    assert (entry["message"], entry["level"]) == ("order 7 failed", 8)
    assert "ValueError: no stock" in entry["data"]["details"]


async def test_an_answer_carries_the_request_id_that_came_or_one_of_its_own_where_it_is_an_error(api: TestApp) -> None:
    root = await api.superuser()
    sent = {"X-Request-Id": "0af7651916cd43dd8448eb211c80319c"}
    assert (await api.ask("GET", "/api/health", headers=sent)).headers["x-request-id"] == sent["X-Request-Id"]
    assert "x-request-id" not in (await api.ask("GET", "/api/health")).headers
    malformed = await api.ask("GET", "/api/nothing", headers={"X-Request-Id": "a b"})
    assert malformed.headers["x-request-id"] != "a b"
    asked = [item["data"].get("requestId") for item in (await logged(root))[-3:]]
    assert asked == [sent["X-Request-Id"], None, malformed.headers["x-request-id"]]


async def test_what_just_fits_is_kept_whole(api: TestApp) -> None:
    root = await api.superuser()
    store = root.services.request_log.store
    [request, told] = [
        [1.0, 0.5, "GET", "/" + "x" * 900, 200, "", "agent", "1.2.3.4", "1.2.3.4", "users", "", None, None, None],
        [2.0, None, 0, "just told", {"filler": "y" * 900}],
    ]
    await store.insert(encode_json([request, told]).decode(), 10_000)
    kept = {item["message"]: item["data"] for item in await logged(root, filter="message ~ 'xxx' || message ~ 'told'")}
    assert len(kept) == 2
    for limit, whole in ((800, 0), (1050, 1), (2000, 2)):  # as data they have about 1100 and 920 bytes
        await store.clear()
        await store.insert(encode_json([request, told]).decode(), limit)
        found = await logged(root, filter="message ~ 'xxx' || message ~ 'told'")
        assert {item["message"] for item in found} == set(kept)
        assert sum(item["data"] == kept[item["message"]] for item in found) == whole


async def test_what_is_asked_of_since_a_moment_holds_that_moment_too(api: TestApp) -> None:
    root = await api.superuser()
    store = root.services.request_log.store
    for days in (4, 3, 2):
        with frozen(now() - timedelta(days=days)):
            await store.insert(f'[[0.0005, null, 0, "{days} days", {{}}]]', epoch=now().timestamp())
    kept = [(item["created"], item["message"]) for item in await logged(root, filter="message ~ 'days'")]
    assert [message for _, message in kept] == ["4 days", "3 days", "2 days"]
    for place, (created, _) in enumerate(kept):
        for filter_, first in (("created >= '{}'", place), ("created > '{}' && level = 0", place + 1)):
            found = await logged(root, filter=f"message ~ 'days' && {filter_.format(created)}")
            assert [item["message"] for item in found] == [message for _, message in kept[first:]]
    hours = (await root.ask("GET", "/api/logs/stats", query={"filter": f"created >= '{kept[1][0]}'"})).json()
    assert [hour["date"][:13] for hour in hours][:2] == [created[:13] for created, _ in kept[1:]]


async def test_ids_go_up_when_the_clock_goes_back_and_do_not_come_again(tmp_path: Path) -> None:
    store = LogStore(EmbeddedEngine(tmp_path / "logs.db"), max_size=1 << 20)
    entries = '[[0, null, 0, "{0}", {{}}], [0, null, 0, "{0}", {{}}]]'

    async def kept() -> list[tuple[str, str]]:
        return [(id_, message) for id_, message in await store.engine.rows("SELECT id, message FROM logs ORDER BY id")]

    try:
        for number, days in enumerate((0, 1, 2)):
            with frozen(now() - timedelta(days=days)):
                await store.insert(entries.format(number))
            await store.close()
        before = await kept()
        assert [message for _, message in before] == ["0", "0", "1", "1", "2", "2"]
        assert {len(id_) for id_, _ in before} == {15}
        await store.clear()
        await store.insert(entries.format("again"))
        assert not {id_ for id_, _ in before} & {id_ for id_, _ in await kept()}
    finally:
        await store.close()


_EARLIER = {
    "the first form": (
        """CREATE TABLE logs (id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, level INTEGER NOT NULL,
            message TEXT NOT NULL, data JSONB_TEXT NOT NULL)""",
        "CREATE INDEX logs_created ON logs (created)",
        """INSERT INTO logs VALUES
            ('1', '2026-01-01 00:00:00.001Z', 8, 'GET /x', '{"auth":"","execTime":0.25,"method":"GET","status":404,
                "type":"request","url":"/x","error":"Not found.","details":{"id":"unknown"}}'),
            ('2', '2026-01-01 00:00:00.999Z', 4, 'told', '{"logger":"shop"}'),
            ('3', '2025-12-31 23:59:59.000Z', 0, 'GET /y', '{"__pb_truncated__":true}')""",
    ),
    "with indexes": (
        """CREATE TABLE entries (id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, level INTEGER NOT NULL,
            entry TEXT NOT NULL, truncated INTEGER NOT NULL)""",
        "CREATE INDEX entries_created ON entries (created)",
        "CREATE VIEW logs AS SELECT rowid AS rowid, id, created, level, '' AS message, entry AS data FROM entries",
        """INSERT INTO entries VALUES
            ('1', '2026-01-01 00:00:00.001Z', 8, '[77.5,0.00025,"GET","/x",404,null,null,null,null,"","",null,
                "Not found.",{"id":"unknown"}]', 0),
            ('2', '2026-01-01 00:00:00.999Z', 4, '[78.5,null,4,"told",{"logger":"shop"}]', 0),
            ('3', '2025-12-31 23:59:59.000Z', 0, '[70,0.1,"GET","/y",200]', 1)""",
    ),
}


@pytest.mark.parametrize("statements", _EARLIER.values(), ids=_EARLIER)
async def test_the_log_of_an_earlier_version_is_read_on(statements: tuple[str, ...], tmp_path: Path) -> None:
    store = LogStore(EmbeddedEngine(tmp_path / "logs.db"), max_size=1 << 20)
    refused = {"auth": "", "execTime": 0.25, "method": "GET", "status": 404, "type": "request", "url": "/x"}
    try:
        for statement in statements:
            await store.engine.rows(statement)
        await store.insert('[[0, null, 0, "new", {}]]')
        page = await LogReader(store).page()
        assert [(item["created"], item["level"], item["message"], item["data"]) for item in page.items[:3]] == [
            ("2026-01-01 00:00:00.001Z", 8, "GET /x", refused | {"error": "Not found.", "details": {"id": "unknown"}}),
            ("2026-01-01 00:00:00.999Z", 4, "told", {"logger": "shop"}),
            ("2025-12-31 23:59:59.000Z", 0, "GET /y", {"__pb_truncated__": True}),
        ]
        assert page.items[3]["message"] == "new"
        for item in page.items:
            assert await LogReader(store).view(item["id"]) == item
        assert await store.engine.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") == [("noted",)]
    finally:
        await store.close()
