"""Requests tried as somebody else: through the whole API, inside this process, with a token that nobody gets to see.

Whoever is chosen, the API answers as it would answer them over the network; nothing is passed by. The token lives for
a moment, cannot be refreshed, and is taken out of the answer where the API gives it back.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec

from piccobase.extending import BadRequest, CollectionInfo, Services, Verb
from piccobase_admin.api_pages.askers import Asker

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
TOKEN_LIFETIME = 60  # seconds
TIMEOUT = 30.0  # seconds for the whole answer
MOST_BODY = 1 << 20  # bytes sent
MOST_SHOWN = 256 << 10  # bytes of an answer
SHOWN_HEADERS = ("content-type", "content-length", "x-error-code", "etag", "location", "retry-after", "cache-control")
_TAKEN_OUT = "(the token of this request)"
_RECORDS = re.compile(r"/api/collections/([^/]+)/records(?:/([^/]+))?")
_AUTH = re.compile(r"/api/collections/([^/]+)/auth-(?:with-password|refresh)")
_VERBS: dict[tuple[str, bool], Verb] = {
    ("GET", False): "list",
    ("POST", False): "create",
    ("GET", True): "view",
    ("PATCH", True): "update",
    ("DELETE", True): "delete",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request as it was put together. `query` are names and values; what the path brings after `?` comes first."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def address(self) -> str:
        """The path as it is sent, with its query."""
        query = "&".join(part for part in (self.path.partition("?")[2], urlencode(self.query)) if part)
        return _encoded(self.path.partition("?")[0]) + (f"?{query}" if query else "")

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not _AUTH.fullmatch(self.path.partition("?")[0])


@dataclass(slots=True)
class Answered:
    """What came back. `text` is pretty JSON, or the body as it is; `cut` where it was too long to show."""

    status: int
    milliseconds: float
    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    cut: bool = False

    @property
    def phrase(self) -> str:
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


def check_wanted(wanted: Wanted) -> None:
    """Raises BadRequest for what is no request to this server's API."""
    if wanted.method not in METHODS:
        raise BadRequest(f"The method must be one of {', '.join(METHODS)}.")
    path, _, query = wanted.path.partition("?")
    decoded = unquote(path)
    if not decoded.startswith("/api/"):
        raise BadRequest("The path must begin with /api/; only this server's API is asked.")
    if "//" in decoded or ".." in decoded.split("/") or "\\" in decoded:
        raise BadRequest("The path must not lead out of /api/: it has //, .. or \\ in it.")
    if not re.fullmatch("[!-~]*", query) or "#" in query:
        raise BadRequest("What follows ? in the path must be encoded; the fields below take it as it is.")
    if len(wanted.body.encode()) > MOST_BODY:
        raise BadRequest("The body is too large to be tried from here: 1 MiB at most.")
    if wanted.body.strip():
        try:
            json.loads(wanted.body)
        except ValueError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from None


async def try_request(services: Services, scope: Any, asker: Asker, wanted: Wanted) -> Answered:
    """Sends the request as `asker`; `scope` is that of the page's own request. Raises BadRequest and NotFound."""
    check_wanted(wanted)
    token = ""
    if asker.collection is not None:
        token = await services.impersonation.token(asker.collection, asker.record_id, TOKEN_LIFETIME)
    call = _Call(_request_scope(scope, wanted, token), wanted.body.encode() if wanted.body.strip() else b"")
    began = perf_counter()
    try:
        async with asyncio.timeout(TIMEOUT):
            await services.application(call.scope, call.receive, call.send)
    except TimeoutError:
        raise BadRequest(f"There was no whole answer within {TIMEOUT:g} seconds.") from None
    return call.answered((perf_counter() - began) * 1000, token)


def verb_of(services: Services, method: str, path: str) -> tuple[CollectionInfo, Verb] | None:
    """Whose rule decides about a request, and which; None where it is none of the verbs' rules."""
    plain = unquote(path.partition("?")[0])
    if found := _RECORDS.fullmatch(plain):
        collection, verb = services.registry.find(found[1]), _VERBS.get((method, found[2] is not None))
        return (collection, verb) if collection and verb else None
    if (found := _AUTH.fullmatch(plain)) and method == "POST":
        collection = services.registry.find(found[1])
        return (collection, "auth") if collection and collection.kind == "auth" else None
    return None


def _encoded(path: str) -> str:
    """With blanks and letters beyond ASCII percent-encoded; what is encoded already stays."""
    return quote(path, safe="/%:@!$&'()*+,;=~-._[]{}|\\^`\"<>")


def _request_scope(page: Any, wanted: Wanted, token: str) -> Any:
    address, _, query = wanted.address.partition("?")
    headers = [(name, value) for name, value in page["headers"] if name == b"host"]
    headers.append((b"accept", b"application/json"))
    if token:
        headers.append((b"authorization", token.encode()))
    if wanted.body.strip():
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", b"%d" % len(wanted.body.encode())))
    return {
        "type": "http",
        "asgi": page["asgi"],
        "http_version": "1.1",
        "method": wanted.method,
        "scheme": page["scheme"],
        "path": unquote(address),
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": page.get("client"),
        "server": page.get("server"),
        "state": {},
    }


class _Call:
    """One ASGI call: gives the body, takes the answer."""

    def __init__(self, scope: Any, body: bytes) -> None:
        self.scope = scope
        self._body: bytes | None = body
        self._start: dict[str, Any] = {"status": 500, "headers": []}
        self._received = bytearray()
        self._cut = False

    async def receive(self) -> Any:
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._received += message.get("body", b"")[: MOST_SHOWN + 1 - len(self._received)]
            self._cut = self._cut or len(self._received) > MOST_SHOWN

    def answered(self, milliseconds: float, token: str) -> Answered:
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._start["headers"]]
        text = bytes(self._received[:MOST_SHOWN]).decode(errors="replace")
        if token:
            text = text.replace(token, _TAKEN_OUT)
        return Answered(
            status=self._start["status"],
            milliseconds=milliseconds,
            headers=[(name, value) for name, value in pairs if name in SHOWN_HEADERS],
            text=text if self._cut else _pretty(text),
            cut=self._cut,
        )


def _pretty(text: str) -> str:
    try:
        # Set out anew without being read as values: numbers keep all their digits.
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, ValueError):
        return text
