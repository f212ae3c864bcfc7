"""`Bringing`: what may be brought to a server, by an app and by a plugin alike, and the way to the running server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import rich_click as click
from litestar.types import ControllerRouterHandler
from piccolo.table import Table

from piccobase.base.errors import StartError
from piccobase.filters.own_functions import RuleFunction
from piccobase.hooks.declaring import HookRegistry
from piccobase.jobs.adding import Jobs
from piccobase.jobs.declaring import JobRegistry
from piccobase.mail.sending import Mail
from piccobase.plugins.mounts import MadeMount, Mount
from piccobase.plugins.pages import DashboardPage, Method, PageFunction
from piccobase.plugins.sections import BroughtSection
from piccobase.records.acting import RecordService
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role
from piccobase.settings.section import Section

_S = TypeVar("_S", bound=Section)
Function = TypeVar("Function", bound=Callable[..., Any])
Page = TypeVar("Page", bound=PageFunction)
MakeApplication = TypeVar("MakeApplication", bound=Callable[[Any], Any])  # an ASGI application


@dataclass(frozen=True, slots=True)
class Running:
    """What of a running server whoever has brought something may use outside of a request."""

    jobs: Jobs
    mail: Mail
    records: Records


class Bringing:
    """What an app or a plugin brings. Declared before the start; nothing that comes later is taken up.

    `mounts` takes ASGI applications that are there already, and `commands` commands of click; `mount` and `command`
    are for functions. The other decorators are those of the rooms that run what they declare.
    """

    def __init__(
        self,
        *,
        plugin: str = "",
        collections: Sequence[type[Table]] = (),
        roles: Sequence[Role] = (),
        mails: Mapping[str, MailTemplate] = MappingProxyType({}),
        routes: Sequence[ControllerRouterHandler] = (),
        functions: Sequence[RuleFunction] = (),
    ) -> None:
        self.plugin = plugin  # the name of the plugin that it is; empty for an app
        self.file: Path | None = None  # in which it is made, where that is known
        self.collections = tuple(collections)
        self.roles = tuple(roles)
        self.mails = dict(mails)
        self.routes: list[ControllerRouterHandler] = list(routes)
        self.functions: list[RuleFunction] = list(functions)
        self.mounts: list[Mount | MadeMount] = []
        self.commands: list[click.Command] = []
        self.sections: list[BroughtSection[Any]] = []
        self.pages: list[DashboardPage] = []
        self.hooks = HookRegistry(plugin)
        self.work = JobRegistry()
        self.hook = self.hooks.hook
        self.listen = self.hooks.listen
        self.job = self.work.job
        self.schedule = self.work.schedule
        self._running: Running | None = None

    def settings(self, name: str, kind: type[_S], *, title: str = "") -> BroughtSection[_S]:
        """Declares a section of the settings, which superusers change while the server runs.

        The answer's `value` is what holds now, once the server was started. `name` is its key at
        `/api/settings/sections`, letters and digits such as `shopMail`; `title` is what people read.
        """
        section = BroughtSection(name, kind, title)
        self.sections.append(section)
        return section

    def mount(self, path: str, *, guarded: bool = True) -> Callable[[MakeApplication], MakeApplication]:
        """Puts an ASGI application beside the API, at `path` and below; `"/"` is what nothing else takes.

        The decorated function is called at the start with the running server's services, and returns the application.
        Without `guarded` that answers for rate limits itself (by `services.guard`).
        """

        def declare(make: MakeApplication) -> MakeApplication:
            self.mounts.append(MadeMount(path, make, guarded))
            return make

        return declare

    def page(
        self, path: str = "", *, title: str, icon: str = "plugin", methods: Sequence[Method] = ("GET",)
    ) -> Callable[[Page], Page]:
        """Declares the decorated function as a page of the dashboard, for superusers.

        It is an async function of a `PageRequest`, and returns `asked.show("template.html", …)` or `asked.go_to(…)`.
        It stands at `/admin/plugins/NAME/PATH`, an app's own at `/admin/pages/PATH`; `{id}` in the path is a parameter.
        The first page stands in the dashboard's navigation, under its `title` and an `icon` of the dashboard's.
        """

        def declare(function: Page) -> Page:
            self.pages.append(DashboardPage(path=path, title=title, icon=icon, function=function, methods=methods))
            return function

        return declare

    def command(self, name: str | None = None, **attributes: Any) -> Callable[[Function], Function]:
        """Declares the decorated function as a command, run as `piccobase NAME`; click's decorators say its options.

        An async function is run in the started app, so that its tables and services may be used; any other is just
        called. `name` is the function's own unless given, with - for _. `attributes` are those of `click.command`.
        """

        def declare(function: Function) -> Function:
            made: Callable[[Function], click.Command] = click.command(
                name or function.__name__.replace("_", "-"), **attributes
            )
            self.commands.append(made(function))
            return function

        return declare

    @property
    def jobs(self) -> Jobs:
        """Adds jobs: `await app.jobs.add("name", {…})`. Raises StartError before the app was started."""
        return self._run("Jobs can be added").jobs

    @property
    def mail(self) -> Mail:
        """Sends mails: `await app.mail.send_own("name", "a@example.com", {…})`. Raises StartError before the start."""
        return self._run("Mails can be sent").mail

    @property
    def records(self) -> RecordService:
        """The records, with the rights of a guest: for jobs, schedules and commands, where nobody asks.

        `app.records.as_system("why")` has all rights. Raises StartError before the app was started.
        """
        records = self._run("Records can be asked for").records
        return records.acting(RequestContext(), f"Plugin {self.plugin}" if self.plugin else "")

    @property
    def whose(self) -> str:
        """How messages call it."""
        return f"the plugin {self.plugin}" if self.plugin else "the app"

    @property
    def place(self) -> str:
        """Where mistakes in what it brings are said to stand."""
        return f"plugin {self.plugin}" if self.plugin else "App"

    def _run(self, what: str) -> Running:
        if self._running is None:
            raise StartError(f"{what} once the app was started: use a server, or call app.start().")
        return self._running

    def begin(self, running: Running) -> None:
        """The server has started. It is the last one that counts: tables too belong to one server in a process."""
        self._running = running

    def end(self) -> None:
        """The server has stopped."""
        self._running = None
