"""The plugins of an app: found, loaded unless disabled, and put in order. Mistakes are gathered, not raised."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import InvalidVersion, Version

from piccobase.base.errors import Problem
from piccobase.plugins.blaming import told
from piccobase.plugins.finding import Candidate, NoPlugin, given, in_folder, installed
from piccobase.plugins.ordering import in_order, needs_of, plugin_key
from piccobase.plugins.plugin import Plugin
from piccobase.plugins.reserved import RESERVED_PLUGINS
from piccobase.schema.naming import nearest

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
DISABLE = "Start without it: PICCOBASE_DISABLED_PLUGINS="


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is there. `plugin` is None where it was not loaded."""

    name: str
    source: str
    state: str  # on, disabled, on request, broken, or what it needs and does not have
    plugin: Plugin | None = None


@dataclass(slots=True)
class Loaded:
    """`plugins` in their order; `found` is all that is there, those first that are on."""

    plugins: tuple[Plugin, ...] = ()
    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def load_plugins(
    wanted: Sequence[Plugin | str] = (),
    *,
    app_file: Path | None = None,
    with_installed: bool = True,
    disabled: Collection[str] = (),
) -> Loaded:
    """Loads what is installed, what lies beside the app and what it names itself, and what these need.

    A name in `wanted` is that of a plugin of an installed package. What is `disabled` is not even imported.
    """
    there, on_request = installed()
    loading = _Loading(frozenset(map(plugin_key, disabled)), [*on_request, *there])
    names = [one for one in wanted if isinstance(one, str) and ":" not in one]
    if with_installed:
        for candidate in there:
            loading.load(candidate)
    for candidate in in_folder(app_file):
        loading.load(candidate)
    for name in names:
        loading.ask_for(name)
    for candidate in given([one for one in wanted if one not in names]):
        loading.load(candidate)
    loading.load_needed()
    return loading.loaded(disabled)


class _Loading:
    """Loads one after the other, and remembers what has become of each."""

    def __init__(self, disabled: frozenset[str], on_request: Iterable[Candidate]) -> None:
        self._disabled = disabled
        self._on_request = {plugin_key(one.name): one for one in on_request}
        self._plugins: dict[str, Plugin] = {}
        self._sources: dict[str, str] = {}
        self._others: dict[str, Found] = {}  # by what is known of it: its name, or where it comes from
        self._problems: list[Problem] = []

    def load(self, candidate: Candidate) -> None:
        """Loads it, unless it is disabled."""
        key = plugin_key(candidate.name)
        if key and key in self._disabled:
            self._others[key] = Found(candidate.name, candidate.source, "disabled")
            return
        try:
            plugin = candidate.load()
        except (Exception, SystemExit) as error:
            self._broken(candidate, told(error, candidate.inside) if not isinstance(error, NoPlugin) else str(error))
            return
        self._take(plugin, candidate)

    def ask_for(self, name: str) -> None:
        """Loads the plugin of an installed package by its name."""
        key = plugin_key(name)
        if key in self._plugins or key in self._others:
            return
        if key in self._on_request:
            self.load(self._on_request[key])
            return
        known = [one.name for one in self._on_request.values()]
        there = ", ".join(sorted(known)) or "none"
        text = f'no plugin "{name}" is installed.{nearest(name, known) or f" There are: {there}."}'
        self._problems.append(Problem("plugin.E004", "App, plugins", text))

    def load_needed(self) -> None:
        """Loads what others need and nobody has asked for, as far as it is installed."""
        waiting = list(self._plugins.values())
        while waiting:
            for need in needs_of(waiting.pop()):
                key = plugin_key(need.name)
                if key in self._on_request and key not in self._plugins and key not in self._others:
                    self.load(self._on_request[key])
                    if key in self._plugins:
                        waiting.append(self._plugins[key])

    def loaded(self, disabled: Iterable[str]) -> Loaded:
        """What has come of it."""
        for key, candidate in self._on_request.items():
            if key not in self._plugins and key not in self._others:
                self._others[key] = Found(candidate.name, candidate.source, "on request")
        order = in_order(self._plugins.values(), _absent(self._others))
        on = [
            Found(one.name, self._sources[plugin_key(one.name)], _state(order.unmet.get(one.name)), one)
            for one in order.plugins
        ]
        known = {found.name for found in (*on, *self._others.values())}
        warnings = [
            Problem("plugin.W001", "disabled_plugins", f'there is no plugin "{name}".{nearest(name, known)}')
            for name in disabled
            if plugin_key(name) not in map(plugin_key, known)
        ]
        rest = sorted(self._others.values(), key=lambda found: (found.state == "on request", found.name))
        return Loaded(tuple(order.plugins), [*on, *rest], self._problems + order.problems, warnings)

    def _take(self, plugin: Plugin, candidate: Candidate) -> None:
        key = plugin_key(plugin.name)
        if mistake := _mistake_in(plugin, candidate):
            self._broken(candidate, mistake)
        elif key in self._disabled:
            self._others[key] = Found(plugin.name, candidate.source, "disabled")
        elif key not in self._plugins:
            self._plugins[key], self._sources[key] = plugin, candidate.source
        elif self._plugins[key] is not plugin:
            place, first, second = f"plugin {plugin.name}", self._sources[key], candidate.source
            two = Problem("plugin.E003", place, f"there are two of this name, from {first} and from {second}")
            self._problems.append(two)

    def _broken(self, candidate: Candidate, why: str) -> None:
        name = candidate.name or candidate.source
        self._others[plugin_key(candidate.name) or candidate.source] = Found(name, candidate.source, "broken")
        way_out = f"\n{DISABLE}{candidate.name}" if candidate.name else ""
        self._problems.append(Problem("plugin.E001", f"plugin {name} ({candidate.source})", why + way_out))


def is_plugin_name(name: str) -> bool:
    """Whether a plugin can be called so."""
    return _NAME.fullmatch(name) is not None and plugin_key(name) not in RESERVED_PLUGINS


def _mistake_in(plugin: Plugin, candidate: Candidate) -> str:
    """What is wrong with it as a whole."""
    if not is_plugin_name(plugin.name):
        return f'"{plugin.name}" cannot be a name of a plugin: take small letters and digits, with - or _ between them'
    if candidate.name and plugin_key(candidate.name) != plugin_key(plugin.name):
        return f'it calls itself "{plugin.name}": give both the same name, by which it can be disabled'
    try:
        Version(plugin.version)
    except InvalidVersion:
        return f'"{plugin.version}" is no version: write it as "1.2.0"'
    return ""


def _state(unmet: str | None) -> str:
    return f"needs {unmet}" if unmet else "on"


def _absent(others: Mapping[str, Found]) -> dict[str, str]:
    """Why each of them is not there, for whoever needs it."""
    return {key: "disabled" if found.state == "disabled" else "broken" for key, found in others.items()}
