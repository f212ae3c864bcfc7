"""`Plugin`: an object with a name and a version, and everything that it brings to the apps that load it."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from litestar.types import ControllerRouterHandler
from piccolo.table import Table

from piccobase.filters.own_functions import RuleFunction
from piccobase.plugins.bringing import Bringing
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import Role

MIGRATIONS = "piccolo_migrations"  # the folder beside the file in which a plugin is made


class Plugin(Bringing):
    """What a plugin brings. Declared once in its package, and found there by the apps that load it.

    `name` is what it is called in messages and where it is disabled: small letters and digits, with - or _ between
    them. `version` is its own, such as "1.2.0". `needs` are names of plugins that must be loaded before it, with a
    version if that matters: `["audit>=1.2"]`.

    `migrations` is the folder with the migrations of its collections, by default `piccolo_migrations` beside the file
    that makes the plugin, where there is one; without any the database follows the code.
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
        routes: Sequence[ControllerRouterHandler] = (),
        functions: Sequence[RuleFunction] = (),
        migrations: str | Path | None = None,
    ) -> None:
        super().__init__(
            plugin=name, collections=collections, roles=roles, mails=mails, routes=routes, functions=functions
        )
        self.name, self.version, self.needs = name, version, tuple(needs)
        self.file = _file_that_calls(self)
        self.migrations = Path(migrations) if migrations is not None else self._beside(MIGRATIONS)

    def __repr__(self) -> str:
        return f"<plugin {self.name} {self.version}>"

    def _beside(self, folder: str) -> Path | None:
        """The folder beside the plugin's file, if that is in a package; of loose files any could be whose it is."""
        if self.file is None or not (self.file.parent / "__init__.py").is_file():
            return None
        return self.file.parent / folder


def _file_that_calls(made: Plugin) -> Path | None:
    """The file in which a plugin is made; None in an interactive session."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_locals.get("self") is made:  # `__init__`, also that of a derived class
        frame = frame.f_back
    file = frame.f_globals.get("__file__")
    return Path(file).resolve() if file else None
