"""Plugins in a running app: what they bring works. What breaks in one at run time is in tests/attacks."""

import gc
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import rich_click as click
from click.testing import CliRunner
from piccolo.columns import Varchar

from piccobase import App, AuthCollection, Collection, CreatingRecord, MailTemplate, Plugin, RecordCreated, Role, Rules
from piccobase.base.errors import StartError
from piccobase.cli.plugin_commands import commands_of
from piccobase.extending import Section
from piccobase.testing import TestApp


class User(AuthCollection, tablename="users"):
    pass


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(list="", view="", create="")


class Entry(Collection, tablename="audit_entries"):
    text = Varchar()


class AuditSettings(Section, frozen=True):
    prefix: str = "made: "


NOTES = "/api/collections/notes/records"


def audit() -> Plugin:
    """One that brings something of each kind."""
    plugin = Plugin("audit", "1.2", collections=[Entry], roles=[Role("auditor")])
    plugin.mails["news"] = MailTemplate("News", "<p>{{ text }}</p>")
    settings = plugin.settings("audit", AuditSettings, title="Audit")

    @plugin.listen(RecordCreated, collection="notes", durable=True)
    async def note(event: RecordCreated) -> None:
        await plugin.records.as_system("an entry for each note").create(
            "audit_entries", {"text": settings.value.prefix + str(event.record["text"])}
        )

    @plugin.job()
    async def tell(to: str) -> None:
        await plugin.mail.send_own("news", to, {"text": f"{await Entry.count()} entries"})

    @plugin.schedule("@daily")
    async def nightly() -> None:
        await plugin.jobs.add(tell, {"to": "root@example.com"})

    @plugin.mount("/hello")
    def hello(services: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": services.config.host.encode()})

        return application

    @plugin.command()
    @click.option("--text", default="by hand")
    async def add_entry(text: str) -> None:
        """Add an entry by hand. It is kept."""
        await Entry(text=text).save()
        click.echo(f"{await Entry.count()} entries of {click.get_current_context().obj.plugins[0].name}")

    return plugin


async def test_what_a_plugin_brings_works_with_an_apps_own_collections(database_url: str | None) -> None:
    async with TestApp([Note], plugins=[plugin := audit()], database_url=database_url) as api:
        root = await api.superuser()
        assert (await api.post(NOTES, {"text": "one"})).status_code == 200
        sections = await root.patch("/api/settings/sections", {"audit": {"prefix": "new: "}})
        assert sections.json()["audit"] == {"prefix": "new: "}
        assert (await api.post(NOTES, {"text": "two"})).status_code == 200
        await api.run_jobs()
        assert sorted(entry["text"] for entry in await api.rows(Entry)) == ["new: one", "new: two"]

        assert (await api.get("/hello/there")).text == "127.0.0.1"
        assert "nightly" in {cron["id"] for cron in (await root.get("/api/crons")).json()}
        await root.post("/api/crons/nightly")
        await api.run_jobs()
        assert [mail.text.strip() for mail in api.mails] == ["2 entries"]
        assert "auditor" in api.services.registry.roles.closure
    with pytest.raises(StartError, match="once the app was started"):
        _ = plugin.jobs


async def test_a_plugin_alone_is_an_app_and_nothing_that_is_installed_is_there() -> None:
    async with TestApp(Plugin("audit", "1.0", collections=[Entry])) as api:
        assert "audit_entries" in api.services.registry.collections
        assert (await api.get("/admin/")).status_code == 404
        assert api.services.assembly.plugins[0].name == "audit"
    async with TestApp(App([Note], plugins=[audit()])) as api:
        assert [plugin.name for plugin in api.services.assembly.plugins] == ["admin", "audit"]
        assert (await api.get("/admin/")).status_code != 404
    with pytest.raises(TypeError, match="An App declares its roles and plugins itself"):
        TestApp(App([Note]), plugins=[audit()])


def test_commands_of_plugins_are_run_in_the_started_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = App([Note], plugins=[audit()], installed_plugins=False)
    monkeypatch.setattr("piccobase.cli.plugin_commands.app_of", lambda target: app)
    _, found = commands_of(".")
    command = found["add-entry"]
    assert command.get_short_help_str() == "Add an entry by hand (plugin audit)."
    for count in (1, 2):
        done = CliRunner().invoke(command, ["--data-dir", "elsewhere", "--text", "x"], obj=app)
        assert (done.output, done.exception) == (f"{count} entries of audit\n", None)
    assert (tmp_path / "elsewhere" / "data.db").exists()


# --- what breaks at the start


async def test_what_a_plugin_cannot_set_up_is_told_with_its_name_and_line(tmp_path: Path) -> None:
    plugin = Plugin("broken", "1.0")

    @plugin.mount("/pages")
    def pages(services: Any) -> Any:
        return {}["no page"]

    with pytest.raises(StartError, match=r"^The plugin broken cannot make what it mounts at /pages: .*py:\d+: KeyErr"):
        await TestApp(plugin).__aenter__()
    async with TestApp(App([Note], plugins=[plugin], disabled_plugins=["broken"], installed_plugins=False)) as api:
        assert (await api.get("/pages")).status_code == 404


async def test_settings_that_no_longer_fit_are_told_with_their_name(tmp_path: Path) -> None:
    class Old(Section, frozen=True):
        limit: str = "many"

    class New(Section, frozen=True):
        limit: int = 5

    for kind in (Old, New):
        plugin = Plugin("shop", "1.0")
        plugin.settings("shopLimits", kind)
        if kind is New:
            with pytest.raises(StartError, match='The stored settings of "shopLimits" do not fit New'):
                await TestApp(plugin, data_dir=tmp_path).__aenter__()
        else:
            async with TestApp(plugin, data_dir=tmp_path) as api:
                root = await api.superuser()
                assert (await root.patch("/api/settings/sections", {"shopLimits": {"limit": "x"}})).status_code == 200


# --- many of them


def numbered(number: int) -> Plugin:
    """One of many, which needs the one before it and does a little around notes."""

    class Numbered(Collection, tablename=f"numbered_{number}"):
        text = Varchar()

    plugin = Plugin(f"p{number}", "1.0", needs=[f"p{number - 1}>=1"] if number else [], collections=[Numbered])
    settings = plugin.settings(f"numbered{number}", AuditSettings)

    @plugin.hook(CreatingRecord, collection="notes")
    async def stamp(event: CreatingRecord) -> None:
        event.draft["text"] = f"{event.draft['text']}{number} "
        assert settings.value.prefix

    plugin.job(f"job{number}")(lambda: None)
    plugin.mount(f"/numbered/{number}")(lambda services: services)
    return plugin


async def test_fifty_plugins_are_loaded_in_their_order_and_start_soon(caplog: pytest.LogCaptureFixture) -> None:
    plugins = [numbered(number) for number in range(50)]
    app = App([Note], plugins=plugins[::-1], installed_plugins=False)
    gc.collect()
    began = time.perf_counter()
    assembly = app.assembly()
    took = time.perf_counter() - began
    assert [plugin.name for plugin in assembly.plugins] == [f"p{number}" for number in range(50)]
    assert took < 0.5  # about 5 ms on an idle machine; to assemble them must not be quadratic
    with caplog.at_level(logging.WARNING):
        async with TestApp(app) as api:
            made = await api.post(NOTES, {"text": ""})
            assert made.json()["text"] == "".join(f"{number} " for number in range(50))
            assert len(api.services.registry.collections) >= 50
    assert caplog.text == ""
