"""Attack 59: whatever the code of a hook, a listener or a route raises, the server goes on and says whose it was."""

import asyncio
import sys
from typing import Any

import pytest
from tests.hooks.blog import POSTS, posts_app

from piccobase import AnsweringRequest, CreatingRecord, Proceed, RecordCreated, WritingRecord
from piccobase.testing import TestApp


def leave() -> None:
    sys.exit(3)


def interrupt() -> None:
    raise KeyboardInterrupt


def cancel() -> None:
    raise asyncio.CancelledError


def divide() -> None:
    raise ZeroDivisionError


RAISES = [leave, interrupt, cancel, divide]


@pytest.mark.parametrize("raises", RAISES)
@pytest.mark.parametrize("point", [AnsweringRequest, CreatingRecord, WritingRecord])
async def test_a_hook_ends_nothing_but_its_request(
    raises: Any, point: Any, caplog: pytest.LogCaptureFixture, database_url: str
) -> None:
    app, armed = posts_app(), []
    app.file = None

    @app.hook(point)
    async def hostile(event: Any, proceed: Proceed) -> Any:
        if armed:
            raises()
        return await proceed()

    async with TestApp(app, database_url=database_url) as api:
        armed.append(True)
        answer = await api.post(POSTS, {"title": "a"})
        armed.clear()
        assert answer.status_code == 500
        assert "hostile (test_59_hooks_that_end_the_process.py:" in caplog.text
        assert await api.rows("posts") == []
        assert (await api.post(POSTS, {"title": "b"})).status_code == 200


@pytest.mark.parametrize("raises", RAISES)
async def test_a_listener_ends_nothing_but_its_own_turn(raises: Any, caplog: pytest.LogCaptureFixture) -> None:
    app, heard = posts_app(), []
    app.file = None

    @app.listen(RecordCreated)
    async def hostile(event: RecordCreated) -> None:
        heard.append(event.record["title"])
        raises()

    @app.listen(RecordCreated)
    def in_a_thread(event: RecordCreated) -> None:
        raises()

    async with TestApp(app) as api:
        for title in ("a", "b"):
            assert (await api.post(POSTS, {"title": title})).status_code == 200
        await api.settled()
    assert heard == ["a", "b"]
    assert "hostile (test_59_hooks_that_end_the_process.py:" in caplog.text
    assert "in_a_thread (test_59_hooks_that_end_the_process.py:" in caplog.text


async def test_a_listener_that_hangs_is_ended_and_holds_up_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    app, heard = posts_app(), []
    app.file = None

    @app.listen(RecordCreated, timeout=0.05)
    async def hangs(event: RecordCreated) -> None:
        await asyncio.Event().wait()

    @app.listen(RecordCreated)
    async def others(event: RecordCreated) -> None:
        heard.append(event.record["title"])

    async with TestApp(app) as api:
        for title in ("a", "b"):
            assert (await api.post(POSTS, {"title": title})).status_code == 200
        await api.settled()
    assert heard == ["a", "b"]
    assert caplog.text.count("hangs (test_59_hooks_that_end_the_process.py:") == 2
