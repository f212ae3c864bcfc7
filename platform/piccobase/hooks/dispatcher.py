"""The onion: the hooks around a point, the outermost first, and the step itself inside of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from piccobase.base.errors import RequestError
from piccobase.hooks.declaring import HookInfo
from piccobase.hooks.errors import HookError, HookMisused, HooksTooDeep, HookTooSlow
from piccobase.hooks.point import HookEvent
from piccobase.schema.registry import Registry

SECONDS_INSIDE = 1.0  # of a hook's own time while the write lock is held
DEEPEST = 16  # steps within hooks of steps

Step = Callable[[], Awaitable[Any]]
code_at_work: ContextVar[str] = ContextVar("piccobase_code_at_work", default="")
"""Whose hook or listener runs here, for the log."""

_depth: ContextVar[int] = ContextVar("piccobase_hook_depth", default=0)


class Onion:
    """The hooks around one point, for one collection where it is about one. `limit` is of each hook's own time."""

    __slots__ = ("hooks", "limit", "point")

    def __init__(self, point: type[HookEvent], hooks: Iterable[HookInfo]) -> None:
        self.point = point
        self.hooks = tuple(hooks)
        self.limit = SECONDS_INSIDE if point.inside else None

    async def run(self, event: HookEvent, step: Step, *, limit: float | None = None) -> Any:
        """What the step gives, or what a hook gives in its place. `limit` is of each hook's time, in seconds.

        Raises what hooks and step raise, HookMisused, HookTooSlow and HooksTooDeep.
        """
        depth = _depth.get()
        if depth >= DEEPEST:
            raise HooksTooDeep(f"{self.hooks[0].place}: hooks lead to {self.point.__name__} again and again.")
        token = _depth.set(depth + 1)
        try:
            return await self._layer(0, event, step, limit or self.limit)
        finally:
            _depth.reset(token)

    async def _layer(self, place: int, event: HookEvent, step: Step, limit: float | None) -> Any:
        if place == len(self.hooks):
            return await step()
        going_on = _Proceed(self, place, event, step, limit)
        return await going_on.run()


class _Proceed:
    """One layer: a hook, and the way on from it."""

    __slots__ = (
        "_called",
        "_clock",
        "_event",
        "_failure",
        "_hook",
        "_left",
        "_limit",
        "_onion",
        "_place",
        "_result",
        "_step",
    )

    def __init__(self, onion: Onion, place: int, event: HookEvent, step: Step, limit: float | None) -> None:
        self._onion, self._place, self._event, self._step, self._limit = onion, place, event, step, limit
        self._hook = onion.hooks[place]
        self._called = False
        self._result: Any = None
        self._failure: BaseException | None = None
        self._clock: asyncio.Timeout | None = None
        self._left = limit or 0.0

    async def __call__(self) -> Any:
        if self._called:
            raise HookMisused(f"{self._hook.place} called proceed() twice around {self._onion.point.__name__}.")
        self._called = True
        clock = self._clock
        if clock is not None and (ends := clock.when()) is not None:
            self._left = ends - asyncio.get_running_loop().time()
            clock.reschedule(None)
        try:
            self._result = await self._onion._layer(self._place + 1, self._event, self._step, self._limit)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            if clock is not None and not clock.expired():
                clock.reschedule(asyncio.get_running_loop().time() + self._left)
        return self._result

    async def run(self) -> Any:
        if self._limit is None:
            return self._settled(await self._call())
        try:
            async with asyncio.timeout(self._limit) as self._clock:
                given = await self._call()
        except TimeoutError:
            if self._clock is not None and self._clock.expired():
                raise HookTooSlow(
                    f"{self._hook.place} took more than {self._limit:g} s around {self._onion.point.__name__}, where "
                    "the write lock is held: only database work belongs there."
                ) from None
            raise
        return self._settled(given)

    async def _call(self) -> Any:
        hook = self._hook
        token = code_at_work.set(hook.place)
        try:
            match hook.form:
                case "wraps":
                    return await hook.function(self._event, self)
                case "generator":
                    return await self._drive(hook.function(self._event))
            if hook.is_async:
                await hook.function(self._event)
            else:
                hook.function(self._event)
        except RequestError:
            raise
        except BaseException as error:
            if error is self._failure:
                raise
            place = f"the hook {hook.place} around {self._onion.point.__name__}"
            if wants_to_end(error):
                raise HookError(f"{type(error).__name__} was raised in {place}, and ends nothing.") from error
            error.add_note(f"In {place}.")
            raise
        finally:
            code_at_work.reset(token)
        return await self()

    async def _drive(self, generator: Any) -> Any:
        """Runs a generator up to its yield, goes on, and gives it what that gave."""
        try:
            next(generator)
        except StopIteration as ended:
            return ended.value
        try:
            result = await self()
        except BaseException as error:
            try:
                generator.throw(error)
            except StopIteration as ended:
                return ended.value
        else:
            try:
                generator.send(result)
            except StopIteration as ended:
                return ended.value
        generator.close()
        raise HookMisused(f"{self._hook.place} yielded twice around {self._onion.point.__name__}.")

    def _settled(self, given: Any) -> Any:
        """The result of the layer, when the hook has returned."""
        answers = self._onion.point.answers and given is not None
        if answers:
            return given
        if self._failure is not None:
            raise self._failure  # a hook cannot make an error undone by keeping it to itself
        if not self._called:
            raise HookMisused(
                f"{self._hook.place} never called proceed() around {self._onion.point.__name__}. "
                "Call it, or raise an error that says why not."
            )
        return self._result


def wants_to_end(error: BaseException) -> bool:
    """Whether code of somebody's would end the process with it, or this task, which nobody has asked to end."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return not isinstance(error, Exception)


class Onions(Protocol):
    """Who knows the onions: `Hooks`, or what stands in for them where writes share a transaction."""

    @property
    def hooked(self) -> frozenset[str]:
        """The collections that any hook is about: whoever is in a hurry looks here first."""
        ...

    def around(self, point: type[HookEvent], collection: str = "") -> "Wraps | None": ...


class Wraps(Protocol):
    """What a step is run in."""

    async def run(self, event: HookEvent, step: Step) -> Any: ...


class Hooks:
    """The onions of an app, worked out when it starts: who has none costs a look into a dictionary."""

    __slots__ = ("hooked", "onions")

    def __init__(self, onions: Mapping[tuple[type[HookEvent], str], Onion] | None = None) -> None:
        self.onions = onions or {}
        self.hooked = frozenset(collection for _, collection in self.onions)

    @classmethod
    def of(cls, declared: Iterable[HookInfo], registry: Registry | None) -> "Hooks":
        """`declared` in the order in which they stand where `order` is the same, the outermost first.

        Without a registry, as long as there is none, only those that are about no collection.
        """
        found: dict[tuple[type[HookEvent], str], list[HookInfo]] = {}
        for hook in sorted(declared, key=lambda hook: hook.order):
            for name in _names(hook, registry):
                found.setdefault((hook.point, name), []).append(hook)
        return cls({key: Onion(key[0], hooks) for key, hooks in found.items()})

    def around(self, point: type[HookEvent], collection: str = "") -> Onion | None:
        """The onion of a point, for a collection by its name where it is about one; None where nobody wraps it."""
        return self.onions.get((point, collection))


def _names(hook: HookInfo, registry: Registry | None) -> Iterable[str]:
    if not hook.point.about_collection:
        return ("",)
    if registry is None:
        return ()
    if not hook.collections:
        return registry.collections
    return dict.fromkeys(found.name for name in hook.collections if (found := registry.find(name)))


NO_HOOKS = Hooks()
