"""attacks.md 59: what a plugin raises takes one request, one event or one job with it, and never the server."""

from typing import Any

import pytest
from piccolo.columns import Varchar

from piccobase import AuthCollection, Collection, CreatingRecord, Plugin, RecordCreated, Rules
from piccobase.extending import Mount
from piccobase.testing import TestApp

NOTES = "/api/collections/notes/records"


class User(AuthCollection, tablename="users"):
    pass


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(list="", view="", create="")


def breaking() -> Plugin:
    """One in which everything breaks."""
    plugin = Plugin("broken", "1.0")

    async def broken(event: Any = None) -> None:
        raise RuntimeError("it is broken")

    async def broken_page(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("it is broken")

    async def broken_off(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("it is broken off")

    plugin.hook(CreatingRecord, collection="notes")(broken)
    plugin.listen(RecordCreated, collection="users")(broken)
    plugin.job("job", attempts=1)(broken)
    plugin.schedule("@daily", id="nightly")(broken)
    plugin.mounts += [Mount("/broken", broken_page), Mount("/broken-off", broken_off)]
    return plugin


async def test_a_plugin_that_breaks_at_run_time_takes_nothing_down(caplog: pytest.LogCaptureFixture) -> None:
    async with TestApp([Note, User], plugins=[breaking()]) as api:
        answer = await api.post(NOTES, {"text": "one"})
        assert (answer.status_code, answer.headers["x-error-code"]) == (500, "server.unexpected")
        assert "In the hook plugin broken" in caplog.text
        assert await api.rows(Note) == []

        await api.make("users")
        await api.services.work.jobs.add("job")
        root = await api.superuser()
        assert (await root.post("/api/crons/nightly")).status_code == 204
        await api.run_jobs()

        for method in ("GET", "HEAD"):
            answer = await api.ask(method, "/broken/page")
            assert (answer.status_code, answer.headers["x-error-code"]) == (500, "server.unexpected")
            assert answer.headers["x-frame-options"] == "SAMEORIGIN"
            assert "it is broken" not in answer.text
        with pytest.raises(RuntimeError, match="it is broken off"):  # which ends the connection of a client
            await api.get("/broken-off")
        assert (await api.get("/api/health")).status_code == 200
        assert (await api.get(NOTES)).status_code == 200
