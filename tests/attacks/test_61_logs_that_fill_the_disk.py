"""Attack 61: requests fill the log, the memory or the disk, put secrets or forged entries into it, or break it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import AuthCollection, Rules
from piccobase.logs import recording
from piccobase.logs.store import DEFAULT_DATA_SIZE
from piccobase.testing import Caller, TestApp

PASSWORD = "correct-horse-battery"


class Reader(AuthCollection, tablename="readers"):
    name = Varchar()
    rules = Rules(list="", create="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Reader], [], database_url, tmp_path, logs=True) as served:
        yield served


async def everything_kept(api: Caller) -> list[str]:
    """All that the log's database holds, as texts."""
    await api.services.request_log.flush()
    store = api.services.request_log.store
    rows = await store.engine.rows(f"SELECT message, data FROM {store.collection.source}")
    return [f"{message} {data}" for message, data in rows]


async def test_neither_tokens_nor_passwords_are_kept(api: TestApp) -> None:
    root = await api.superuser()
    person = {"email": "r@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    assert (await api.ask("POST", api.records("readers"), person)).status_code == 200
    reader = await api.signed_in("readers", "r@example.com", PASSWORD)
    for asked in (root, reader):
        token = asked.token
        await asked.ask("GET", asked.records("readers"), query={"token": token, "x": token})
        await asked.ask("GET", asked.records("readers"), headers={"Referer": f"http://x/?token={token}"})
        await asked.ask("GET", asked.records("readers"), headers={"User-Agent": token})
        await asked.ask("GET", f"/api/collections/readers/records/{token}")
        await asked.client.get(f"/api/collections/readers/records/x%3Fsecret={PASSWORD}")
        await asked.ask("GET", asked.records("readers"), query={"filter": f"tokenKey = '{token[:20]}'"})
    await api.ask("GET", api.records("readers"), query={"filter": f"password = '{PASSWORD}'"})
    await api.ask("POST", api.records("readers"), {**person, "email": "no address", "password": PASSWORD + "!"})
    await api.ask("POST", "/api/collections/readers/auth-with-password", {"identity": "x", "password": PASSWORD})
    kept = await everything_kept(api)
    assert len(kept) > 10
    for secret in (PASSWORD, root.token, reader.token, root.token[:20], root.token.split(".")[2]):
        assert not [text for text in kept if secret in text]


async def test_long_urls_and_headers_are_cut_before_they_wait(api: Caller) -> None:
    long = "x" * 30_000
    await api.client.get(f"/api/collections/readers/records/{long}", headers={"User-Agent": long, "Referer": long})
    await api.client.get(f"/api/{long}?{long}", headers={"User-Agent": long, "Referer": long})
    kept = await everything_kept(api)
    assert len(kept) == 2
    assert max(map(len, kept)) < DEFAULT_DATA_SIZE


async def test_more_requests_than_the_log_can_take_are_answered_and_counted(
    api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 5)
    for _ in range(12):
        assert (await api.ask("GET", api.records("readers"))).status_code == 200
    kept = await everything_kept(api)
    assert len(kept) == 5
    assert "7 were not logged" in caplog.text


async def test_no_text_of_a_client_forges_an_entry_or_costs_others_theirs(api: Caller) -> None:
    hostile = ["%00", "%0A%22%5D%2C%5B1%2C0%2C%22forged%22", "%ED%A0%80", "%FF%FE", "'); DROP TABLE logs; --"]
    for text in hostile:
        await api.client.get(f"/api/{text}?{text}", headers={"User-Agent": '\\u0000"]]'})
        await api.client.get(f"/api/collections/readers/records/{text}", params={"filter": text})
    await api.ask("GET", api.records("readers"))
    kept = await everything_kept(api)
    assert len(kept) == 2 * len(hostile) + 1
    assert not [text for text in kept if text.startswith("forged")]


async def test_a_log_that_cannot_be_written_is_told_once_and_nobody_else_notices(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs.db").write_bytes(b"this is no database, but it was there before" * 100)
    async with serving([Reader], [], None, tmp_path, logs=True) as api:
        for _ in range(3):
            assert (await api.ask("GET", api.records("readers"))).status_code == 200
            await api.services.request_log.flush()
        told = [record for record in caplog.records if record.name == "piccobase.logs"]
        assert [record.levelno for record in told] == [logging.ERROR]
        assert "The request log cannot be written" in told[0].getMessage()
        root = await api.superuser()
        assert (await root.ask("GET", "/api/logs")).status_code == 503
        (tmp_path / "logs.db").unlink()
        monkeypatch.setattr(recording, "RETRY_AFTER", 0.0)
        await api.ask("GET", api.records("readers"))
        await api.services.request_log.flush()
        assert "is written again" in caplog.text
        assert (await root.ask("GET", "/api/logs")).json()["totalItems"] > 0


async def test_a_full_disk_costs_entries_and_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving([Reader], [], None, tmp_path, logs=True) as api:
        await api.services.request_log.flush()

        async def is_full(*_: Any, **__: Any) -> None:
            raise apsw.FullError("database or disk is full")

        monkeypatch.setattr(api.services.request_log.store, "insert", is_full)
        answers = await asyncio.gather(*(api.ask("GET", api.records("readers")) for _ in range(5)))
        await api.services.request_log.flush()
        assert {answer.status_code for answer in answers} == {200}
        assert caplog.text.count("The request log cannot be written") == 1
