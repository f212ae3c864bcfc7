"""A draft as a one-row table, so that the create rule is asked of it by the same compiler before the row exists."""

from collections.abc import Sequence

from piccobase.columns import Select
from piccobase.filters.fragments import Binder, Fragment, compose, join, quoted, slot
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Dialect

DRAFT = "draft"


def draft_table(collection: CollectionInfo, binders: Sequence[Binder], dialect: Dialect) -> Fragment:
    """`WITH "draft"("id", "title", …) AS (SELECT …) `: the values come from `binders`, in the order of the fields."""
    columns = join(", ", [Fragment(quoted(field.column)) for field in collection.fields])
    values = [
        compose("CAST(", slot(binder), f" AS {_cast(field)})") if dialect == "postgres" else slot(binder)
        for field, binder in zip(collection.fields, binders, strict=True)
    ]
    return compose(f'WITH "{DRAFT}"(', columns, ") AS (SELECT ", join(", ", values), ") ")


def _cast(field: FieldInfo) -> str:
    """The column's type without its limits: a cast to VARCHAR(3) would cut the text before anybody has checked it."""
    if isinstance(field.piccolo, Select):
        return "VARCHAR"  # also where it is an enum: a text that is none of its values is refused later, and clearly
    declared = str(field.piccolo.column_type).upper()
    suffix = "[]" * declared.count("[]")
    base = declared.replace("[]", "").partition("(")[0]
    return {"SERIAL": "INTEGER", "BIGSERIAL": "BIGINT", "CHAR": "VARCHAR"}.get(base, base) + suffix
