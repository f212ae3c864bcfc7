"""How a case is written down: requests that are sent byte by byte as they stand here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

JSON = "application/json"
RECORDS = "/api/collections/{}/records"
POSTS = RECORDS.format("posts")
SAMPLES = RECORDS.format("samples")
DEMANDS = RECORDS.format("demands")
PEOPLE = RECORDS.format("people")
SIGN_IN = "/api/collections/people/auth-with-password"
REFRESH = "/api/collections/people/auth-refresh"
PASSWORD = "password of nobody"


@dataclass(frozen=True)
class Ask:
    """One request. `{ann}` in a header stands for the token of that actor."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Requests that are asked one after the other. `point` is the number in protocol.md §10."""

    point: int
    name: str
    asks: tuple[Ask, ...]

    def __str__(self) -> str:
        return f"{self.point:02} {self.name}"


def fixed(name: str) -> str:
    """A record id of 15 characters that is the same in every run."""
    return f"fix{name:0<12}"


def ask(method: str, path: str, body: Any = None, *, actor: str = "", kind: str = JSON, **headers: str) -> Ask:
    """A request. Text and bytes are sent as they are, anything else as JSON, None as no body at all."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if actor:
        sent["Authorization"] = f"{{{actor}}}"
    if body is None:
        return Ask(method, path, None, sent)
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    return Ask(method, path, content, sent | ({"Content-Type": kind} if kind else {}))


def get(path: str, **options: str) -> Ask:
    return ask("GET", path, **options)


def listed(collection: str = "posts", **query: str) -> Ask:
    """A list of ids in the order of ids, unless `query` says otherwise."""
    return get(RECORDS.format(collection) + "?" + urlencode({"sort": "id", "fields": "id"} | query, quote_via=quote))


def filtered(text: str) -> Ask:
    return listed(filter=text)


def filters(point: int, name: str, *texts: str) -> Case:
    """A list for each filter."""
    return Case(point, name, tuple(filtered(text) for text in texts))


def superuser_filters(point: int, name: str, *texts: str) -> Case:
    """The same, asked by a superuser."""
    asks = (filtered(text) for text in texts)
    return Case(point, name, tuple(Ask(each.method, each.path, None, {"Authorization": "{root}"}) for each in asks))


def stored(point: int, name: str, *values: Any, field: str) -> Case:
    """A record of samples for each value of one field: what comes back is what was stored."""
    return Case(
        point, f"{name}: {field}", tuple(ask("POST", f"{SAMPLES}?fields={field}", {field: each}) for each in values)
    )


def multipart(*parts: tuple[str, str]) -> str:
    texts = [f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts]
    return "".join(texts) + "--limit--\r\n"
