"""`Plugin`: an object with a name and a version, and everything that it brings to the apps that load it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from litestar.types import ControllerRouterHandler
from piccolo.table import Table

from piccobase.hooks.declaring import HookRegistry
from piccobase.jobs.declaring import JobRegistry
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role


class Plugin:
    """What a plugin brings. Declared once in its package, and found there by the apps that load it.

    `name` is what it is called in messages, in settings and where it is disabled; `version` is its own. `needs` are
    names of plugins that must be loaded before it, with a version if that matters: `["audit>=1.2"]`.
    """

    def __init__(
        self,
        name: str,
        version: str,
        *,
        needs: Sequence[str] = (),
        collections: Sequence[type[Table]] = (),
        roles: Sequence[Role] = (),
        mails: Mapping[str, MailTemplate] = MappingProxyType({}),
    ) -> None:
        self.name, self.version, self.needs = name, version, tuple(needs)
        self.collections = tuple(collections)
        self.roles = tuple(roles)
        self.mails = dict(mails)
        self.routes: list[ControllerRouterHandler] = []
        self.hooks = HookRegistry(name)
        self.work = JobRegistry()
        self.hook = self.hooks.hook
        self.listen = self.hooks.listen
        self.job = self.work.job
        self.schedule = self.work.schedule

    def __repr__(self) -> str:
        return f"<plugin {self.name} {self.version}>"
