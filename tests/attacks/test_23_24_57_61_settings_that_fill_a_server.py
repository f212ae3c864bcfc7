"""Cases 23, 24, 57 and 61: settings and limits have bounds, and what breaks in them tells nothing of the inside."""

import json
from pathlib import Path

from tests.asking import serving

from piccobase.http.counting import MEMORY


async def test_settings_hold_what_they_know_and_nothing_else(database_url: str | None, tmp_path: Path) -> None:
    async with serving([], [], database_url, tmp_path) as guest:
        superuser = await guest.superuser()
        junk = {"junk": "x" * 100_000, "meta": {"junk": ["y"] * 10_000}, "__class__": {}, "": 1, "smtp.host": "x"}
        assert (await superuser.ask("PATCH", "/api/settings", junk)).status_code == 200
        assert (await superuser.ask("PATCH", "/api/settings/sections", junk)).status_code == 200
        stored = await guest.services.engine.rows("SELECT name, length(value) FROM _settings WHERE name <> ''")
        assert stored == []
        odd = {"meta": {"appName": "\u0000'; DROP TABLE _settings; --", "senderName": "{0} %s 🦉"}}
        odd["smtp"] = {"password": "\u0000\ud7ff'"}
        assert (await superuser.ask("PATCH", "/api/settings", odd)).status_code == 200
        assert guest.services.settings.current.meta.app_name == odd["meta"]["appName"]
        assert guest.services.settings.current.smtp.password == odd["smtp"]["password"]


TOO_MUCH = [
    ('{"meta":' * 300 + "1" + "}" * 300, 400),
    ('{"smtp":{"port":' + "9" * 5000 + "}}", 400),
    ('{"smtp":{"port":1e400}}', 400),
    ('{"meta":{"appName":"\\ud800"}}', 400),
    ('{"meta":{"appName":"a","appName":"b"}}', 400),
    (json.dumps({"meta": {"senderAddress": "a@" + "a." * 50_000}}), 400),
    (json.dumps({"s3": {"endpoint": "http://" + "a" * 100_000 + " "}}), 400),
    (json.dumps({"smtp": {"host": "a-" * 100_000}}), 400),
    (json.dumps({"backups": {"cron": "*," * 100_000 + " * * * *"}}), 400),
    (
        json.dumps(
            {"rateLimits": {"rules": [{"label": f"/{n}", "maxRequests": 1, "duration": 1} for n in range(2000)]}}
        ),
        400,
    ),
    (json.dumps({"rateLimits": {"rules": [{"label": "a" * 100_000, "maxRequests": 1, "duration": 1}]}}), 400),
    ('{"meta":{"appName":"' + "x" * (33 << 20) + '"}}', 413),
]


async def test_what_is_too_much_is_refused_quickly_and_tells_nothing(tmp_path: Path) -> None:
    async with serving([], [], None, tmp_path) as guest:
        superuser = await guest.superuser()
        headers = {"Content-Type": "application/json"}
        for content, status in TOO_MUCH:
            answer = await superuser.ask("PATCH", "/api/settings", content=content, headers=headers)
            assert answer.status_code == status, content[:100]
            assert len(answer.text) < 20_000
            for word in ("Traceback", "msgspec", "sqlite", "asyncpg", "_settings", "/platform/"):
                assert word not in answer.text


async def test_however_many_clients_come_the_counts_have_bounds(tmp_path: Path) -> None:
    async with serving([], [], None, tmp_path) as guest:
        rules = [{"label": label, "maxRequests": 1, "duration": 3600} for label in ("/api/", "*:auth", "/admin/", "/x")]
        await guest.services.settings.update({"rateLimits": {"enabled": True, "rules": rules}})
        guard = guest.services.guard
        limits = guard._limits
        assert limits is not None
        scope = {"type": "http", "method": "GET", "path": "/api/nope", "raw_path": b"/api/nope", "headers": []}
        for number in range(30_000):
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            await guard.admit({**scope, "client": (address, 1)})
        assert sum(len(counter) for counter in limits.counters) <= MEMORY // len(rules)  # type: ignore[arg-type]
        assert len(guard.addresses._sockets) <= 10_000
