"""What a developer declares: functions around hook points, and listeners. Mistakes are gathered, not raised."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from piccobase.base.errors import Problem
from piccobase.hooks.point import AfterEvent, HookEvent, HookFunction
from piccobase.schema.naming import nearest
from piccobase.schema.registry import Registry

LISTENER_TIMEOUT = 30.0  # seconds for one event
JOB_PREFIX = "listener:"  # of the jobs of durable listeners

Collections = str | type | Sequence[str | type] | None
Function = TypeVar("Function", bound=HookFunction)
Form = Literal["wraps", "before", "generator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookInfo:
    """A function around a point. `collections` are names, empty for all of them."""

    point: type[HookEvent]
    function: HookFunction
    form: Form
    is_async: bool
    collections: tuple[str, ...] = ()
    order: int = 0
    plugin: str = ""  # whose it is; empty for the app's own

    @property
    def place(self) -> str:
        """`stamp (app.py:12)`: how messages name it."""
        return _place(self.function, self.plugin)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerInfo:
    """A function that learns what has happened."""

    event: type[AfterEvent]
    function: HookFunction
    is_async: bool
    collections: tuple[str, ...] = ()
    durable: bool = False
    timeout: float = LISTENER_TIMEOUT
    plugin: str = ""

    @property
    def place(self) -> str:
        return _place(self.function, self.plugin)

    @property
    def job(self) -> str:
        """The name of its jobs, where it is durable."""
        name = getattr(self.function, "__name__", "listener")
        return JOB_PREFIX + (f"{self.plugin}.{name}" if self.plugin else name)


@dataclass(slots=True)
class HookRegistry:
    """All hooks and listeners of an app, or of a plugin, in the order of their declaration."""

    plugin: str = ""
    hooks: list[HookInfo] = field(default_factory=list)
    listeners: list[ListenerInfo] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def hook(
        self, point: type[HookEvent], *, collection: Collections = None, order: int = 0
    ) -> Callable[[Function], Function]:
        """Lays the decorated function around a point, for these collections (names or classes) or for all.

        `async def f(event, proceed)` wraps it: `await proceed()` goes on, and returns what the step gives. A function
        of the event alone, async or not, runs before it. A generator of the event, `result = yield`, wraps it without
        being async. Those of a lower `order` (default 0) are further out.
        """

        def declare(function: Function) -> Function:
            self.problems += self._hook_problems(point, function, collection)
            info = HookInfo(
                point=point,
                function=function,
                form=_form(function),
                is_async=inspect.iscoroutinefunction(function),
                collections=_names(collection),
                order=order,
                plugin=self.plugin,
            )
            self.hooks.append(info)
            return function

        return declare

    def listen(
        self,
        event: type[AfterEvent],
        *,
        collection: Collections = None,
        durable: bool = False,
        timeout: float = LISTENER_TIMEOUT,
    ) -> Callable[[Function], Function]:
        """Calls the decorated function, async or not, with what has happened in these collections or in all.

        It is called after the commit, once for each event, in order for each record, and nobody waits for it: an error
        is logged, and after `timeout` seconds (default 30) it is ended. What happened just before the process died is
        lost, unless it is `durable`: then each event is a job, added in the transaction of the write itself, and tried
        until it succeeds; it may be called twice for an event then.
        """

        def declare(function: Function) -> Function:
            info = ListenerInfo(
                event=event,
                function=function,
                is_async=inspect.iscoroutinefunction(function),
                collections=_names(collection),
                durable=durable,
                timeout=timeout,
                plugin=self.plugin,
            )
            self.problems += self._listener_problems(info)
            self.listeners.append(info)
            return function

        return declare

    def named(self, plugin: str) -> "HookRegistry":
        """The same as those of a plugin."""
        return HookRegistry(
            plugin,
            [replace(one, plugin=plugin) for one in self.hooks],
            [replace(one, plugin=plugin) for one in self.listeners],
            list(self.problems),
        )

    def _hook_problems(self, point: Any, function: HookFunction, collection: Collections) -> Iterator[Problem]:
        place = _place(function, self.plugin)
        if not (isinstance(point, type) and issubclass(point, HookEvent)):
            yield Problem("hook.E001", place, f"{_shown(point)} is no hook point; listeners are declared with listen()")
            return
        if collection is not None and not point.about_collection:
            yield Problem("hook.E002", place, f"{point.__name__} is not about a collection: leave collection= out")
        taken = _parameters(function)
        if taken == 2 and not inspect.iscoroutinefunction(function):
            yield Problem(
                "hook.E003", place, "a function that is not async cannot call proceed: make it async, or a generator"
            )
        elif taken not in (1, 2):
            yield Problem("hook.E003", place, "a hook takes the event and proceed, or the event alone")
        elif taken == 2 and _form(function) == "generator":
            yield Problem("hook.E003", place, "a generator takes the event alone, and proceeds by its yield")

    def _listener_problems(self, info: ListenerInfo) -> Iterator[Problem]:
        event: Any = info.event
        if not (isinstance(event, type) and issubclass(event, AfterEvent)):
            yield Problem(
                "hook.E004", info.place, f"{_shown(event)} is no event after a commit; hooks are declared with hook()"
            )
            return
        if _parameters(info.function) != 1:
            yield Problem("hook.E003", info.place, "a listener takes the event alone")
        if not info.timeout > 0:
            yield Problem("hook.E005", info.place, f"timeout must be more than 0 seconds, not {info.timeout}")
        if info.durable and not event.can_be_kept:
            yield Problem("hook.E008", info.place, f"{event.__name__} cannot be kept: leave durable= out")
        if info.durable and any(one.durable and one.job == info.job for one in self.listeners):
            yield Problem("hook.E006", info.place, f'there is a durable listener named "{info.job}" already')


def check_hooks(declared: HookRegistry, registry: Registry) -> Iterator[Problem]:
    """The mistakes in what is declared, those in the names of collections included."""
    yield from declared.problems
    named: list[HookInfo | ListenerInfo] = [*declared.hooks, *declared.listeners]
    for one in named:
        for name in one.collections:
            if registry.find(name) is None:
                yield Problem(
                    "hook.E007", one.place, f'there is no collection "{name}".{nearest(name, registry.collections)}'
                )


def _form(function: HookFunction) -> Form:
    if inspect.isgeneratorfunction(function):
        return "generator"
    return "wraps" if _parameters(function) == 2 else "before"


def _parameters(function: HookFunction) -> int:
    """How many arguments it must be given by place; -1 where that is not to be told or is no fixed number."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return -1
    if any(one.kind in (one.VAR_POSITIONAL, one.KEYWORD_ONLY) and one.default is one.empty for one in parameters):
        return -1
    return sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters)


def _names(collection: Collections) -> tuple[str, ...]:
    if collection is None:
        return ()
    several = (collection,) if isinstance(collection, str | type) else collection
    return tuple(one if isinstance(one, str) else _table_name(one) for one in several)


def _table_name(table: Any) -> str:
    meta = getattr(table, "_meta", None)
    return str(meta.tablename) if meta is not None else _shown(table)


def _shown(what: Any) -> str:
    return getattr(what, "__name__", None) or repr(what)


def _place(function: HookFunction, plugin: str) -> str:
    """Plugin, name, file and line, as far as they are known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    where = f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else ""
    name = getattr(function, "__name__", repr(function))
    return ", ".join(
        part for part in (f"plugin {plugin}" if plugin else "", f"{name} ({where})" if where else name) if part
    )
