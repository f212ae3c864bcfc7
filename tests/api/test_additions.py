"""What writes offer beside the protocol: bulk, If-Match and ETags, Idempotency-Key, dry runs."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from piccolo.columns import ForeignKey, Integer, OnDelete, Varchar
from tests.asking import Api, serving

from piccobase import AuthCollection, Collection, Role, Rules, View, owner

EVERYONE = Rules(list="", view="", create="", update="", delete="")
FORM = {"password": "12345678", "passwordConfirm": "12345678"}
Json = dict[str, Any]


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list="", view="", create="", update=owner)


class Post(Collection, tablename="posts"):
    title = Varchar(length=20, required=True)
    state = Varchar()
    views = Integer()
    rules = EVERYONE


class Passport(Collection, tablename="passports"):
    post = ForeignKey(Post, on_delete=OnDelete.restrict, required=True)
    rules = EVERYONE


class Guarded(Collection, tablename="guarded"):
    state = Varchar()
    hidden = Varchar(secret=True, default="x")
    rules = Rules(list="state != 'private'", view="", create="", update="state = 'draft'", delete="state = 'draft'")


class Dateless(Collection, tablename="dateless", timestamps=False):
    name = Varchar()
    rules = EVERYONE


class Locked(Collection, tablename="locked"):
    name = Varchar()
    rules = Rules(list="")


class Titles(View, tablename="titles", query="SELECT id, title FROM posts"):
    rules = Rules(list="", view="")


TABLES = [User, Post, Passport, Guarded, Dateless, Locked, Titles]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(TABLES, [Role("editor")], database_url, tmp_path) as guest:
        yield guest


async def bulk(api: Api, collection: str, headers: dict[str, str] | None = None, **form: Any) -> httpx.Response:
    return await api.ask("POST", f"/api/collections/{collection}/bulk", form, headers=headers)


async def allow_batches(api: Api) -> None:
    root = await api.superuser()
    assert (await root.ask("PATCH", "/api/settings", {"batch": {"enabled": True}})).status_code == 200


async def posts(api: Api) -> list[Json]:
    return list((await api.ask("GET", api.records("posts"), query={"sort": "title"})).json()["items"])


# --- bulk


async def test_a_filter_finds_what_is_changed_and_deleted(api: Api) -> None:
    for number in range(6):
        await api.create("posts", title=str(number), state="draft" if number % 2 else "live")
    changed = await bulk(api, "posts", action="update", filter="state = 'draft'", limit=10, body={"views+": 5})
    found = [post for post in await posts(api) if post["state"] == "draft"]
    ids = sorted(post["id"] for post in found)
    assert changed.json() == {"matched": 3, "done": 3, "ids": ids, "dryRun": False}
    assert [post["views"] for post in found] == [5, 5, 5]
    gone = await bulk(api, "posts", action="delete", filter="views = 5", limit=3)
    assert gone.json() == {"matched": 3, "done": 3, "ids": ids, "dryRun": False}
    assert [post["title"] for post in await posts(api)] == ["0", "2", "4"]
    nothing = await bulk(api, "posts", action="delete", filter="views = 5", limit=3)
    assert nothing.json() == {"matched": 0, "done": 0, "ids": [], "dryRun": False}


async def test_more_than_the_limit_are_refused_or_done_in_part(api: Api) -> None:
    for number in range(5):
        await api.create("posts", title=str(number))
    form: Json = {"action": "delete", "filter": "title != ''", "limit": 2}
    refused = await bulk(api, "posts", **form)
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (400, "bulk.too_many")
    assert "finds 5 records" in refused.json()["message"]
    done = (await bulk(api, "posts", **form, partial=True)).json()
    assert (done["matched"], done["done"], len(done["ids"])) == (5, 2, 2)
    assert len(await posts(api)) == 3


async def test_one_that_is_refused_keeps_all_as_they_were(api: Api) -> None:
    kept = await api.create("posts", title="kept")
    await api.create("posts", title="other")
    await api.create("passports", post=kept["id"])
    refused = await bulk(api, "posts", action="delete", filter="id != ''", limit=10)
    [(record_id, error)] = refused.json()["data"]["records"].items()
    assert (record_id, error["code"], error["response"]["status"]) == (kept["id"], "bulk_record_failed", 400)
    invalid = await bulk(api, "posts", action="update", filter="id != ''", limit=10, body={"title": ""})
    [error] = invalid.json()["data"]["records"].values()
    assert error["response"]["data"]["title"]["code"] == "validation_required"
    assert [post["title"] for post in await posts(api)] == ["kept", "other"]


FORMS: Sequence[tuple[Json, dict[str, str]]] = [
    ({}, {"action": "required", "filter": "required", "limit": "required"}),
    ({"action": "delete", "filter": "", "limit": 5}, {"filter": "required"}),
    ({"action": "delete", "filter": "  ", "limit": 5}, {"filter": "required"}),
    ({"action": "delete", "fliter": "id != ''", "limit": 5}, {"filter": "required", "fliter": "not_in_invalid"}),
    ({"action": "delete", "filter": "id != ''", "limit": 5, "dryrun": True}, {"dryrun": "not_in_invalid"}),
    ({"action": "delete", "filter": "id != ''", "limit": 5, "dryRun": "true"}, {"dryRun": "invalid_value"}),
    ({"action": "delete", "filter": "id != ''", "limit": 5, "body": {"a": 1}}, {"body": "not_in_invalid"}),
    ({"action": "delete", "filter": "id != ''", "limit": 0}, {"limit": "invalid_value"}),
    ({"action": "delete", "filter": "id != ''", "limit": 1001}, {"limit": "invalid_value"}),
    ({"action": "delete", "filter": "id != ''", "limit": True}, {"limit": "invalid_value"}),
    ({"action": "delete", "filter": "id != ''", "limit": "5"}, {"limit": "invalid_value"}),
    ({"action": "delete", "filter": ["id != ''"], "limit": 5}, {"filter": "invalid_value"}),
    ({"action": "drop", "filter": "id != ''", "limit": 5}, {"action": "in_invalid"}),
    ({"action": "update", "filter": "id != ''", "limit": 5}, {"body": "required"}),
    ({"action": "update", "filter": "id != ''", "limit": 5, "body": {}}, {"body": "required"}),
    ({"action": "update", "filter": "id != ''", "limit": 5, "body": [1]}, {"body": "invalid_value"}),
]


async def test_nothing_is_guessed_of_a_bulk_write(api: Api) -> None:
    """Case 29 of the attacks: neither an empty filter nor a misspelt one means everything."""
    await api.create("posts", title="kept")
    for form, mistakes in FORMS:
        refused = await bulk(api, "posts", **form)
        codes = {name: error["code"].removeprefix("validation_") for name, error in refused.json()["data"].items()}
        assert (refused.status_code, codes) == (400, mistakes), form
    for text in ("nope = 1", "title = "):
        assert (await bulk(api, "posts", action="delete", filter=text, limit=5)).status_code == 400
    assert len(await posts(api)) == 1


async def test_a_bulk_write_reaches_what_its_sender_may_list_and_write(api: Api) -> None:
    for state in ("draft", "live", "private"):
        await api.create("guarded", state=state)
    everything: Json = {"filter": "id != ''", "limit": 10}
    seen = await bulk(api, "guarded", action="delete", **everything)
    assert next(iter(seen.json()["data"]["records"].values()))["response"]["status"] == 404  # live
    done = await bulk(api, "guarded", action="delete", filter="state != 'live'", limit=10)
    assert (done.json()["matched"], done.json()["done"]) == (1, 1)  # of the private one nothing is told
    assert (await bulk(api, "guarded", action="delete", filter="hidden = 'x'", limit=10)).status_code == 400
    assert (await bulk(api, "locked", action="delete", **everything)).status_code == 403
    assert (await bulk(api, "titles", action="delete", **everything)).status_code == 400
    assert (await bulk(api, "nope", action="delete", **everything)).status_code == 404


async def test_each_record_of_a_bulk_write_counts_for_the_rate_limits(api: Api) -> None:
    for number in range(3):
        await api.create("posts", title=str(number))
    root = await api.superuser()
    limits = {"enabled": True, "rules": [{"label": "*:delete", "maxRequests": 2, "duration": 60}]}
    assert (await root.ask("PATCH", "/api/settings", {"rateLimits": limits})).status_code == 200
    assert (await bulk(api, "posts", action="delete", filter="id != ''", limit=10)).status_code == 429
    assert len(await posts(api)) == 3
    assert (await bulk(root, "posts", action="delete", filter="id != ''", limit=10)).status_code == 200


async def test_a_filter_holds_until_the_record_is_changed(api: Api) -> None:
    """Of many who move a record on, each from the state it was in, exactly one does."""
    for _ in range(5):
        await api.create("posts", title="x", state="new")
    form: Json = {"action": "update", "filter": "state = 'new'", "limit": 10, "body": {"state": "old", "views+": 1}}
    answers = await asyncio.gather(*(bulk(api, "posts", **form) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["done"] for answer in answers) == 5
    assert [post["views"] for post in await posts(api)] == [1] * 5


# --- If-Match


def tag(record: Json) -> str:
    return f'"{record["id"]}.{record["updated"]}"'


async def test_only_the_version_that_was_read_is_changed_and_deleted(api: Api) -> None:
    post = await api.create("posts", title="first")
    path = api.records("posts", post["id"])
    changed = await api.ask("PATCH", path, {"title": "second"}, headers={"If-Match": tag(post)})
    assert changed.status_code == 200
    for method, body in (("PATCH", {"title": "lost"}), ("DELETE", None)):
        refused = await api.ask(method, path, body, headers={"If-Match": tag(post)})
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (412, "record.changed")
        assert refused.json()["data"] == {}
    assert (await api.ask("GET", path)).json()["title"] == "second"
    several = f'"other", W/{tag(post)}, {tag(changed.json()).replace(" ", "T")}'
    assert (await api.ask("DELETE", path, headers={"If-Match": several})).status_code == 204
    assert (await api.ask("DELETE", path, headers={"If-Match": "*"})).status_code == 404


async def test_conditions_that_cannot_be_read_are_refused(api: Api) -> None:
    post, dateless = await api.create("posts", title="x"), await api.create("dateless", name="x")
    for text in ("", "abc", '"abc', "W/", '"a" "b"', ", "):
        answer = await api.ask("DELETE", api.records("posts", post["id"]), headers={"If-Match": text})
        assert answer.status_code == 400, text
    for text in (f"W/{tag(post)}", '""'):
        answer = await api.ask("DELETE", api.records("posts", post["id"]), headers={"If-Match": text})
        assert answer.status_code == 412, text
    answer = await api.ask("PATCH", api.records("dateless", dateless["id"]), {}, headers={"If-Match": '"x"'})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, "record.no_etag")
    assert "dateless" in answer.json()["message"]


async def test_a_version_tells_nothing_to_those_who_may_not_write(api: Api) -> None:
    live = await api.create("guarded", state="live")
    for text in ('"x"', tag(live), "*"):
        answer = await api.ask("PATCH", api.records("guarded", live["id"]), {}, headers={"If-Match": text})
        assert answer.status_code == 404


async def test_of_many_who_have_read_one_version_one_changes_it(api: Api) -> None:
    post = await api.create("posts", title="x")
    path = api.records("posts", post["id"])
    changes = (api.ask("PATCH", path, {"views+": 1}, headers={"If-Match": tag(post)}) for _ in range(20))
    statuses = [answer.status_code for answer in await asyncio.gather(*changes)]
    assert sorted(statuses) == [200] + [412] * 19


async def test_every_change_has_a_date_of_its_own(api: Api) -> None:
    """Else two versions of one millisecond would have one tag."""
    post = await api.create("posts", title="x")
    dates = [post["updated"]]
    for _ in range(20):
        dates.append((await api.ask("PATCH", api.records("posts", post["id"]), {})).json()["updated"])
    assert dates == sorted(set(dates))


async def test_a_record_that_is_known_already_is_not_sent_again(api: Api) -> None:
    post = await api.create("posts", title="x")
    path = api.records("posts", post["id"])
    assert "etag" not in (await api.ask("GET", path)).headers
    first = await api.ask("GET", path, headers={"If-None-Match": '""'})
    etag = first.headers["etag"]
    assert "ETag" in first.headers["access-control-expose-headers"]
    assert re.fullmatch(rf'"{post["id"]}\.[^/ ]+/[0-9a-f]+"', etag)
    known = await api.ask("GET", path, headers={"If-None-Match": etag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    other = await api.ask("GET", path, headers={"If-None-Match": etag}, query={"fields": "id"})
    assert other.status_code == 200
    assert (await api.ask("PATCH", path, {"title": "y"}, headers={"If-Match": etag})).status_code == 200
    assert (await api.ask("GET", path, headers={"If-None-Match": etag})).status_code == 200
    assert (await api.ask("PATCH", path, {"title": "z"}, headers={"If-Match": etag})).status_code == 412


async def test_requests_of_a_batch_have_conditions_of_their_own(api: Api) -> None:
    await allow_batches(api)
    post = await api.create("posts", title="x")
    url = api.records("posts", post["id"])
    change = {"method": "PATCH", "url": url, "body": {"title": "y"}, "headers": {"If-Match": tag(post)}}
    answer = await api.ask("POST", "/api/batch", {"requests": [change, change]})
    assert answer.json()["data"]["requests"]["1"]["response"]["status"] == 412
    assert (await api.ask("POST", "/api/batch", {"requests": [change]})).status_code == 200


# --- Idempotency-Key


async def test_a_request_that_is_sent_again_is_done_once(api: Api) -> None:
    await allow_batches(api)
    headers = {"Idempotency-Key": "0b8f4f5e-1"}
    create = {"method": "POST", "url": api.records("posts"), "body": {"title": "batch"}}
    await api.create("posts", title="counted")
    count = {"action": "update", "filter": "title = 'counted'", "limit": 5, "body": {"views+": 1}}
    for path, body in (
        (api.records("posts"), {"title": "alone"}),
        ("/api/batch", {"requests": [create]}),
        ("/api/collections/posts/bulk", count),
    ):
        first = await api.ask("POST", path, body, headers=headers)
        again = await api.ask("POST", path, body, headers=headers)
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.content == again.content
        assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
        other = await api.ask("POST", path, body | ({"limit": 4} if body is count else {"x": 1}), headers=headers)
        assert (other.status_code, other.headers["X-Error-Code"]) == (422, "idempotency.key_reused")
    assert [(post["title"], post["views"]) for post in await posts(api)] == [("alone", 0), ("batch", 0), ("counted", 1)]
    path = api.records("posts", (await posts(api))[0]["id"])
    for replayed in (False, True):
        gone = await api.ask("DELETE", path, headers=headers)
        assert (gone.status_code, gone.content, "idempotency-replayed" in gone.headers) == (204, b"", replayed)


async def test_of_many_who_send_one_key_at_once_one_is_served(api: Api) -> None:
    headers = {"Idempotency-Key": "at-once"}
    sent = [api.ask("POST", api.records("posts"), {"title": "x"}, headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len(await posts(api)) == 1


async def test_what_is_still_being_done_is_said_to_be(api: Api) -> None:
    engine, headers = api.services.engine, {"Idempotency-Key": "slow"}
    await api.ask("POST", api.records("posts"), {"title": "x"}, headers=headers)
    await engine.rows("UPDATE _repetitions SET done = FALSE, answer = NULL")
    running = await api.ask("POST", api.records("posts"), {"title": "x"}, headers=headers)
    assert (running.status_code, running.headers["X-Error-Code"]) == (409, "idempotency.running")
    await engine.rows("UPDATE _repetitions SET created = created - 61")  # left behind by a process that has died
    assert (await api.ask("POST", api.records("posts"), {"title": "x"}, headers=headers)).status_code == 200
    await engine.rows("UPDATE _repetitions SET created = created - 86401")
    assert (await api.ask("POST", api.records("posts"), {"title": "y"}, headers=headers)).status_code == 200
    await engine.rows("UPDATE _repetitions SET created = created - 86401")
    await api.services.repetitions.sweep()
    assert await engine.rows("SELECT COUNT(*) FROM _repetitions") == [(0,)]


async def test_what_was_refused_can_be_sent_again_and_a_key_is_one_actor_s(api: Api) -> None:
    headers = {"Idempotency-Key": "mine"}
    assert (await api.ask("POST", api.records("posts"), {"title": ""}, headers=headers)).status_code == 400
    assert await api.services.engine.rows("SELECT COUNT(*) FROM _repetitions") == [(0,)]
    made = await api.ask("POST", api.records("posts"), {"title": "x"}, headers=headers)
    root = await api.superuser()
    other = await root.ask("POST", api.records("posts"), {"title": "x"}, headers=headers)
    assert made.json()["id"] != other.json()["id"]
    for key in ("", " ", "a b", "x" * 256):
        answer = await api.ask("POST", api.records("posts"), {"title": "x"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 400, key


async def test_no_secret_of_a_body_is_kept(api: Api) -> None:
    body = {"email": "a@example.com", "password": "hush hush hush", "passwordConfirm": "hush hush hush"}
    made = await api.ask("POST", api.records("users"), body, headers={"Idempotency-Key": "sign-up"})
    assert made.status_code == 200, made.text
    await api.signed_in("users", "a@example.com", "hush hush hush")
    [row] = await api.services.engine.rows("SELECT * FROM _repetitions")
    assert "hush" not in str(row)
    assert "sign-up" not in str(row)


# --- dry runs


async def test_a_dry_run_answers_as_if_it_were_done(api: Api) -> None:
    await allow_batches(api)
    post = await api.create("posts", title="x")
    path, dry = api.records("posts", post["id"]), {"Dry-Run": "true"}
    create = {"method": "POST", "url": api.records("posts"), "body": {"title": "batch"}}
    account = {"email": "a@example.com", **FORM}
    for method, where, body, status in (
        ("POST", api.records("posts"), {"title": "y"}, 200),
        ("POST", api.records("posts"), {"title": ""}, 400),
        ("POST", api.records("users"), account, 200),
        ("PATCH", path, {"title": "z"}, 200),
        ("PATCH", path + "x", {"title": "z"}, 404),
        ("DELETE", path, None, 204),
        ("POST", "/api/batch", {"requests": [create, create]}, 200),
        ("POST", "/api/collections/posts/bulk", {"action": "delete", "filter": "id != ''", "limit": 5}, 200),
    ):
        answer = await api.ask(method, where, body, headers={**dry, "Idempotency-Key": "k"})
        assert answer.status_code == status, answer.text
        assert (answer.headers.get("dry-run") == "true") is (status < 400)
    asked = await bulk(api, "posts", action="delete", filter="id != ''", limit=5, dryRun=True)
    assert asked.json() == {"matched": 1, "done": 1, "ids": [post["id"]], "dryRun": True}
    assert await posts(api) == [post]
    for table in ("users", "_repetitions"):
        assert await api.services.engine.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]


async def test_a_dry_run_that_is_misspelt_does_nothing(api: Api) -> None:
    for text in ("True", "yes", "1", ""):
        answer = await api.ask("POST", api.records("posts"), {"title": "x"}, headers={"Dry-Run": text})
        assert answer.status_code == 400, text
    assert (
        await api.ask("POST", api.records("posts"), {"title": "x"}, headers={"Dry-Run": "false"})
    ).status_code == 200
    assert len(await posts(api)) == 1
