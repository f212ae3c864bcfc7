"""What Piccolo Admin asks of a list, filters, sort and page, as a list query of the record service. Pure.

Its parameters: `name` with `name__operator` or `name__match` for a condition, `__order`, `__page`, `__page_size`,
`__visible_fields`. A secret can be asked for by none of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from piccobase.extending import BadRequest, ListQuery, encode_json
from piccobase_admin.tables.form import Form
from piccobase_admin.tables.kinds import Choice, Day, Flag, FormField, Instant, Number
from piccobase_admin.tables.labels import pattern, quoted

MOST_ROWS = 1000  # on a page
_OPERATORS = {"e": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_NULL = {"is_null": "=", "not_null": "!="}
_MATCHES = {"contains": ("%", "%"), "starts": ("", "%"), "ends": ("%", "")}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Listing:
    """The query, and the fields that are wanted where not all are."""

    query: ListQuery
    names: list[str] | None


def parse_listing(form: Form, parameters: Iterable[tuple[str, str]], *, page_size: int) -> Listing:
    """Raises BadRequest for a name that cannot be asked for and a value that cannot be one."""
    asked: dict[str, list[str]] = {}
    for name, value in parameters:
        asked.setdefault(name.removesuffix("[]"), []).append(value)
    last = {name: values[-1] for name, values in asked.items()}
    names = last["__visible_fields"].split(",") if last.get("__visible_fields") else None
    for name in names or ():
        if name not in form.shown_names:
            raise BadRequest(f'There is no field "{name}" to be shown.')
    size = _whole(last.get("__page_size", ""), "page size", default=page_size)
    if size > MOST_ROWS:
        raise BadRequest(f"A page has at most {MOST_ROWS} records.")
    query = ListQuery(
        page=_whole(last.get("__page", ""), "page", default=1),
        per_page=size,
        skip_total=True,
        filter=_filter(form, asked, last),
        sort=_sort(form, last.get("__order", "")),
    )
    return Listing(query, names)


def _whole(text: str, what: str, *, default: int) -> int:
    if not text:
        return default
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise BadRequest(f"The {what} must be a number from 1.")
    return int(text)


def _sort(form: Form, text: str) -> str:
    for item in filter(None, text.split(",")):
        _comparable(form, item.removeprefix("-"), "sorted")
    return text


def _comparable(form: Form, name: str, what: str) -> FormField:
    field = form.fields.get(name)
    if field is None or name not in form.shown_names or not field.comparable:
        raise BadRequest(f'Records cannot be {what} by "{name}".')
    return field


def _filter(form: Form, asked: dict[str, list[str]], last: dict[str, str]) -> str:
    conditions = []
    for name, values in asked.items():
        if name.startswith("__") or name.endswith(("__operator", "__match")):
            continue
        field = _comparable(form, name, "filtered")
        operator = last.get(f"{name}__operator", "e")
        if operator in _NULL:
            continue
        if operator not in _OPERATORS:
            raise BadRequest(f'There is no operator "{operator}".')
        match = last.get(f"{name}__match", "exact" if field.field.family != "text" else "contains")
        conditions += [_condition(field, operator, match, value) for value in values]
    for name, value in last.items():
        if name.endswith("__operator") and value in _NULL:
            field = _comparable(form, name.removesuffix("__operator"), "filtered")
            conditions.append(f"{field.field.name} {_NULL[value]} null")
    return " && ".join(conditions)


def _condition(field: FormField, operator: str, match: str, value: str) -> str:
    name, compared = field.field.name, _OPERATORS[operator]
    if field.field.family == "list":
        # Looked for in the list's JSON, where each entry has its quotes: of several values all must be in it.
        return f"{name} ~ {pattern(encode_json(value).decode())}"
    if isinstance(field, Flag):
        return f"{name} {compared} {_flag(name, value)}"
    if isinstance(field, Number) or (isinstance(field, Choice) and field.field.family != "text"):
        if not _NUMBER.fullmatch(value):
            raise BadRequest(f"{name} is compared with a number, and {value!r} is none.")
        return f"{name} {compared} {value}"
    if isinstance(field, Instant | Day) or field.field.auto:
        return f"{name} {compared} {quoted(_moment(field, value))}"
    if type(field).type != "string" or isinstance(field, Choice) or field.field.target or match not in _MATCHES:
        return f"{name} {compared} {quoted(value)}"
    before, after = _MATCHES[match]
    return f"{name} ~ {pattern(value, before=before, after=after)}"


def _flag(name: str, value: str) -> str:
    if value not in ("true", "false"):
        raise BadRequest(f"{name} is true or false.")
    return value


def _moment(field: FormField, value: str) -> str:
    """A date as the wire has it, so that lenient collections, which compare texts, find it as well."""
    moment: Any = field.field.value.coerce(value)
    if moment is None:
        raise BadRequest(f"{field.field.name} is compared with a date such as 2026-11-23 10:00, and {value!r} is none.")
    bind, read = field.field.value.bind("sqlite"), field.field.value.read("sqlite")
    stored = bind(moment) if bind else moment
    return str(read(stored) if read else stored)
