"""What an app and its plugins declare, put together."""

from piccolo.columns import Varchar

from piccobase import App, Collection, MailTemplate, Plugin, Role
from piccobase.testing import TestApp


class Note(Collection, tablename="notes"):
    text = Varchar()


class Entry(Collection, tablename="entries"):
    text = Varchar()


async def test_an_app_has_what_its_plugins_bring_and_comes_last() -> None:
    plugin = Plugin("audit", "1.0", collections=[Entry], roles=[Role("auditor")], mails={"new": MailTemplate("a", "b")})

    @plugin.job()
    async def of_plugin() -> None: ...

    app = App([Note], [Role("editor")], plugins=[plugin], mails={"digest": MailTemplate("a", "b")})

    @app.schedule("@daily")
    async def of_app() -> None: ...

    found = app.assembly()
    assert [table._meta.tablename for table in found.collections] == ["entries", "notes"]
    assert [role.name for role in found.roles] == ["auditor", "editor"]
    assert (list(found.mails), set(found.work.jobs)) == (["new", "digest"], {"of_plugin", "of_app"})
    assert not app.work.jobs.keys() & {"of_plugin"}
    async with TestApp(app) as api:
        assert {"notes", "entries"} <= api.services.registry.collections.keys()
