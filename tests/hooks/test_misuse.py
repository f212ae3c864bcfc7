"""Hooks that break the rules are named, and nothing is half-done."""

import asyncio
from typing import Any

import pytest
from tests.hooks.blog import POSTS, posts_app

from piccobase.base.errors import BadRequest
from piccobase.hooks.point import Proceed
from piccobase.records.events import (
    CreatingRecord,
    ListingRecords,
    RecordCreated,
    WritingRecord,
)


async def test_a_hook_that_names_no_field_is_told_the_nearest(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = posts_app()

    @app.hook(CreatingRecord, collection="posts")
    def mistyped(event: CreatingRecord) -> None:
        event.draft["titel"] = "x"

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert answer.status_code == 500
    assert 'posts has no field "titel". Did you mean "title"?' in caplog.text
    assert "In the hook mistyped (test_misuse.py:" in caplog.text


MISUSES = {
    "twice": "called proceed() twice",
    "never": "never called proceed()",
    "hangs": "took more than 1 s",
    "swallows": "",
}


@pytest.mark.parametrize("how", MISUSES)
async def test_a_hook_that_breaks_the_rules_is_named_and_nothing_is_written(
    started: Any, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = posts_app()

    @app.hook(WritingRecord, collection="posts")
    async def broken(event: WritingRecord, proceed: Proceed) -> Any:
        match how:
            case "twice":
                await proceed()
                await proceed()
            case "hangs":
                await asyncio.Event().wait()
            case "swallows":
                try:
                    await proceed()
                except Exception:
                    return None
        return None

    @app.hook(WritingRecord, collection="posts", order=1)
    def fails(event: WritingRecord) -> None:
        if how == "swallows":
            raise BadRequest("Inner.")

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert await api.rows("posts") == []
    if how == "swallows":
        assert (answer.status_code, answer.json()["message"]) == (400, "Inner.")
        return
    assert answer.status_code == 500
    assert MISUSES[how] in caplog.text
    assert "broken (test_misuse.py:" in caplog.text
    assert (await api.get(POSTS)).status_code == 200, "the server goes on"


async def test_time_inside_is_a_hooks_own_and_not_that_of_what_it_wraps(started: Any) -> None:
    app, slept = posts_app(), []

    @app.hook(WritingRecord, collection="posts")
    async def outer(event: WritingRecord, proceed: Proceed) -> Any:
        return await proceed()

    @app.hook(WritingRecord, collection="posts", order=1)
    async def inner(event: WritingRecord, proceed: Proceed) -> Any:
        for _ in range(2):
            await asyncio.sleep(0.6)
            slept.append(0.6)
        return await proceed()

    api = await started(app)
    answer = await api.post(POSTS, {"title": "a"})
    assert answer.status_code == 500
    assert slept == [0.6], "the inner one was ended after its second"


async def test_hooks_that_lead_to_each_other_end(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = posts_app()

    @app.hook(CreatingRecord, collection="posts")
    async def again(event: CreatingRecord, proceed: Proceed) -> Any:
        await event.records.create("posts", {"title": "again"})
        return await proceed()

    api = await started(app)
    assert (await api.post(POSTS, {"title": "t"})).status_code == 500
    assert "hooks lead to CreatingRecord again and again" in caplog.text
    assert await api.rows("posts") == []


async def test_an_unused_point_is_not_in_the_way(started: Any) -> None:
    api = await started(posts_app())
    hooks = api.services.records.hooks
    assert [point for point in (CreatingRecord, ListingRecords, WritingRecord) if hooks.around(point, "posts")] == []
    assert api.services.records.listeners is None


def test_mistakes_in_what_is_declared_are_found_at_start() -> None:
    app = posts_app()
    app.hook(CreatingRecord, collection="post")(lambda event: None)
    app.hook(RecordCreated)(lambda event: None)  # type: ignore[arg-type]
    app.hook(CreatingRecord)(lambda event, proceed: None)
    app.hook(CreatingRecord)(lambda: None)
    app.listen(CreatingRecord)(lambda event: None)  # type: ignore[arg-type]
    app.listen(RecordCreated, timeout=0)(lambda event: None)
    with pytest.raises(Exception) as raised:
        app.check()
    told = str(raised.value)
    for mistake in (
        'there is no collection "post". Did you mean "posts"?',
        "RecordCreated is no hook point; listeners are declared with listen()",
        "cannot call proceed: make it async",
        "a hook takes the event and proceed, or the event alone",
        "CreatingRecord is no event after a commit",
        "timeout must be more than 0",
    ):
        assert mistake in told
