"""A difference as steps for PostgreSQL: ALTERs, in the order in which each finds what it needs."""

from collections.abc import Iterator, Mapping, Sequence

from piccolo.columns import Column
from piccolo.table import Table

from piccobase.db import ddl
from piccobase.db.ddl import quoted
from piccobase.db.postgres_ddl import rewrite
from piccobase.db.shape import IndexShape, Shape, TableShape
from piccobase.db.value_kinds import kind_of
from piccobase.migrations import costs
from piccobase.migrations.changes import Step
from piccobase.migrations.comparing import Difference, TableDifference
from piccobase.migrations.conversions import default_value, from_trash, is_conversion, new_value, zero
from piccobase.migrations.conversions_postgres import KNOWS_VALID_INPUT, for_version, functions_for
from piccobase.migrations.described import DescribedColumn, DescribedTable, Part, enum_values, postgres_name, put_back
from piccobase.migrations.ordering import aside_name, by_foreign_keys, rename_steps


class PostgresPlan:
    """`shape` is the database as it is: what of ours is called otherwise there is found by what it does.

    `rows` are the numbers of rows of the tables before, as far as they are there.
    """

    def __init__(
        self,
        difference: Difference,
        referenced: Sequence[Column],
        shape: Shape,
        rows: Mapping[str, int],
        version: float = KNOWS_VALID_INPUT,
    ) -> None:
        self.difference, self.referenced = difference, referenced
        self.shape, self.rows, self.version = shape, rows, version
        taken = {table.name for table in difference.created} | {it.after.name for it in difference.common if it.renamed}
        # Tables that are dropped step aside where another one gets their name.
        self.aside = {it.name for it in difference.dropped if it.name in taken}
        self.created, self.later = by_foreign_keys(difference.created)
        self.new_names = {new.name for table in difference.changed for _, new in table.renamed_parts}

    def steps(self) -> list[Step]:
        found = [
            *self._rename_tables(),
            *(step for table in self.difference.changed for step in self._rename_columns(table)),
            *(step for table in self.difference.changed for step in self._drop_parts(table)),
            *self._rename_parts(),
            *(step for table in self.created for step in self._create(table)),
            *(step for table in self.created for step in self._put_back(table)),
            *(step for table in self.difference.changed for step in self._types(table)),
            *(step for table in self.difference.changed for step in self._columns(table)),
            *(step for table in self.created for step in self._point_later(table)),
            *(step for table in self.difference.changed for step in self._add_parts(table)),
            *self._drop_tables(),
        ]
        return [*self._functions(found), *found]

    def _functions(self, steps: Sequence[Step]) -> Iterator[Step]:
        for sql in functions_for(" ".join(step.sql for step in steps), self.version):
            yield self._step(sql, "helps to convert values, in this connection alone", "", lock="")

    def _step(
        self, sql: str, says: str, table: str, *, rows: int = 0, each: float = 0.0, lock: str = costs.EXCLUSIVE
    ) -> Step:
        sql = for_version(rewrite(sql), self.version)
        return costs.step(sql, says, table, rows=rows, each=each, lock=lock, dialect="postgres")

    # --- renames

    def _rename_tables(self) -> Iterator[Step]:
        for name in sorted(self.aside):
            table = self.difference.before[name].table
            aside = quoted(aside_name(table._meta.tablename))
            yield self._step(f"ALTER TABLE {called(table)} RENAME TO {aside}", f"sets {name} aside", name)
            yield from self._set_indexes_aside(self.difference.before[name])
        moved = [it for it in self.difference.common if it.renamed]
        for it in moved:
            old, new = it.before.table._meta, it.after.table._meta
            if (old.schema or "public") != (new.schema or "public"):
                for sql in ddl.create_schema(it.after.table, "postgres"):
                    yield self._step(sql, f"creates the schema {new.schema}", it.after.name, lock="")
                sql = f"ALTER TABLE {called(it.before.table)} SET SCHEMA {quoted(new.schema or 'public')}"
                yield self._step(sql, f"moves {it.before.name} to {it.after.name}", it.after.name)
        schemas = {it.after.table._meta.schema for it in moved}
        for schema in schemas:
            names = {
                it.before.table._meta.tablename: it.after.table._meta.tablename
                for it in moved
                if it.after.table._meta.schema == schema
            }
            for old_name, new_name in rename_steps(names):
                place = quoted(old_name) if schema is None else f"{quoted(schema)}.{quoted(old_name)}"
                says = f"renames {old_name} to {new_name}"
                yield self._step(f"ALTER TABLE {place} RENAME TO {quoted(new_name)}", says, new_name)

    def _set_indexes_aside(self, table: DescribedTable) -> Iterator[Step]:
        shape = self.shape.tables.get(table.name)
        names = [it.name for it in shape.indexes] + [shape.key_name] if shape else []
        for name in filter(None, names):
            sql = f"ALTER INDEX {_beside(table, name)} RENAME TO {quoted(aside_name(name))}"
            yield self._step(sql, f"sets {name} aside", table.name)
        for column in table.columns.values():
            if column.counts:
                name = postgres_name(table.table._meta.tablename, column.name, "seq")
                sql = f"ALTER SEQUENCE IF EXISTS {_beside(table, name)} RENAME TO {quoted(aside_name(name))}"
                yield self._step(sql, f"sets {name} aside", table.name)

    def _rename_columns(self, table: TableDifference) -> Iterator[Step]:
        taken = {column.name for column in table.added} | set(table.renamed_columns.values())
        renames = {column.name: aside_name(column.name) for column in table.dropped if column.name in taken}
        for old, new in rename_steps({**renames, **table.renamed_columns}):
            sql = f"ALTER TABLE {called(table.after.table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}"
            yield self._step(sql, f"renames {table.after.name}.{old} to {new}", table.after.name)

    def _rename_parts(self) -> Iterator[Step]:
        """Constraints keep their names when their table or column is renamed; ours are called after those.

        An index's name is taken in the whole schema.
        """
        found = [it for table in self.difference.changed for it in self._parts_to_rename(table)]
        for schema in {it[0].after.table._meta.schema for it in found}:
            within = [it for it in found if it[0].after.table._meta.schema == schema]
            about = {old: (table, constraint) for table, old, _, constraint in within}
            for old, new in rename_steps({old: new for _, old, new, _ in within}):
                table, constraint = about[new] = about[old]
                if constraint:
                    sql = f"ALTER TABLE {called(table.after.table)} RENAME CONSTRAINT {quoted(old)} TO {quoted(new)}"
                else:
                    sql = f"ALTER INDEX {_beside(table.after, old)} RENAME TO {quoted(new)}"
                yield self._step(sql, f"renames {old}, which is called after what was renamed", table.after.name)
        for changed in self.difference.changed:
            yield from self._rename_sequences(changed)

    def _parts_to_rename(self, table: TableDifference) -> Iterator[tuple[TableDifference, str, str, bool]]:
        """The old name, the new one, and whether it is a constraint."""
        for old, new in table.renamed_parts:
            if (real := self._real(table.before, old)) is not None and real[0] != new.name:
                yield table, real[0], new.name, real[1]
        if table.renamed:
            shape = self.shape.tables.get(table.before.name)
            key = (shape and shape.key_name) or postgres_name(table.before.table._meta.tablename, "", "pkey")
            yield table, key, postgres_name(table.after.table._meta.tablename, "", "pkey"), True

    def _rename_sequences(self, table: TableDifference) -> Iterator[Step]:
        for before, after in table.kept:
            old = postgres_name(table.before.table._meta.tablename, before.name, "seq")
            new = postgres_name(table.after.table._meta.tablename, after.name, "seq")
            if after.counts and old != new:
                sql = f"ALTER SEQUENCE IF EXISTS {_beside(table.after, old)} RENAME TO {quoted(new)}"
                yield self._step(sql, f"renames the sequence {old}", table.after.name)

    def _real(self, table: DescribedTable, part: Part) -> tuple[str, bool] | None:
        """What a part is called in the database, and whether it is a constraint there; None where it is not there.

        As declared, where the table itself is not there yet.
        """
        shape = self.shape.tables.get(table.name)
        if shape is None:
            return part.name, part.kind not in ("index", "unique index")
        if part.kind == "check":
            return next(((name, True) for name in (part.name, _attribute(table, part)) if name in shape.checks), None)
        if part.kind == "foreign key":
            found = shape.foreign_keys.get(part.columns[0])
            return (found.name or part.name, True) if found else None
        index = _real_index(shape, part)
        return (index.name, index.constraint) if index else None

    # --- tables

    def _create(self, table: DescribedTable) -> Iterator[Step]:
        for sql in ddl.create_schema(table.table, "postgres"):
            yield self._step(sql, f"creates the schema {table.table._meta.schema}", table.name, lock="")
        statements = ddl.create_table(table.table, "postgres", self.referenced, later=self.later[table.name])
        for number, sql in enumerate(statements):
            says = f"creates {table.name}" if number == 0 else f"creates an index of {table.name}"
            yield self._step(sql, says, table.name, lock="")

    def _put_back(self, table: DescribedTable) -> Iterator[Step]:
        if (trash := self.difference.trashed.get(table.name)) is None:
            return
        yield self._step(put_back(table, trash), f"puts back the rows of {table.name}", table.name, lock="")
        for column in table.columns.values():
            if column.counts:
                counted, name = called(table.table), quoted(column.name)
                of = f"{ddl.literal(counted, 'postgres')}, {ddl.literal(column.name, 'postgres')}"
                greatest = f"max({name})"
                sql = f"SELECT setval(pg_get_serial_sequence({of}), {greatest}) FROM {counted} "
                sql += f"HAVING {greatest} IS NOT NULL"
                yield self._step(sql, f"goes on counting {table.name}.{column.name}", table.name, lock="")

    def _point_later(self, table: DescribedTable) -> Iterator[Step]:
        for part in table.parts:
            if part.kind == "foreign key" and part.columns[0] in self.later[table.name]:
                yield self._add_constraint(table, part, 0)

    def _drop_tables(self) -> Iterator[Step]:
        """All of them in one statement: then they may point to each other."""
        dropped = self.difference.dropped
        if not dropped:
            return
        names = []
        for table in dropped:
            meta = table.table._meta
            aside = aside_name(meta.tablename) if table.name in self.aside else meta.tablename
            names.append(quoted(aside) if not meta.schema else f"{quoted(meta.schema)}.{quoted(aside)}")
        rows = sum(self.rows.get(table.name, 0) for table in dropped)
        says = "drops " + ", ".join(table.name for table in dropped)
        yield self._step(f"DROP TABLE {', '.join(names)}", says, dropped[0].name, rows=rows)

    # --- columns

    def _types(self, table: TableDifference) -> Iterator[Step]:
        """Enums that are new, and new values of those that are there. Old values stay: rows may have them."""
        before = {new.name: old for old, new in table.kept}
        for column in table.after.columns.values():
            values = enum_values(column.column, "postgres")
            old = before.get(column.name)
            if values is None:
                continue
            if old is None or old.type != column.type:
                for sql in ddl.create_type(column.column, "postgres"):
                    yield self._step(sql, f"creates the type {column.type}", table.after.name, lock="")
                continue
            for value in values:
                if value not in (enum_values(old.column, "postgres") or ()):
                    added = ddl.literal(value, "postgres")
                    sql = f"ALTER TYPE {column.column.column_type} ADD VALUE IF NOT EXISTS {added}"
                    yield self._step(sql, f"adds {value} to the type {column.type}", table.after.name, lock="")

    def _columns(self, table: TableDifference) -> Iterator[Step]:
        name, altered = table.after.name, called(table.after.table)
        rows = self.rows.get(table.before.name, 0)
        for before, after in table.changed:
            yield from self._fill(table, before, after)
        alters: list[str] = []
        words: list[str] = []
        rewritten = False
        for before, after in table.changed:
            clauses = list(self._alter(table, before, after))
            alters += clauses
            if clauses:
                words.append(f"changes {after.name}")
            rewritten |= is_conversion(before, after, "postgres") and not is_wider(before, after)
        for column in table.added:
            alters.append(f"ADD COLUMN {self._new_column(column)}")
            words.append(f"adds {column.name}")
            value = default_value(column, "postgres")
            rewritten |= column.counts or (value is not None and "(" in value)
        if alters:
            each = costs.REWRITE if rewritten else costs.SCAN
            says = f"{name}: {', '.join(words)}"
            touched = rows if rewritten else 0
            for clause in self._together(alters):
                yield self._step(f"ALTER TABLE {altered} {clause}", says, name, rows=touched, each=each)
        for column in table.added:
            if self._is_filled_once(column):
                sql = f"ALTER TABLE {altered} ALTER COLUMN {quoted(column.name)} DROP DEFAULT"
                yield self._step(sql, f"{name}.{column.name} has no default", name)
        for column in table.added:
            if column.name in table.trashed:
                value = from_trash(table, column.name, quoted(column.name), renamed=True)
                sql = f"UPDATE {altered} SET {quoted(column.name)} = {value}"
                says = f"puts back the values of {name}.{column.name}"
                yield self._step(sql, says, name, rows=rows, each=costs.UPDATE, lock=costs.ROWS)
        if table.dropped:
            taken = {column.name for column in table.added} | set(table.renamed_columns.values())
            gone = [aside_name(it.name) if it.name in taken else it.name for it in table.dropped]
            sql = f"ALTER TABLE {altered} " + ", ".join(f"DROP COLUMN {quoted(it)}" for it in gone)
            yield self._step(sql, f"{name}: drops {', '.join(it.name for it in table.dropped)}", name)

    def _together(self, alters: Sequence[str]) -> list[str]:
        """All in one statement: then the table is rewritten once."""
        return [", ".join(alters)]

    def _new_column(self, column: DescribedColumn) -> str:
        """Without its constraints: those are made when everything is there that they speak of."""
        definition = ddl.column_definition(column.column, "postgres", adding=True, references=False)
        if self._is_filled_once(column):
            definition += f" DEFAULT {zero(column, 'postgres')}"
        return definition

    def _is_filled_once(self, column: DescribedColumn) -> bool:
        return not column.null and not column.counts and default_value(column, "postgres") is None

    def _fill(self, table: TableDifference, before: DescribedColumn, after: DescribedColumn) -> Iterator[Step]:
        """Where NULL is not allowed any more. A column that is converted is filled on the way."""
        if not before.null or after.null:
            return
        if is_conversion(before, after, "postgres") and not is_wider(before, after):
            return
        name = quoted(after.name)
        value = default_value(after, "postgres")
        sql = f"UPDATE {called(table.after.table)} SET {name} = {zero(after, 'postgres') if value is None else value} "
        rows = self.rows.get(table.before.name, 0)
        says = f"fills {table.after.name}.{after.name} where it is empty"
        yield self._step(
            sql + f"WHERE {name} IS NULL", says, table.after.name, rows=rows, each=costs.SCAN, lock=costs.ROWS
        )

    def _alter(self, table: TableDifference, before: DescribedColumn, after: DescribedColumn) -> Iterator[str]:
        alter = f"ALTER COLUMN {quoted(after.name)}"
        value = default_value(after, "postgres")
        if after.counts:
            return
        if is_conversion(before, after, "postgres"):
            if before.default is not None:
                yield f"{alter} DROP DEFAULT"
            expression = new_value(table, after.name, "postgres", renamed=True)
            if kind_of(after.column).enum:
                expression = f"({expression})::{after.column.column_type}"
            using = "" if is_wider(before, after) else f" USING {expression}"
            yield f"{alter} TYPE {after.column.column_type}{using}"
            if value is not None:
                yield f"{alter} SET DEFAULT {value}"
        elif before.default != after.default:
            yield f"{alter} DROP DEFAULT" if value is None else f"{alter} SET DEFAULT {value}"
        if before.null != after.null:
            yield f"{alter} {'DROP' if after.null else 'SET'} NOT NULL"

    # --- indexes and constraints

    def _drop_parts(self, table: TableDifference) -> Iterator[Step]:
        gone = {column.name for column in table.dropped}
        for part in table.dropped_parts:
            real = self._real(table.before, part)
            if real is None or (part.columns and gone.issuperset(part.columns) and part.name not in self.new_names):
                continue  # it goes with its columns
            yield self._drop_part(table.after, part, *real)

    def _drop_part(self, table: DescribedTable, part: Part, name: str, is_constraint: bool) -> Step:
        if is_constraint:
            sql = f"ALTER TABLE {called(table.table)} DROP CONSTRAINT {quoted(name)}"
        else:
            sql = f"DROP INDEX {_beside(table, name)}"
        return self._step(sql, f"drops the {part.kind} {name} of {table.name}", table.name)

    def _add_parts(self, table: TableDifference) -> Iterator[Step]:
        rows = self.rows.get(table.before.name, 0)
        for part in table.added_parts:
            yield self._add_part(table.after, part, rows)

    def _add_part(self, table: DescribedTable, part: Part, rows: int) -> Step:
        if part.kind in ("index", "unique index"):
            return self._create_index(table, part, rows)
        return self._add_constraint(table, part, rows)

    def _create_index(self, table: DescribedTable, part: Part, rows: int) -> Step:
        column = table.columns[part.columns[0]].column
        if part.kind == "index":
            [sql] = ddl.create_index(column, "postgres")
        else:
            sql = ddl.create_unique_index(column, partial=True)
        says = f"creates the index {part.name} of {table.name}"
        return self._step(sql, says, table.name, rows=rows, each=costs.INDEX, lock=costs.SHARE)

    def _add_constraint(self, table: DescribedTable, part: Part, rows: int) -> Step:
        columns = ", ".join(map(quoted, part.columns))
        lock = costs.EXCLUSIVE
        match part.kind:
            case "check":
                body = part.text
            case "foreign key":
                body = f"FOREIGN KEY ({columns}) {ddl.references_clause(table.columns[part.columns[0]].column)}"  # type: ignore[arg-type]
                lock = costs.SHARE_ROW
            case _:
                body = f"UNIQUE {part.text} ({columns})" if part.text else f"UNIQUE ({columns})"
        sql = f"ALTER TABLE {called(table.table)} ADD CONSTRAINT {quoted(part.name)} {body}"
        says = f"adds the {part.kind} {part.name} to {table.name}"
        return self._step(sql, says, table.name, rows=rows, each=costs.INDEX, lock=lock)


