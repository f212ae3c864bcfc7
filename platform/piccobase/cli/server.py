"""uvicorn as `serve` runs it: clients cannot keep it waiting without end, and a signal ends it soon, with status 0."""

import asyncio
import re
import signal
import socket
import sys
from collections.abc import Iterator
from http import HTTPStatus
from time import perf_counter
from types import FrameType
from typing import Any, cast

import rich_click as click
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from piccobase.base.company import COMPANY
from piccobase.base.errors import BadRequest, HeadTooLarge, RequestError
from piccobase.base.json import encode_json
from piccobase.base.observing import ARRIVED
from piccobase.cli.answering import Answering
from piccobase.cli.sending import Sender, turn_of
from piccobase.http.answers import JSON_HEADERS

MAX_HEAD = 1 << 20  # bytes of a request line and headers, as the reference takes them
PATIENCE = 60.0  # seconds for a head to arrive, and without a byte of a body
PATIENCE_AT_THE_END = 3.0  # the same, when the server has been asked to stop
LONGEST_END = 25.0  # seconds from the signal on, for requests that go on


_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*(?=\r\n)", re.IGNORECASE)


def _without_upgrade(data: bytes) -> bytes:
    """A head without the offer to speak another protocol, which we are free to pass over (RFC 9110 §7.8).

    Java's HttpClient makes one with every request over plain HTTP, and the parser would end before the body there.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"", head + b"\r\n").removesuffix(b"\r\n") + end + body


class Connection(HttpToolsProtocol):
    """One client's connection. Knows since when the client has kept us waiting."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_size = 0
        self._head_since: float | None = self.loop.time()
        self._last_data = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        sender = Sender(transport, turn_of(self.loop), self.tasks)
        super().connection_made(cast("asyncio.Transport", sender))

    def data_received(self, data: bytes) -> None:
        self._last_data = self.loop.time()
        if b"pgrade" in data and (self.cycle is None or not self.cycle.more_body):
            data = _without_upgrade(data)
        super().data_received(data)
        if self._head_since is not None and not self.transport.is_closing():
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self._refuse(HeadTooLarge())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_size = 0
        self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.scope[ARRIVED] = perf_counter()  # type: ignore[literal-required]
            self.cycle.__class__ = Answering  # uvicorn has no place to say so; what it has made does not run yet
        self._head_since = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if cycle.scope["method"] not in _READING:
            COMPANY.waiting += 1
            self.loop.call_soon(COMPANY.begins)  # right before the task has its first turn, if it has one
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets an answer in the shape of all others."""
        self._refuse(BadRequest("This is no valid HTTP request."))

    def waiting_since(self) -> float | None:
        """The loop's time since when the client has been expected to send something; None while it is our turn."""
        if self._head_since is not None:
            return self._head_since
        if self.cycle.response_complete or (self.cycle.more_body and not self.flow.read_paused):
            return self._last_data
        return None

    def end_stream(self) -> None:
        """Ends a stream of events, which would go on for ever: its client sees it end and may ask again."""
        cycle = self.cycle
        if cycle is None or not cycle.response_started or cycle.response_complete or cycle.disconnected:
            return
        if any(name == b"accept" and b"text/event-stream" in value for name, value in cycle.scope["headers"]):
            if cycle.chunked_encoding:
                self.transport.write(b"0\r\n\r\n")
            cycle.disconnected = True  # which the application is told, and then it ends as well
            cycle.message_event.set()
            self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        body = encode_json(error.wire())
        headers = (*JSON_HEADERS, (b"content-length", b"%d" % len(body)), (b"connection", b"close"))
        status = b"HTTP/1.1 %d %s" % (error.status, HTTPStatus(error.status).phrase.encode())
        lines = [status, *(b"%s: %s" % header for header in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()


class Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    address = ""
    longest_end = LONGEST_END
    set_up_token: str | None = None  # where there is no superuser yet

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            told = (
                f"Serving on {self.address} (API at {self.address}/api/, dashboard at {self.address}/admin/). "
                "Press Ctrl+C to stop."
            )
            if self.set_up_token is not None:
                # Behind a #, which browsers keep to themselves: no log of a proxy will have it.
                link = f"{self.address}/admin/set-up#{self.set_up_token}"
                told += f"\nThere is no superuser yet. Make the first one here, within 24 hours:\n\n  {link}\n"
            click.echo(told)  # at once: whoever reads along has all of it when the address is there
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked to stop, it stops, and that is no failure: uvicorn's own would raise the signal again at the end."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # about once a second
            self._hang_up_on(PATIENCE)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more requests and finishes those in flight, but for clients who do not send the rest of theirs."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.02)  # to read the requests of those who were let in a moment ago
        hurrying = asyncio.create_task(self._hurry())
        try:
            await super().shutdown(sockets)
        finally:
            hurrying.cancel()

    async def _hurry(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.longest_end
        while loop.time() < end:
            self._hang_up_on(PATIENCE_AT_THE_END)
            for connection in self._connections():
                connection.end_stream()
            await asyncio.sleep(0.2)
        for connection in self._connections():
            connection.transport.abort()

    def _hang_up_on(self, patience: float) -> None:
        """Ends connections whose clients have not sent for `patience` seconds what they began."""
        now = asyncio.get_running_loop().time()
        for connection in self._connections():
            since = connection.waiting_since()
            if since is not None and now - since > patience:
                connection.transport.abort()

    def _connections(self) -> Iterator[Connection]:
        return (one for one in list(self.server_state.connections) if isinstance(one, Connection))
