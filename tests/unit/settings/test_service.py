"""What holds, what is stored, who hears of it: settings over their life, and plugins' sections."""

import asyncio
import logging
from typing import Annotated

import msgspec
import pytest
from tests.signing_in import Engine
from tests.unit.settings.conftest import Process

from piccobase.base.errors import BadRequest, FieldError, MalformedBody, StartError
from piccobase.settings.section import Mistakes, SecretText, Section, says
from piccobase.settings.service import shown


class Mail(Section, frozen=True):
    token: SecretText = ""


class Audit(Section, frozen=True):
    """What is noted of changes."""

    keep_days: Annotated[int, says("Days"), msgspec.Meta(ge=1, le=3650)] = 30
    mail: Mail = Mail()
    topics: tuple[str, ...] = ()

    def check(self) -> Mistakes:
        return {"topics": FieldError("validation_invalid_value", "No.")} if "no" in self.topics else {}


async def test_a_change_holds_at_once_here_and_elsewhere_after_a_look(process: Process) -> None:
    here, elsewhere = process(), process()
    await here.load()
    await elsewhere.load()
    assert await elsewhere.refresh() is False
    await here.update({"meta": {"appName": "Atlas"}, "smtp": {"password": "hush"}})
    assert here.current.meta.app_name == "Atlas"
    assert elsewhere.current.meta.app_name == "Acme"
    assert await elsewhere.refresh() is True
    assert (elsewhere.current.meta.app_name, elsewhere.current.smtp.password) == ("Atlas", "hush")
    assert await elsewhere.refresh() is False
    late = process()
    await late.load()
    assert late.current == here.current


async def test_a_secret_alone_is_a_change_that_others_see(process: Process) -> None:
    here, elsewhere = process(), process()
    await here.update({"s3": {"secret": "one"}})
    await elsewhere.load()
    await here.update({"s3": {"secret": "two"}})
    assert await elsewhere.refresh() is True
    assert elsewhere.current.s3.secret == "two"


async def test_what_is_not_changed_keeps_the_defaults_of_later_versions(process: Process, engine: Engine) -> None:
    settings = process()
    await settings.update({"meta": {"appName": "Atlas"}, "batch": {"maxRequests": 50}})
    await settings.update({"logs": {"maxDays": 9}, "meta": {"appName": "Atlas"}, "rateLimits": {"rules": []}})
    await settings.update({"smtp": {"port": 25}})
    rows = await engine.rows("SELECT name, revision FROM _settings")
    assert dict(rows) == {"": 3, "meta": 1, "logs": 2, "rateLimits": 2, "smtp": 3}


async def test_changes_at_the_same_time_lose_nothing(process: Process) -> None:
    processes = [process() for _ in range(4)]
    fields = ("appName", "senderName", "appURL", "accentColor")
    values = ("A", "B", "https://c.example", "#000000")
    await asyncio.gather(
        *(one.update({"meta": {name: value}}) for one, name, value in zip(processes, fields, values, strict=True))
    )
    last = process()
    await last.load()
    assert tuple(shown(last.current.meta)[name] for name in fields) == values


async def test_listeners_hear_of_each_change_whoever_made_it_and_whatever_another_does(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    here, elsewhere = process(), process()
    heard: list[str] = []

    def failing() -> None:
        if heard:
            raise ValueError("broken listener")

    elsewhere.listen(failing)
    elsewhere.listen(lambda: heard.append(elsewhere.current.meta.app_name))
    await here.update({"meta": {"appName": "One"}})
    with caplog.at_level(logging.ERROR):
        await elsewhere.refresh()
    await elsewhere.update({"meta": {"appName": "Two"}})
    await elsewhere.update({})
    assert heard == ["Acme", "One", "Two"]
    assert "broken listener" in caplog.text


async def test_a_refused_change_changes_nothing(process: Process) -> None:
    settings = process()
    await settings.load()
    with pytest.raises(BadRequest):
        await settings.update({"meta": {"appName": "Good"}, "logs": {"maxDays": -1}})
    with pytest.raises(MalformedBody):
        await settings.update({"meta": {"appName": 5}})
    again = process()
    await again.load()
    assert again.current == settings.current
    assert again.current.meta.app_name == "Acme"


async def test_a_plugins_section_is_typed_checked_secret_and_seen_elsewhere(process: Process, engine: Engine) -> None:
    here, elsewhere = process(), process()
    own, other = here.section("audit", Audit), elsewhere.section("audit", Audit)
    assert own.value == Audit()
    change = {"keepDays": 7, "mail": {"token": "pa55"}, "topics": ["a"], "unknown": 1}
    await here.update_sections({"audit": change, "unknown": {}})
    assert own.value == Audit(keep_days=7, mail=Mail(token="pa55"), topics=("a",))
    await elsewhere.refresh()
    assert other.value == own.value
    assert "pa55" not in str(await engine.rows("SELECT name, value FROM _settings"))
    assert shown(own.value) == {"keepDays": 7, "mail": {}, "topics": ["a"]}
    late = process()
    await late.load()
    assert late.section("audit", Audit).value == own.value  # registered after what is stored was read
    for change, place in (
        ({"keepDays": 0}, {"keepDays": "validation_invalid_value"}),
        ({"topics": ["no"]}, {"topics": "validation_invalid_value"}),
    ):
        with pytest.raises(BadRequest) as refused:
            await here.update_sections({"audit": change})
        found = {name: error.code for name, error in refused.value.data["audit"].items()}
        assert found == place


async def test_a_section_needs_a_name_of_its_own_and_secrets_that_can_be_kept(process: Process) -> None:
    settings = process()
    settings.section("audit", Audit)
    for name in ("audit", "meta", "superuserIPs", "", "Audit", "a.b", "a_b"):
        with pytest.raises(TypeError, match="needs a name"):
            settings.section(name, Audit)

    class Wrong(Section, frozen=True):
        tokens: tuple[SecretText, ...] = ()

    with pytest.raises(TypeError, match="SecretText inside"):
        settings.section("wrong", Wrong)


async def test_what_was_stored_by_another_version_is_told_with_the_way_out(process: Process, engine: Engine) -> None:
    await process().update({"meta": {"appName": "A"}})
    await engine.rows("UPDATE _settings SET value = '{\"appName\": 5}' WHERE name = 'meta'")
    with pytest.raises(StartError, match="_settings"):
        await process().load()


async def test_while_the_database_is_away_what_was_read_holds(
    process: Process, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = process()
    await settings.update({"meta": {"appName": "Atlas"}})
    looked = asyncio.Event()
    looks = 0

    async def away() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            looked.set()
        raise BadRequest("away")

    monkeypatch.setattr(settings, "refresh", away)
    monkeypatch.setattr("piccobase.settings.service.WATCH_EVERY", 0)
    watching = asyncio.create_task(settings.watch())
    await looked.wait()
    watching.cancel()
    assert settings.current.meta.app_name == "Atlas"
    assert caplog.text.count("could not be looked at") == 1
