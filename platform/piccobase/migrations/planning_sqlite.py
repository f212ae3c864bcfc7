"""A difference as steps for SQLite: what it can do by itself, and at most one rebuild for each table."""

from collections.abc import AsyncIterator, Mapping, Sequence

from piccolo.columns import Column

from piccobase.db import ddl
from piccobase.db.ddl import quoted
from piccobase.db.schema_sketch import Sketch
from piccobase.db.sqlite_ddl import rewrite, rewrite_column
from piccobase.db.sqlite_rebuild import Rebuild, left_out
from piccobase.db.sqlite_tokens import folded
from piccobase.db.table_text import parse_column, parse_table
from piccobase.migrations import costs
from piccobase.migrations.changes import Step
from piccobase.migrations.comparing import Difference, TableDifference
from piccobase.migrations.conversions import default_value, is_constant, is_conversion, new_value
from piccobase.migrations.described import DescribedColumn, DescribedTable, Part, put_back
from piccobase.migrations.ordering import aside_name, by_foreign_keys, rename_steps

# A text that was declared as required is unique in the text of the table; no state of a history knows that it was.
_UNIQUE = ("unique", "unique index")


class SQLitePlan:
    """Each step is run on the sketch at once, so that the next is worked out on what it finds there.

    `rows` are the numbers of rows of the tables before, as far as they are there.
    """

    def __init__(
        self, difference: Difference, referenced: Sequence[Column], sketch: Sketch, rows: Mapping[str, int]
    ) -> None:
        self.difference, self.referenced, self.sketch, self.rows = difference, referenced, sketch, rows
        taken = {table.name for table in difference.created} | {it.after.name for it in difference.common if it.renamed}
        self.aside = {it.name for it in difference.dropped if folded(it.name) in set(map(folded, taken))}

    async def steps(self) -> list[Step]:
        return [step async for step in self._all()]

    async def _all(self) -> AsyncIterator[Step]:
        renames = {name: aside_name(name) for name in sorted(self.aside)}
        renames |= {it.before.name: it.after.name for it in self.difference.common if it.renamed}
        for old, new in rename_steps(renames, folded):
            yield self._do(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}", f"renames {old} to {new}", new)
        for name in sorted(self.aside):  # no index may have the name of one that is needed
            found = await self.sketch.rows(
                "SELECT name FROM pragma_index_list(?) WHERE origin = 'c'", (aside_name(name),)
            )
            for (index,) in found:
                yield self._do(f"DROP INDEX {quoted(index)}", f"drops {index} of {name}, which is dropped", name)
        for table in self.difference.changed:
            columns = {name: aside for name, aside in _dropped(table).items() if name != aside}
            for old, new in rename_steps({**columns, **table.renamed_columns}, folded):
                sql = f"ALTER TABLE {quoted(table.after.name)} RENAME COLUMN {quoted(old)} TO {quoted(new)}"
                yield self._do(sql, f"renames {table.after.name}.{old} to {new}", table.after.name)
        changes = [_Change(self, table) for table in self.difference.changed]
        for change in changes:
            async for step in change.drop_indexes():
                yield step
        for created in by_foreign_keys(self.difference.created)[0]:
            for step in self._create(created):
                yield step
        for change in changes:
            async for step in change.steps():
                yield step
        for dropped in reversed(by_foreign_keys(self.difference.dropped)[0]):
            name = aside_name(dropped.name) if dropped.name in self.aside else dropped.name
            rows = self.rows.get(dropped.name, 0)
            yield self._do(f"DROP TABLE {quoted(name)}", f"drops {dropped.name}", dropped.name, rows, costs.SCAN)

    def _create(self, table: DescribedTable) -> list[Step]:
        steps = []
        for number, sql in enumerate(ddl.create_table(table.table, "sqlite", self.referenced)):
            if sql.startswith("ALTER"):
                continue  # these constraints are indexes here
            says = f"creates {table.name}" if number == 0 else f"creates an index of {table.name}"
            steps.append(self._do(rewrite(sql), says, table.name))
        if table.name in self.difference.trashed:
            sql = put_back(table, self.difference.trashed[table.name])
            steps.append(self._do(sql, f"puts back the rows of {table.name}", table.name))
        return steps + [
            self._do(unique_index(table, part), f"creates {part.name} of {table.name}", table.name)
            for part in table.parts
            if part.kind == "unique" and part.text
        ]

    def _do(self, sql: str, says: str, table: str, rows: int = 0, each: float = 0.0) -> Step:
        self.sketch.run(sql)
        return costs.step(sql, says, table, rows=rows, each=each, dialect="sqlite")


