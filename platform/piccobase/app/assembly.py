"""What an app consists of: what it declares itself, and what its plugins bring, put together before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from litestar.types import ControllerRouterHandler
from piccolo.table import Table

from piccobase.hooks.declaring import HookRegistry
from piccobase.jobs.declaring import JobRegistry
from piccobase.plugins.plugin import Plugin
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything that is declared. Of plugins in the order in which they need each other, then of the app."""

    plugins: tuple[Plugin, ...] = ()
    collections: tuple[type[Table], ...] = ()
    roles: tuple[Role, ...] = ()
    mails: Mapping[str, MailTemplate] = field(default_factory=dict)
    work: JobRegistry = field(default_factory=JobRegistry)
    hooks: HookRegistry = field(default_factory=HookRegistry)  # and listeners
    routes: tuple[ControllerRouterHandler, ...] = ()


def assemble(
    plugins: Sequence[Plugin],
    *,
    collections: Sequence[type[Table]],
    roles: Sequence[Role],
    mails: Mapping[str, MailTemplate],
    work: JobRegistry,
    hooks: HookRegistry,
    routes: Sequence[ControllerRouterHandler],
) -> Assembly:
    """Puts what the app has to what the plugins bring, which must not clash. Nothing that is given is changed."""
    jobs, together = JobRegistry(), HookRegistry()
    for registry in (*(plugin.work for plugin in plugins), work):
        jobs.take_in(registry)
    for declared in (*(plugin.hooks for plugin in plugins), hooks):
        together.hooks += declared.hooks
        together.listeners += declared.listeners
        together.problems += declared.problems
    return Assembly(
        plugins=tuple(plugins),
        collections=(*(table for plugin in plugins for table in plugin.collections), *collections),
        roles=(*(role for plugin in plugins for role in plugin.roles), *roles),
        mails={
            name: mail for brought in (*(plugin.mails for plugin in plugins), mails) for name, mail in brought.items()
        },
        work=jobs,
        hooks=together,
        routes=(*(route for plugin in plugins for route in plugin.routes), *routes),
    )
