"""One request as it came in: what the headers say, read in one pass."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from piccobase.base.observing import ARRIVED
from piccobase.schema.actor import Actor

ADMITTED = "piccobase.admitted"  # where the actor of a request stands in its scope, once it has been looked for
HeaderPairs = list[tuple[bytes, bytes]]


class Headers(Mapping[str, str]):
    """Header names as rules write them: lower case, `_` for `-`; first values. Worked out when somebody asks."""

    __slots__ = ("_pairs", "_values")

    def __init__(self, pairs: HeaderPairs) -> None:
        self._pairs = pairs
        self._values: dict[str, str] | None = None

    def _all(self) -> dict[str, str]:
        if self._values is None:
            self._values = {}
            for name, value in self._pairs:
                self._values.setdefault(name.decode("latin-1").lower().replace("-", "_"), value.decode("latin-1"))
        return self._values

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


# What a client may ask for beside the protocol (`http/additions.py`).
ADDITIONS = frozenset({b"if-match", b"if-none-match", b"idempotency-key", b"dry-run"})
_READ = ADDITIONS | {
    b"authorization",
    b"content-type",
    b"content-length",
    b"transfer-encoding",
    b"origin",
    b"user-agent",
    b"referer",
    b"x-request-id",
}
_NONE: Mapping[bytes, bytes] = MappingProxyType({})


class Incoming:
    """What every request is asked for first. `declared` is its Content-Length in bytes, None if it has none.

    `actor` is there where somebody had to know it before, else None. `arrived` is the moment of `perf_counter` at which
    its head was there, None where the server does not tell. `additions` are the headers that ask for more than
    the protocol has, and `answering` those that the answer to them carries; `unchanged` makes it a 304.
    """

    __slots__ = (
        "actor",
        "additions",
        "agent",
        "answering",
        "arrived",
        "authorization",
        "chunked",
        "content_type",
        "cors",
        "declared",
        "headers",
        "method",
        "query",
        "referer",
        "request_id",
        "unchanged",
    )

    def __init__(self, scope: Any) -> None:
        self.method: str = scope["method"]
        self.actor: Actor | None = scope.get(ADMITTED)
        self.arrived: float | None = scope.get(ARRIVED)
        self.query: bytes = scope["query_string"]
        pairs: HeaderPairs = scope["headers"]
        self.headers = Headers(pairs)
        self.authorization = self.content_type = ""
        self.declared: int | None = None
        self.chunked = self.cors = self.request_id = self.unchanged = False
        self.agent = self.referer = b""
        self.additions = _NONE
        self.answering: tuple[tuple[bytes, bytes], ...] = ()
        for name, value in pairs:
            if name not in _READ:
                continue
            if name == b"authorization":
                self.authorization = value.decode("latin-1")
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"content-length":
                self.declared = int(value) if value.isdigit() else None
            elif name == b"transfer-encoding":
                self.chunked = True
            elif name == b"origin":
                self.cors = True
            elif name == b"user-agent":
                self.agent = value
            elif name == b"referer":
                self.referer = value
            elif name == b"x-request-id":
                self.request_id = True
            else:
                self.additions = {**self.additions, name: value}

    @property
    def has_body(self) -> bool:
        return bool(self.declared) or self.chunked
