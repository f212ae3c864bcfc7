"""What an app consists of: what it declares itself, and what its plugins bring, put together before it starts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from piccolo.conf.apps import AppConfig
from piccolo.table import Table

from piccobase.app.mailing import check_own_mails
from piccobase.base.errors import InvalidDeclaration, Problem
from piccobase.filters.own_functions import RuleFunction
from piccobase.hooks.declaring import HookRegistry
from piccobase.http.own_routes import OwnRoutes
from piccobase.jobs.declaring import JobRegistry
from piccobase.migrations.projects import ProjectApp
from piccobase.plugins.bringing import Bringing
from piccobase.plugins.brought import clashes
from piccobase.plugins.loading import Loaded
from piccobase.plugins.mounts import check_mounts
from piccobase.plugins.pages import check_pages
from piccobase.plugins.plugin import Plugin
from piccobase.plugins.sections import check_sections
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything that is declared: by `bringing`, the plugins in the order in which they need each other, then the app.

    What only one place asks for, such as mounts, it takes from `bringing` itself.
    """

    bringing: tuple[Bringing, ...] = ()
    collections: tuple[type[Table], ...] = ()
    roles: tuple[Role, ...] = ()
    mails: Mapping[str, MailTemplate] = field(default_factory=dict)
    work: JobRegistry = field(default_factory=JobRegistry)
    hooks: HookRegistry = field(default_factory=HookRegistry)  # and listeners
    routes: tuple[OwnRoutes, ...] = ()
    functions: tuple[RuleFunction, ...] = ()
    problems: tuple[Problem, ...] = ()  # in what each of them brings, seen alone
    warnings: tuple[Problem, ...] = ()  # about plugins

    @property
    def plugins(self) -> list[Plugin]:
        return [one for one in self.bringing if isinstance(one, Plugin)]


def assemble(app: Bringing, loaded: Loaded) -> Assembly:
    """Puts together what plugins and app bring. Nothing that is given is changed.

    Raises InvalidDeclaration where plugins could not be loaded, and where two bring the same.
    """
    bringing = (*loaded.plugins, app)
    if problems := [*loaded.problems, *clashes(bringing)]:
        raise InvalidDeclaration(sorted(problems))
    work, hooks = JobRegistry(), HookRegistry()
    for one in bringing:
        work.take_in(one.work)
        hooks.hooks += one.hooks.hooks
        hooks.listeners += one.hooks.listeners
        hooks.problems += one.hooks.problems
    return Assembly(
        bringing=bringing,
        collections=tuple(table for one in bringing for table in one.collections),
        roles=tuple(role for one in bringing for role in one.roles),
        mails={name: mail for one in bringing for name, mail in one.mails.items()},
        work=work,
        hooks=hooks,
        routes=tuple(OwnRoutes(one.routes, one.plugin) for one in bringing),
        functions=tuple(replace(function, plugin=one.plugin) for one in bringing for function in one.functions),
        problems=tuple(problem for one in bringing for problem in _mistakes_in(one)),
        warnings=tuple(loaded.warnings),
    )


def _mistakes_in(one: Bringing) -> Iterator[Problem]:
    yield from check_own_mails(one.place, one.mails)
    yield from check_pages(one.place, one.pages)
    yield from check_sections(one.place, one.sections)
    yield from check_mounts(one.place, one.mounts)


def plugin_app(plugin: Plugin) -> ProjectApp | None:
    """The Piccolo app that a plugin's migrations are those of; None for one that has no place for any."""
    if plugin.migrations is None or not plugin.collections:
        return None
    config = AppConfig(
        app_name=plugin.name, migrations_folder_path=plugin.migrations, table_classes=list(plugin.collections)
    )
    return ProjectApp(config, own=False, of_plugin=True)
