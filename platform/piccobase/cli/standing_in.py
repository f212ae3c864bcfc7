"""Answers in place of an app that cannot be served: the dashboard's path says why, or asks; the API says 503."""

import asyncio
import hashlib
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from piccobase.base.errors import RequestError, Unavailable
from piccobase.base.json import encode_json
from piccobase.base.version import __version__
from piccobase.cli.asking import Asking
from piccobase.cli.mistakes import Mistake
from piccobase.cli.server import Connection
from piccobase.http.answers import SECURITY_HEADERS, Send, send_json
from piccobase.http.body import Receive, read_body
from piccobase.http.edge import Edge

RETRY_AFTER = b"1"  # seconds
LARGEST_FORM = 64 << 10  # bytes
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


class AppDoesNotStart(Unavailable):
    """`serve --reload` has no app to ask. The terminal and the dashboard's path say why; a saved file mends it."""

    code = "server.app_does_not_start"

    @classmethod
    def default_message(cls) -> str:
        return "The app does not start: look at the terminal, or at /admin/."


class TablesUndecided(Unavailable):
    """`serve --reload` waits: the code wants other tables than the database has. A yes in the terminal, or on the
    dashboard's path, changes them; so does a saved file that wants them as they are."""

    code = "server.tables_undecided"

    @classmethod
    def default_message(cls) -> str:
        return "The tables have changed in the code, and nobody has said yet whether to change the database."


class Page(Protocol):
    """What stands at the dashboard's path, and what the API says meanwhile."""

    template: str
    error: type[Unavailable]

    def content(self) -> dict[str, Any]:
        """What the template is filled with, besides what all have."""

    def answer(self, form: Mapping[str, str]) -> bool:
        """Takes a form of the page; False where it is none of it."""


class MistakesPage:
    """Why the app does not start."""

    template = "standing_in.html.jinja"
    error: type[Unavailable] = AppDoesNotStart

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self._mistakes = list(mistakes)

    def content(self) -> dict[str, Any]:
        return {"mistakes": self._mistakes}

    def answer(self, form: Mapping[str, str]) -> bool:
        return False


class ProposalPage:
    """What the code wants, and a form to say yes, or what was renamed."""

    template = "proposal.html.jinja"
    error: type[Unavailable] = TablesUndecided

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._refused = ""

    def content(self) -> dict[str, Any]:
        proposal = self._asking.proposal
        return {"proposal": proposal, "digest": proposal.digest, "refused": self._refused}

    def answer(self, form: Mapping[str, str]) -> bool:
        if "apply" in form:
            return self._asking.apply(form["apply"])
        chosen = {name.removeprefix("is:"): value for name, value in form.items() if name.startswith("is:")}
        if self._asking.choose(chosen):
            return True
        self._refused = "Say of each what it is now; two of them cannot be the same."
        return False


class StandIn:
    """An ASGI application that knows only why there is no other."""

    def __init__(self, page: Page, host: str) -> None:
        self._page = page
        self._host = host  # what the server was told to listen on
        # Only a page that was read here has it: another website can make a browser send a form, but not with this.
        self._token = secrets.token_urlsafe(16)
        # A page compares it with the one it was made of, and loads itself anew when they differ.
        self._etag = hashlib.sha256(repr(page.content()).encode()).hexdigest()[:16]
        # What holds for every path (preflights, HEAD, security headers) holds here too.
        self.application = Edge(self._answer, self._refuse, {"/admin": self._at_dashboard})

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
            await self._show(scope, send)
        else:
            await self._refuse(scope, receive, send)

    async def _at_dashboard(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and await self._take(scope, receive):
            # The app starts now; the request for the page waits until it does.
            headers = [*SECURITY_HEADERS, (b"location", b"/admin/"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 303, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._show(scope, send)

    async def _take(self, scope: Any, receive: Receive) -> bool:
        if not _is_from_here(scope, self._host):
            return False
        try:
            body = await read_body(receive, None, LARGEST_FORM)
        except RequestError:
            return False
        form = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
        return secrets.compare_digest(form.pop("token", ""), self._token) and self._page.answer(form)

    async def _show(self, scope: Any, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _TEMPLATES.get_template(self._page.template).render(
            readable=_is_from_here(scope, self._host),
            token=self._token,
            nonce=nonce,
            etag=self._etag,
            version=__version__,
            **self._page.content(),
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
            (b"x-error-code", self._page.error.code.encode()),
        ]
        await send({"type": "http.response.start", "status": self._page.error.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _refuse(self, scope: Any, receive: Receive, send: Send) -> None:
        """Says nothing about the source: any website may read the API's answers."""
        error = self._page.error()
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
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class _QuietServer(uvicorn.Server):
    """A server beside other things in one process: signals are not its business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
