"""A small HTTP client that sends exactly what it is given: no redirects, no cookies, no headers of its own taste."""

import json
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are in lower case; `body` is parsed JSON, or text where it is not JSON."""

    status: int
    headers: dict[str, str]
    body: Any


class Refused(AssertionError):
    """A request that prepares something did not succeed."""


@dataclass(frozen=True)
class Client:
    """Talks to one server as one actor, a connection for each request. `token` goes into Authorization as it is."""

    base_url: str
    token: str = ""

    def send(
        self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        authorization = {"Authorization": self.token} if self.token else {}
        with closing(HTTPConnection(urlsplit(self.base_url).netloc, timeout=TIMEOUT)) as connection:
            connection.request(method, path, content, authorization | (headers or {}))
            response = connection.getresponse()
            received = response.read()
        return Answer(response.status, _joined(response.getheaders()), _parsed(received))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The body of the answer to a JSON request that must succeed; raises `Refused` where it does not."""
        answer = self.ask_anyway(method, path, body)
        if answer.status >= 300:
            raise Refused(f"{method} {self.base_url}{path}: {answer.status} {answer.body}")
        return answer.body

    def ask_anyway(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer to a JSON request, whatever it is."""
        content = None if body is None else json.dumps(body).encode()
        return self.send(method, path, content, {"Content-Type": "application/json"})

    def sign_in(self, collection: str, identity: str, password: str) -> "Client":
        """A second client, signed in with a password."""
        draft = {"identity": identity, "password": password}
        answer = self.ask("POST", f"/api/collections/{collection}/auth-with-password", draft)
        return Client(self.base_url, answer["token"])


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """A header that came several times is one list (RFC 9110 §5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _parsed(received: bytes) -> Any:
    try:
        return json.loads(received)
    except ValueError:
        return received.decode(errors="replace")
