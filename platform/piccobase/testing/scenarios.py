"""Tables of cases: a request, who makes it, and everything that must have come of it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from piccobase.hooks.point import AfterEvent
from piccobase.http.events import AnsweringRequest
from piccobase.testing.app import TestApp
from piccobase.testing.calling import Caller
from piccobase.testing.comparing import differences, differing_sets, shown
from piccobase.testing.requests import Request
from piccobase.testing.watching import Event

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

Expected = Sequence[Mapping[str, Any]] | int
"""How many there must be, or what each of them must have, in any order; of each only what is named is compared."""

UNASKED: Any = object()
_MOST_SHOWN = 2000  # characters of an answer


@dataclass(frozen=True, slots=True)
class Scenario:
    """One case. What is not given is not looked at, but for the status.

    name: a sentence about what is promised
    request: `get(…)`, `post(…)`, `patch(…)`, `put(…)` or `delete(…)`
    by: who asks, a function of the app: `TestApp.superuser`, `lambda app: app.user("users")`; default a guest
    prepare: what is there before, an async function of the app; it runs before `by`
    status: of the answer
    json: the answer's body. `...` stands for any value, `[...]` for any list, a type for any value of it; an object
        with `...: ...` may have more than what it names
    has, lacks: texts that must stand in the answer's body, and that must not
    headers: of the answer; only those named are compared
    rows: by collection, what is there afterwards: a number, or a list of what each record has
    mails: what was sent meanwhile; jobs are run for that
    log: the requests that were logged meanwhile, with `method`, `url`, `status`, `auth` …
    changes: what was written meanwhile, in its order: `["create posts", "update users (name, updated)"]`; the fields
        may be left out
    events: what happened inside meanwhile, of an app made with `events=True`. A list names all events in their order,
        `["CreatingRecord posts", "WritingRecord posts", "RecordCreated posts"]`, those after commits last, and none of
        those around requests; a mapping says how many there were of some, `{EnrichingRecords: 1, RecordCreated: 0}`
    queries: how many statements the records have run for it
    then: what else to look at, an async function of the app and the answer
    """

    name: str
    request: Request
    by: Callable[[TestApp], Awaitable[Caller]] | None = None
    prepare: Callable[[TestApp], Awaitable[object]] | None = None
    status: int = 200
    json: Any = UNASKED
    has: Sequence[str] = ()
    lacks: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Expected] = field(default_factory=dict)
    mails: Expected | None = None
    log: Expected | None = None
    changes: Sequence[str] | None = None
    events: Sequence[str] | Mapping[type[Event], int] | None = None
    queries: int | None = None
    then: Callable[[TestApp, httpx.Response], Awaitable[object]] | None = None

    def __str__(self) -> str:
        return self.name

    async def run(self, app: TestApp) -> httpx.Response:
        """Asks, and looks at everything. Raises AssertionError with all that is not as expected."""
        __tracebackhide__ = True  # pytest then shows the line of the test
        if self.prepare:
            await self.prepare(app)
        caller = await self.by(app) if self.by else app
        before = await self._noted(app)
        if self.events is not None:
            await app.settled()
        events, queries = len(app.events) if self.events is not None else 0, app.queries
        asked = self.request
        answer = await caller.ask(
            asked.method, asked.path, asked.body, content=asked.content, query=asked.query, headers=asked.headers
        )
        if self.queries is not None and (asked_for := app.queries - queries) != self.queries:
            wrong = [f"queries: expected {self.queries}, were {asked_for}"]
        else:
            wrong = []
        if self.events is not None:
            await app.settled()
            wrong += _wrong_events(self.events, app.events[events:])
        wrong += [*self._wrong_in(answer), *await self._wrong_after(app, before)]
        if wrong:
            raise AssertionError(self._told(caller, answer, wrong))
        if self.then:
            await self.then(app, answer)
        return answer

    def _told(self, caller: Caller, answer: httpx.Response, wrong: Sequence[str]) -> str:
        who = caller.record.get("email") or ("somebody with a token" if caller.token else "a guest")
        body = answer.text if len(answer.text) <= _MOST_SHOWN else answer.text[:_MOST_SHOWN] + " …"
        lines = [f"{self.name}\n{self.request}, asked by {who}", *wrong]
        return "\n- ".join(lines) + f"\nThe answer: {answer.status_code} {body}"

    def _wrong_in(self, answer: httpx.Response) -> Iterator[str]:
        if answer.status_code != self.status:
            yield f"status: expected {self.status}, was {answer.status_code}"
        if self.json is not UNASKED:
            yield from self._wrong_in_json(answer)
        for text in self.has:
            if text not in answer.text:
                yield f"has: {text!r} does not stand in the answer"
        for text in self.lacks:
            if text in answer.text:
                yield f"lacks: {text!r} stands in the answer"
        for name, value in self.headers.items():
            if answer.headers.get(name) != value:
                yield f"headers.{name}: expected {shown(value)}, was {shown(answer.headers.get(name))}"

    def _wrong_in_json(self, answer: httpx.Response) -> Iterator[str]:
        try:
            got = answer.json() if answer.content else None
        except ValueError:
            yield "json: the answer is no JSON"
        else:
            yield from differences(self.json, got, "json")

    async def _noted(self, app: TestApp) -> tuple[int, int, int]:
        """How much there was of what has to be compared."""
        return (
            len(app.mails),
            len(await app.log()) if self.log is not None else 0,
            len(await app.changes()) if self.changes is not None else 0,
        )

    async def _wrong_after(self, app: TestApp, before: tuple[int, int, int]) -> list[str]:
        mails, entries, changes = before
        wrong: list[str] = []
        if self.changes is not None:  # before jobs write anything
            wrong += _wrong_changes(self.changes, (await app.changes())[changes:])
        for name, expected in self.rows.items():
            wrong += differing_sets(expected, await app.rows(name), f"rows.{name}")
        if self.log is not None:
            wrong += differing_sets(self.log, (await app.log())[entries:], "log")
        if self.mails is not None:
            await app.run_jobs()
            sent = [msgspec.to_builtins(mail) for mail in app.mails[mails:]]
            wrong += differing_sets(self.mails, sent, "mails")
        return wrong


def _wrong_changes(expected: Sequence[str], got: Sequence[Any]) -> Iterator[str]:
    long, short = [str(one) for one in got], [f"{one.verb} {one.collection}" for one in got]
    same = len(expected) == len(got) and all(
        wanted in both for wanted, both in zip(expected, zip(long, short, strict=True), strict=True)
    )
    if not same:
        yield f"changes: expected {shown(list(expected))}, were {shown(long)}"


def _wrong_events(expected: Sequence[str] | Mapping[type[Event], int], got: Sequence[Event]) -> Iterator[str]:
    if isinstance(expected, Mapping):
        for kind, count in expected.items():
            if (there := sum(isinstance(event, kind) for event in got)) != count:
                yield f"events: expected {count} of {kind.__name__}, were {there}"
        return
    # Listeners hear when they get to it: those after a commit are told last.
    in_order = sorted(got, key=lambda event: isinstance(event, AfterEvent))
    told = [_told(event) for event in in_order if not isinstance(event, AnsweringRequest)]
    if told != list(expected):
        yield f"events: expected {shown(list(expected))}, were {shown(told)}"


def _told(event: Event) -> str:
    collection = getattr(event, "collection", None)
    return f"{type(event).__name__} {collection.name}" if collection is not None else type(event).__name__


def scenarios(cases: Sequence[Scenario]) -> "list[ParameterSet]":
    """The cases for `@pytest.mark.parametrize("scenario", scenarios([…]))`, each under its name.

    Raises ValueError where two have the same name.
    """
    import pytest

    names = [case.name for case in cases]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two scenarios are called {min(twice)!r}: which of them failed, nobody could tell.")
    return [pytest.param(case, id=case.name) for case in cases]
