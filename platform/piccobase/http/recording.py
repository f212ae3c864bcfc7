"""Notes each request for the log when it has been answered, and lets answers carry their request id."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from piccobase.base.observing import ACTOR, ANSWERED, FAILED, REQUEST_ID, current_scope, request_id, sent_request_id
from piccobase.http.addresses import Addresses
from piccobase.http.answers import Send
from piccobase.http.body import Receive
from piccobase.http.paths import PREFIX
from piccobase.logs.entries import ERROR, INFO, LONGEST_BODY, LONGEST_HEADER, LONGEST_URL, FailedRequest, shown_url
from piccobase.logs.recording import RequestLog

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]
_COLLECTIONS = PREFIX + "/"
_GUEST = ("", "", "")


class Recording:
    """Wraps the whole application.

    The collections' API tells in the scope how it has answered, so that on its way nothing is wrapped and nothing but
    the clock is looked at; of everything else the answer is watched. An answer carries `X-Request-Id` where the request
    did, or where it is an error. Successes outside of the API (the dashboard's files), of reading the log itself and
    preflights are not noted.
    """

    def __init__(self, app: ASGIApp, log: RequestLog, addresses: Addresses) -> None:
        self._app, self._log, self._addresses = app, log, addresses

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current_scope.set(scope)
        if not scope["path"].startswith(_COLLECTIONS):
            await self._watch(scope, receive, send)
            return
        started = perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            told = scope.get(ANSWERED)
            if told is not None and self._log.keeping:
                status, agent, referer = told
                self._note(scope, started, status, agent, referer, scope.get(FAILED))

    async def _watch(self, scope: Any, receive: Receive, send: Send) -> None:
        if (sent := sent_request_id(scope)) is not None:
            scope[REQUEST_ID] = sent
        status, body = 500, b""

        def watching(message: Any) -> Awaitable[None]:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 or REQUEST_ID in scope:
                    carried = (b"x-request-id", request_id(scope).encode())
                    message = {**message, "headers": [*message["headers"], carried]}
            elif status >= 400 and not body:
                body = message.get("body", b"")
            return send(message)

        started = perf_counter()
        try:
            await self._app(scope, receive, watching)
        finally:
            log = self._log
            if log.keeping and _is_noted(scope, status):
                headers = dict(scope["headers"])
                failure = (body if len(body) <= LONGEST_BODY else b"") if status >= 400 else None
                self._note(
                    scope, started, status, headers.get(b"user-agent", b""), headers.get(b"referer", b""), failure
                )

    def _note(self, scope: Any, started: float, status: int, agent: bytes, referer: bytes, failure: Any) -> None:
        ended = perf_counter()
        log = self._log
        url, query = scope["path"], scope["query_string"]
        if len(url) > LONGEST_URL:
            url = url[:LONGEST_URL]
        if query:
            url = f"{url}?{query[:LONGEST_URL].decode('latin-1')}"
        if query or failure is not None:
            url = shown_url(url)
        user_ip = remote_ip = None
        if log.keeps_ip:
            client = scope.get("client")
            user_ip = remote_ip = client[0] if client else ""
            addresses = self._addresses
            if addresses.trusting or ":" in user_ip:
                user_ip, remote_ip = addresses.of(scope), addresses.of_socket(remote_ip)
        auth, auth_id, _ = scope.get(ACTOR, _GUEST)
        entry = (
            ended,
            ended - started,
            scope["method"],
            url,
            status,
            shown_url(referer[:LONGEST_HEADER].decode("latin-1")) if referer else "",
            agent[:LONGEST_HEADER].decode("latin-1"),
            user_ip,
            remote_ip,
            auth,
            auth_id if log.keeps_auth_id else "",
            scope.get(REQUEST_ID),
        )
        if failure is None:
            log.note(entry, INFO)
        else:
            log.note(FailedRequest(entry, failure), ERROR)


def _is_noted(scope: Any, status: int) -> bool:
    path: str = scope["path"]
    if not path.startswith("/api/"):
        return status >= 400
    return scope["method"] != "OPTIONS" and (status >= 400 or not path.startswith("/api/logs"))
