"""The shape of a database: its tables with their columns, indexes and foreign keys, as the database itself tells it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from piccobase.db.engine import Database, Row
from piccobase.schema.values.base import Dialect


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
    """`columns` in their order, "" for an expression. A partial index covers only some of the rows."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKeyShape:
    """A foreign key of one column. `on_delete` in the words of SQL: `CASCADE`, `SET NULL` …"""

    column: str
    table: str
    on_delete: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    name: str
    columns: Mapping[str, ColumnShape]
    key: tuple[str, ...] = ()
    indexes: tuple[IndexShape, ...] = ()
    foreign_keys: Mapping[str, ForeignKeyShape] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()  # names of check constraints


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
        checks = [(table, name) for table, sql in checks for name in check_names(sql)]
    return Shape(db.dialect, _tables(columns, keys, indexes, foreign_keys, checks))


def _tables(
    columns: list[Row], keys: list[Row], indexes: list[Row], foreign_keys: list[Row], checks: list[Row]
) -> dict[str, TableShape]:
    """Each row begins with the name of its table; those of an index or a key come once for each of their columns."""
    columns_of: dict[str, dict[str, ColumnShape]] = defaultdict(dict)
    for table, name, type_, nullable, default, generated in columns:
        columns_of[table][name] = ColumnShape(name, type_, bool(nullable), default, bool(generated))
    key_of: dict[str, list[str]] = defaultdict(list)
    for table, name in keys:
        key_of[table].append(name)
    indexes_of: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for table, name, unique, partial, column in indexes:
        before = indexes_of[table].get(name, IndexShape(name, (), bool(unique), bool(partial)))
        indexes_of[table][name] = IndexShape(name, (*before.columns, column or ""), before.unique, before.partial)
    foreign_keys_of: dict[str, dict[str, ForeignKeyShape]] = defaultdict(dict)
    for table, column, target, on_delete in foreign_keys:
        foreign_keys_of[table][column] = ForeignKeyShape(column, target, on_delete)
    checks_of: dict[str, set[str]] = defaultdict(set)
    for table, name in checks:
        checks_of[table].add(name)
    return {
        name: TableShape(
            name=name,
            columns=its_columns,
            key=tuple(key_of[name]),
            indexes=tuple(indexes_of[name].values()),
            foreign_keys=foreign_keys_of[name],
            checks=frozenset(checks_of[name]),
        )
        for name, its_columns in columns_of.items()
    }


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
    keys="SELECT t.name, c.name FROM "
    + _SQLITE_TABLES.format("pragma_table_info(t.name) AS c")
    + " AND c.pk ORDER BY t.name, c.pk",
    indexes='SELECT t.name, i.name, i."unique", i.partial, c.name FROM '
    + _SQLITE_TABLES.format("pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c")
    + " AND i.origin != 'pk'"
    + " ORDER BY t.name, i.name, c.seqno",
    foreign_keys='SELECT t.name, f."from", f."table", f.on_delete FROM '
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
    columns=f"SELECT {_NAME}, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, "
    "pg_get_expr(d.adbin, d.adrelid), a.attidentity != '' OR a.attgenerated != '' "
    f"FROM {_POSTGRES_TABLES} JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum ORDER BY 1, a.attnum",
    keys=f"SELECT {_NAME}, a.attname FROM {_POSTGRES_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid "
    "AND x.indisprimary CROSS JOIN unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, position) "
    "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY 1, k.position",
    indexes=f"SELECT {_NAME}, i.relname, x.indisunique, x.indpred IS NOT NULL, a.attname "
    f"FROM {_POSTGRES_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisvalid AND NOT x.indisprimary "
    "JOIN pg_class AS i ON i.oid = x.indexrelid "
    "CROSS JOIN unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, position) "
    "LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0 "
    "WHERE k.position <= x.indnkeyatts ORDER BY 1, i.relname, k.position",  # the rest are columns it only carries
    foreign_keys=f"SELECT {_NAME}, a.attname, {_NAME.replace('n.', 'tn.').replace('c.', 't.')}, "
    "CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' "
    "WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END "
    f"FROM {_POSTGRES_TABLES} JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.contype = 'f' "
    "AND array_length(f.conkey, 1) = 1 JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = f.conkey[1] "
    "JOIN pg_class AS t ON t.oid = f.confrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace ORDER BY 1, 2",
    checks=f"SELECT {_NAME}, k.conname FROM {_POSTGRES_TABLES} JOIN pg_constraint AS k ON k.conrelid = c.oid "
    "AND k.contype = 'c'",
)
