"""The fields of a view, from what its query selects, and the statement that gives them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from piccolo import columns as piccolo
from piccolo.columns import Column

from piccobase.base.errors import Problem
from piccobase.base.ids import field_id
from piccobase.columns import TokenKey
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.declaration import View
from piccobase.schema.deriving import NotServed, key_type, value_type
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import nearest
from piccobase.schema.selecting import CannotSelect, Selected, Selection, read_query
from piccobase.schema.values.base import Dialect, Family, ValueType
from piccobase.schema.values.text import PasswordValue, TextValue

DeclaredField = Callable[[type[View], Column], FieldInfo | None]
"""Makes a field of a declared column; what is wrong with it is told elsewhere."""

# A column of Piccolo's for each type that a query can be told to give, as sqlglot calls them.
_COLUMNS: Mapping[str, type[Column]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "UINT", "UBIGINT"), piccolo.BigInt),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL", "BIGDECIMAL"), piccolo.DoublePrecision),
    **dict.fromkeys(("CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT"), piccolo.Text),
    **dict.fromkeys(("JSON", "JSONB"), piccolo.JSONB),
    "BOOLEAN": piccolo.Boolean,
    "TIMESTAMPTZ": piccolo.Timestamptz,
    "TIMESTAMP": piccolo.Timestamp,
    "DATETIME": piccolo.Timestamp,
    "DATE": piccolo.Date,
    "UUID": piccolo.UUID,
}
# How the analysis is told of a field's type.
_TYPES: Mapping[Family, str] = {
    "text": "TEXT",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "decimal": "DECIMAL",
    "boolean": "BOOLEAN",
    "instant": "TIMESTAMPTZ",
    "date": "DATE",
    "uuid": "UUID",
}
# What makes sure that a value that was worked out is of its field's type; the others are left as they are.
_CASTS: Mapping[Dialect, Mapping[Family, str]] = {
    "sqlite": {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "decimal": "TEXT"},
    "postgres": {
        "text": "TEXT",
        "integer": "BIGINT",
        "number": "DOUBLE PRECISION",
        "decimal": "NUMERIC",
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMPTZ",
        "date": "DATE",
        "time": "TIME",
        "duration": "INTERVAL",
        "uuid": "UUID",
        "json": "JSONB",
        "list": "JSONB",
        "geo": "JSONB",
        "bytes": "BYTEA",
    },
}
_SELECTED = "piccobase_selected"  # what the query is called within the statement


@dataclass(frozen=True, slots=True)
class ViewFields:
    """The fields in the order of the query, and the whole statement for the dialect it is made for."""

    fields: tuple[FieldInfo, ...]
    select: str


class ViewBuilder:
    """Makes the fields of views out of those of the other collections."""

    def __init__(self, collections: Sequence[CollectionInfo], dialect: Dialect) -> None:
        self.dialect = dialect
        self._sources = {
            (collection.name.lower(), field.column.lower()): (collection, field)
            for collection in collections
            for field in collection.fields
        }
        self._tables: dict[str, dict[str, str]] = {}
        for (table, column), (_, field) in self._sources.items():
            self._tables.setdefault(table, {})[column] = _TYPES.get(field.family, "UNKNOWN")

    def build(self, view: type[View], declared: DeclaredField) -> tuple[ViewFields | None, list[Problem]]:
        """The fields, None where there are mistakes that leave none."""
        name = view._meta.tablename
        try:
            selection = self._selection(view)
        except CannotSelect as mistake:
            place = f"{name}.{mistake.column}" if mistake.column else name
            return None, [Problem(mistake.code, place, str(mistake))]
        problems = [*self._secrets(view, selection), *_strangers(view, selection)]
        fields: list[FieldInfo] = []
        selected: list[str] = []
        for column in selection.columns:
            source = self._sources.get(column.source) if column.source else None
            field: FieldInfo | None
            if column.name == "id":
                field = _key(view, column, source)
            elif column.name in view.declared_columns:
                field = declared(view, view.declared_columns[column.name])
            else:
                field = _field(view, column, source)
            if field is None:
                if column.name not in view.declared_columns:
                    problems.append(_untold(name, column.name))
                continue
            fields.append(field)
            selected.append(self._cast(field, source[1] if source else None))
        if problems:
            return None, problems
        return ViewFields(tuple(fields), self._statement(selection, selected)), []

    def _selection(self, view: type[View]) -> Selection:
        """Of a view with two queries they must be alike in what they give. Raises CannotSelect."""
        if isinstance(view.query, str):
            selection = read_query(view.query, None, self._tables)
        else:
            if not view.query or not view.query.keys() <= set(get_args(Dialect)):
                raise CannotSelect("view.E001", "", 'query is a text, or {"sqlite": "…", "postgres": "…"}')
            read = {dialect: read_query(query, dialect, self._tables) for dialect, query in view.query.items()}
            first, *others = read.values()
            if any([one.name for one in other.columns] != [one.name for one in first.columns] for other in others):
                raise CannotSelect("view.E003", "", "the two queries must give the same columns in the same order")
            selection = read.get(self.dialect, first)
        if "id" not in [column.name for column in selection.columns]:
            raise CannotSelect("view.E002", "", "the query gives no column called id, which tells the records apart")
        return selection

    def _secrets(self, view: type[View], selection: Selection) -> Iterator[Problem]:
        for table, column in sorted(selection.reads):
            _, field = self._sources.get((table, column), (None, None))
            if field is not None and (isinstance(field.value, PasswordValue) or isinstance(field.piccolo, TokenKey)):
                yield Problem(
                    "view.E006",
                    view._meta.tablename,
                    f"the query reads {table}.{column}, which nobody may see in any form",
                )

    def _cast(self, field: FieldInfo, source: FieldInfo | None) -> str:
        """The field's column in the statement; what is passed on as it is keeps its index."""
        column = f"{_quoted(_SELECTED)}.{_quoted(field.name)}"
        cast = _CASTS[self.dialect].get(field.family)
        if cast is None or (source is not None and source.family == field.family):
            return column
        if field.family == "instant" and isinstance(field.piccolo, piccolo.Timestamp):
            cast = "TIMESTAMP"
        collation = " COLLATE DECIMAL_ORDER" if (self.dialect, field.family) == ("sqlite", "decimal") else ""
        return f"CAST({column} AS {cast}){collation} AS {_quoted(field.name)}"

    def _statement(self, selection: Selection, selected: Iterable[str]) -> str:
        names = ", ".join(_quoted(column.name) for column in selection.columns)
        # The names stand here and not only in the query: PostgreSQL writes those without quotes in lower case.
        # The line ends before the bracket, since a comment may end the query.
        return (
            f"WITH {_quoted(_SELECTED)}({names}) AS NOT MATERIALIZED ({selection.text}\n) "
            f"SELECT {', '.join(selected)} FROM {_quoted(_SELECTED)}"
        )


