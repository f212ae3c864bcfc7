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
    """Plugins in their order, without those whose needs are not met; `problems` says why not."""

    plugins: list[Plugin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


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
        order.problems += _unmet(plugin, there, absent)
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


def _unmet(plugin: Plugin, there: Mapping[str, Plugin], absent: Mapping[str, str]) -> Iterator[Problem]:
    place = f"plugin {plugin.name}"
    for text in plugin.needs:
        try:
            need = Requirement(text)
        except InvalidRequirement:
            yield Problem("plugin.E004", place, f'its need {text!r} cannot be read: write it as "audit>=1.2"')
            continue
        found = there.get(plugin_key(need.name))
        if found is None:
            why = absent.get(plugin_key(need.name), "")
            known = [one.name for one in there.values()]
            text = f"it needs {text}, which is {why or 'not there'}.{'' if why else nearest(need.name, known)}"
            yield Problem("plugin.E004", place, text)
        elif not _fits(found.version, need):
            yield Problem("plugin.E004", place, f"it needs {text}, and {found.name} is {found.version}")


def _fits(version: str, need: Requirement) -> bool:
    try:
        return need.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # which is a problem of its own
