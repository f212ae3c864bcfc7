"""Readiness, metrics for Prometheus, traces for OpenTelemetry."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules
from piccobase.base.errors import StartError
from piccobase.db.errors import DatabaseUnavailable
from piccobase.http import ready
from piccobase.http.measuring import Templates


class Post(Collection, tablename="posts"):
    title = Varchar()
    rules = Rules(list="", view="")


TOKEN = "a-token-for-prometheus"


async def test_ready_says_whether_the_database_answers_and_has_all_migrations(
    database_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "REMEMBERED", 0.0)
    async with serving([Post], [], database_url, tmp_path) as api:
        assert (await api.ask("GET", "/api/ready")).json()["message"] == "Ready to serve requests."
        await api.services.engine.rows("DELETE FROM migration")
        refused = await api.ask("GET", "/api/ready")
        assert (refused.status_code, refused.headers["x-error-code"]) == (503, "server.unavailable")
        assert "migration(s) of the system are pending" in refused.json()["message"]

        async def fail(*_: Any) -> None:
            raise DatabaseUnavailable

        monkeypatch.setattr(type(api.services.engine), "rows", fail)
        refused = await api.ask("GET", "/api/ready")
        assert (refused.status_code, refused.json()["message"]) == (503, "The database does not answer.")
        assert (await api.ask("GET", "/api/health")).status_code == 200


async def test_metrics_count_all_requests_by_their_form_and_are_shown_to_who_bears_the_token(tmp_path: Path) -> None:
    async with serving([Post], [], None, tmp_path, metrics_token=TOKEN) as api:
        for number in range(3):
            await api.client.get(f"/api/collections/posts/records/{number}")
        await api.client.get("/api/health")
        await api.client.request("INVENTED", "/api/health")
        await api.client.get("/somewhere/else")
        for wrong in ({}, {"Authorization": "Bearer other"}, {"Authorization": TOKEN}):
            assert (await api.client.get("/metrics", headers=wrong)).status_code == 401
        shown = await api.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert shown.status_code == 200
    lines = shown.text.splitlines()

    def counted(method: str, path: str, status: int) -> str:
        labels = f'app_name="piccobase",method="{method}",path="{path}",status_code="{status}"'
        return next(line for line in lines if line.startswith(f"piccobase_requests_total{{{labels}}}")).rpartition(" ")[
            2
        ]

    assert counted("GET", "/api/collections/posts/records/{id}", 404) == "3.0"
    assert counted("GET", "/api/health", 200) == "1.0"
    assert counted("GET", "other", 404) == "1.0"
    assert "INVENTED" not in shown.text
    assert "piccobase_request_duration_seconds_bucket" in shown.text


async def test_without_a_token_there_are_no_metrics(tmp_path: Path) -> None:
    async with serving([Post], [], None, tmp_path) as api:
        assert (await api.client.get("/metrics")).status_code == 404


@pytest.mark.parametrize(
    ("config", "missing", "extra"),
    [
        ({"metrics_token": TOKEN}, "litestar.plugins.prometheus", "piccobase[prometheus]"),
        ({"tracing": True}, "litestar.plugins.opentelemetry", "piccobase[otel]"),
    ],
)
async def test_a_missing_extra_is_told_at_the_start(
    config: dict[str, Any], missing: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    before = set(threading.enumerate())
    with pytest.raises(StartError, match=extra.replace("[", r"\[")):
        async with serving([Post], [], None, tmp_path, **config):
            pass
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith("piccobase-")}


async def test_a_trace_has_a_span_of_each_request_by_its_form_without_its_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    async with serving([Post], [], None, tmp_path, tracing=True) as api:
        found = await api.client.get("/api/collections/posts/records?token=abc&x=%ff")
        assert found.status_code == 200
        assert (await api.client.get("/api/collections/posts/records?page=x")).status_code == 400
    [first, second] = spans.get_finished_spans()
    assert first.name == second.name == "GET /api/collections/posts/records"
    assert "token" not in first.to_json()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/api/collections/posts/records", "/api/collections/posts/records"),
        ("/api/collections/posts/records/abc", "/api/collections/posts/records/{id}"),
        ("/api/collections/posts/records/abc/roles", "/api/collections/posts/records/{id}/roles"),
        ("/api/collections/posts/auth-with-password", "/api/collections/posts/auth-with-password"),
        ("/api/collections/posts/auth-invented", "/api/collections/posts/{id}"),
        ("/api/collections/posts/a/b/c/d", "/api/collections/other"),
        ("/api/collections/unknown/records", "/api/collections/other"),
        ("/api/logs/abc", "/api/logs"),
        ("/admin/tables/posts", "/admin"),
        ("/api/health", "/api/health"),
        ("/x", "other"),
        ("", "other"),
    ],
)
def test_paths_have_few_forms(path: str, form: str) -> None:
    routes = ["/api/health", "/api/logs", "/api/logs/{entry_id:str}", "/admin"]
    assert Templates(["posts"], routes).of(path) == form
