"""Hooks of writes that share a transaction."""

from typing import Any

from tests.hooks.blog import POSTS, batch, posts_app

from piccobase.base.errors import Forbidden
from piccobase.hooks.point import Proceed
from piccobase.records.events import (
    CreatingRecord,
    WritingRecord,
)


async def test_a_batch_runs_hooks_around_its_writes_before_and_after_the_transaction(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord)
    async def around(event: CreatingRecord, proceed: Proceed) -> Any:
        seen.append(f"before {event.draft['title']}, in a transaction: {_in_transaction(event)}")
        event.draft["slug"] = event.draft["title"] + "-slug"
        record = await proceed()
        seen.append(f"after {record['slug']}, in a transaction: {_in_transaction(event)}")
        return record

    @app.hook(WritingRecord, collection="posts")
    def inside(event: WritingRecord) -> None:
        if event.draft.get("slug"):
            seen.append(f"inside {event.draft['slug']}")

    api = await started(app)
    answer = await batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "b"})])
    assert [one["body"]["slug"] for one in answer.json()] == ["a-slug", "b-slug"]
    assert seen == [
        "before a, in a transaction: False",
        "before b, in a transaction: False",
        "inside a-slug",
        "inside b-slug",
        "after b-slug, in a transaction: False",
        "after a-slug, in a transaction: False",
    ]
    assert len(await api.rows("posts")) == 2


def _in_transaction(event: Any) -> bool:
    return bool(event.records.records.db.transaction_exists())


async def test_a_hook_that_refuses_one_write_of_a_batch_refuses_all_and_the_others_hear_of_it(started: Any) -> None:
    app, seen = posts_app(), []

    @app.hook(CreatingRecord)
    async def around(event: CreatingRecord, proceed: Proceed) -> Any:
        if event.draft["title"] == "bad":
            raise Forbidden("Not this one.")
        try:
            return await proceed()
        except Exception as error:
            seen.append(type(error).__name__)
            raise

    api = await started(app)
    answer = await batch(api, [("POST", POSTS, {"title": "a"}), ("POST", POSTS, {"title": "bad"})])
    assert answer.status_code == 400
    failed = answer.json()["data"]["requests"]["1"]
    assert failed["response"] == {"status": 403, "message": "Not this one.", "data": {}}
    assert seen == ["BatchFailed"]
    assert await api.rows("posts") == []
