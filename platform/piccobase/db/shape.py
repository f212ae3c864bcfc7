"""The shape of a database: its tables with their columns, indexes and foreign keys, as the database itself tells it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from piccobase.db.engine import Database, Row
from piccobase.db.errors import DatabaseFailed
from piccobase.db.table_text import parse_table
from piccobase.schema.values.base import Dialect

# Tables with values that a migration has taken away, until they are purged. They are nobody's tables.
TRASH_PREFIX = "_trash_"


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """`type` is as the database writes it (PostgreSQL: `character varying(200)`, SQLite: as it was declared)."""

    name: str
    type: str
    nullable: bool
    default: str | None = None
    generated: bool = False  # the database makes the value: an identity, or computed from others


@dataclass(frozen=True, slots=True)
class IndexShape:
    """`columns` in their order, "" for an expression. A partial index covers only some of the rows, those of `where`.

    `constraint` is that of a UNIQUE in the table's definition: on PostgreSQL the constraint has its name. `distinct`
    is whether NULLs are different values to a unique one.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False
    constraint: bool = False
    where: str = ""
    method: str = "btree"
    distinct: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKeyShape:
    """A foreign key of one column. `on_delete` in the words of SQL: `CASCADE`, `SET NULL` …

    `to` is the column it points to, "" where SQLite was told none (then it is the key). SQLite has no `name` for it.
    """

    column: str
    table: str
    on_delete: str
    to: str = ""
    on_update: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    name: str
    columns: Mapping[str, ColumnShape]
    key: tuple[str, ...] = ()
    indexes: tuple[IndexShape, ...] = ()
    foreign_keys: Mapping[str, ForeignKeyShape] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()  # names of check constraints
    check_texts: Mapping[str, str] = field(default_factory=dict)  # the same with their conditions
    key_name: str = ""  # of the key's constraint, on PostgreSQL


@dataclass(frozen=True, slots=True)
class Shape:
    """Tables by name; those outside the current schema of a PostgreSQL database are called `schema.table`."""

    dialect: Dialect
    tables: Mapping[str, TableShape] = field(default_factory=dict)


async def read_shape(db: Database) -> Shape:
    """What is there now."""
    read = _SQLITE if db.dialect == "sqlite" else _POSTGRES
    columns = await db.rows(read.columns)
    keys = await db.rows(read.keys)
    indexes = await db.rows(read.indexes)
    foreign_keys = await db.rows(read.foreign_keys)
    checks = await db.rows(read.checks)
    if db.dialect == "sqlite":
        checks = [(table, name, text) for table, sql in checks for name, text in _checks_of(sql)]
    return Shape(db.dialect, _tables(columns, keys, indexes, foreign_keys, checks))


def _tables(
    columns: list[Row], keys: list[Row], indexes: list[Row], foreign_keys: list[Row], checks: list[Row]
) -> dict[str, TableShape]:
    """Each row begins with the name of its table; those of an index or a key come once for each of their columns."""
    columns_of: dict[str, dict[str, ColumnShape]] = defaultdict(dict)
    for table, name, type_, nullable, default, generated in columns:
        columns_of[table][name] = ColumnShape(name, type_, bool(nullable), default, bool(generated))
    key_of: dict[str, list[str]] = defaultdict(list)
    key_names: dict[str, str] = {}
    for table, name, constraint in keys:
        key_of[table].append(name)
        key_names[table] = constraint
    indexes_of: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for table, name, unique, partial, column, constraint, where, method, distinct in indexes:
        before = indexes_of[table].get(name)
        if before is None:
            before = IndexShape(
                name, (), bool(unique), bool(partial), bool(constraint), where or "", method, bool(distinct)
            )
        indexes_of[table][name] = replace(before, columns=(*before.columns, column or ""))
    foreign_keys_of: dict[str, dict[str, ForeignKeyShape]] = defaultdict(dict)
    for table, column, target, on_delete, to, on_update, name in foreign_keys:
        foreign_keys_of[table][column] = ForeignKeyShape(column, target, on_delete, to or "", on_update, name)
    checks_of: dict[str, dict[str, str]] = defaultdict(dict)
    for table, name, text in checks:
        checks_of[table][name] = text
    return {
        name: TableShape(
            name=name,
            columns=its_columns,
            key=tuple(key_of[name]),
            indexes=tuple(indexes_of[name].values()),
            foreign_keys=foreign_keys_of[name],
            checks=frozenset(checks_of[name]),
            check_texts=checks_of[name],
            key_name=key_names.get(name, ""),
        )
        for name, its_columns in columns_of.items()
        if not name.rpartition(".")[2].startswith(TRASH_PREFIX)
    }


def _checks_of(sql: str) -> list[tuple[str, str]]:
    """Names and conditions, as far as the text can be read."""
    if "check" not in sql.lower():
        return []
    try:
        table = parse_table(sql)
    except DatabaseFailed:  # of a virtual table
        return [(name, "") for name in check_names(sql)]
    clauses = [*table.constraints, *(it for column in table.columns for it in column.clauses)]
    return [(it.name, it.definition.partition("CHECK")[2].strip()) for it in clauses if it.kind == "CHECK" and it.name]


