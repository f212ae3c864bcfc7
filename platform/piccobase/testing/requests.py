"""Requests as values, for tables of cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `body` travels as JSON, None as no body at all; `content` travels as it is."""

    method: str
    path: str
    body: Any = None
    content: bytes | str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def get(path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Request:
    """`get("/api/collections/posts/records", query={"filter": "views > 3"})`."""
    return Request(method="GET", path=path, query=query or {}, headers=headers or {})


def post(path: str, body: Any = None, **more: Any) -> Request:
    """`post("/api/collections/posts/records", {"title": "Hi"})`. `more` are fields of Request."""
    return Request(method="POST", path=path, body=body, **more)


def put(path: str, body: Any = None, **more: Any) -> Request:
    """The same with PUT."""
    return Request(method="PUT", path=path, body=body, **more)


def patch(path: str, body: Any = None, **more: Any) -> Request:
    """The same with PATCH."""
    return Request(method="PATCH", path=path, body=body, **more)


def delete(path: str, **more: Any) -> Request:
    """`delete("/api/collections/posts/records/post00000000001")`."""
    return Request(method="DELETE", path=path, **more)
