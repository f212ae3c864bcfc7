"""The order of plugins: each after those that it needs, and otherwise as they were found."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from piccobase.base.errors import Problem
from piccobase.plugins.plugin import Plugin
from piccobase.schema.naming import nearest


@dataclass(slots=True)
class Order:
    """Plugins in their order, also those whose needs are not met: `unmet` has these needs by the plugin's name."""

    plugins: list[Plugin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unmet: dict[str, str] = field(default_factory=dict)


def needs_of(plugin: Plugin) -> Iterator[Requirement]:
    """What it needs. What cannot be read is left out: `in_order` tells."""
    for need in plugin.needs:
        try:
            yield Requirement(need)
        except InvalidRequirement:
            continue


def in_order(plugins: Iterable[Plugin], absent: Mapping[str, str]) -> Order:
    """Puts them in order. `absent` are names of others, each with why it is not there."""
    there = {plugin_key(plugin.name): plugin for plugin in plugins}
    order = Order()
    for plugin in there.values():
        for need, problem in _unmet(plugin, there, absent):
            order.problems.append(problem)
            order.unmet.setdefault(plugin.name, need)
    seen: dict[str, bool] = {}  # whether all that it needs stands before it already

    def place(key: str, way: tuple[str, ...]) -> None:
        if key in way:
            circle = " -> ".join((*way[way.index(key) :], key))
            problem = Problem("plugin.E005", f"plugin {key}", f"these plugins need each other in a circle: {circle}")
            if not any(one.id == problem.id for one in order.problems):
                order.problems.append(problem)
            return
        if key in seen:
            return
        for need in needs_of(there[key]):
            if (name := plugin_key(need.name)) in there:
                place(name, (*way, key))
        if key not in seen:
            seen[key] = True
            order.plugins.append(there[key])

    for key in there:
        place(key, ())
    return order


def plugin_key(name: str) -> str:
    """A name as it is compared: `My_Plugin` is `my-plugin`."""
    return canonicalize_name(name)


def _unmet(plugin: Plugin, there: Mapping[str, Plugin], absent: Mapping[str, str]) -> Iterator[tuple[str, Problem]]:
    """Its needs that are not met, each with what is to be told."""
    for need in plugin.needs:
        if told := _told(need, there, absent):
            yield need, Problem("plugin.E004", f"plugin {plugin.name}", told)


def _told(need: str, there: Mapping[str, Plugin], absent: Mapping[str, str]) -> str:
    try:
        wanted = Requirement(need)
    except InvalidRequirement:
        return f'its need {need!r} cannot be read: write it as "audit>=1.2"'
    found = there.get(plugin_key(wanted.name))
    if found is not None:
        return "" if _fits(found.version, wanted) else f"it needs {need}, and {found.name} is {found.version}"
    if why := absent.get(plugin_key(wanted.name)):
        return f"it needs {need}, which is {why}"
    known = [one.name for one in there.values()]
    return f"it needs {need}, which is not there.{nearest(wanted.name, known)}"


def _fits(version: str, need: Requirement) -> bool:
    try:
        return need.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # which is a problem of its own
