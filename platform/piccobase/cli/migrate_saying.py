"""How the commands of `piccobase migrate` say things."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import rich_click as click

from piccobase.migrations.changes import ChangePlan, Step
from piccobase.migrations.files import Migration
from piccobase.migrations.running import Done
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS

WIDTH = 100  # characters, at which SQL is broken
LEAST = 0.05  # seconds that are worth a word


def heading(text: str) -> str:
    return click.style(text, bold=True)


def faint(text: str) -> str:
    return click.style(text, dim=True)


def title(app: str, migration: Migration) -> str:
    """`app 2026-11-26T02:10:00:000000  Posts have a slug`."""
    said = f"  {migration.file.description}" if migration.file.description else ""
    return f"{heading(app)} {migration.id}{said}"


def plan_lines(plan: ChangePlan, functions: int, accepted: Iterable[str] = ()) -> Iterator[str]:
    """What a migration does: each statement, with what it touches; then what it loses, and why it cannot be."""
    if functions:
        yield f"  Runs {count(functions, 'function')} of its own first, which this plan does not foresee."
    if not plan.steps and not plan.problems:
        yield "  Changes nothing in the database." if not functions else "  Changes no table."
    for number, (says, steps) in enumerate(groupby(plan.steps, lambda step: step.says), 1):
        yield from _step_lines(number, says, list(steps))
    given_up = set(accepted)
    for loss in plan.losses:
        if loss.place in given_up:
            yield f"  {click.style('loses', fg='yellow')} {loss.place}: {loss.why} Accepted; it goes into the trash."
        else:
            yield f"  {click.style('loses', fg='red')} {loss}"
    for problem in plan.problems:
        yield f"  {click.style('cannot', fg='red')} {problem}"


def _step_lines(number: int, says: str, steps: Sequence[Step]) -> Iterator[str]:
    """One thing that is done, with its statements and what it costs."""
    yield f"  {number:>2}. {says}"
    for step in steps:
        lines = textwrap.wrap(step.sql, WIDTH, break_long_words=False, break_on_hyphens=False)
        yield from (f"      {faint(line)}" for line in lines)
    costs = []
    if rows := max(step.rows for step in steps):
        costs.append(count(rows, "row"))
    if (seconds := sum(step.seconds for step in steps)) >= LEAST:
        costs.append(f"about {duration(seconds)}")
    if costs and (lock := next((step.lock for step in steps if step.lock), "")):
        costs.append(lock)
    if costs:
        yield f"      {'; '.join(costs)}"


def done_lines(done: Sequence[Done], verb: str) -> Iterator[str]:
    system = [one for one in done if one.app == SYSTEM_MIGRATIONS.app_name]
    if system:
        yield f"{verb} {count(len(system), 'migration')} of the system"
    for one in done:
        if one in system:
            continue
        yield f"{verb} {title(one.app, one.migration)} {faint(f'({duration(one.seconds)})')}"
        for loss in one.plan.losses:
            yield f"  {loss.place}: {count(loss.rows, 'value')} in the trash; see piccobase migrate trash"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """`0.2 s`, `45 s`, `3 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.05 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def shown(path: Path) -> str:
    """Relative to where the command was called, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
