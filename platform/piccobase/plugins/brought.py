"""What is brought, kind by kind: for a table of plugins, and for finding two that bring the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from piccobase.base.errors import Problem
from piccobase.plugins.bringing import Bringing
from piccobase.plugins.reserved import RESERVED_COMMANDS, RESERVED_MOUNTS, RESERVED_SECTIONS

Names = Callable[[Any], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Of one kind the names of what somebody brings. Where only one can bear a name it is `alone`."""

    one: str
    many: str
    names: Names
    alone: bool = True
    taken: frozenset[str] = frozenset()  # the server's own
    caseless: bool = False
    twice_is_told: bool = False  # by others, where one brings the same twice

    def counted(self, bringing: Bringing) -> str:
        """`2 jobs`; empty where there is none."""
        count = len(list(self.names(bringing)))
        return f"{count} {self.one if count == 1 else self.many}" if count else ""


KINDS = (
    Kind("collection", "collections", lambda one: map(_table_name, one.collections), caseless=True, twice_is_told=True),
    Kind("role", "roles", lambda one: (role.name for role in one.roles), twice_is_told=True),
    Kind("hook", "hooks", lambda one: (hook.place for hook in one.hooks.hooks), alone=False),
    Kind("listener", "listeners", lambda one: (listener.place for listener in one.hooks.listeners), alone=False),
    Kind("route", "routes", lambda one: map(repr, one.routes), alone=False),  # http/own_checks.py looks at their paths
    Kind("rule function", "rule functions", lambda one: (function.name for function in one.functions)),
    Kind("job", "jobs", lambda one: (name for name in one.work.jobs if name not in one.work.schedules)),
    Kind("schedule", "schedules", lambda one: one.work.schedules),
    Kind(
        "settings section", "settings sections", lambda one: (it.name for it in one.sections), taken=RESERVED_SECTIONS
    ),
    Kind("mail template", "mail templates", lambda one: one.mails),
    Kind("mount", "mounts", lambda one: (mount.path for mount in one.mounts), taken=RESERVED_MOUNTS),
    Kind("dashboard page", "dashboard pages", lambda one: (f"{one.plugin}/{page.path}" for page in one.pages)),
    Kind("command", "commands", lambda one: (command.name for command in one.commands), taken=RESERVED_COMMANDS),
)


def clashes(bringing: Sequence[Bringing]) -> Iterator[Problem]:
    """Everything that two of them bring, or that the server has already, with who they are."""
    for kind in (kind for kind in KINDS if kind.alone):
        first: dict[str, Bringing] = {}
        for one in bringing:
            for name in kind.names(one):
                key = name.lower() if kind.caseless else name
                if key in kind.taken:
                    yield _problem(kind, name, one, None)
                elif key not in first:
                    first[key] = one
                elif first[key] is not one or not kind.twice_is_told:
                    yield _problem(kind, name, one, first[key])


def counts(bringing: Bringing) -> list[str]:
    """`["1 collection", "2 hooks"]`: what it brings, kind by kind."""
    return [counted for kind in KINDS if (counted := kind.counted(bringing))]


def _problem(kind: Kind, name: str, one: Bringing, other: Bringing | None) -> Problem:
    if other is one:
        return Problem("plugin.E006", one.place, f'it brings the {kind.one} "{name}" twice')
    also = other.whose if other else "Piccobase itself"
    return Problem("plugin.E006", one.place, f'it brings the {kind.one} "{name}", and so does {also}')


def _table_name(table: Any) -> str:
    meta = getattr(table, "_meta", None)
    return str(meta.tablename) if meta is not None else repr(table)
