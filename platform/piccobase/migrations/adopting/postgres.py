"""Reads the tables of a schema from PostgreSQL's catalog. Writes nothing: its transaction is read only.

Piccolo's `schema generate` reads a database too; it knows no arrays, enums, identities, defaults of 0 and '', checks
or unique constraints of several columns, and takes an index that is not unique for one that is.
"""

import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.engine import Database, Row
from piccobase.migrations.adopting.found import (
    Constant,
    FoundCheck,
    FoundColumn,
    FoundForeignKey,
    FoundIndex,
    FoundTable,
)


async def read_tables(db: Database, schema: str = "public") -> list[FoundTable]:
    """Everything in the schema that looks like a table, by name. Raises StartError for a schema that is not there."""
    async with db.transaction():
        await db.rows("SET TRANSACTION READ ONLY")
        if not await db.rows("SELECT 1 FROM pg_namespace WHERE nspname = $1", (schema,)):
            names = await db.rows(_SCHEMAS)
            raise StartError(f"There is no schema {schema}. There are: {', '.join(name for (name,) in names)}")
        ((first,),) = await db.rows("SELECT current_schema()")
        found = {what: await db.rows(sql, (schema,)) for what, sql in _QUESTIONS.items()}
        columns = _by_table(found["columns"], _column)
        for name, its_columns in columns.items():
            columns[name] = [await _with_constant(db, column) for column in its_columns]
    indexes = _by_table(found["indexes"], _index)
    foreign_keys = _by_table(found["foreign_keys"], _foreign_key)
    checks = _by_table(found["checks"], lambda name, text: FoundCheck(name=name, text=_condition(text)))
    others = _by_table(found["others"], lambda text: text)
    keys = {table: tuple(names) for table, names in found["keys"]}
    return [
        FoundTable(
            name=name,
            schema="" if schema in (first, "public") else schema,
            kind=kind,
            columns=columns[name],
            key=keys.get(name, ()),
            indexes=indexes[name],
            foreign_keys=foreign_keys[name],
            checks=checks[name],
            comment=comment or "",
            others=others[name],
        )
        for name, kind, comment in found["tables"]
    ]


_CONSTANT = re.compile(r"""(?:'(?:[^']|'')*'|-?[0-9.]+|true|false)(?:::[\w\s."\[\](),]+)?""")
_MONTHS = re.compile(r"year|mon", re.IGNORECASE)


async def _with_constant(db: Database, column: FoundColumn) -> FoundColumn:
    """With the value of a default that is a literal: the database itself reads it best."""
    if column.default is None or column.computed or not _CONSTANT.fullmatch(column.default):
        return column
    if column.type == "interval" and _MONTHS.search(column.default):  # Python has no months
        return column
    try:
        async with db.transaction():  # a savepoint: an error would end the whole one
            ((value,),) = await db.rows(f"SELECT CAST({column.default} AS {column.type})")
    except PiccobaseError:  # of a type that the driver does not read
        return column
    return replace(column, constant=Constant(value))


def _by_table(rows: list[Row], made: Any) -> dict[str, list[Any]]:
    """Each row begins with the table's name; what follows it is given to `made`."""
    found: dict[str, list[Any]] = defaultdict(list)
    for table, *values in rows:
        found[table].append(made(*values))
    return found


def _column(
    name: str,
    type_: str,
    nullable: bool,
    default: str | None,
    computed: bool,
    identity: str,
    labels: list[str] | None,
    domain: str | None,
    comment: str | None,
) -> FoundColumn:
    return FoundColumn(
        name=name,
        type=type_,
        nullable=nullable,
        default=default,
        computed=computed,
        identity="always" if identity == "a" else "default" if identity == "d" else "",
        labels=tuple(labels or ()),
        domain=domain or "",
        comment=comment or "",
    )


def _index(
    name: str, columns: list[str | None], unique: bool, partial: bool, distinct: bool, method: str, text: str
) -> FoundIndex:
    return FoundIndex(
        name=name,
        columns=tuple(column or "" for column in columns),
        unique=unique,
        partial=partial,
        nulls_distinct=distinct,
        method=method,
        text=text,
    )


