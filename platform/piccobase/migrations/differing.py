"""What has changed between two states of an app's tables, in the words of a migration file. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from piccobase.migrations.folding import Renames
from piccobase.migrations.states import OWN_TABLE, ColumnState, ConstraintState, State, TableState


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that stays. `parameters` are those that differ, `after` has their new values."""

    before: ColumnState
    after: ColumnState
    parameters: tuple[str, ...] = ()

    @property
    def is_renamed(self) -> bool:
        return (self.before.name, self.before.db_name) != (self.after.name, self.after.db_name)

    @property
    def is_altered(self) -> bool:
        return bool(self.parameters) or self.before.cls is not self.after.cls


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """A table that stays: what is different in it."""

    before: TableState
    after: TableState
    added: tuple[ColumnState, ...] = ()
    dropped: tuple[ColumnState, ...] = ()
    changed: tuple[ColumnChange, ...] = ()
    constraints_added: tuple[ConstraintState, ...] = ()
    constraints_dropped: tuple[ConstraintState, ...] = ()

    @property
    def is_renamed(self) -> bool:
        return (self.before.class_name, self.before.tablename) != (self.after.class_name, self.after.tablename)

    @property
    def is_moved(self) -> bool:
        return self.before.schema != self.after.schema

    def __bool__(self) -> bool:
        inside = self.added or self.dropped or self.changed or self.constraints_added or self.constraints_dropped
        return bool(inside or self.is_renamed or self.is_moved)


@dataclass(frozen=True, slots=True)
class Difference:
    """Nothing has changed where it is false."""

    created: tuple[TableState, ...] = ()
    dropped: tuple[TableState, ...] = ()
    changed: tuple[TableChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.dropped or self.changed)

    def lines(self) -> Iterator[str]:
        """A line for each change, for people: `posts.title is renamed to headline`."""
        for table in self.created:
            yield f"{table.name} is new"
        for table in self.dropped:
            yield f"{table.name} is gone"
        for change in self.changed:
            yield from _table_lines(change)


def _table_lines(change: TableChange) -> Iterator[str]:
    name, before = change.after.name, change.before
    if change.before.name != name:
        yield f"{before.name} is renamed to {name}"
    elif change.is_renamed:
        yield f"{name} is declared by {change.after.class_name}, no longer {before.class_name}"
    for column in change.added:
        yield f"{name}.{column.db_name} is new"
    for column in change.dropped:
        yield f"{name}.{column.db_name} is gone"
    for altered in change.changed:
        place = f"{name}.{altered.before.db_name}"
        if altered.before.db_name != altered.after.db_name:
            yield f"{place} is renamed to {altered.after.db_name}"
        elif altered.is_renamed:
            yield f"{place} is called {altered.after.name} in the code, no longer {altered.before.name}"
        if altered.is_altered:
            yield f"{name}.{altered.after.db_name} changes: {', '.join(_what_changes(altered))}"
    gone = {constraint.name for constraint in change.constraints_dropped}
    new = {constraint.name for constraint in change.constraints_added}
    for names, words in ((gone & new, "changes"), (new - gone, "is new"), (gone - new, "is gone")):
        for constraint in sorted(names):
            yield f"{name}: the constraint {constraint} {words}"


def _what_changes(change: ColumnChange) -> Iterator[str]:
    here, there = change.before.texts(), change.after.texts()
    if change.before.cls is not change.after.cls:
        yield f"{change.before.cls.__name__} becomes {change.after.cls.__name__}"
    for name in change.parameters:
        yield f"{name} {here.get(name, 'nothing')} becomes {there[name]}"


def difference(before: State, after: State, renames: Renames) -> Difference:
    """`renames` says which of what is gone and new is the same thing, beyond what is plain (`plain_renames`).

    What a table points to counts as the same when only its name has changed.
    """
    before = _with_new_names(before, renames.tables)
    pairs = table_pairs(before, after, renames.tables)
    stays_before = {old.name for old, _ in pairs}
    stays_after = {new.name for _, new in pairs}
    changes = (_table_change(old, new, renames.columns) for old, new in pairs)
    return Difference(
        created=tuple(table for name, table in after.tables.items() if name not in stays_after),
        dropped=tuple(table for name, table in before.tables.items() if name not in stays_before),
        changed=tuple(change for change in changes if change),
    )