def called(table: type[Table]) -> str:
    name: str = table._meta.get_formatted_tablename()
    return name


def _beside(table: DescribedTable, name: str) -> str:
    """The full name of what stands in the schema of a table."""
    schema = table.table._meta.schema
    return quoted(name) if schema is None else f"{quoted(schema)}.{quoted(name)}"


def _attribute(table: DescribedTable, part: Part) -> str:
    """What Piccolo calls a constraint: as its attribute is called."""
    names = {ddl.constraint_name(table.table, it): str(it._meta.name) for it in table.table._meta.constraints}
    return names.get(part.name, part.name)


def _real_index(shape: TableShape, part: Part) -> IndexShape | None:
    named = next((it for it in shape.indexes if it.name == part.name), None)
    if named is not None:
        return named
    unique = part.kind != "index"
    alike = [it for it in shape.indexes if it.columns == part.columns and it.unique == unique]
    return next((it for it in alike if it.partial == (part.kind == "unique index")), None)


def is_wider(before: DescribedColumn, after: DescribedColumn) -> bool:
    """Whether all values stay as they are, and PostgreSQL rewrites nothing: a text that may be longer."""
    old, _, old_length = before.type.partition("(")
    new, _, new_length = after.type.partition("(")
    if kind_of(before.column).pointing != kind_of(after.column).pointing:
        return False
    if old != "character varying" or new not in ("character varying", "text"):
        return False
    longer = not new_length or (old_length and int(new_length.rstrip(")")) >= int(old_length.rstrip(")")))
    return bool(longer)
