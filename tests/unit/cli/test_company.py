"""That whoever begins to answer a request knows how many others have come that may write, and none is left over."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.cli.wire import connected
from uvicorn.server import ServerState

from piccobase.base.company import COMPANY
from piccobase.cli.server import Connection

REQUEST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def nobody_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(COMPANY, "waiting", 0)
    yield
    assert COMPANY.waiting == 0


class Application:
    """Answers at once, and notes who was still expected then."""

    def __init__(self) -> None:
        self.expected: list[int] = []
        self.state = ServerState()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.expected.append(COMPANY.waiting)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    def connected(self, names: str) -> list[Connection]:
        return connected(self, self.state, [], names)

    async def settled(self) -> None:
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks, return_exceptions=True)


async def test_each_knows_how_many_have_come_and_not_begun() -> None:
    app = Application()
    for connection in app.connected("abc"):
        connection.data_received(REQUEST)
    await app.settled()
    assert app.expected == [2, 1, 0]


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_one_that_only_reads_is_no_company(method: bytes) -> None:
    app = Application()
    a, b = app.connected("ab")
    a.data_received(REQUEST)
    b.data_received(REQUEST.replace(b"POST", method))
    await app.settled()
    assert app.expected == [0, 0]


async def test_a_request_behind_another_on_its_connection_has_come_when_that_is_answered() -> None:
    app = Application()
    a, b = app.connected("ab")
    a.data_received(REQUEST * 3)
    b.data_received(REQUEST)
    assert COMPANY.waiting == 2
    await app.settled()
    assert app.expected == [1, 1, 0, 0]


async def test_one_whose_client_has_gone_is_expected_no_longer() -> None:
    app = Application()
    a, b, c = app.connected("abc")
    a.data_received(REQUEST)
    b.data_received(REQUEST * 2)
    c.data_received(REQUEST)
    a.connection_lost(None)
    b.connection_lost(ConnectionResetError())
    await app.settled()
    assert app.expected[:2] == [2, 1]
    assert app.expected[-1] == 0


async def test_one_that_is_ended_before_it_has_begun_is_expected_no_longer() -> None:
    app = Application()
    for connection in app.connected("abc"):
        connection.data_received(REQUEST)
    first, *_ = app.state.tasks
    first.cancel()
    await app.settled()
    assert len(app.expected) == 2


async def test_one_that_an_application_asks_of_itself_again_is_begun_once() -> None:
    class Asking(Application):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def drop(message: Any) -> None: ...

            await super().__call__(scope, receive, drop)
            await super().__call__(scope, receive, send)

    app = Asking()
    for connection in app.connected("ab"):
        connection.data_received(REQUEST)
    await app.settled()
    assert app.expected == [1, 1, 0, 0]
