"""Sections of the settings that apps and plugins bring: declared before there is a server, held by it while it runs."""

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from piccobase.base.errors import Problem, StartError
from piccobase.settings.section import Section
from piccobase.settings.service import OwnSection, SettingsService, mistake_in_section

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


def check_sections(place: str, sections: Iterable[BroughtSection[Any]]) -> Iterator[Problem]:
    """Mistakes in the declaration of somebody's sections."""
    for section in sections:
        if mistake := mistake_in_section(section.name, section.kind):
            yield Problem("plugin.E007", f"{place}, settings", mistake)
