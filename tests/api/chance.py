"""A source of requests that nobody would send on purpose; two of one seed make the same."""

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes

FIELDS = [
    "title", "body", "num", "whole", "exact", "flag", "day", "mail", "raw", "js", "place", "sel", "tags",
    "user",
    "friends", "id", "created", "email", "password", "passwordConfirm", "oldPassword", "verified", "tokenKey",
    "name",
    "emailVisibility", "num+", "num-", "+tags", "tags+", "tags-", "friends+", "expand", "collectionId", "",
    "a.b", "@x",
]  # fmt: skip
TEXTS = [
    "", " ", "a", "x" * 40, "é", "\u0000", "\ud7ff", "😀", "null", "true", "0", "-0", "1e999", "NaN", "12abc",
    "2024-02-30",
    "2024-02-29", "0000-00-00 00:00:00Z", "9999-12-31 23:59:59.999Z", "a@b.co", "'", '"', "\\", "%", "_",
    "%_\\", "{}", "[]",
    '["a"]', '{"lon":1,"lat":2}', "$1", "?", ":x", "--", "/*", "; DROP TABLE strict", "\r\n", "\t", "\x7f", "\u202e",
    "99" * 30,
    "abcdefghijklmno", "..", "../..", "@request.auth.id", "@now", "AAECAw==",
]  # fmt: skip
NUMBERS = [0, 1, -1, 13, 0.5, -0.0, 1e300, 5e-324, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**400, 123.456, 99999999.99]
OPERATORS = ["=", "!=", ">", "<", ">=", "<=", "~", "!~", "?=", "?!=", "?~", "?>"]
NAMES = [
    "id", "title", "num", "whole", "exact", "flag", "day", "js", "js.a", "js.a.0", "place", "place.lon",
    "tags", "tags:each",
    "tags:length", "title:lower", "user", "user.name", "user.email", "friends.name", "friends:length", "nope",
    "user.nope",
    "strict_via_user.title", "lenient_via_user.num", "@now", "@request.auth.id", "@collection.strict.title",
    "null", "true",
    "created", "collectionName", "password", "tokenKey", "@random", "@rowid",
    "geoDistance(place.lon, place.lat, 1, 2)",
]  # fmt: skip


class Chance:
    """Makes requests about the collections users, strict and lenient. `ids` and `tokens` grow with what is learnt."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: list[tuple[str, str]] = [("strict", "abcdefghijklmno")]
        self.tokens: list[str] = ["", "x", "a.b.c", "Bearer x"]

    def one_of(self, choices: Any) -> Any:
        return self.random.choice(choices)

    def value(self, depth: int = 0) -> Any:
        kinds: list[Callable[[], Any]] = [
            lambda: self.one_of(TEXTS),
            lambda: self.one_of(NUMBERS),
            lambda: self.one_of([True, False, None]),
            lambda: self.one_of(self.ids)[1],
        ]
        if depth < 3:
            kinds += [
                lambda: [self.value(depth + 1) for _ in range(self.random.randrange(4))],
                lambda: {self.one_of(TEXTS): self.value(depth + 1) for _ in range(self.random.randrange(3))},
                lambda: {"lon": self.value(depth + 2), "lat": self.value(depth + 2)},
            ]
        return self.one_of(kinds)()

    def draft(self) -> dict[str, Any]:
        draft = {self.one_of(FIELDS): self.value() for _ in range(self.random.randrange(4))}
        if self.random.random() < 0.7:
            draft |= {"title": "t", "email": f"u{self.random.randrange(99)}@b.co"}
            draft |= {"password": "12345678", "passwordConfirm": "12345678"}
        return draft

    def filter(self) -> str:
        def operand() -> str:
            if self.random.random() < 0.6:
                return str(self.one_of(NAMES))
            quoted = str(self.value(2)).replace("\\", "\\\\").replace("'", "\\'")
            return f"'{quoted}'" if self.random.random() < 0.7 else str(self.one_of(NUMBERS))

        parts = [f"{operand()} {self.one_of(OPERATORS)} {operand()}" for _ in range(self.random.randrange(1, 4))]
        text = self.one_of([" && ", " || "]).join(parts)
        if self.random.random() < 0.2:  # spoilt by a piece of chance
            at = self.random.randrange(len(text))
            text = text[:at] + self.one_of(TEXTS) + text[at + self.random.randrange(3) :]
        return text

    def query(self) -> bytes:
        makers: dict[str, Callable[[], str]] = {
            "filter": self.filter,
            "sort": lambda: ",".join(self.one_of(["", "-", "+"]) + self.one_of(NAMES) for _ in range(2)),
            "fields": lambda: ",".join(self.one_of([*NAMES, "*", "title:excerpt(3)", "js.*"]) for _ in range(2)),
            "page": lambda: str(self.value(3)),
            "perPage": lambda: str(self.one_of([1, 2, 500, 10**6, -1, "x"])),
            "skipTotal": lambda: str(self.one_of([1, 0, "t", "x"])),
            "x": lambda: str(self.value(3)),
        }
        pairs = []
        for name in self.random.sample(sorted(makers), self.random.randrange(4)):
            text = quote_from_bytes(makers[name]().encode(errors="replace"))
            pairs.append(f"{name}={text}".encode())
        if self.random.random() < 0.1:
            pairs.append(quote_from_bytes(self.random.randbytes(5)).encode() + b"=%zz;")
        return b"&".join(pairs)

    def path(self, method: str) -> str:
        """Mostly one that the method has."""
        collection, record = self.one_of(self.ids)
        if self.random.random() < 0.2:
            collection = self.one_of(["users", "strict", "lenient"])
        if self.random.random() < 0.1:
            collection = self.one_of(["STRICT", "_superusers", "_roles", "nope", *TEXTS])
        if self.random.random() < 0.1:
            record = self.one_of(TEXTS)
        every, one = [collection, "records"], [collection, "records", record]
        roles, signing_in = [*one, "roles"], [collection, "auth-with-password"]
        refresh, methods = [collection, "auth-refresh"], [collection, "auth-methods"]
        fitting = {
            "POST": [every, every, every, signing_in, refresh],
            "PATCH": [one],
            "DELETE": [one],
            "PUT": [roles],
        }.get(method, [every, every, one, one, roles, methods])
        parts = self.one_of(fitting if self.random.random() < 0.95 else [every, one, roles, refresh, [collection]])
        return "/api/collections/" + "/".join(quote_from_bytes(part.encode(), safe="") for part in parts)

    def body(self) -> tuple[str, bytes]:
        draft = self.draft()
        if self.random.random() < 0.3:
            draft = {"identity": self.value(1), "password": self.value(1), "roles": self.value(1)}
        text = json.dumps(draft, ensure_ascii=self.random.random() < 0.5).encode(errors="replace")
        if self.random.random() < 0.1:
            at = self.random.randrange(len(text))
            text = text[:at] + self.random.randbytes(2) + text[at:]
        form = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(str(value).encode(errors='replace'))}"
                        for name, value in draft.items())  # fmt: skip
        part = b'--b\r\nContent-Disposition: form-data; name="@jsonPayload"\r\n\r\n' + text + b"\r\n--b--"
        kinds = [
            ("application/json", text),
            ("application/json", text),
            ("application/x-www-form-urlencoded", form.encode()),
            ("multipart/form-data; boundary=b", part),
            ("text/plain", text),
        ]
        return self.one_of(kinds)