_CHECK = re.compile(r"""CONSTRAINT\s+(?:"((?:[^"]|"")+)"|(\w+))\s+CHECK\b""", re.IGNORECASE)


def check_names(sql: str) -> list[str]:
    """The named check constraints in the text of a CREATE TABLE, which is all that SQLite has about them."""
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in _CHECK.findall(sql)]


@dataclass(frozen=True, slots=True)
class _Questions:
    """The same questions in each dialect; the answers begin with the table's name."""

    columns: str
    keys: str
    indexes: str
    foreign_keys: str
    checks: str


_SQLITE_TABLES = "sqlite_schema AS t JOIN {} ON t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_SQLITE = _Questions(
    columns='SELECT t.name, c.name, c.type, NOT c."notnull", c.dflt_value, c.hidden IN (2, 3) FROM '
    + _SQLITE_TABLES.format("pragma_table_xinfo(t.name) AS c")
    + " AND c.hidden != 1 ORDER BY t.name, c.cid",
    keys="SELECT t.name, c.name, '' FROM "
    + _SQLITE_TABLES.format("pragma_table_info(t.name) AS c")
    + " AND c.pk ORDER BY t.name, c.pk",
    indexes="SELECT t.name, i.name, i.\"unique\", i.partial, c.name, i.origin = 'u', "
    # Two NULLs differ in an index, unless it is one of those that `sqlite_ddl` makes.
    "CASE i.partial WHEN 1 THEN trim(substr(s.sql, instr(upper(s.sql), ' WHERE ') + 7)) END, 'btree', "
    "s.sql IS NULL OR s.sql NOT LIKE '%(ifnull(%' FROM "
    + _SQLITE_TABLES.format("pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c")
    + " AND i.origin != 'pk' LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name"
    + " ORDER BY t.name, i.name, c.seqno",
    foreign_keys='SELECT t.name, f."from", coalesce((SELECT r.name FROM sqlite_schema AS r '
    # As the table is called: the foreign key may have written it in other letters.
    'WHERE r.type = \'table\' AND r.name = f."table" COLLATE NOCASE), f."table"), '
    "f.on_delete, f.\"to\", f.on_update, '' FROM "
    + _SQLITE_TABLES.format("pragma_foreign_key_list(t.name) AS f")
    # Those of several columns are left out: Piccolo knows none.
    + " GROUP BY t.name, f.id HAVING count(*) = 1",
    checks="SELECT name, sql FROM sqlite_schema WHERE type = 'table'",
)

# `c` is the table, as elsewhere in this dialect's questions.
_NAME = "CASE n.nspname WHEN current_schema() THEN '' ELSE n.nspname || '.' END || c.relname"
_POSTGRES_TABLES = (
    "pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND c.relkind IN ('r', 'p') "
    "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname != 'information_schema' "
)
_POSTGRES = _Questions(
    # A domain is told by what it restricts: it is stored and sent as that.
    columns=f"SELECT {_NAME}, a.attname, CASE y.typtype WHEN 'd' THEN format_type(y.typbasetype, y.typtypmod) "
    "ELSE format_type(a.atttypid, a.atttypmod) END, NOT (a.attnotnull OR y.typnotnull), "
    "pg_get_expr(d.adbin, d.adrelid), a.attidentity != '' OR a.attgenerated != '' "
    f"FROM {_POSTGRES_TABLES} JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_type AS y ON y.oid = a.atttypid "
    "LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum ORDER BY 1, a.attnum",
    keys=f"SELECT {_NAME}, a.attname, i.relname FROM {_POSTGRES_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid "
    "AND x.indisprimary JOIN pg_class AS i ON i.oid = x.indexrelid "
    "CROSS JOIN unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, position) "
    "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY 1, k.position",
    indexes=f"SELECT {_NAME}, i.relname, x.indisunique, x.indpred IS NOT NULL, a.attname, "
    "EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.oid AND k.contype = 'u'), "
    "pg_get_expr(x.indpred, x.indrelid), m.amname, "
    "NOT coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) "  # PostgreSQL 14 does not have it
    f"FROM {_POSTGRES_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisvalid AND NOT x.indisprimary "
    "JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_am AS m ON m.oid = i.relam "
    "CROSS JOIN unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, position) "
    "LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0 "
    "WHERE k.position <= x.indnkeyatts ORDER BY 1, i.relname, k.position",  # the rest are columns it only carries
    foreign_keys=f"SELECT {_NAME}, a.attname, {_NAME.replace('n.', 'tn.').replace('c.', 't.')}, "
    "CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' "
    "WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END, ta.attname, "
    "CASE f.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' "
    "WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END, f.conname "
    f"FROM {_POSTGRES_TABLES} JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.contype = 'f' "
    "AND array_length(f.conkey, 1) = 1 JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = f.conkey[1] "
    "JOIN pg_class AS t ON t.oid = f.confrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace "
    "JOIN pg_attribute AS ta ON ta.attrelid = t.oid AND ta.attnum = f.confkey[1] ORDER BY 1, 2",
    checks=f"SELECT {_NAME}, k.conname, pg_get_constraintdef(k.oid) FROM {_POSTGRES_TABLES} "
    "JOIN pg_constraint AS k ON k.conrelid = c.oid "
    "AND k.contype = 'c'",
)