class _Change:
    """One table. Its own name and those of its columns are the new ones already."""

    def __init__(self, plan: SQLitePlan, table: TableDifference) -> None:
        self.plan, self.table, self.after = plan, table, table.after
        self.name = table.after.name
        self.rows = plan.rows.get(table.before.name, 0)

    async def drop_indexes(self) -> AsyncIterator[Step]:
        """Those of all tables first: no two indexes of a database have one name."""
        self.text = parse_table((await self.plan.sketch.table(self.name)).sql)
        self.indexes = await self._indexes()
        gone = [old for old, _ in self.table.renamed_parts] + list(self.table.dropped_parts)
        for name in (self.indexes[part] for part in gone if part in self.indexes):
            yield self.plan._do(f"DROP INDEX {quoted(name)}", f"drops {name} of {self.name}", self.name)

    async def steps(self) -> AsyncIterator[Step]:
        rebuild = self._rebuild(self.indexes)
        if rebuild is not None:
            async for step in self._run(rebuild):
                yield step
        else:
            for column in self.table.added:
                sql = f"ALTER TABLE {quoted(self.name)} ADD COLUMN {self._definition(column, inline=False)}"
                yield self.plan._do(sql, f"adds {self.name}.{column.name}", self.name)
        added = [(part, part) for part in self.table.added_parts] + [
            (old, new) for old, new in self.table.renamed_parts if old in self.indexes
        ]
        for _, part in added:
            index = create_index(self.after, part)
            if index is not None:
                says = f"creates the index {part.name} of {self.name}"
                yield self.plan._do(index, says, self.name, self.rows, costs.INDEX)

    async def _run(self, rebuild: Rebuild) -> AsyncIterator[Step]:
        words = [f"adds {it.name}" for it in self.table.added] + [f"changes {it}" for it in rebuild.change]
        words += [f"drops {it.name}" for it in self.table.dropped]
        lost = left_out(await self.plan.sketch.table(self.name), rebuild)
        words += [f"drops {it}, which needs what is dropped" for it in lost]
        says = f"makes {self.name} anew: {', '.join(words) or 'its constraints'}"
        converted = sum("piccobase_convert(" in value for value in rebuild.values.values())
        each = costs.REBUILD + converted * costs.CONVERT
        for sql in await self.plan.sketch.rebuild(rebuild):
            copies = sql.startswith("INSERT OR ABORT INTO")
            rows = self.rows if copies else 0
            yield costs.step(sql, says, self.name, rows=rows, each=each, dialect="sqlite")

    # --- what is there

    async def _indexes(self) -> dict[Part, str]:
        """Of the parts that were there before, those that are an index that can be dropped, with its name."""
        found = await self.plan.sketch.rows(
            'SELECT i.name, i."unique", i.partial, group_concat(c.name, \'","\') FROM pragma_index_list(?) AS i '
            "JOIN pragma_index_info(i.name) AS c WHERE i.origin = 'c' GROUP BY i.name",
            (self.name,),
        )
        names = {name for name, *_ in found}
        indexes: dict[Part, str] = {}
        for part in self.table.before.parts:
            if part.kind in ("check", "foreign key") or self._is_inline(part):
                continue
            if part.name in names:
                indexes[part] = part.name
                continue
            columns = '","'.join(self.table.renamed_columns.get(name, name) for name in part.columns)
            wanted = (int(part.kind != "index"), int(part.kind == "unique index"), columns)
            alike = [name for name, unique, partial, over in found if (unique, partial, over) == wanted]
            if alike:
                indexes[part] = alike[0]
        return indexes

    def _is_inline(self, part: Part) -> bool:
        """Whether a unique part stands in the text of the table."""
        if part.kind not in _UNIQUE:
            return False
        if any(it.kind == "UNIQUE" and it.name == part.name for it in self.text.constraints):
            return True
        return len(part.columns) == 1 and self._is_unique_inline(self._new_name(part.columns[0]))

    def _is_unique_inline(self, column: str) -> bool:
        found = self.text.column(column)
        return found is not None and found.clause("UNIQUE") is not None

    def _new_name(self, column: str) -> str:
        return self.table.renamed_columns.get(column, column)

    # --- what is to be there

    def _rebuild(self, indexes: Mapping[Part, str]) -> Rebuild | None:
        """None where nothing needs it."""
        changed = self._changed_columns()
        drop_constraints, add_constraints = self._constraints(indexes)
        natively = all(self._can_be_added(column) for column in self.table.added)
        if natively and not (changed or drop_constraints or add_constraints or self.table.dropped):
            return None
        values = {
            name: value
            for name in changed
            if (value := new_value(self.table, name, "sqlite", renamed=True)) != quoted(name)
        }
        for column in self.table.added:
            given = not column.null and not column.counts and default_value(column, "sqlite") is None
            if given or column.name in self.table.trashed:
                values[column.name] = new_value(self.table, column.name, "sqlite", renamed=True)
        return Rebuild(
            table=self.name,
            change={name: self._definition(self.after.columns[name], self._stays_unique(name)) for name in changed},
            add=[self._definition(column, inline=False) for column in self.table.added],
            drop=list(_dropped(self.table).values()),
            values=values,
            add_constraints=add_constraints,
            drop_constraints=drop_constraints,
        )

    def _changed_columns(self) -> list[str]:
        changed = {
            new.name
            for old, new in self.table.kept
            if (old.type, old.null, old.default) != (new.type, new.null, new.default)
            or is_conversion(old, new, "sqlite")
        }
        for part in (*self.table.dropped_parts, *self.table.added_parts):
            names = [self._new_name(name) if part in self.table.dropped_parts else name for name in part.columns]
            if part.kind == "foreign key" and names[0] in self.after.columns:
                changed.add(names[0])
        for part in self.table.dropped_parts:
            if part.kind in _UNIQUE and len(part.columns) == 1 and self._is_inline(part):
                name = self._new_name(part.columns[0])
                if name in self.after.columns and self._is_unique_inline(name):
                    changed.add(name)
        new = {column.name for column in self.table.added}
        return [name for name in self.after.columns if name in changed - new]

    def _stays_unique(self, name: str) -> bool:
        part = self.after.part_of(name, "unique") or self.after.part_of(name, "unique index")
        return self._is_unique_inline(name) and part is not None and part not in self.table.added_parts

    def _definition(self, column: DescribedColumn, inline: bool) -> str:
        """With its UNIQUE only where it has it in its text already: an index does the same, and can be dropped."""
        text = parse_column(rewrite_column(ddl.column_definition(column.column, "sqlite", self.plan.referenced)))
        text = text.without("UNIQUE")
        if inline:
            text = text.having("UNIQUE", "UNIQUE")
        return text.definition

    def _can_be_added(self, column: DescribedColumn) -> bool:
        """Whether ALTER TABLE … ADD COLUMN does it (sqlite.org/lang_altertable.html §4)."""
        if column.key or column.counts or column.name in self.table.trashed:
            return False
        value = default_value(column, "sqlite")
        if value is None:
            return column.null
        return is_constant(value) and self.after.part_of(column.name, "foreign key") is None

    def _constraints(self, indexes: Mapping[Part, str]) -> tuple[list[str], dict[str, str]]:
        """Names of constraints in the text of the table that are to go, and those that are to come."""
        drop: list[str] = []
        add: dict[str, str] = {}
        named = {it.name for it in self.text.constraints}
        for part in self.table.dropped_parts:
            if part.kind in ("check", "unique") and part.name in named:
                drop.append(part.name)
        for old, new in self.table.renamed_parts:
            if old.name in named and old not in indexes:
                drop.append(old.name)
                add[new.name] = f"CONSTRAINT {quoted(new.name)} {_body(new)}"
        for part in self.table.added_parts:
            if part.kind == "check":
                add[part.name] = f"CONSTRAINT {quoted(part.name)} {_body(part)}"
        return drop, add


