"""Rate limits (protocol.md §9.1): which rule a request falls under. Pure; counting is `counting.py`."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from piccobase.http.paths import PREFIX, path_parts
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.registry import Registry
from piccobase.settings.sections import RateLimitRule

GUEST_AUDIENCE, AUTH_AUDIENCE = "@guest", "@auth"
SIGN_IN_TAG = "auth"  # of the three ways to sign in with credentials
_FILES = ("api", "files")
TAGS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("GET", "records"): ("list",),
    ("POST", "records"): ("create",),
    ("GET", "records", "*"): ("view",),
    ("PATCH", "records", "*"): ("update",),
    ("DELETE", "records", "*"): ("delete",),
    ("POST", "bulk"): ("bulk",),
    ("GET", "auth-methods"): ("listAuthMethods",),
    ("POST", "auth-refresh"): ("authRefresh",),
    ("POST", "auth-with-password"): ("authWithPassword", SIGN_IN_TAG),
    ("POST", "auth-with-oauth2"): ("authWithOAuth2", SIGN_IN_TAG),
    ("POST", "request-otp"): ("requestOTP",),
    ("POST", "auth-with-otp"): ("authWithOTP", SIGN_IN_TAG),
    ("POST", "request-password-reset"): ("requestPasswordReset",),
    ("POST", "confirm-password-reset"): ("confirmPasswordReset",),
    ("POST", "request-verification"): ("requestVerification",),
    ("POST", "confirm-verification"): ("confirmVerification",),
    ("POST", "request-email-change"): ("requestEmailChange",),
    ("POST", "confirm-email-change"): ("confirmEmailChange",),
}

_WRITES: dict[str, tuple[str, ...]] = {
    "create": ("POST", "records"),
    "update": ("PATCH", "records", "*"),
    "delete": ("DELETE", "records", "*"),
}


class Asked(NamedTuple):
    """What a request asks for. `collection` is a name, "" where none is asked of; `path` names it by that too."""

    method: str
    path: str
    collection: str = ""
    tags: tuple[str, ...] = ()

    @property
    def route(self) -> str:
        """What is counted by itself: an action of a collection, or "" for all that a rule holds for."""
        return f"{self.collection}:{self.tags[0]}" if self.tags else ""


def asked_of_record(action: Literal["create", "update", "delete"], collection: CollectionInfo, record_id: str) -> Asked:
    """A write of one record, as a part of a request that writes several."""
    shape = _WRITES[action]
    path = [PREFIX, collection.name, "records", *([record_id] if action != "create" else [])]
    return Asked(shape[0], "/".join(path), collection.name, TAGS[shape])


def what_is_asked(scope: Any, registry: Registry) -> Asked:
    """Reads an ASGI scope. However a collection is written there, by id, in another letter case, escaped: it is one."""
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    path = scope["path"]
    if path.startswith(PREFIX + "/"):
        parts = path_parts(scope["raw_path"])
        collection = registry.find(parts[0]) if parts else None
        if collection is None:
            return Asked(method, path)
        shape = (method, *parts[1:]) if len(parts) < 3 else (method, parts[1], *("*" for _ in parts[2:]))
        return Asked(method, "/".join([PREFIX, collection.name, *parts[1:]]), collection.name, TAGS.get(shape, ()))
    if path.startswith("/api/files/"):
        parts = path.split("/")[3:]
        collection = registry.find(parts[0])
        if collection is not None and method == "GET":
            return Asked(method, "/".join(["/api/files", collection.name, *parts[1:]]), collection.name, ("file",))
    return Asked(method, path)


class LimitRules:
    """Rules, ready to be searched."""

    def __init__(self, rules: Sequence[RateLimitRule], registry: Registry) -> None:
        self._by_label: dict[str, list[tuple[str, int]]] = {}
        for number, rule in enumerate(rules):
            self._by_label.setdefault(_label(rule.label, registry), []).append((rule.audience, number))
        self._below = [label for label in self._by_label if label.endswith("/")]

    def find(self, asked: Asked, audience: str) -> int | None:
        """The number of the one rule that applies to a request of somebody of this audience, None where none does.

        Looked for in this order: the collection's action, that action of all collections, the path with its method,
        the path; what is exact before what is a prefix, and of prefixes the first in the list.
        """
        for tag in asked.tags:
            if (number := self._at(f"{asked.collection}:{tag}", audience)) is not None:
                return number
        for tag in asked.tags:
            if (number := self._at(f"*:{tag}", audience)) is not None:
                return number
        for path in (f"{asked.method} {asked.path}", asked.path):
            if (number := self._at(path, audience)) is not None:
                return number
            for label in self._below:
                if (path + "/").startswith(label) and (number := self._at(label, audience)) is not None:
                    return number
        return None

    def _at(self, label: str, audience: str) -> int | None:
        for whom, number in self._by_label.get(label, ()):
            if whom in ("", audience):
                return number
        return None


def _label(label: str, registry: Registry) -> str:
    """The label as requests are compared with it: methods in capitals, collections in paths by their names."""
    method, _, path = label.rpartition(" ")
    parts = path.split("/")
    if path.startswith((PREFIX + "/", "/api/files/")) and (collection := registry.find(parts[3])) is not None:
        parts[3] = collection.name
    return f"{method.upper()} {'/'.join(parts)}".strip()
