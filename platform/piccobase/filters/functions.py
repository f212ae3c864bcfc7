"""The two functions of the language (protocol.md §3.4), `geoDistance` and `strftime`, and those that were added."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from piccolo.columns import Boolean, DoublePrecision, Text

from piccobase.filters import tree
from piccobase.filters.dialects.base import Dialect, group_of, plain_text
from piccobase.filters.errors import FilterSyntax, UnknownField, UnsupportedFilter
from piccobase.filters.fragments import Fragment, compose, join
from piccobase.filters.joins import Fan
from piccobase.filters.operands import Column, Read, Value
from piccobase.filters.own_functions import BUILT_IN, Gives, RuleFunction, Takes, pieces
from piccobase.filters.scalars import text_of
from piccobase.filters.timetexts import strftime
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import nearest
from piccobase.schema.values.base import ValueType
from piccobase.schema.values.numbers import BooleanValue, NumberValue
from piccobase.schema.values.text import TextValue

_MOST_TIME_ARGUMENTS = 10

Side = Column | Value


def _made(value: ValueType, piccolo: type) -> FieldInfo:
    """The field of a column that no collection has."""
    return FieldInfo(name="", column="", attribute="", value=value, piccolo=piccolo())


_FLAG = _made(BooleanValue(), Boolean)
_NUMBER = _made(NumberValue(), DoublePrecision)
_TEXT = _made(TextValue(), Text)


def made_flag(sql: Fragment) -> Column:
    """A condition as a column: 1 or 0."""
    return Column(field=_FLAG, sql=sql, strict=True, nullable=False, exact=True, made=True)


def compile_call(call: tree.Call, arguments: Sequence[Side], dialect: Dialect) -> Column:
    """What a call stands for. `arguments` are those of the call, resolved.

    Raises UnknownField for another function, and FilterSyntax for arguments that it does not take.
    """
    match call.function:
        case "geoDistance":
            return _geo_distance(call, arguments, dialect)
        case "strftime":
            return _strftime(call, arguments, dialect)
    if own := dialect.functions.get(call.function):
        return _added(own, call, arguments, dialect)
    known = (*BUILT_IN, *dialect.functions)
    raise UnknownField(f"There is no function {call.function}.{nearest(call.function, known)}", call.at)


def _geo_distance(call: tree.Call, arguments: Sequence[Side], dialect: Dialect) -> Column:
    """Kilometres between two points. It asks nothing of all values, whatever paths its arguments take."""
    if len(arguments) != 4:
        raise FilterSyntax("geoDistance takes four arguments: lonA, latA, lonB, latB.", call.at)
    for written in call.arguments:
        if isinstance(written, tree.Call) or (isinstance(written, tree.Constant) and _is_text(written)):
            raise FilterSyntax("geoDistance takes fields and numbers.", written.at)
    sql = dialect.geo_distance([_coordinate(side, dialect) for side in arguments])
    return replace(_computed(_NUMBER, sql, arguments), exact=True, every=False)


def _strftime(call: tree.Call, arguments: Sequence[Side], dialect: Dialect) -> Column:
    """A time as a text in the given format; NULL, which counts as empty, where it is none."""
    written = call.arguments
    if not 1 <= len(arguments) <= _MOST_TIME_ARGUMENTS:
        raise FilterSyntax(f"strftime takes 1 to {_MOST_TIME_ARGUMENTS} arguments: format, time, modifiers.", call.at)
    for each in (written[0], *written[2:]):
        if not (isinstance(each, tree.Constant) and _is_text(each)):
            raise FilterSyntax("The format and the modifiers of strftime are quoted texts.", each.at)
    if len(written) > 1 and isinstance(written[1], tree.Call):
        raise FilterSyntax("The time of strftime is a field, a text or a number.", written[1].at)
    form, *modifiers = [_text(side) for side in (arguments[0], *arguments[2:])]
    time = arguments[1] if len(arguments) > 1 else _NOW
    if isinstance(time, Value):
        read = time.read
        sql = dialect.text_slot(
            lambda bindings: strftime(
                text_of(form(bindings)),
                read(bindings),
                [text_of(each(bindings)) for each in modifiers],
                bindings.now(),
            )
        )
    else:
        sql = dialect.strftime(form, time, modifiers)
    return _computed(_TEXT, sql, arguments)


_NOW = Value(kind="text", read=lambda bindings: "now")


def _added(function: RuleFunction, call: tree.Call, arguments: Sequence[Side], dialect: Dialect) -> Column:
    """A function of the app or a plugin. NULL among its arguments is for its SQL to deal with."""
    template = function.template(dialect.name)
    if template is None:
        raise UnsupportedFilter(f"The database of this server does not know {function.name}.", call.at)
    if len(arguments) != len(function.takes):
        raise FilterSyntax(f"{function.name} is called as {function.usage}.", call.at)
    given = {
        name: _argument(function, name, kind, side, written.at, dialect)
        for (name, kind), side, written in zip(function.takes.items(), arguments, call.arguments, strict=True)
    }
    sql: list[str | Fragment] = []
    for text, name in pieces(template):
        sql += [text] if name is None else [text, "(", given[name], ")"]
    return _computed(_RESULTS[function.gives], dialect.result(compose("(", *sql, ")"), function.gives), arguments)


_RESULTS: Mapping[Gives, FieldInfo] = {"text": _TEXT, "number": _NUMBER, "boolean": _FLAG}
_LISTS = frozenset({"list", "array", "json"})


def _argument(function: RuleFunction, name: str, kind: Takes, side: Side, at: int, dialect: Dialect) -> Fragment:
    """One argument as its kind. Raises FilterSyntax for what can never be of that kind."""
    refused = FilterSyntax(f"{function.usage} takes {_KINDS[kind]} as {name}.", at)
    if isinstance(side, Value):
        return _value_argument(kind, side, dialect, refused)
    family = side.field.family
    match kind:
        case "text":
            return dialect.text_argument(side)
        case "number" if group_of(side) in ("number", "json"):
            return dialect.number_argument(side)
        case "instant" if family in ("instant", "date") and not (side.lower or side.length):
            return dialect.instant_argument(side)
        case "list" if family in _LISTS and not (side.lower or side.length or side.json_path or side.made):
            return dialect.list_argument(side)
        case "field" if not (side.lower or side.length or side.json_path or side.made):
            return side.sql
    raise refused


def _value_argument(kind: Takes, value: Value, dialect: Dialect, refused: FilterSyntax) -> Fragment:
    nothing = value.kind in ("empty", "null", "unknown")
    match kind:
        case "text":
            return dialect.text_slot(plain_text(value))
        case "number" if nothing or value.kind in ("integer", "number", "boolean"):
            return dialect.coordinate_slot(value.read)
        case "instant" if nothing or value.kind in ("instant", "date"):
            return dialect.instant_slot(value.read)
        case "list" if value.read_many is not None:
            return dialect.list_slot(value.read_many)
    raise refused


_KINDS: Mapping[Takes, str] = {
    "text": "a text",
    "number": "a number",
    "instant": "a date or time",
    "list": "a list",
    "field": "a field",
}


def _computed(field: FieldInfo, sql: Fragment, arguments: Sequence[Side]) -> Column:
    """A column that is NULL where an argument is, and stands in all fans of its arguments."""
    columns = [side for side in arguments if isinstance(side, Column)]
    fans: dict[Fan, None] = dict.fromkeys(fan for column in columns for fan in column.fans)
    guards = [column.guard for column in columns if column.guard]
    return Column(
        field=field,
        sql=sql,
        strict=True,
        made=True,
        guard=join(" AND ", guards) if guards else None,
        fans=tuple(fans),
        rows=tuple(row for column in columns if not column.length for row in column.rows),
    )


def _is_text(constant: tree.Constant) -> bool:
    return constant.kind not in ("integer", "number")


def _text(side: Side) -> Read:
    assert isinstance(side, Value)
    return side.read


def _coordinate(side: Side, dialect: Dialect) -> Fragment:
    return dialect.coordinate(side) if isinstance(side, Column) else dialect.coordinate_slot(side.read)
