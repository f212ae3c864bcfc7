"""Settings and limits among real servers: two processes on one PostgreSQL go by the same ones."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.process.serving import SUPERUSER, RunningServer, running_piccobase

BLOG = Path(__file__).parent / "apps" / "blog.py"
PATIENCE = 10.0  # seconds; a change is seen within about one
SIGN_IN = "/api/collections/users/auth-with-password"
JSON = {"Content-Type": "application/json"}


def waits_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline


def spread(servers: list[RunningServer], count: int, method: str, path: str, content: bytes | None = None) -> list[int]:
    """The statuses of so many requests of guests, to one server after the other, eight at once."""

    def ask(number: int) -> int:
        return servers[number % len(servers)].guest().send(method, path, content, JSON).status

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, range(count)))


def test_two_processes_go_by_the_same_settings_and_count_together(postgres_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        # One data dir, for the key that secrets are encrypted with.
        servers = [stack.enter_context(running_piccobase(BLOG, tmp_path, postgres_url)) for _ in range(2)]
        # Anew, since the second start has set the superuser's password once more.
        one, other = (server.guest().sign_in("_superusers", *SUPERUSER) for server in servers)
        rules = [
            {"label": "users:auth", "maxRequests": 10, "duration": 600},
            {"label": "/api/", "maxRequests": 100, "duration": 600},
        ]
        change = {"rateLimits": {"enabled": True, "rules": rules}, "meta": {"appName": "Both"}}
        changed = one.ask("PATCH", "/api/settings", change)
        waits_until(lambda: other.ask("GET", "/api/settings") == changed)

        # Signing in is counted exactly, everything else by slices: never more than the limit, and nearly as many.
        wrong = b'{"identity": "nobody@example.com", "password": "wrong"}'
        found = spread(servers, 30, "POST", SIGN_IN, wrong)
        assert (found.count(400), found.count(429)) == (10, 20)
        found = spread(servers, 200, "GET", "/api/health")
        assert found.count(200) + found.count(429) == 200
        assert 95 <= found.count(200) <= 100

        other.ask("PATCH", "/api/settings", {"superuserIPs": ["203.0.113.1"], "rateLimits": {"enabled": False}})
        waits_until(lambda: one.send("GET", "/api/settings").status == 403)
        assert other.send("GET", "/api/settings").status == 403
        draft = b'{"identity": "%s", "password": "%s"}' % (SUPERUSER[0].encode(), SUPERUSER[1].encode())
        entrance = "/api/collections/_superusers/auth-with-password"
        assert set(spread(servers, 2, "POST", entrance, draft)) == {403}
        assert set(spread(servers, 4, "GET", "/api/health")) == {200}
