"""The change log does not grow without end, and a reader who has missed something is told so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.changes.blog import Shelves, blog, since, told

from piccobase.base import clock
from piccobase.base.errors import BadRequest
from piccobase.changes.opening import change_log
from piccobase.changes.pruning import prune
from piccobase.changes.reading import ChangesForgotten
from piccobase.testing import TestApp


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with blog(database_url, tmp_path) as api:
        yield api


async def test_what_is_old_goes_and_who_has_not_seen_it_is_told(api: TestApp) -> None:
    engine, noon = api.services.engine, datetime.now(UTC)
    log = change_log(engine)
    beginning = await log.last()
    for number in (1, 2, 3):
        await Shelves(number=number).save()
    seen_one = (await log.after("", limit=1))[0].position
    seen_all = (await log.after(""))[-1].position
    if engine.dialect == "postgres":  # whose clock is its own
        await engine.rows("UPDATE _changes SET time = time - 864000000")
        await Shelves(number=4).save()
        assert await prune(engine, days=7, most=0) == 3
    else:
        assert await prune(engine, days=7, most=0) == 0
        with clock.frozen(noon + timedelta(days=10)):
            await Shelves(number=4).save()
            assert await prune(engine, days=7, most=0) == 3
    assert await since(api, "") == [("create", "shelves", "4")]
    assert await since(api, seen_all) == [("create", "shelves", "4")]
    for position in (beginning, seen_one):
        with pytest.raises(ChangesForgotten, match="Load everything anew"):
            await log.after(position)
    await Shelves(number=5).save()
    assert await prune(engine, days=7, most=0) == 0
    assert [it.record for it in await told(api, seen_all)] == ["4", "5"]


async def test_only_so_many_are_kept_and_the_last_hour_in_any_case(api: TestApp) -> None:
    engine = api.services.engine
    await Shelves.insert(*(Shelves(number=number) for number in range(2500)))
    assert await prune(engine, days=0, most=0) == 0
    assert await prune(engine, days=7, most=100) == 2400
    assert [it.record for it in await told(api)] == list(map(str, range(2400, 2500)))
    last = await change_log(engine).last()
    await prune(engine, days=7, most=1)
    assert await change_log(engine).after(last) == []
    await Shelves(number=9999).save()
    assert await since(api, last) == [("create", "shelves", "9999")]


async def test_the_settings_say_how_much_is_kept(api: TestApp) -> None:
    root = await api.superuser()
    answer = await root.ask("PATCH", "/api/settings/sections", {"changes": {"maxDays": -1}})
    assert answer.status_code == 400
    answer = await root.ask("PATCH", "/api/settings/sections", {"changes": {"maxChanges": 2}})
    assert answer.json()["changes"] == {"maxDays": 7, "maxChanges": 2}
    await Shelves.insert(*(Shelves(number=number) for number in range(5)))
    assert (await root.ask("POST", "/api/crons/__pbChangesCleanup__")).status_code == 204
    await api.services.work.worker.drain()
    assert await since(api, "") == [("create", "shelves", "3"), ("create", "shelves", "4")]


async def test_what_is_no_position_is_refused(api: TestApp) -> None:
    await Shelves(number=1).save()
    for position in ("x", "-1", "1.5", "1'", "9" * 19, "5:3:", "1:1:;", "1:2:;3:4:;x", "٣", "1:1:\n"):
        with pytest.raises(BadRequest):
            await change_log(api.services.engine).after(position)


async def test_a_database_that_was_put_back_is_noticed(tmp_path: Path) -> None:
    async with blog(None, tmp_path) as api:
        await Shelves(number=1).save()
        with pytest.raises(ChangesForgotten):
            await change_log(api.services.engine).after("100")
