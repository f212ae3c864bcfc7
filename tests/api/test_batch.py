"""Batches: what they do, what they answer, and that nothing of a failed one is kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from piccolo.columns import ForeignKey, Integer, Varchar
from tests.asking import Api, serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, View, owner, role
from piccobase.records.batch import Write, run_batch
from piccobase.records.together import TooSlow

EVERYONE = Rules(list="", view="", create="", update="", delete="")
CATS, RULED, LOCKED, USERS = (f"/api/collections/{name}/records" for name in ("cats", "ruled", "locked", "users"))
NOT_FOUND = "The requested resource wasn't found."
Json = dict[str, Any]


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list="", view="", create="", update=owner, delete=owner)


class Cat(Collection, tablename="cats"):
    name = Varchar(required=True)
    num = Integer()
    chip = Varchar(unique=True)
    rank = Integer()
    rules = Rules(list="", view="", create="", update="", delete="", fields={"rank": FieldRules(write=role("editor"))})


class Kitten(Collection, tablename="kittens"):
    name = Varchar()
    mother = ForeignKey(Cat)
    rules = EVERYONE


class Ruled(Collection, tablename="ruled"):
    name = Varchar()
    rules = Rules(
        create="@request.context = 'batch' && @request.method = 'POST'",
        update="@request.method = 'PATCH' && @request.query.a = '1' && @request.headers.x_a = '1'",
        delete="@request.method = 'DELETE'",
    )


class Locked(Collection, tablename="locked"):
    name = Varchar()


class Numbers(View, tablename="numbers", query="SELECT id, num FROM cats"):
    rules = Rules(list="", view="")


TABLES = [User, Cat, Kitten, Ruled, Locked, Numbers]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(TABLES, [Role("editor")], database_url, tmp_path) as guest:
        await allow(guest)
        yield guest


async def allow(api: Api, **limits: Any) -> None:
    settings: Json = {"batch": {"enabled": True, "maxRequests": 50, "timeout": 3, **limits}}
    answer = await (await api.superuser()).ask("PATCH", "/api/settings", settings)
    assert answer.status_code == 200, answer.text


async def batch(api: Api, *requests: Json, **asked: Any) -> httpx.Response:
    return await api.ask("POST", "/api/batch", {"requests": list(requests)}, **asked)


def item(method: str, url: str, body: Any = None, **more: Any) -> Json:
    return {"method": method, "url": url, **({} if body is None else {"body": body}), **more}


def failed(answer: httpx.Response, place: int) -> Json:
    """What the request at this place of a failed batch was answered."""
    whole = answer.json()
    assert (answer.status_code, whole["status"], whole["message"]) == (400, 400, "Batch transaction failed.")
    [(found, error)] = whole["data"]["requests"].items()
    assert (found, error["code"], error["message"]) == (str(place), "batch_request_failed", "Batch request failed.")
    response: Json = error["response"]
    return response


async def test_each_request_sees_what_those_before_it_have_written(api: Api) -> None:
    answer = await batch(
        api,
        item("POST", CATS, {"id": "aaaaaaaaaaaaaa1", "name": "tom"}),
        item("PATCH", f"{CATS}/aaaaaaaaaaaaaa1?fields=id,num", {"num+": 3}),
        item("POST", "/api/collections/kittens/records?expand=mother", {"mother": "aaaaaaaaaaaaaa1"}),
        item("PUT", CATS, {"id": "aaaaaaaaaaaaaa1", "name": "thomas"}),
        item("PUT", CATS, {"id": "aaaaaaaaaaaaaa2", "name": "jane"}),
        item("PUT", CATS, {"name": "nameless id"}),
        item("DELETE", f"{CATS}/aaaaaaaaaaaaaa2"),
    )
    assert answer.status_code == 200, answer.text
    answers = answer.json()
    assert [one["status"] for one in answers] == [200, 200, 200, 200, 200, 200, 204]
    assert answers[1]["body"] == {"id": "aaaaaaaaaaaaaa1", "num": 3}
    assert answers[2]["body"]["expand"]["mother"]["num"] == 3
    assert (answers[3]["body"]["name"], answers[3]["body"]["num"]) == ("thomas", 3)
    assert len(answers[5]["body"]["id"]) == 15
    assert answers[6] == {"status": 204, "body": None}
    listed = (await api.ask("GET", CATS, query={"sort": "name"})).json()
    assert [one["name"] for one in listed["items"]] == ["nameless id", "thomas"]


async def test_the_first_that_fails_undoes_all(api: Api) -> None:
    answer = await batch(
        api,
        item("POST", CATS, {"name": "kept?"}),
        item("POST", CATS, {"num": 1}),
        item("POST", "/api/nope"),
    )
    refused = failed(answer, 1)
    assert refused["message"] == "Failed to create record."
    assert refused["data"] == {"name": {"code": "validation_required", "message": "Cannot be blank."}}
    assert answer.headers["X-Error-Code"] == "batch.failed"
    assert (await api.ask("GET", CATS)).json()["totalItems"] == 0


ALONE: Sequence[tuple[str, Json, int, str]] = [
    ("a locked collection", item("POST", LOCKED, {}), 403, "Only superusers can perform this action."),
    ("a locked upsert", item("PUT", LOCKED, {"id": "x"}), 403, "Only superusers can perform this action."),
    ("superusers", item("POST", "/api/collections/_superusers/records", {}), 403, "Only superusers"),
    ("no such record", item("PATCH", f"{CATS}/nope", {}), 404, NOT_FOUND),
    ("no such record to delete", item("DELETE", f"{CATS}/nope"), 404, NOT_FOUND),
    ("no such collection", item("POST", "/api/collections/nope/records"), 404, "Missing collection context."),
    ("no such collection to upsert", item("PUT", "/api/collections/nope/records", {"id": "x"}), 404, "Missing"),
    ("a view", item("POST", "/api/collections/numbers/records", {}), 400, "Unsupported collection type."),
    ("an upserted view", item("PUT", "/api/collections/numbers/records", {"id": "x"}), 400, "Unsupported"),
    ("a rule", item("PATCH", f"{RULED}/nope", {}), 404, NOT_FOUND),
    ("a read", item("GET", CATS), 400, "In a batch stand"),
    ("one that reads", item("GET", f"{CATS}/x"), 400, "In a batch stand"),
    ("a sign-in", item("POST", "/api/collections/users/auth-with-password", {}), 400, "In a batch stand"),
    ("a batch", item("POST", "/api/batch", {"requests": []}), 400, "In a batch stand"),
    ("settings", item("PATCH", "/api/settings", {}), 400, "In a batch stand"),
    ("roles", item("PUT", f"{USERS}/x/roles", {}), 400, "In a batch stand"),
    ("bulk", item("POST", "/api/collections/cats/bulk", {}), 400, "In a batch stand"),
    ("a host", item("POST", f"http://x{CATS}", {}), 400, "In a batch stand"),
    ("a slash at the end", item("POST", f"{CATS}/", {}), 400, "In a batch stand"),
    ("two slashes", item("POST", "/api//collections/cats/records", {}), 400, "In a batch stand"),
    ("a replaced record", item("PUT", f"{CATS}/x", {}), 400, "In a batch stand"),
    ("capitals", item("POST", "/API/collections/cats/records", {}), 400, "In a batch stand"),
    ("an escaped slash", item("POST", "/api/collections%2Fcats/records", {}), 400, "In a batch stand"),
    ("a broken query", item("POST", f"{CATS}?expand=a;b=1", {"name": "x"}), 400, "In a batch stand"),
    ("a broken escape", item("POST", f"{CATS}?fields=%zz", {"name": "x"}), 400, "In a batch stand"),
    ("fields that are none", item("POST", f"{CATS}?fields=name:excerpt(0)", {"name": "x"}), 400, ""),
    ("an id of another length", item("PUT", CATS, {"id": "x", "name": "y"}), 400, "Failed to create record."),
]


async def test_a_request_is_refused_as_it_would_be_alone(api: Api) -> None:
    for case, sent, status, message in ALONE:
        refused = failed(await batch(api, item("POST", CATS, {"name": "before"}), sent), 1)
        assert refused["status"] == status, case
        assert refused["message"].startswith(message), case
    assert (await api.ask("GET", CATS)).json()["totalItems"] == 0


REQUIRED = {"code": "validation_required", "message": "Cannot be blank."}
UNKNOWN = {"code": "validation_in_invalid", "message": "Must be a valid value."}
TOO_LONG = {"code": "validation_length_too_long", "message": "The length must be no more than 2000."}
FORMS: Sequence[tuple[Any, Any]] = [
    ({}, REQUIRED),
    ({"requests": []}, REQUIRED),
    ({"requests": None}, REQUIRED),
    ({"requests": [item("post", CATS)]}, {"0": {"method": UNKNOWN}}),
    ({"requests": [item("HEAD", CATS)]}, {"0": {"method": UNKNOWN}}),
    ({"requests": [item("", CATS)]}, {"0": {"method": REQUIRED}}),
    (
        {"requests": [item("x", ""), item("POST", CATS), item("POST", "")]},
        {"0": {"method": UNKNOWN, "url": REQUIRED}, "2": {"url": REQUIRED}},
    ),
    (
        {"requests": [item("POST", CATS + "?a=".ljust(2001 - len(CATS), "x"))]},
        {"0": {"url": TOO_LONG | {"params": {"max": 2000, "min": 0}}}},
    ),
    (
        {"requests": [item("POST", CATS)] * 51},
        {
            "code": "validation_length_too_long",
            "message": "The length must be no more than 50.",
            "params": {"max": 50, "min": 0},
        },
    ),
]


async def test_mistakes_of_the_list_are_told_by_place(api: Api) -> None:
    for form, mistakes in FORMS:
        answer = await api.ask("POST", "/api/batch", form)
        expected = {"data": {"requests": mistakes}, "message": "Invalid batch request data.", "status": 400}
        assert (answer.status_code, answer.json()) == (400, expected)


UNREADABLE: Sequence[str] = [
    "{bad",
    "[]",
    '"text"',
    '{"requests": {}}',
    '{"requests": "x"}',
    '{"requests": [1]}',
    '{"requests": [null]}',
    '{"requests": [], "requests": []}',
    '{"requests": [{"method": 1, "url": "/x"}]}',
    '{"requests": [{"method": "POST", "url": ["/x"]}]}',
    '{"requests": [{"method": "POST", "url": "/x", "body": 5}]}',
    '{"requests": [{"method": "POST", "url": "/x", "body": []}]}',
    '{"requests": [{"method": "POST", "url": "/x", "headers": []}]}',
    '{"requests": [{"method": "POST", "url": "/x", "headers": {"a": 1}}]}',
]


async def test_what_is_no_list_of_requests_is_refused_in_one_way(api: Api) -> None:
    for content in UNREADABLE:
        answer = await api.ask("POST", "/api/batch", content=content, headers={"Content-Type": "application/json"})
        expected = {"data": {}, "message": "Failed to read the submitted batch data.", "status": 400}
        assert (answer.status_code, answer.json()) == (400, expected), content
    assert (await api.ask("POST", "/api/batch", content="x", headers={"Content-Type": "text/plain"})).status_code == 400


async def test_names_of_the_form_are_read_in_any_letter_case_and_unknown_ones_passed_over(api: Api) -> None:
    sent = {"Requests": [{"Method": "POST", "URL": CATS, "Body": {"name": "x"}, "headers": None, "more": 1}], "x": 1}
    assert (await api.ask("POST", "/api/batch", sent)).status_code == 200


async def test_without_leave_there_are_no_batches(api: Api) -> None:
    await allow(api, enabled=False)
    for content in ('{"requests": []}', "{bad"):
        answer = await api.ask("POST", "/api/batch", content=content, headers={"Content-Type": "application/json"})
        expected = {"data": {}, "message": "Batch requests are not allowed.", "status": 403}
        assert (answer.status_code, answer.json()) == (403, expected)


async def test_a_body_above_the_limit_of_the_settings_is_refused(api: Api) -> None:
    await allow(api, maxBodySize=300)
    assert (await batch(api, item("POST", CATS, {"name": "x" * 10}))).status_code == 200
    assert (await batch(api, item("POST", CATS, {"name": "x" * 400}))).status_code == 413


async def test_forms_carry_the_list_in_one_part_and_files_nobody_asked_for_are_passed_over(api: Api) -> None:
    payload = json.dumps({"requests": [item("POST", CATS, {"name": "x"})]})
    multipart: Mapping[str, Any] = {
        "@jsonPayload": (None, payload),
        "requests.0.doc": ("a.txt", b"hello"),
        "requests[0].num": ("b.txt", b"7"),
        "requests.7.doc": ("c.txt", b"hello"),
    }
    for sent in ({"files": multipart}, {"data": {"@jsonPayload": payload}}):
        answer = await api.client.post("/api/batch", **sent)
        assert answer.status_code == 200, answer.text
        assert (answer.json()[0]["body"]["name"], answer.json()[0]["body"]["num"]) == ("x", 0)
    refused = await api.client.post("/api/batch", files={"@jsonPayload": (None, "{bad")})
    assert refused.json()["message"] == "Failed to read the submitted batch data."


async def test_rules_see_the_request_of_each_item(api: Api) -> None:
    known = "rrrrrrrrrrrrrr1"
    steps = [
        item("POST", RULED, {"id": known, "name": "x"}),
        item("PATCH", f"{RULED}/{known}?a=1", {"name": "y"}, headers={"X-A": "1"}),
        item("PUT", f"{RULED}?a=1", {"id": known, "name": "z"}, headers={"x-a": "1"}),
        item("DELETE", f"{RULED}/{known}"),
    ]
    answer = await batch(api, *steps)
    assert [one["status"] for one in answer.json()] == [200, 200, 200, 204]
    # The outer headers hold for all; an item's own only for itself.
    outer = await batch(api, steps[0], item("PATCH", f"{RULED}/{known}?a=1", {}), headers={"X-A": "1"})
    assert outer.status_code == 200
    assert failed(await batch(api, item("PATCH", f"{RULED}/{known}?a=1", {})), 0)["status"] == 404
    alone = await api.ask("POST", RULED, {"name": "x"})
    assert (alone.status_code, alone.json()["data"]) == (400, {})


async def test_who_asks_is_said_once_for_all(api: Api) -> None:
    root = await api.superuser()
    inside = item("POST", LOCKED, {}, headers={"Authorization": root.token})
    assert failed(await batch(api, inside), 0)["status"] == 403
    assert (await batch(root, item("POST", LOCKED, {}, headers={"Authorization": ""}))).status_code == 200


async def test_fields_pick_in_items_and_in_the_list(api: Api) -> None:
    answer = await batch(
        api, item("POST", f"{CATS}?fields=name:excerpt(3)", {"name": "thomas"}), query={"fields": "body"}
    )
    assert answer.json() == [{"body": {"name": "tho"}}]
    picked = await batch(api, item("POST", CATS, {"name": "x"}), query={"fields": "status"})
    assert picked.json() == [{"status": 200}]


async def test_fields_that_may_not_be_written_are_dropped_as_alone(api: Api) -> None:
    answer = await batch(api, item("POST", CATS, {"name": "x", "rank": 9}), item("PUT", CATS, {"name": "y", "rank": 9}))
    assert [one["body"]["rank"] for one in answer.json()] == [0, 0]


async def test_accounts_are_made_and_changed_in_a_batch(api: Api) -> None:
    secret = {"password": "correct horse", "passwordConfirm": "correct horse"}
    made = await batch(
        api,
        item("POST", USERS, {"id": "uuuuuuuuuuuuuu1", "email": "a@example.com", **secret}),
        item("POST", USERS, {"id": "uuuuuuuuuuuuuu2", "email": "b@example.com", **secret}),
        item("POST", CATS, {"name": "tom"}),
    )
    assert made.status_code == 200, made.text
    user = await api.signed_in("users", "a@example.com", "correct horse")
    await api.signed_in("users", "b@example.com", "correct horse")
    own = f"{USERS}/uuuuuuuuuuuuuu1"
    newer = {"password": "battery staple", "passwordConfirm": "battery staple"}
    wrong = await batch(
        user, item("POST", CATS, {"name": "x"}), item("PATCH", own, {**newer, "oldPassword": "wrong"}), item("GET", own)
    )
    assert failed(wrong, 1)["data"]["oldPassword"]["code"] == "validation_invalid_old_password"
    twice = await batch(
        user,
        item("PATCH", own, {**newer, "oldPassword": "correct horse"}),
        item("PATCH", own, {**secret, "oldPassword": "battery staple"}),
        item("PATCH", own, {**newer, "oldPassword": "correct horse"}),
    )
    assert twice.status_code == 200, twice.text
    await api.signed_in("users", "a@example.com", "battery staple")
    stored = await api.services.engine.rows("SELECT password FROM users")
    assert len({password for (password,) in stored}) == 2
    assert all(password.startswith("$argon2id$") for (password,) in stored)
    assert (await api.ask("GET", CATS)).json()["totalItems"] == 1


async def test_each_request_counts_for_the_rate_limits(api: Api) -> None:
    rules = [
        {"label": "cats:create", "maxRequests": 2, "duration": 60},
        {"label": "*:update", "maxRequests": 1, "duration": 60},
        {"label": "/api/batch", "maxRequests": 4, "duration": 60},
    ]
    known = await api.create("cats", name="known")
    root = await api.superuser()
    limits = {"rateLimits": {"enabled": True, "rules": rules}}
    assert (await root.ask("PATCH", "/api/settings", limits)).status_code == 200
    cat = item("POST", CATS, {"name": "x"})
    assert failed(await batch(api, cat, cat, cat), 2)["status"] == 429
    assert failed(await batch(api, item("PUT", CATS, {"name": "x"})), 0)["status"] == 429
    change = item("PUT", CATS, {"id": known["id"], "name": "y"})
    assert (await batch(api, change)).status_code == 200
    assert failed(await batch(api, change), 0)["message"] == "Too Many Requests."
    assert (await batch(api, cat)).status_code == 429
    assert (await batch(root, *[cat] * 5)).status_code == 200


async def test_a_batch_that_takes_too_long_is_undone(api: Api) -> None:
    known = await api.create("cats", name="known")
    engine, records = api.services.engine, api.services.records
    held, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with engine.transaction():
            await engine.rows("UPDATE cats SET num = 1")
            held.set()
            await release.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    cats = records.registry.collections["cats"]
    writes = [
        Write(action="create", collection=cats, body={"name": "new"}),
        Write(action="update", collection=cats, record_id=known["id"], body={"name": "late"}),
    ]
    with pytest.raises(TooSlow) as refused:
        await run_batch(records, writes, seconds=0.05)
    assert refused.value.wire() == {"data": {}, "message": "Batch transaction failed.", "status": 400}
    release.set()
    await holding
    assert [one["name"] for one in (await api.ask("GET", CATS)).json()["items"]] == ["known"]


async def test_somebody_else_may_take_the_id_of_an_upsert(api: Api) -> None:
    """Of many who upsert one new record at once, one creates it and all others change it."""
    upsert = item("PUT", CATS, {"id": "ccccccccccccccc", "name": "x", "num+": 1})
    answers = await asyncio.gather(*(batch(api, upsert) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await api.ask("GET", f"{CATS}/ccccccccccccccc")).json()["num"] == 20