def _foreign_key(columns: list[str], table: str, to: list[str], on_delete: str, on_update: str) -> FoundForeignKey:
    return FoundForeignKey(
        columns=tuple(columns),
        table=table,
        to=tuple(to),
        on_delete=_ACTIONS[on_delete],
        on_update=_ACTIONS[on_update],
    )


def _condition(text: str) -> str:
    """`CHECK ((price > 0)) NO INHERIT` -> `(price > 0)`"""
    inner = text.removeprefix("CHECK ").removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    return inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner


_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_SCHEMAS = (
    "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname != 'information_schema' ORDER BY 1"
)
# What belongs to an extension, or is a partition of another table, is not the app's.
_TABLES = (
    "pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = $1 AND NOT c.relispartition "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass "
    "AND d.deptype = 'e')"
)
_TARGET = "CASE WHEN tn.nspname IN (current_schema(), 'public') THEN '' ELSE tn.nspname || '.' END || t.relname"
_NAMES = "ARRAY(SELECT a.attname::text FROM unnest({keys}) WITH ORDINALITY AS k (number, position) LEFT JOIN "
_NAMES += "pg_attribute AS a ON a.attrelid = {table} AND a.attnum = k.number AND k.number > 0 ORDER BY k.position)"

_QUESTIONS = {
    "tables": "SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' "
    "WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END, obj_description(c.oid, 'pg_class') "
    f"FROM {_TABLES} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname",
    # `y` is the column's type, `b` what it restricts where it is a domain.
    "columns": "SELECT c.relname, a.attname, "
    "CASE y.typtype WHEN 'd' THEN format_type(b.oid, y.typtypmod) ELSE format_type(y.oid, a.atttypmod) END, "
    "NOT (a.attnotnull OR y.typnotnull), coalesce(pg_get_expr(x.adbin, x.adrelid), y.typdefault), "
    "a.attgenerated != '', a.attidentity::text, "
    "CASE b.typtype WHEN 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = b.oid "
    "ORDER BY e.enumsortorder) END, "
    "CASE y.typtype WHEN 'd' THEN format_type(y.oid, NULL) END, col_description(c.oid, a.attnum) "
    f"FROM {_TABLES} JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_type AS y ON y.oid = a.atttypid "
    "JOIN pg_type AS b ON b.oid = CASE y.typtype WHEN 'd' THEN y.typbasetype ELSE y.oid END "
    "LEFT JOIN pg_attrdef AS x ON x.adrelid = c.oid AND x.adnum = a.attnum "
    "WHERE c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum",
    "keys": f"SELECT c.relname, {_NAMES.format(keys='x.indkey::int2[]', table='c.oid')} "
    f"FROM {_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary",
    "indexes": "SELECT c.relname, i.relname, "
    f"{_NAMES.format(keys='(x.indkey::int2[])[0:x.indnkeyatts - 1]', table='c.oid')}, x.indisunique, "
    "x.indpred IS NOT NULL, NOT coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false), m.amname, "
    "pg_get_indexdef(x.indexrelid) "
    f"FROM {_TABLES} JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisvalid AND NOT x.indisprimary "
    "JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_am AS m ON m.oid = i.relam ORDER BY c.relname, i.relname",
    "foreign_keys": f"SELECT c.relname, {_NAMES.format(keys='f.conkey', table='f.conrelid')}, {_TARGET}, "
    f"{_NAMES.format(keys='f.confkey', table='f.confrelid')}, f.confdeltype::text, f.confupdtype::text "
    f"FROM {_TABLES} JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.contype = 'f' "
    "JOIN pg_class AS t ON t.oid = f.confrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace "
    "ORDER BY c.relname, f.conname",
    "checks": f"SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM {_TABLES} "
    "JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'c' ORDER BY c.relname, k.conname",
    "others": "SELECT * FROM ("
    f"SELECT c.relname, 'trigger ' || g.tgname FROM {_TABLES} JOIN pg_trigger AS g ON g.tgrelid = c.oid "
    "AND NOT g.tgisinternal UNION ALL "
    f"SELECT c.relname, 'exclusion constraint ' || k.conname FROM {_TABLES} JOIN pg_constraint AS k "
    "ON k.conrelid = c.oid AND k.contype = 'x' UNION ALL "
    f"SELECT c.relname, 'row security, which this server meets as the role it signs in as' FROM {_TABLES} "
    "WHERE c.relrowsecurity) AS o ORDER BY 1, 2",
}
