"""In which order things go: tables by their foreign keys, renames so that no name is taken twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from piccobase.db.ddl import fitting
from piccobase.migrations.described import DescribedTable


def by_foreign_keys(tables: Sequence[DescribedTable]) -> tuple[list[DescribedTable], dict[str, set[str]]]:
    """Tables in the order in which they can be made, and by table the columns that can only point later.

    Those are foreign keys of a circle: their target is made after their own table.
    """
    names = {table.name: table for table in tables}
    later: dict[str, set[str]] = {name: set() for name in names}
    while True:
        targets = {name: {target for target, _ in _targets(names[name], names, later[name])} for name in names}
        try:
            return [names[name] for name in TopologicalSorter(targets).static_order()], later
        except CycleError as error:
            # The first table of the circle points to the second. Which one waits makes no difference.
            circle: list[str] = error.args[1]
            first, second = sorted(zip(circle[1:], circle, strict=False))[0]
            later[first] |= {column for target, column in _targets(names[first], names, set()) if target == second}


def _targets(table: DescribedTable, others: Mapping[str, DescribedTable], later: set[str]) -> Iterable[tuple[str, str]]:
    for part in table.parts:
        target = part.pointer.table if part.pointer else table.name
        if target in others and target != table.name and part.columns[0] not in later:
            yield target, part.columns[0]


def rename_steps(renames: Mapping[str, str], form: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """The renames one by one: a name is free before something is called so. A circle goes through a name of its own.

    `form` is that in which the database compares names.
    """
    waiting = {old: new for old, new in renames.items() if old != new}
    steps = []
    while waiting:
        taken = set(map(form, waiting))
        old = next((old for old, new in waiting.items() if form(new) not in taken), None)
        if old is None:
            old = next(iter(waiting))
            aside = aside_name(old)
            steps.append((old, aside))
            waiting[aside] = waiting.pop(old)
        else:
            steps.append((old, waiting.pop(old)))
    return steps


def aside_name(name: str) -> str:
    """A name for the time of a migration, for something whose own name is needed."""
    return fitting(f"_aside_{name}")