def _untold(view: str, column: str) -> Problem:
    return Problem(
        "view.E005",
        f"{view}.{column}",
        f"its type cannot be told from the query; declare it in the class, for example {column} = Integer()",
    )


def _strangers(view: type[View], selection: Selection) -> Iterator[Problem]:
    names = [column.name for column in selection.columns]
    for name in view.declared_columns.keys() - set(names):
        yield Problem(
            "view.E007", f"{view._meta.tablename}.{name}", "the query gives no such column" + _hint(name, names)
        )


def _hint(name: str, names: Sequence[str]) -> str:
    return f".{nearest(name, names)}"


def _field(view: type[View], column: Selected, source: tuple[CollectionInfo, FieldInfo] | None) -> FieldInfo | None:
    """The field that is passed on, or one of the type that the query tells; a collection's key becomes a relation."""
    if source is not None:
        collection, field = source
        target = collection.name if field.key else field.target
        return replace(
            field,
            name=column.name,
            column=column.name,
            attribute=column.name,
            id=field_id("relation" if target else field.value.type, column.name),
            nullable=field.nullable or column.outer,
            target=target,
            # A view writes nothing: what is said of writing does not go along.
            required=False,
            unique=False,
            system=False,
            key=False,
            serial=False,
            auto="",
            cascade=False,
        )
    made = _column(view, column)
    return None if made is None else _made_field(column.name, made, value_type(made))


def _key(view: type[View], column: Selected, source: tuple[CollectionInfo, FieldInfo] | None) -> FieldInfo:
    """`id`: declared, or of the type of what it passes on, or of the query's; a text where nobody can tell."""
    if "id" in view.declared_columns:
        made = view.declared_columns["id"]
    elif source is not None and (source[1].key or source[1].target):
        return replace(
            _made_field("id", source[1].piccolo, source[1].value), key=True, unique=True, required=True, nullable=False
        )
    else:
        made = _column(view, column) or piccolo.Text()
    try:
        value = key_type(made)
    except NotServed:
        value = TextValue(min=1)
    return replace(_made_field("id", made, value), key=True, unique=True, required=True, nullable=False)


def _column(view: type[View], column: Selected) -> Column | None:
    """A column of Piccolo's that nobody has declared, of the type that the query tells."""
    make = _COLUMNS.get(column.type)
    if make is None:
        return None
    made = make(null=True, default=None)
    made._meta._table, made._meta._name, made._meta.db_column_name = view, column.name, column.name
    return made


def _made_field(name: str, column: Column, value: ValueType) -> FieldInfo:
    return FieldInfo(
        name=name,
        column=name,
        attribute=name,
        value=value,
        piccolo=column,
        id=field_id(value.type, name),
        nullable=True,
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
