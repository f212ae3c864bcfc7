"""Listeners hear what was committed, in order, and nothing else."""

import asyncio
from typing import Any

from tests.hooks.blog import POSTS, batch, posts_app

from piccobase.base.errors import BadRequest
from piccobase.hooks.point import Proceed
from piccobase.records.events import (
    RecordCreated,
    RecordUpdated,
    WritingRecord,
)


async def test_listeners_hear_in_order_what_was_committed_and_nothing_else(started: Any) -> None:
    app, heard = posts_app(), []

    @app.listen(RecordCreated, collection="posts")
    async def created(event: RecordCreated) -> None:
        await asyncio.sleep(0)
        heard.append(f"created {event.record['title']}")

    @app.listen(RecordUpdated, collection="posts")
    def updated(event: RecordUpdated) -> None:
        heard.append(f"updated {event.before['views']} to {event.record['views']}")

    @app.listen(RecordCreated)
    def broken(event: RecordCreated) -> None:
        raise ValueError("a listener's own problem")

    @app.hook(WritingRecord, collection="posts")
    async def refuse(event: WritingRecord, proceed: Proceed) -> Any:
        record = await proceed()
        if record["title"] == "bad":
            raise BadRequest
        return record

    api = await started(app)
    assert (await api.post(POSTS, {"title": "bad"})).status_code == 400
    assert (await api.post(POSTS, {"title": "a"})).status_code == 200
    made = (await api.rows("posts"))[0]["id"]
    await asyncio.gather(*(api.patch(f"{POSTS}/{made}", {"views+": 1}) for _ in range(20)))
    assert (await batch(api, [("POST", POSTS, {"title": "b"}), ("POST", POSTS, {"title": "bad"})])).status_code == 400
    await api.services.listeners.settled()
    assert heard == ["created a", *(f"updated {views} to {views + 1}" for views in range(20))]