def _dropped(table: TableDifference) -> dict[str, str]:
    """The columns that are dropped, and what they are called until then: aside, where another gets their name."""
    taken = {folded(column.name) for column in table.added} | set(map(folded, table.renamed_columns.values()))
    return {it.name: aside_name(it.name) if folded(it.name) in taken else it.name for it in table.dropped}


def _body(part: Part) -> str:
    return part.text if part.kind == "check" else f"UNIQUE ({', '.join(map(quoted, part.columns))})"


def create_index(table: DescribedTable, part: Part) -> str | None:
    """The statement for a part that is an index here; None for one that stands in the text of the table."""
    match part.kind:
        case "index":
            return next(iter(ddl.create_index(table.columns[part.columns[0]].column, "sqlite")), None)
        case "unique index":
            return ddl.create_unique_index(table.columns[part.columns[0]].column, partial=True)
        case "unique":
            return unique_index(table, part)
    return None


def unique_index(table: DescribedTable, part: Part) -> str:
    """To an index two NULLs differ; as pairs of expressions they are the same (as in `sqlite_ddl`)."""
    columns = [quoted(name) for name in part.columns]
    if part.text:
        columns = [it for name in columns for it in (f"ifnull({name}, 0)", f"{name} IS NULL")]
    return f"CREATE UNIQUE INDEX {quoted(part.name)} ON {quoted(table.name)} ({', '.join(columns)})"
