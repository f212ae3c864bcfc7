"""Whose pages may read answers: those of all sites, or of the origins that the config names."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from piccobase import App

ALLOWED = ["https://app.example.com", "http://localhost:3000"]
NAME = "access-control-allow-origin"


@asynccontextmanager
async def asking(tmp_path: Path, origins: Sequence[str] | None) -> AsyncIterator[httpx.AsyncClient]:
    app = App(data_dir=tmp_path, cors_origins=origins)
    await app.start(app.config(environment={}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        yield client
    await app.stop()


async def test_by_default_pages_of_all_sites_may(tmp_path: Path) -> None:
    async with asking(tmp_path, None) as client:
        answer = await client.get("/api/health", headers={"Origin": "https://anywhere.example"})
        assert answer.headers[NAME] == "*"


async def test_only_pages_of_the_named_origins_may(tmp_path: Path) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    paths = ["/api/health", "/api/nope", "/api/collections/_superusers/records", "/api//x"]
    async with asking(tmp_path, ALLOWED) as client:
        for origin in ALLOWED:
            answers = [await client.get(path, headers={"Origin": origin}) for path in paths]
            answers.append(await client.options("/api/settings", headers={"Origin": origin, **preflight}))
            for answer in answers:
                assert answer.headers.get_list(NAME) == [origin], answer.url
                assert "Origin" in answer.headers["vary"]
                assert "access-control-allow-credentials" not in answer.headers
        for origin in (
            "null",
            "https://app.example.com.evil.example",
            "https://evil-app.example.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "*",
        ):
            answers = [await client.get(path, headers={"Origin": origin}) for path in paths]
            answers.append(await client.options("/api/settings", headers={"Origin": origin, **preflight}))
            for answer in answers:
                assert NAME not in answer.headers, answer.url
        assert NAME not in (await client.get("/admin/sign-in", headers={"Origin": ALLOWED[0]})).headers
        assert NAME not in (await client.get("/api/health")).headers
