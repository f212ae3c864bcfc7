"""What reaches the wire of an answer, and in how many pieces."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from piccobase.cli.server import Connection

LENGTH_2 = (b"content-length", b"2")


class Wire(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes, **more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, **more}


async def answered(messages: list[Any], *, method: str = "GET", version: str = "1.1", requests: int = 1) -> Wire:
    """The wire after requests at once, which an application answers with `messages`; an error among them it raises."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            if isinstance(message, Exception):
                raise message
            await send(message)

    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None, access_log=False)
    state = ServerState()
    connection, wire = Connection(config, state, {}, asyncio.get_running_loop()), Wire()
    connection.connection_made(wire)
    connection.data_received(f"{method} / HTTP/{version}\r\nHost: here\r\n\r\n".encode() * requests)
    while state.tasks:
        await asyncio.gather(*state.tasks)
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return wire


@pytest.mark.parametrize(
    ("messages", "pieces"),
    [
        ([start(LENGTH_2), body(b"ok")], [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]),
        (
            [start((b"X-Name", b"a"), LENGTH_2, status=404), body(b"no")],
            [b"HTTP/1.1 404 Not Found\r\nx-name: a\r\ncontent-length: 2\r\n\r\nno"],
        ),
        (
            [start(LENGTH_2), body(b"o", more_body=True), body(b"k")],
            [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"o", b"k"],
        ),
        (
            [start(), body(b"ok")],
            [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\nok\r\n0\r\n\r\n"],
        ),
        (
            [start(LENGTH_2, (b"Connection", b"close")), body(b"ok")],
            [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n", b"ok"],
        ),
    ],
    ids=["whole", "whole, not found", "in parts", "a stream", "the last one"],
)
async def test_an_answer_whose_length_is_known_goes_out_in_one_piece(messages: list[Any], pieces: list[bytes]) -> None:
    assert (await answered(messages)).pieces == pieces


async def test_of_an_answer_to_head_there_is_only_the_head() -> None:
    wire = await answered([start(LENGTH_2), body(b"ok")], method="HEAD")
    assert b"".join(wire.pieces) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


async def test_a_client_that_keeps_no_connection_is_told_so_and_left() -> None:
    wire = await answered([start(LENGTH_2), body(b"ok")], version="1.0")
    assert b"".join(wire.pieces) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    assert wire.closed


async def test_requests_that_come_at_once_are_answered_one_after_the_other() -> None:
    wire = await answered([start(LENGTH_2), body(b"ok")], requests=3)
    assert wire.pieces == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"] * 3


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([start(LENGTH_2), ValueError("before the body")], b"HTTP/1.1 500 "),
        ([start((b"x-name", b"a\r\nset-cookie: b"), LENGTH_2), body(b"ok")], b""),
        ([start((b"x name", b"a"), LENGTH_2), body(b"ok")], b""),
        ([start(LENGTH_2), body(b"too long")], b"HTTP/1.1 200 "),
        ([start(LENGTH_2), body(b"1")], b"HTTP/1.1 200 "),
        ([start(LENGTH_2), start(LENGTH_2)], b"HTTP/1.1 500 "),
    ],
    ids=["it fails", "two headers in one", "no name", "too long", "too short", "no body"],
)
async def test_what_is_no_answer_ends_the_connection(messages: list[Any], status: bytes) -> None:
    wire = await answered(messages)
    assert wire.closed
    assert b"".join(wire.pieces[:1]).startswith(status)
    assert b"set-cookie" not in b"".join(wire.pieces)
