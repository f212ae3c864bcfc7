"""Notes each request for the log when it has been answered, and lets answers carry their request id."""

from collections.abc import Awaitable, Callable
from time import perf_counter, time
from typing import Any

from piccobase.base.observing import ACTOR, REQUEST_ID, current_scope, request_id, sent_request_id
from piccobase.http.addresses import Addresses
from piccobase.http.answers import Send
from piccobase.http.body import Receive
from piccobase.logs.entries import (
    ERROR,
    INFO,
    LONGEST_BODY,
    LONGEST_HEADER,
    LONGEST_URL,
    AnsweredRequest,
)
from piccobase.logs.recording import RequestLog

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]


class Recording:
    """Wraps the whole application. All it does on a request's way is to look at the clock and at the status.

    An answer carries `X-Request-Id` where the request did, or where it is an error. Successes outside of the API (the
    dashboard's files), of reading the log itself and preflights are not noted.
    """

    def __init__(self, app: ASGIApp, log: RequestLog, addresses: Addresses) -> None:
        self._app, self._log, self._addresses = app, log, addresses

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current_scope.set(scope)
        headers = dict(scope["headers"])
        if b"x-request-id" in headers and (sent := sent_request_id(scope)) is not None:
            scope[REQUEST_ID] = sent
        status = 500
        body = b""

        def note_and_send(message: Any) -> Awaitable[None]:
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
            await self._app(scope, receive, note_and_send)
        finally:
            log = self._log
            if log.keeping and log.min_level <= (ERROR if status >= 400 else INFO) and _is_noted(scope, status):
                client = scope.get("client")
                auth, auth_id = scope.get(ACTOR, _GUEST)
                log.note(
                    AnsweredRequest(
                        time(),
                        perf_counter() - started,
                        scope["method"],
                        scope["raw_path"][:LONGEST_URL],
                        scope["query_string"][:LONGEST_URL],
                        status,
                        headers.get(b"referer", b"")[:LONGEST_HEADER],
                        headers.get(b"user-agent", b"")[:LONGEST_HEADER],
                        self._addresses.of(scope),
                        self._addresses.of_socket(client[0]) if client else "",
                        auth,
                        auth_id,
                        scope.get(REQUEST_ID, ""),
                        body if len(body) <= LONGEST_BODY else b"",
                    )
                )


_GUEST = ("", "")


def _is_noted(scope: Any, status: int) -> bool:
    path: str = scope["path"]
    if not path.startswith("/api/"):
        return status >= 400
    return scope["method"] != "OPTIONS" and (status >= 400 or not path.startswith("/api/logs"))
