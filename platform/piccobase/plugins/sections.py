"""Sections of the settings that apps and plugins bring: declared before there is a server, held by it while it runs."""

from typing import Generic, TypeVar

from piccobase.base.errors import StartError
from piccobase.settings.section import Section
from piccobase.settings.service import OwnSection, SettingsService

_S = TypeVar("_S", bound=Section)


class BroughtSection(Generic[_S]):
    """A declared section: `value` is what holds now, in the server that has last been started with it."""

    def __init__(self, name: str, kind: type[_S], title: str = "") -> None:
        self.name, self.kind, self.title = name, kind, title
        self._held: OwnSection[_S] | None = None

    @property
    def value(self) -> _S:
        """What superusers have set, else the defaults. Raises StartError before the start."""
        if self._held is None:
            raise StartError(f"The settings of {self.name} are known once the app was started: read .value later.")
        return self._held.value

    def begin(self, settings: SettingsService) -> None:
        """Registers it with a server. Raises StartError where what is stored does not fit."""
        self._held = settings.section(self.name, self.kind, self.title)
