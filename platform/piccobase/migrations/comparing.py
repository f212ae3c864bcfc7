"""Two states of the tables compared: what was created, renamed, changed and dropped. Knows no SQL but names in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from piccobase.db.sqlite_tokens import quoted, tokens, unquoted
from piccobase.migrations.changes import SchemaChange
from piccobase.migrations.described import DescribedColumn, DescribedTable, Part, Pointer, describe
from piccobase.schema.values.base import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """One table that is there before and after."""

    before: DescribedTable
    after: DescribedTable
    renamed_columns: Mapping[str, str]  # only those that are called otherwise afterwards
    added: tuple[DescribedColumn, ...] = ()
    dropped: tuple[DescribedColumn, ...] = ()
    changed: tuple[tuple[DescribedColumn, DescribedColumn], ...] = ()  # a change of more than the name
    renamed_parts: tuple[tuple[Part, Part], ...] = ()
    dropped_parts: tuple[Part, ...] = ()
    added_parts: tuple[Part, ...] = ()
    kept: tuple[tuple[DescribedColumn, DescribedColumn], ...] = ()  # all columns that are there before and after
    trashed: Mapping[str, str] = field(default_factory=dict)  # new columns whose values are in a table of the trash

    @property
    def renamed(self) -> bool:
        return self.before.name != self.after.name

    def old_name(self, column: str) -> str:
        """What a column that is there afterwards was called before."""
        return next((old for old, new in self.renamed_columns.items() if new == column), column)

    @property
    def nothing(self) -> bool:
        parts = self.added_parts or self.dropped_parts or self.renamed_parts
        return not (self.renamed or self.renamed_columns or self.added or self.dropped or self.changed or parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    before: Mapping[str, DescribedTable]
    after: Mapping[str, DescribedTable]
    created: tuple[DescribedTable, ...]
    dropped: tuple[DescribedTable, ...]
    common: tuple[TableDifference, ...]  # those that do not differ as well
    trashed: Mapping[str, str] = field(default_factory=dict)  # new tables whose rows are in a table of the trash

    @property
    def changed(self) -> tuple[TableDifference, ...]:
        return tuple(table for table in self.common if not table.nothing)

    @property
    def nothing(self) -> bool:
        return not (self.created or self.dropped or self.changed)


def compare(change: SchemaChange, dialect: Dialect) -> Difference:
    before, after = describe(change.before, dialect), describe(change.after, dialect)
    new_names = _new_table_names(change, before, after)
    old_names = {new: old for old, new in new_names.items()}
    columns = {
        (new_names.get(name, name), old): new
        for name, table in before.items()
        for old, new in _new_column_names(new_names.get(name, name), table, change, after).items()
    }
    common = tuple(
        _compare_table(before[old_names[name]], table, new_names, columns)
        for name, table in after.items()
        if name in old_names
    )
    return Difference(
        before=before,
        after=after,
        created=tuple(table for name, table in after.items() if name not in old_names),
        dropped=tuple(table for name, table in before.items() if name not in new_names),
        common=common,
    )


def _new_table_names(
    change: SchemaChange, before: Mapping[str, DescribedTable], after: Mapping[str, DescribedTable]
) -> dict[str, str]:
    """For each table that stays its name before and after. Renames may leave out the schema; one can move schemas."""
    found: dict[str, str] = {}
    for old, new in change.renamed_tables.items():
        old, new = _full_name(old, before), _full_name(new, after)
        if old in before and new in after:
            found[old] = new
    for name in before:
        if name in after and name not in found and name not in found.values():
            found[name] = name
    rest = {after[name].table._meta.tablename: name for name in after if name not in found.values()}
    for name, table in before.items():
        if name not in found and (moved := rest.get(table.table._meta.tablename)) is not None:
            found[name] = moved
    return found


def _full_name(name: str, tables: Mapping[str, DescribedTable]) -> str:
    if name in tables:
        return name
    return next((full for full, table in tables.items() if table.table._meta.tablename == name), name)


def _new_column_names(
    name: str, table: DescribedTable, change: SchemaChange, after: Mapping[str, DescribedTable]
) -> dict[str, str]:
    """Of the table that will be called `name`: by the old name the new one, empty where another column gets it."""
    renamed = {
        old: new
        for (of, old), new in change.renamed_columns.items()
        if _full_name(of, after) == name and old in table.columns
    }
    taken = set(renamed.values())
    return {old: renamed.get(old, "" if old in taken else old) for old in table.columns}


def _compare_table(
    before: DescribedTable, after: DescribedTable, new_names: Mapping[str, str], columns: Mapping[tuple[str, str], str]
) -> TableDifference:
    kept = {columns[after.name, old]: old for old in before.columns if columns[after.name, old] in after.columns}
    pairs = [(before.columns[old], after.columns[new]) for new, old in kept.items()]
    renamed = {old: new for new, old in kept.items() if old != new}
    parts = {part: _renamed(part, renamed, new_names, columns) for part in before.parts}
    same, renamed_parts, added = _match(parts, after.parts)
    return TableDifference(
        before=before,
        after=after,
        renamed_columns=renamed,
        added=tuple(column for name, column in after.columns.items() if name not in kept),
        dropped=tuple(column for name, column in before.columns.items() if name not in kept.values()),
        changed=tuple((old, new) for old, new in pairs if replace(old, name=new.name) != new),
        renamed_parts=tuple(renamed_parts),
        dropped_parts=tuple(part for part in parts if part not in same),
        added_parts=tuple(added),
        kept=tuple(pairs),
    )


def _match(
    before: Mapping[Part, Part], after: tuple[Part, ...]
) -> tuple[set[Part], list[tuple[Part, Part]], list[Part]]:
    """Which old parts stay, which of them under another name, and which are new."""
    same: set[Part] = set()
    renamed: list[tuple[Part, Part]] = []
    added: list[Part] = []
    for part in after:
        candidates = [old for old, seen in before.items() if seen.sense == part.sense and old not in same]
        candidates.sort(key=lambda old: old.name != part.name)
        if not candidates:
            added.append(part)
            continue
        same.add(candidates[0])
        if candidates[0].name != part.name:
            renamed.append((candidates[0], part))
    return same, renamed, added


def _renamed(
    part: Part,
    renamed: Mapping[str, str],
    new_names: Mapping[str, str],
    columns: Mapping[tuple[str, str], str],
) -> Part:
    """As the part would be declared after the renames, but for its own name."""
    pointer = part.pointer
    if pointer is not None:
        table = new_names.get(pointer.table, pointer.table)
        column = columns.get((table, pointer.column), pointer.column)
        pointer = Pointer(table, column, pointer.on_delete, pointer.on_update)
    return Part(
        part.kind,
        part.name,
        tuple(renamed.get(name, name) for name in part.columns),
        _with_new_names(part.text, renamed) if renamed and part.kind in ("check", "unique index") else part.text,
        pointer,
    )


def _with_new_names(condition: str, renamed: Mapping[str, str]) -> str:
    """A condition as it reads when its columns are called otherwise."""
    return "".join(
        quoted(renamed[unquoted(text)])
        if kind == "name" and unquoted(text) in renamed
        else renamed[text]
        if kind == "word" and text in renamed
        else text
        for kind, text in tokens(condition)
    )
