"""Answers in place of an app that does not start: the dashboard's path says why, the API says 503."""

import asyncio
import hashlib
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from piccobase.base.errors import Unavailable
from piccobase.base.json import encode_json
from piccobase.base.version import __version__
from piccobase.cli.mistakes import Mistake
from piccobase.cli.server import Connection
from piccobase.http.answers import SECURITY_HEADERS, Send, send_json
from piccobase.http.body import Receive
from piccobase.http.edge import Edge

RETRY_AFTER = b"1"  # seconds
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


class AppDoesNotStart(Unavailable):
    """`serve --reload` has no app to ask. The terminal and the dashboard's path say why; a saved file mends it."""

    code = "server.app_does_not_start"

    @classmethod
    def default_message(cls) -> str:
        return "The app does not start: look at the terminal, or at /admin/."


class StandIn:
    """An ASGI application that knows only why there is no other."""

    def __init__(self, mistakes: Sequence[Mistake], host: str) -> None:
        self._mistakes = list(mistakes)
        self._host = host  # what the server was told to listen on
        # A page compares it with the one it was made of, and loads itself anew when they differ.
        self._etag = hashlib.sha256(repr(self._mistakes).encode()).hexdigest()[:16]
        # What holds for every path (preflights, HEAD, security headers) holds here too.
        self.application = Edge(self._answer, _refuse, {"/admin": self._show})

    @asynccontextmanager
    async def answering(self, listener: socket.socket) -> AsyncIterator[None]:
        """Accepts what waits at `listener`, which stays open."""
        config = uvicorn.Config(
            self.application,
            http=Connection,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = _QuietServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener.dup()]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Outside the dashboard: who wants a page gets it, everybody else an error."""
        wants_page = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        if wants_page and not scope["path"].startswith("/api/"):
            await self._show(scope, receive, send)
        else:
            await _refuse(scope, receive, send)

    async def _show(self, scope: Any, receive: Receive, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _TEMPLATES.get_template("standing_in.html.jinja").render(
            mistakes=self._mistakes if _is_from_here(scope, self._host) else None,
            nonce=nonce,
            etag=self._etag,
            version=__version__,
        )
        body = page.encode()
        headers = [
            *SECURITY_HEADERS,
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"content-security-policy", _policy(nonce).encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
            (b"etag", f'"{self._etag}"'.encode()),
            (b"retry-after", RETRY_AFTER),
            (b"x-error-code", AppDoesNotStart.code.encode()),
        ]
        await send({"type": "http.response.start", "status": AppDoesNotStart.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _refuse(scope: Any, receive: Receive, send: Send) -> None:
    """Says nothing about the source: any website may read the API's answers."""
    error = AppDoesNotStart()
    await send_json(
        send,
        error.status,
        encode_json(error.wire()),
        cors=any(name == b"origin" for name, _ in scope["headers"]),
        head=scope["method"] == "HEAD",
        extra=((b"x-error-code", error.code.encode()), (b"retry-after", RETRY_AFTER)),
    )


def _is_from_here(scope: Any, host: str) -> bool:
    """Whether the page was asked for under a name that no stranger's website can have.

    A website whose name points to this machine (DNS rebinding) would read lines of the source otherwise.
    """
    asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    name = asked.rpartition(":")[0] if asked.rpartition(":")[2].isdigit() else asked
    try:
        ipaddress.ip_address(name.strip("[]"))
        return True
    except ValueError:
        return name.lower() in ("localhost", host) or name.lower().endswith(".localhost")


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class _QuietServer(uvicorn.Server):
    """A server beside other things in one process: signals are not its business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
