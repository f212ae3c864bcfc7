"""Where the EXISTS of a fan opens and closes: as near to its conditions as may be, and around all that speak of one
row.

A condition speaks of fans until it is closed. Over OR an EXISTS is put around each part; of an AND, around those parts
together that share a fan. Parts without fans stay outside, where an index can serve them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from piccobase.filters.fragments import Fragment, compose, join
from piccobase.filters.joins import Fan, Joins, rows_of, select

_ONE = Fragment("1")


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison. `fans` are those it speaks of, with the ones around them.

    `present` are the aliases of rows without which it cannot hold. `alone` must hold as well and speaks of no fan.
    """

    sql: Fragment
    fans: frozenset[Fan] = frozenset()
    present: frozenset[str] = frozenset()
    alone: Fragment | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """Conditions that must all hold."""

    parts: "tuple[Condition, ...]"
    fans: frozenset[Fan] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fans", _fans(self.parts))


@dataclass(frozen=True, slots=True)
class Some:
    """Conditions of which one must hold."""

    parts: "tuple[Condition, ...]"
    fans: frozenset[Fan] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fans", _fans(self.parts))


Condition = Part | Every | Some


def restrictions(joins: Joins) -> list[Condition]:
    """What else must hold because a client's paths went into collections with list rules: of the whole record, as if
    it were written behind the filter (protocol.md §3.9)."""
    return [
        Part(rule, frozenset(scope.fans))
        for scope in joins.scopes()
        for rule in scope.restrictions.values()
    ]  # fmt: skip


def closed(conditions: Iterable[Condition]) -> Fragment:
    """All of these, as a condition on the statement's own rows; in parentheses where it is joined of several."""
    return _closed(Every(tuple(conditions)))


def _closed(condition: Condition) -> Fragment:
    match condition:
        case Some(parts):
            return compose("(", join(" OR ", map(_closed, parts)), ")")
        case _:
            pieces = _closed_parts([condition])
            return pieces[0] if len(pieces) == 1 else compose("(", join(" AND ", pieces), ")")


def _closed_parts(conditions: Iterable[Condition]) -> list[Fragment]:
    pieces = []
    for group in connected(conditions):
        match group:
            case [Part(sql, fans, _, None)] if not fans:
                pieces.append(sql)
            case [Some() as condition]:
                pieces.append(_closed(condition))
            case _:
                pieces.append(compose("EXISTS (", _rows(_ONE, group), ")"))
                pieces += [part.alone for part in group if isinstance(part, Part) and part.alone is not None]
    return pieces


def connected(conditions: Iterable[Condition]) -> list[list[Condition]]:
    """The parts of an AND in groups that share no fan, in the order of their first parts."""
    groups: list[list[Condition]] = []
    for condition in _flat(conditions):
        sharing = [group for group in groups if any(part.fans & condition.fans for part in group)]
        if not sharing:
            groups.append([condition])
            continue
        first, *others = sharing
        for other in others:
            first += other
            groups.remove(other)
        first.append(condition)
    return groups


def _flat(conditions: Iterable[Condition]) -> Iterable[Condition]:
    for condition in conditions:
        if isinstance(condition, Every):
            yield from _flat(condition.parts)
        else:
            yield condition


def first_row(what: Fragment, fans: Sequence[Fan], conditions: Iterable[Condition]) -> Fragment:
    """A scalar sub-select: `what` of the first row, as they are stored, of those that the conditions are true of."""
    speaking = [group for group in connected(conditions) if any(part.fans & {*fans} for part in group)]
    group = [part for found in speaking for part in found]
    order = [key for fan in sorted({*fans, *_fans(group)}, key=lambda fan: fan.number) for key in fan.order]
    return compose("(", _rows(what, group, fans), " ORDER BY ", join(", ", order), " LIMIT 1)")


def _rows(what: Fragment, group: Iterable[Condition], fans: Iterable[Fan] = ()) -> Fragment:
    """The rows of all fans that the conditions speak of, and of which they are true."""
    group = list(group)
    where = [part.sql if isinstance(part, Part) else _opened(part) for part in group]
    present = frozenset().union(*(part.present for part in group if isinstance(part, Part)))
    return select(what, rows_of({*fans, *_fans(group)}), where, present)


def _opened(condition: Condition) -> Fragment:
    """A condition inside the EXISTS of all its fans."""
    match condition:
        case Part(sql, _, _, alone):
            return sql if alone is None else compose("(", sql, " AND ", alone, ")")
        case Some(parts):
            return compose("(", join(" OR ", map(_opened, parts)), ")")
        case Every(parts):
            return compose("(", join(" AND ", map(_opened, parts)), ")")


def _fans(group: Iterable[Condition]) -> frozenset[Fan]:
    return frozenset().union(*(part.fans for part in group))
