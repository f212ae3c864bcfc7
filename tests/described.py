"""Answers held against the OpenAPI document: what was asked must be described, and so must what came back."""

import json
import re
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import httpx
import jsonschema_rs
import msgspec

from piccobase.http.openapi.document import Reader, make_document
from piccobase.http.openapi.routes import DescribedRoutes
from piccobase.rules.fields import FieldAccess
from piccobase.schema.registry import Registry

Document = dict[str, Any]
SUPERUSER = Reader(access=-1, superuser=True)


class Described:
    """A document, asked whether answers are as it says. Objects may hold nothing that it does not name."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._whole, self._partial = _copied(document["components"]), _copied(document["components"])
        _close(self._whole["schemas"])
        _open(self._partial["schemas"])
        self._validator = cache(self._make_validator)

    def operation(self, method: str, path: str) -> Document | None:
        """What is described for a request, if anything is."""
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{[^/]+\}", "[^/]+", template), path):
                operation: Document | None = item.get("get" if method == "HEAD" else method.lower())
                if operation is not None:
                    return operation
        return None

    def check(self, method: str, path: str, answer: httpx.Response, *, picked: bool = False) -> None:
        """Fails where the answer is not as described; `picked` = the request asked for some fields only."""
        operation = self.operation(method, path)
        if operation is None:
            assert answer.status_code >= 400, f"{method} {path} is answered, and not described"
            return
        responses, status = operation["responses"], str(answer.status_code)
        described = responses.get(status) or (responses["5XX"] if status[0] == "5" else None)
        assert described is not None, f"{method} {path} answers {status}, which is not described: {answer.text}"
        described = self._resolved(described)
        for name, header in described.get("headers", {}).items():
            assert answer.headers.get(name) in header["schema"]["enum"], f"{method} {path} {status}: {answer.headers}"
        if "content" not in described:
            assert answer.content == b""
        elif method != "HEAD":
            assert answer.headers["content-type"] == "application/json"
            schema = described["content"]["application/json"]["schema"]
            for error in self._validator(json.dumps(schema), picked).iter_errors(answer.json()):
                raise AssertionError(f"{method} {path} {status}: {error.message} in {error.instance_path}")

    def _resolved(self, described: Document) -> Document:
        if "$ref" not in described:
            return described
        found: Document = self.document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        return found

    def _make_validator(self, schema: str, picked: bool) -> Any:
        components = self._partial if picked else self._whole
        return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": components})


def _copied(document: Document) -> Document:
    copied: Document = msgspec.json.decode(msgspec.json.encode(document))
    return copied


def _close(schema: Any) -> None:
    match schema:
        case {"type": "object", "properties": _} if "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    for member in _members(schema):
        _close(member)


def _open(schema: Any) -> None:
    """Of a record some fields were asked for: none is required, and a text may be cut."""
    if isinstance(schema, dict):
        for limit in ("required", "pattern", "enum"):
            schema.pop(limit, None)
    for member in _members(schema):
        _open(member)


def _members(schema: Any) -> list[Any]:
    if isinstance(schema, dict):
        return list(schema.values())
    return list(schema) if isinstance(schema, list) else []


# Each test has an app of its own, and most of those declare what others do: their documents are the same text, for
# which the validators are made once. What is remembered of an app goes with it.
_texts: WeakKeyDictionary[Registry, dict[Reader, bytes]] = WeakKeyDictionary()


def _described(registry: Registry, reader: Reader) -> Described:
    texts = _texts.setdefault(registry, {})
    if reader not in texts:
        document = make_document(registry, FieldAccess(registry), DescribedRoutes({}, {}), reader)
        texts[reader] = msgspec.json.encode(document)
    return _described_by(texts[reader])


@lru_cache(maxsize=32)
def _described_by(text: bytes) -> Described:
    return Described(msgspec.json.decode(text))


def check_described(registry: Registry, reader: Reader, answer: httpx.Response) -> None:
    """Holds an answer of the collections' API against the document of whoever asked for it."""
    method, url = answer.request.method, answer.request.url
    parts = url.raw_path.decode().partition("?")[0].split("/")
    if method == "OPTIONS" or len(parts) < 5 or parts[:3] != ["", "api", "collections"]:
        return
    collection = registry.find(unquote(parts[3]))
    if collection is None:
        assert answer.status_code == 404
        return
    path = "/".join([*parts[:3], collection.name, *parts[4:]])
    picked = bool(url.params.get("fields"))
    if parts[4] in ("auth-with-password", "auth-refresh"):
        # Who signs in sees more of the own record than whoever asked.
        reader, picked = SUPERUSER, True
    _described(registry, reader).check(method, path, answer, picked=picked)
