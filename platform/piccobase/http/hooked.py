"""Requests inside of their hooks. It stands before the application only where there are any."""

from collections.abc import Awaitable, Callable
from typing import Any

from piccobase.base.errors import RequestError
from piccobase.hooks.dispatcher import Wraps
from piccobase.http.addresses import Addresses
from piccobase.http.answers import Send
from piccobase.http.body import Receive
from piccobase.http.collections import send_refusal, unexpected
from piccobase.http.events import AnsweringRequest
from piccobase.identity.actors import Actors

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]


class HookedRequests:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, around: Wraps, actors: Actors, addresses: Addresses) -> None:
        self._app, self._around, self._actors, self._addresses = app, around, actors, addresses

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        event = AnsweringRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            address=self._addresses.of(scope),
            find_actor=lambda: self._actors.actor(headers.get("authorization", "")),
        )
        status = 0

        async def send_hooked(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if event.answer_headers:
                    message = {**message, "headers": [*message["headers"], *_encoded(event.answer_headers)]}
            await send(message)

        async def step() -> int:
            await self._app(scope, receive, send_hooked)
            return status

        try:
            await self._around.run(event, step)
        except RequestError as error:
            refused = error
        except Exception:
            refused = unexpected(scope["method"], scope)
        else:
            return
        if not status:  # else the answer is on its way, and the log has what went wrong
            cors = "origin" in headers
            await send_refusal(scope, send_hooked, refused, cors=cors, head=scope["method"] == "HEAD")


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
