"""From what was sent to values that may be stored: every field cleaned, all problems found at once. Pure.

Strict collections refuse a value of the wrong JSON type, lenient ones coerce it as the reference does.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from piccobase.base import clock
from piccobase.base.errors import FieldError
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import InvalidValue

_STANDARD_ID = r"^[a-z0-9]+$"
# What no id may hold, whatever its pattern allows (protocol.md §2.6): it stands in paths and file names.
_FORBIDDEN_IN_IDS = "./\\|\"'`<>:?*%$"
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
)

REQUIRED = FieldError("validation_required", "Cannot be blank.")
MISSING_TARGETS = FieldError(
    "validation_missing_rel_records", "Failed to find all relation records with the provided ids."
)
# What a database could hold all the same; a text with NUL or a number of too many bits it could not.
_LIMITS = frozenset(
    f"validation_{limit}"
    for limit in (
        "required",
        "min_text_constraint",
        "max_text_constraint",
        "invalid_format",
        "is_email",
        "email_domain_not_allowed",
        "invalid_url",
        "url_domain_not_allowed",
        "content_size_limit",
        "invalid_json",
        "too_many_values",
        "not_enough_values",
        "min_greater_equal_than_required",
        "max_less_equal_than_required",
        "invalid_latitude",
        "invalid_longitude",
    )
)


@dataclass(slots=True)
class Draft:
    """Values on their way to become a record: Python values by field name, and what is wrong with them.

    A field with an error has no entry in `values`. If its value is of the right kind and only breaks a limit, it stands
    in `beyond_limits`: a create rule is asked of the record as it was meant, before anything is said of its fields.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, FieldError] = field(default_factory=dict)
    beyond_limits: dict[str, Any] = field(default_factory=dict)

    @property
    def as_meant(self) -> dict[str, Any]:
        return self.values | self.beyond_limits if self.beyond_limits else self.values


def draft_new(collection: CollectionInfo, body: Mapping[str, Any], writable: Collection[str]) -> Draft:
    """A new record: what was sent for the fields in `writable`, defaults for all others."""
    draft = Draft()
    moment = clock.now()
    for one in collection.fields:
        if one.auto:
            draft.values[one.name] = moment
        elif one.key:
            _draft_key(collection, one, body, draft)
        elif one.name in writable and one.name in body:
            _draft_field(collection, one, body[one.name], draft)
        elif collection.strict and one.required and one.name in writable:
            draft.errors[one.name] = REQUIRED
            draft.beyond_limits[one.name] = one.default()
        elif not one.serial:
            _draft_default(collection, one, draft)
    return draft


def draft_changes(collection: CollectionInfo, body: Mapping[str, Any], writable: Collection[str]) -> Draft:
    """Changes of a stored record: what was sent for the fields in `writable`, and the dates that follow updates."""
    draft = Draft()
    for one in collection.fields:
        if one.auto == "update":
            draft.values[one.name] = clock.now()
        elif not one.key and not one.auto and one.name in writable and one.name in body:
            _draft_field(collection, one, body[one.name], draft)
    return draft


def overlay(
    collection: CollectionInfo, draft: Draft, values: Mapping[str, Any], left_out: Collection[str], *, new: bool
) -> Draft:
    """The draft with other values laid over it, by somebody who may write everything.

    What is left out has its default in a `new` record, and stays as it is in one that is changed.
    """
    result = Draft(dict(draft.values), dict(draft.errors), dict(draft.beyond_limits))
    for name in (*values, *left_out):
        for part in (result.values, result.errors, result.beyond_limits):
            part.pop(name, None)
        one = collection.by_name[name]
        if one.key:
            _draft_key(collection, one, values, result)
        elif name in values:
            _draft_field(collection, one, values[name], result)
        elif new:
            _draft_default(collection, one, result)
    return result


def _draft_field(collection: CollectionInfo, one: FieldInfo, wire: Any, draft: Draft) -> None:
    if one.value.is_value_already(wire) and not one.choices and not one.target:
        draft.values[one.name] = wire
        return
    try:
        value = _strict(one, wire) if collection.strict else _lenient(one, wire)
    except InvalidValue as invalid:
        draft.errors[one.name] = invalid.error
    else:
        _settle(collection, one, value, draft)


def _draft_default(collection: CollectionInfo, one: FieldInfo, draft: Draft) -> None:
    value = one.default()
    if value is None and not one.nullable:
        value = None if collection.strict else one.value.zero()
    _settle(collection, one, value, draft)


