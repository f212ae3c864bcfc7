"""One step of an expand: which relation a segment means, and the statement that finds the records behind it. Pure."""

import re
from dataclasses import dataclass
from typing import Any, cast

from piccobase.base.json import encode_json
from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment, compose, join, quoted, slot
from piccobase.filters.joins import Joins
from piccobase.filters.operands import Column
from piccobase.records.planning import NOTHING, ROW, Asked, Beside, Plan, Planner, of_limit
from piccobase.rules.context import RequestContext
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo

MOST_BACK = 1000  # records that a back-relation gives for one record (protocol.md §2.4)
_BACK = re.compile(r"(?P<name>\w+?)_via_(?P<field>\w+)|(?P<old_name>\w+)\((?P<old_field>\w+)\)")


@dataclass(frozen=True, slots=True)
class Step:
    """From the records at hand to those of `target` whose `match` is one of the values in `source`.

    Along a relation, `source` is the relation and `match` the target's key; back, `source` is the own key and `match`
    the relation of the target that points here.
    """

    source: FieldInfo
    target: CollectionInfo
    match: FieldInfo
    many: bool  # whether the answer is a list

    @property
    def back(self) -> bool:
        return self.match is not self.target.key


def find_step(planner: Planner, context: RequestContext, collection: CollectionInfo, segment: str) -> Step | None:
    """What a segment means to whoever asks; None where it leads nowhere, or to what they cannot see."""
    step = _forward(planner, collection, segment) or _backward(planner, collection, segment)
    if step is None or not planner.access.may_read(step.match if step.back else step.source, context.access):
        return None
    if not context.actor.superuser and planner.book.rule(step.target, "view") is None:
        return None
    return step


def _forward(planner: Planner, collection: CollectionInfo, segment: str) -> Step | None:
    field = collection.by_name.get(segment)
    target = planner.registry.find(field.target) if field is not None and field.target else None
    return Step(field, target, target.key, field.multiple) if field is not None and target is not None else None


def _backward(planner: Planner, collection: CollectionInfo, segment: str) -> Step | None:
    """`comments_via_post`, with the collection's name or id; `comments(post)` is how it was written once."""
    found = _BACK.fullmatch(segment)
    if found is None:
        return None
    target = planner.registry.find(found["name"] or found["old_name"])
    field = target.by_name.get(found["field"] or found["old_field"]) if target else None
    if target is None or field is None or field.target != collection.name:
        return None
    return Step(collection.key, target, field, not (field.unique or (field.name,) in target.unique_together))


def plan_related(
    planner: Planner, context: RequestContext, step: Step, beside: Beside, *, crowded: bool = False
) -> Plan:
    """The records behind a step for all of `Asked.keys` at once, under the target's view rule.

    The first column beside a record is what it was found by, then come those of `beside`. `crowded` keeps to the first
    1000 for each key, which takes the database longer.
    """
    key = ("related", step.target.name, step.match, context.kind, beside, crowded)
    return planner.remembered(key, lambda: _related(planner, context, step, beside, crowded))


def _related(planner: Planner, context: RequestContext, step: Step, beside: Beside, crowded: bool) -> Plan:
    target, joins = step.target, Joins(planner.dialect)
    found_by, fan = _found_by(planner, step)
    conditions = [_among_keys(planner, found_by)]
    if (rule := planner.rule_condition(target, context, "view", joins)) is not None:
        conditions.append(rule)
    order = join(", ", planner.insertion_order(target))
    if crowded:
        own = Fragment(f'"{ROW}".{quoted(target.key.column)}')
        numbered = compose(
            "SELECT ", own, ' AS "key", ', found_by, ' AS "by", ROW_NUMBER() OVER (PARTITION BY ', found_by,
            " ORDER BY ", order, ') AS "number"', planner.from_where(target, joins, conditions, fan),
        )  # fmt: skip
        first = compose('SELECT "key", "by" FROM (', numbered, f') AS "numbered" WHERE "number" <= {MOST_BACK}')
        conditions = [compose("(", own, ", ", found_by, ") IN (", first, ")")]
    tail = compose(" ORDER BY ", order, " LIMIT ", slot(of_limit)) if step.back else compose(" LIMIT ", slot(of_limit))
    columns = [found_by, *(Fragment(f'"{ROW}".{quoted(field.column)}') for field in beside)]
    return planner.select(target, context, None, joins, conditions, tail, beside=columns, fan=fan)


def _found_by(planner: Planner, step: Step) -> tuple[Fragment, Fragment]:
    """What is compared with the keys, and what FROM needs for it: of a list each element by itself."""
    column = Fragment(f'"{ROW}".{quoted(step.match.column)}')
    if not step.match.multiple:
        return column, NOTHING
    listed = Column(field=step.match, sql=column, strict=step.target.strict)
    return Fragment('"element"."value"'), compose(" CROSS JOIN ", planner.dialect.elements(listed))


def _among_keys(planner: Planner, column: Fragment) -> Fragment:
    if planner.dialect.name == "sqlite":
        return compose(column, ' IN (SELECT "value" FROM json_each(', slot(_keys_as_json), "))")
    return compose(column, " = ANY(", slot(_keys), ")")


def _keys(bindings: Bindings) -> Any:
    return cast("Asked", bindings).keys


def _keys_as_json(bindings: Bindings) -> str:
    return encode_json(cast("Asked", bindings).keys).decode()
