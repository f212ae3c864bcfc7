"""What one of Piccolo's ALTER TABLE statements comes to on SQLite: statements that it knows. Runs nothing.

Names of constraints that nobody gave are PostgreSQL's: `posts_title_key` is that a column is unique,
`posts_author_fkey` is its foreign key. What becomes unique later becomes so by an index of that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from piccobase.db.errors import DatabaseFailed
from piccobase.db.sqlite_ddl import rewrite_column
from piccobase.db.sqlite_rebuild import Rebuild, StoredTable, columns_of_index, rebuild_statements
from piccobase.db.sqlite_tokens import Token, folded, quoted, tokens, unquoted
from piccobase.db.table_text import Clause, ColumnText, TableText, parse_column, parse_constraint, parse_table
from piccobase.db.value_kinds import Family
from piccobase.db.values import DECIMAL_ORDER


@dataclass(frozen=True, slots=True)
class Alteration:
    """Statements that SQLite knows. `remade` are the tables that they make anew.

    `unfit` asks for a value that the column's new type has no form for.
    """

    statements: tuple[str, ...] = ()
    remade: tuple[str, ...] = ()
    unfit: str = ""


class AlterStatement:
    """A statement with its words: `words` in capitals, `rest(n)` the text from word n on."""

    def __init__(self, ddl: str) -> None:
        self._tokens = tokens(ddl.rstrip().rstrip(";"))
        self._positions = [position for position, it in enumerate(self._tokens) if it.kind != "space"]
        self.words = [self._tokens[position].upper for position in self._positions]
        begin = 2
        while begin < len(self.words) and self.words[begin] in ("IF", "NOT", "EXISTS"):
            begin += 1
        if self.words[begin + 1 : begin + 2] == ["."]:  # a schema, which is main
            begin += 2
        self.table = unquoted(self._token(begin).text)
        self.begin = begin + 1  # of what is to be done

    def _token(self, number: int) -> Token:
        if number >= len(self._positions):
            raise DatabaseFailed("The statement ends too early.")
        return self._tokens[self._positions[number]]

    def name(self, number: int) -> str:
        return unquoted(self._token(number).text)

    def rest(self, number: int, end: int | None = None) -> str:
        self._token(number)
        last = None if end is None or end >= len(self._positions) else self._positions[end]
        return "".join(it.text for it in self._tokens[self._positions[number] : last]).strip()


def plan_alteration(stored: StoredTable, statement: AlterStatement) -> Alteration:
    """What one ALTER TABLE means for the table that is there. Raises DatabaseFailed for what is not known or there."""
    return _Planning(stored, statement).alteration()


class _Planning:
    def __init__(self, stored: StoredTable, statement: AlterStatement) -> None:
        self.stored = stored
        self.name = stored.name
        self.table = parse_table(stored.sql)
        self.statement = statement

    def alteration(self) -> Alteration:
        it, first = self.statement, self.statement.begin
        match it.words[first : first + 3]:
            case ["ADD", "CONSTRAINT", _]:
                return self._add_constraint(it.name(first + 2), first + 3)
            case ["ADD", "UNIQUE", "("]:
                columns = [
                    unquoted(token.text) for token in tokens(it.rest(first + 2)) if token.kind in ("name", "word")
                ]
                return self._add_unique("_".join([self.name, *columns, "key"]), it.rest(first + 2))
            case ["ADD", "CHECK" | "FOREIGN", _]:
                return self._rebuilt(Rebuild(self.name, add_constraints={"": it.rest(first + 1)}))
            case ["ADD", "COLUMN", _]:
                return self._add_column(it.rest(first + 2))
            case ["ADD", _, _]:
                return self._add_column(it.rest(first + 1))
            case ["DROP", "CONSTRAINT", "IF"]:
                return self._drop_constraint(it.name(first + 4), missing_ok=True)
            case ["DROP", "CONSTRAINT", _]:
                return self._drop_constraint(it.name(first + 2), missing_ok=False)
            case ["DROP", "COLUMN", _]:
                return self._drop_column(self._column(it.name(first + 2)))
            case ["DROP", _]:
                return self._drop_column(self._column(it.name(first + 1)))
            case ["RENAME", "CONSTRAINT", _]:
                return self._rename_constraint(it.name(first + 2), it.name(first + 4))
            case ["ALTER", "COLUMN", _]:
                return self._alter_column(self._column(it.name(first + 2)), first + 3)
            case ["ALTER", _, _]:
                return self._alter_column(self._column(it.name(first + 1)), first + 2)
            case ["SET", "SCHEMA", _]:
                raise DatabaseFailed(f"SQLite has no schemas: {self.name} cannot be moved to {it.name(first + 2)}.")
        raise DatabaseFailed(f"This change of a table is not known: {it.rest(first)}")

    def _column(self, name: str) -> ColumnText:
        found = self.table.column(name)
        if found is None:
            raise DatabaseFailed(f"{self.name} has no column {name}.")
        return found

    def _edited(self, table: TableText, *, values: dict[str, str] | None = None, unfit: str = "") -> Alteration:
        stored = replace(self.stored, sql=table.text)
        statements = rebuild_statements(stored, Rebuild(self.name, values=values or {}))
        return Alteration(tuple(statements), remade=(self.name,), unfit=unfit)

    def _with_column(self, column: ColumnText, **more: Any) -> Alteration:
        columns = (column if folded(it.name) == folded(column.name) else it for it in self.table.columns)
        return self._edited(self.table.with_columns(columns), **more)

    def _rebuilt(self, rebuild: Rebuild) -> Alteration:
        return Alteration(tuple(rebuild_statements(self.stored, rebuild)), remade=(self.name,))

    # --- columns

    def _add_column(self, definition: str) -> Alteration:
        """By SQLite itself where it takes it (sqlite.org/lang_altertable.html §4)."""
        column = parse_column(rewrite_column(definition))
        unique = column.clause("UNIQUE") is not None
        alone = column.without("UNIQUE")
        if not _can_be_added(alone):
            return self._rebuilt(Rebuild(self.name, add=(definition,)))
        statement = f"ALTER TABLE {quoted(self.name)} ADD COLUMN {alone.definition}"
        if not unique:
            return Alteration((statement,))
        index = self._add_unique(f"{self.name}_{column.name}_key", f"({quoted(column.name)})")
        return Alteration((statement, *index.statements))

    def _drop_column(self, column: ColumnText) -> Alteration:
        name = folded(column.name)
        mentions = [it.columns for it in self.table.constraints]
        mentions += [it.mentioned for it in self.table.columns if it is not column]
        if column.clause("PRIMARY KEY") or column.clause("UNIQUE") or any(name in it for it in mentions):
            return self._rebuilt(Rebuild(self.name, drop=(column.name,)))
        lost = [index for index, sql in self.stored.indexes.items() if name in columns_of_index(sql)]
        drop = f"ALTER TABLE {quoted(self.name)} DROP COLUMN {quoted(column.name)}"
        return Alteration((*(f"DROP INDEX {quoted(index)}" for index in lost), drop))

    def _alter_column(self, column: ColumnText, number: int) -> Alteration:
        it = self.statement
        match it.words[number : number + 3]:
            case ["DROP", "NOT", "NULL"]:
                return self._with_column(column.without("NOT NULL"))
            case ["SET", "NOT", "NULL"]:
                return self._with_column(column.without("NULL").having("NOT NULL", "NOT NULL"))
            case ["DROP", "DEFAULT"]:
                return self._with_column(column.without("DEFAULT"))
            case ["SET", "DEFAULT", _]:
                written = rewrite_column(f"{column.written} {column.type} DEFAULT {it.rest(number + 2)}")
                default = parse_column(written).clause("DEFAULT")
                return self._with_column(column.having("DEFAULT", default.definition if default else ""))
            case ["TYPE", *_]:
                return self._change_type(column, number + 1)
        raise DatabaseFailed(f"This change of a column is not known: {it.rest(number)}")

    def _change_type(self, column: ColumnText, number: int) -> Alteration:
        words = self.statement.words
        using = words.index("USING", number) if "USING" in words[number:] else len(words)
        collation = column.clause("COLLATE")
        without = column.without("COLLATE") if collation and DECIMAL_ORDER in collation.text else column
        changed = parse_column(rewrite_column(without.typed(self.statement.rest(number, using)).definition))
        changed = replace(changed, before=column.before, after=column.after)
        # `"price"::integer` says no more than the new type does.
        if using < len(words) and words[using + 2 : using + 4] != [":", ":"]:
            return self._with_column(changed, values={column.name: self.statement.rest(using + 1)})
        source, target = _family(column.type), _family(changed.type)
        if source == target or source == "other" or target == "other":
            return self._with_column(changed)
        value = f"piccobase_convert({quoted(column.name)}, '{source}', '{target}')"
        unfit = (
            f"SELECT {quoted(column.name)} FROM {quoted(self.name)} WHERE {quoted(column.name)} IS NOT NULL "
            f"AND {value} IS NULL LIMIT 1"
        )
        return self._with_column(changed, values={column.name: value}, unfit=unfit)

    # --- constraints

    def _add_constraint(self, name: str, number: int) -> Alteration:
        definition = self.statement.rest(number)
        constraint = parse_constraint(f"CONSTRAINT {quoted(name)} {definition}")
        if constraint.kind == "UNIQUE":
            same = self.statement.words[number + 1] == "NULLS"
            return self._add_unique(name, definition[definition.index("(") :], nulls_are_same=same)
        if constraint.kind == "FOREIGN KEY" and len(constraint.columns) == 1:
            column = self._column(*constraint.columns)
            if column.clause("REFERENCES") is None and folded(name) == folded(f"{self.name}_{column.name}_fkey"):
                references = self.statement.rest(self.statement.words.index("REFERENCES", number))
                return self._with_column(column.having("REFERENCES", references))
        return self._rebuilt(Rebuild(self.name, add_constraints={name: constraint.definition}))

    def _add_unique(self, name: str, columns: str, *, nulls_are_same: bool = False) -> Alteration:
        if nulls_are_same:
            # To a unique index two NULLs differ. With these pairs they are the same, and no NULL is as a value is.
            pairs = (f"ifnull({quoted(it)}, 0), {quoted(it)} IS NULL" for it in _listed(columns))
            columns = f"({', '.join(pairs)})"
        return Alteration((f"CREATE UNIQUE INDEX {quoted(name)} ON {quoted(self.name)} {columns}",))

    def _drop_constraint(self, name: str, *, missing_ok: bool) -> Alteration:
        if (index := self._index(name)) is not None:
            return Alteration((f"DROP INDEX {quoted(index)}",))
        if (clause := self._clause(name)) is not None:
            return self._edited(self._with_clause(clause, None))
        if missing_ok:
            return Alteration()
        raise DatabaseFailed(f"{self.name} has no constraint {name}.")

    def _rename_constraint(self, name: str, new: str) -> Alteration:
        if (index := self._index(name)) is not None:
            found = tokens(self.stored.indexes[index])
            at = next(position for position, it in enumerate(found) if unquoted(it.text) == index)
            renamed = "".join(it.text for it in [*found[:at], Token("name", quoted(new)), *found[at + 1 :]])
            return Alteration((f"DROP INDEX {quoted(index)}", renamed))
        clause = self._clause(name)
        if clause is None:
            raise DatabaseFailed(f"{self.name} has no constraint {name}.")
        renamed_clause = parse_constraint(f" CONSTRAINT {quoted(new)} {clause.body}")
        return self._edited(self._with_clause(clause, renamed_clause))

    def _index(self, name: str) -> str | None:
        """The index of that name, or the one that makes a column unique which PostgreSQL would have called so."""
        same = [it for it in self.stored.indexes if folded(it) == folded(name)]
        column = self._column_called(name, "key")
        if not same and column is not None and column.clause("UNIQUE") is None:
            same = [
                it
                for it, sql in self.stored.indexes.items()
                if "UNIQUE" in sql.upper()[:20] and columns_of_index(sql) == {folded(column.name)}
            ]
        return next(iter(same), None)

    def _clause(self, name: str) -> Clause | None:
        clauses = [*self.table.constraints, *(it for column in self.table.columns for it in column.clauses)]
        if named := [it for it in clauses if it.name and folded(it.name) == folded(name)]:
            return named[0]
        for ending, own, of_table in (("key", "UNIQUE", "UNIQUE"), ("fkey", "REFERENCES", "FOREIGN KEY")):
            column = self._column_called(name, ending)
            if column is None:
                continue
            if (found := column.clause(own)) is not None and not found.name:
                return found
            alone = (
                it
                for it in self.table.constraints
                if it.kind == of_table and not it.name and it.columns == {folded(column.name)}
            )
            return next(alone, None)
        return None

    def _column_called(self, name: str, ending: str) -> ColumnText | None:
        """The column whose constraint PostgreSQL would call so."""
        found = (it for it in self.table.columns if folded(f"{self.name}_{it.name}_{ending}") == folded(name))
        return next(found, None)

    def _with_clause(self, clause: Clause, other: Clause | None) -> TableText:
        """The table with another one in its place, or none."""

        def replaced(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
            found = [(other if it is clause else it) for it in clauses]
            return tuple(it for it in found if it is not None)

        columns = [replace(column, clauses=replaced(column.clauses)) for column in self.table.columns]
        return self.table.with_columns(columns).with_constraints(replaced(self.table.constraints))


def _listed(columns: str) -> list[str]:
    """`("a", b)` -> a, b"""
    return [unquoted(it.text) for it in tokens(columns) if it.kind in ("name", "word")]


def _can_be_added(column: ColumnText) -> bool:
    generated, default = column.clause("GENERATED"), column.clause("DEFAULT")
    value = [it for it in tokens(default.definition) if it.kind != "space"][1:] if default else []
    is_null = not value or value[0].upper == "NULL"
    if generated is not None:
        return "STORED" not in generated.text.upper()
    if column.clause("PRIMARY KEY") or (column.clause("NOT NULL") and is_null):
        return False
    if column.clause("REFERENCES") and not is_null:
        return False
    return not any(it.text == "(" or it.upper.startswith("CURRENT_") for it in value)


_FAMILIES: dict[str, Family] = {
    "VARCHAR": "text",
    "CHAR": "text",
    "TEXT": "text",
    "INTEGER": "integer",
    "INT": "integer",
    "BIGINT": "integer",
    "SMALLINT": "integer",
    "REAL": "float",
    "FLOAT": "float",
    "DOUBLE": "float",
    "DECIMAL_TEXT": "decimal",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "instant",
    "TIMESTAMP": "local",
    "DATE": "date",
    "TIME": "time",
    "SECONDS": "interval",
    "UUID": "uuid",
    "JSON_TEXT": "json",
    "JSONB_TEXT": "json",
    "BLOB": "bytes",
}


def _family(declared: str) -> Family:
    """What a column of that type holds; "other" for a type that none of Piccolo's columns has."""
    first = next((it.upper for it in tokens(declared) if it.kind == "word"), "")
    return _FAMILIES.get(first, "other")
