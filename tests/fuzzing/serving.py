"""Servers for requests by chance: an app, and tokens of those who ask."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fuzzing.running import ROOT
from tests.process.serving import running_piccobase

APPS = {"kinds": ROOT / "tests" / "process" / "apps" / "kinds.py", "atlas": ROOT / "examples" / "atlas" / "app.py"}
_ACCOUNT = {"email": "chance@example.com", "username": "chance", "password": "12345678", "passwordConfirm": "12345678"}


@dataclass(frozen=True)
class Fuzzed:
    """A running server. `tokens` by reader, in the order in which they may ask: the later may remove the earlier."""

    url: str
    tokens: Mapping[str, str]


@contextmanager
def serving_fuzzed(app: Path, folder: Path, database_url: str | None) -> Iterator[Fuzzed]:
    """The app on an empty database, with one account, an editor."""
    with running_piccobase(app, folder, database_url) as server:
        account = server.superuser.ask("POST", "/api/collections/users/records", _ACCOUNT)
        roles = f"/api/collections/users/records/{account['id']}/roles"
        server.superuser.ask("PUT", roles, {"roles": ["editor"]})
        signed_in = server.guest().sign_in("users", _ACCOUNT["email"], _ACCOUNT["password"])
        yield Fuzzed(server.url, {"guest": "", "account": signed_in.token, "superuser": server.superuser.token})