def _settle(collection: CollectionInfo, one: FieldInfo, value: Any, draft: Draft) -> None:
    try:
        check_field(collection, one, value)
    except InvalidValue as invalid:
        draft.errors[one.name] = invalid.error
        if invalid.error.code in _LIMITS:
            draft.beyond_limits[one.name] = value
    else:
        draft.values[one.name] = value


def _draft_key(collection: CollectionInfo, key: FieldInfo, body: Mapping[str, Any], draft: Draft) -> None:
    wire = body.get("id")
    if not collection.strict and key.family == "text":
        wire = key.value.coerce(wire)
    if wire is None or wire == "":
        if not key.serial:
            value = key.default()
            if not value:  # Piccolo's own defaults, 0 and the empty text, name nobody
                draft.errors[key.name] = REQUIRED
            else:
                draft.values[key.name] = value
        return
    try:
        value = key.value.clean(wire) if not isinstance(wire, str) or key.family != "text" else wire
        key.value.check(value)
        _check_id_text(key, value)
    except InvalidValue as invalid:
        draft.errors[key.name] = invalid.error
    else:
        draft.values[key.name] = value


def _check_id_text(key: FieldInfo, value: Any) -> None:
    if not isinstance(value, str) or getattr(key.value, "pattern", "") == _STANDARD_ID:
        return
    if found := re.search(rf"[{re.escape(_FORBIDDEN_IN_IDS)}\s\x00-\x1f\x7f]", value):
        raise InvalidValue(
            "validation_forbidden_pk_character", f"The id must not contain {found[0]!r}.", {"ch": found[0]}
        )
    if value.lower() in _DEVICES:
        raise InvalidValue("validation_reserved_pk", f"{value} is reserved.", {"reserved": value.lower()})


def _strict(one: FieldInfo, wire: Any) -> Any:
    if wire is None or (wire == "" and _empty_means_nothing(one)):
        if one.nullable:
            return None
        raise InvalidValue(REQUIRED.code, REQUIRED.message)
    return one.value.clean(wire)


def _empty_means_nothing(one: FieldInfo) -> bool:
    """Whether the empty text stands for "no value": in relations, in dates and the like, and where null may stand."""
    if one.family in ("json", "bytes"):
        return False
    if one.multiple or one.family != "text":
        return one.nullable or one.family in ("instant", "date", "time", "uuid", "geo")
    return bool(one.target)


def _lenient(one: FieldInfo, wire: Any) -> Any:
    if one.target and not one.multiple:
        return _lenient_relation(one, wire)
    value = one.value.zero() if wire is None else one.value.coerce(wire)
    if value is None and not one.nullable:
        raise InvalidValue(REQUIRED.code, REQUIRED.message)
    return value


def _lenient_relation(one: FieldInfo, wire: Any) -> Any:
    """Of several ids the last one counts (protocol.md §10, 26); none at all is nothing."""
    entries = wire if isinstance(wire, list) else [wire]
    last = next((entry for entry in reversed(entries) if entry not in (None, "")), None)
    value = None if last is None else one.value.coerce(last)
    if value in (None, ""):
        if one.nullable:
            return None
        raise InvalidValue(REQUIRED.code, REQUIRED.message)
    return value


def _is_choice(collection: CollectionInfo, one: FieldInfo, value: Any) -> bool:
    """The declared default, and in a lenient collection the zero value, say that nothing was chosen."""
    return value in one.choices or value == one.default() or (not collection.strict and value == one.value.zero())


def check_field(collection: CollectionInfo, one: FieldInfo, value: Any) -> None:
    """Whether a value may stand in a field. Raises InvalidValue."""
    missing = one.value.is_blank(value) if collection.strict else one.value.is_zero(value)
    if (missing and one.required) or (value is None and not one.nullable):
        raise InvalidValue(REQUIRED.code, REQUIRED.message)
    if one.target and any(isinstance(id_, str) and "\0" in id_ for id_ in (value if one.multiple else [value])):
        raise InvalidValue(MISSING_TARGETS.code, MISSING_TARGETS.message)  # PostgreSQL cannot even be asked for it
    if value is None or (one.target and not one.multiple):
        return  # whether a relation's target exists is asked of the database
    if one.choices and not _is_choice(collection, one, value):
        raise InvalidValue("validation_invalid_value", f"Invalid value {value}.", {"value": str(value)})
    one.value.check(value)