def table_pairs(before: State, after: State, renamed: Mapping[str, str]) -> Sequence[tuple[TableState, TableState]]:
    """The tables that stay, under their own names or as `renamed` says."""
    old_names = {new: old for old, new in renamed.items()}
    pairs = []
    for name, table in after.tables.items():
        old_name = old_names.get(name, "" if name in renamed else name)
        if old_name in before.tables:
            pairs.append((before.tables[old_name], table))
    return pairs


def _with_new_names(state: State, tables: Mapping[str, str]) -> State:
    """With foreign keys that point to the new names of tables, as they do in the database after a rename."""

    def pointing(column: ColumnState) -> ColumnState:
        if column.reference is None or column.reference.table not in tables:
            return column
        return replace(column, reference=replace(column.reference, table=tables[column.reference.table]))

    return State(
        {name: replace(table, columns=tuple(map(pointing, table.columns))) for name, table in state.tables.items()}
    )


def _table_change(before: TableState, after: TableState, renamed: Mapping[tuple[str, str], str]) -> TableChange | None:
    pairs = column_pairs(before, after, renamed)
    names = {before.name, after.name}
    changed: list[ColumnChange] = []
    constraints = {constraint.name: constraint for constraint in before.constraints}
    for old, new in pairs:
        both = ColumnChange(old, new, _as_seen_inside(names, old).changes_to(_as_seen_inside(names, new)))
        if both.is_renamed or both.is_altered:
            changed.append(both)
    new_names = {old.db_name: new.db_name for old, new in pairs if old.db_name != new.db_name}
    constraints = {name: constraint.renamed(new_names) for name, constraint in constraints.items()}
    there = {constraint.name: constraint for constraint in after.constraints}
    same = {name for name, it in constraints.items() if name in there and it.text() == there[name].text()}
    stays_before, stays_after = {old.name for old, _ in pairs}, {new.name for _, new in pairs}
    change = TableChange(
        before=before,
        after=after,
        added=tuple(column for column in after.columns if column.name not in stays_after),
        dropped=tuple(column for column in before.columns if column.name not in stays_before),
        changed=tuple(changed),
        constraints_added=tuple(it for name, it in there.items() if name not in same),
        constraints_dropped=tuple(it for it in before.constraints if it.name not in same),
    )
    return change or None


def column_pairs(
    before: TableState, after: TableState, renamed: Mapping[tuple[str, str], str]
) -> Sequence[tuple[ColumnState, ColumnState]]:
    """The columns that stay: renamed ones, then those of the same name in the database, then in the code."""
    pairs: list[tuple[ColumnState, ColumnState]] = []
    left, right = list(before.columns), list(after.columns)

    def pair(old: ColumnState | None, new: ColumnState | None) -> None:
        if old is not None and new is not None and old in left and new in right:
            pairs.append((old, new))
            left.remove(old)
            right.remove(new)

    for (table, old_name), new_name in renamed.items():
        if table == after.name:
            pair(before.stored(old_name), after.stored(new_name))
    for column in list(left):
        pair(column, next((new for new in right if new.db_name == column.db_name), None))
    for column in list(left):
        pair(column, next((new for new in right if new.name == column.name), None))
    order = {column.name: number for number, column in enumerate(after.columns)}
    return sorted(pairs, key=lambda both: order[both[1].name])


def _as_seen_inside(names: Collection[str], column: ColumnState) -> ColumnState:
    """A file may name the column's own table where the code says "self": the same."""
    reference = column.reference
    if reference is not None and reference.table in names:
        return replace(column, reference=replace(reference, table=OWN_TABLE))
    return column
