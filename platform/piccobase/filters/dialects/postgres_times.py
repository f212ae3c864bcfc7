"""`strftime` in PostgreSQL's SQL, format and modifiers bound: as SQLite computes it, to the millisecond."""

from collections.abc import Callable, Sequence
from typing import Any

from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment, compose, slot
from piccobase.filters.operands import Read
from piccobase.filters.scalars import text_of
from piccobase.filters.timetexts import Shift, pieces_of, shift_of

# Seconds since 1970 of the first and last moment that SQLite knows: noon of 24 November 4714 BC, and the end of 9999.
_FIRST, _LAST = "-210866760000", "253402300799.999"
_LAST_DAY = "5373484.5"  # Julian days; a larger number is none

_TEXT = (
    r"'^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(?:[ T]+([01][0-9]|2[0-4]):([0-5][0-9])"
    r"(?::([0-5][0-9](?:\.[0-9]+)?))? *(?:[zZ]|([+-])([0-9]{2}):([0-9]{2}))? *)?$'"
)
_CLOCK = r"'^([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))? *[zZ]? *$'"


def _year_of(part: str) -> str:
    """A year as astronomers count: before the year 1 comes the year 0."""
    return f"(extract({part} FROM t)::int + (extract({part} FROM t) < 0)::int)"


def _four_digits(year: str) -> str:
    return (
        f"(CASE WHEN {year} <= -1000 THEN {year}::text WHEN {year} < 0 THEN '-' || lpad((-{year})::text, 3, '0')"
        f" ELSE lpad({year}::text, 4, '0') END)"
    )


_YEAR, _ISO_YEAR = _year_of("year"), _year_of("isoyear")
_TWO_DIGITS = f"(CASE WHEN {_ISO_YEAR} < 0 THEN ({_ISO_YEAR} % 100)::text ELSE to_char(t, 'IY') END)"
_JULIAN = "((extract(epoch FROM t) + 210866760000) / 86400)"  # days, in sixteen digits
_DAY_OF_YEAR = "extract(doy FROM t)::int - 1"
_DIRECTIVES = {
    "%d": "to_char(t, 'DD')",
    "%e": "lpad(extract(day FROM t)::int::text, 2)",
    "%F": f"{_four_digits(_YEAR)} || to_char(t, '-MM-DD')",
    "%f": "to_char(t, 'SS.MS')",
    "%G": _four_digits(_ISO_YEAR),
    "%g": _TWO_DIGITS,
    "%H": "to_char(t, 'HH24')",
    "%I": "to_char(t, 'HH12')",
    "%j": "to_char(t, 'DDD')",
    "%J": f"trim_scale(round({_JULIAN}, 16 - length(trunc({_JULIAN})::text)))::text",
    "%k": "lpad(extract(hour FROM t)::int::text, 2)",
    "%l": "lpad(((extract(hour FROM t)::int + 11) % 12 + 1)::text, 2)",
    "%m": "to_char(t, 'MM')",
    "%M": "to_char(t, 'MI')",
    "%p": "to_char(t, 'AM')",
    "%P": "to_char(t, 'am')",
    "%R": "to_char(t, 'HH24:MI')",
    "%S": "to_char(t, 'SS')",
    "%T": "to_char(t, 'HH24:MI:SS')",
    "%u": "extract(isodow FROM t)::int::text",
    "%U": f"lpad((({_DAY_OF_YEAR} + 7 - extract(dow FROM t)::int) / 7)::text, 2, '0')",
    "%V": "to_char(t, 'IW')",
    "%w": "extract(dow FROM t)::int::text",
    "%W": f"lpad((({_DAY_OF_YEAR} + 8 - extract(isodow FROM t)::int) / 7)::text, 2, '0')",
    "%Y": _four_digits(_YEAR),
}


def number_moment(number: Fragment, first: Callable[[Bindings], str]) -> Fragment:
    """The moment of a number: a Julian day, or seconds since 1970 where the first modifier says so."""
    kind = compose(slot(first), "::text")
    is_day = compose(number, " >= 0 AND ", number, f" < {_LAST_DAY}")
    is_second = compose(number, f" BETWEEN {_FIRST} AND {_LAST}")
    of_days = compose("floor(", number, " * 86400000 + 0.5) / 1000 + (", _FIRST, ")")
    of_seconds = compose("floor(", number, " * 1000 + 0.5) / 1000")
    seconds = compose(
        "CASE WHEN ", kind, " <> 'unixepoch' AND ", is_day, " THEN ", of_days,
        " WHEN ", kind, " IN ('unixepoch', 'auto') AND ", is_second, " THEN ", of_seconds, " END",
    )  # fmt: skip
    return compose("(timestamp '1970-01-01' + (", seconds, ") * interval '1 second')")


def text_moment(text: Fragment, first: Callable[[Bindings], str]) -> Fragment:
    """The moment that a text says; NULL where it says none. 31 February is 2 March, also for what moves it on."""
    kind = compose(slot(first), "::text")

    def number(index: int) -> str:
        return f"COALESCE(found[{index}], '0')::numeric"

    zone = "CASE found[7] WHEN '-' THEN 1 WHEN '+' THEN -1 ELSE 0 END"
    day = (
        "timestamp '2000-01-01' + make_interval(months => (found[1]::int - 2000) * 12 + found[2]::int - 1)"
        " + make_interval(days => found[3]::int - 1)"
        f" + ({number(4)} * 3600 + {number(5)} * 60 + round({number(6)}, 3)) * interval '1 second'"
        f" + {zone} * ({number(8)} * 3600 + {number(9)} * 60) * interval '1 second'"
    )
    seconds = f"{number(1)} * 3600 + {number(2)} * 60 + round({number(3)}, 3)"
    clock = f"timestamp '2000-01-01' + ({seconds}) * interval '1 second'"
    return compose(
        "(CASE WHEN ", kind, " NOT IN ('unixepoch', 'julianday') THEN COALESCE(",
        f"(SELECT {day} FROM regexp_match(", text, f", {_TEXT}) AS found WHERE found IS NOT NULL), ",
        f"(SELECT {clock} FROM regexp_match(", text, f", {_CLOCK}) AS found WHERE found IS NOT NULL)) END)",
    )  # fmt: skip


def first_word(modifiers: Sequence[Read]) -> Callable[[Bindings], str]:
    """What the first modifier says of a number: `unixepoch`, `julianday`, `auto` or nothing."""

    def word(bindings: Bindings) -> str:
        shift = shift_of(text_of(modifiers[0](bindings)), first=True) if modifiers else None
        return shift.kind if shift and shift.kind in ("unixepoch", "julianday", "auto") else ""

    return word


def formatted(moment: Fragment, form: Read, modifiers: Sequence[Read]) -> Fragment:
    """A moment, moved by the modifiers one after the other, as a text in the format. NULL where anything is unknown."""
    moments = compose("SELECT ", moment, " AS t, 0 AS beyond")
    for index, modifier in enumerate(modifiers):
        # OFFSET keeps the steps apart: written into each other they would grow with each modifier many times over.
        moments = compose(_moved(modifier, first=index == 0), " FROM (", moments, " OFFSET 0) AS moments")
    pieces = compose(slot(lambda bindings: pieces_of(text_of(form(bindings)))), "::text[]")
    return compose(
        "(SELECT (SELECT string_agg(", _shown(modifiers), ", '' ORDER BY number) FROM unnest(", pieces,
        ") WITH ORDINALITY AS pieces(piece, number)) FROM (", moments, " OFFSET 0) AS moments",
        f" WHERE extract(epoch FROM t) BETWEEN {_FIRST} AND {_LAST})",
    )  # fmt: skip


def _shown(modifiers: Sequence[Read]) -> Fragment:
    """What a piece of the format becomes."""
    precise = slot(lambda bindings: any(_is_precise(text_of(each(bindings))) for each in modifiers))
    seconds = compose(
        "CASE WHEN ", precise, "::boolean THEN round(extract(epoch FROM t), 3)::text"
        " ELSE floor(extract(epoch FROM t))::bigint::text END",
    )  # fmt: skip
    cases = "".join(f" WHEN '{piece}' THEN {sql}" for piece, sql in _DIRECTIVES.items())
    return compose("CASE piece", cases, " WHEN '%s' THEN ", seconds, " ELSE substr(piece, 2) END")


def _is_precise(modifier: str | None) -> bool:
    return modifier is not None and modifier.lower() in ("subsec", "subsecond")


def _moved(modifier: Read, *, first: bool) -> Fragment:
    """The step of one modifier: the next `t`, and how many days it went `beyond` the end of a month."""

    def part(pick: Callable[[Shift], Any], type_: str) -> Fragment:
        def value(bindings: Bindings) -> Any:
            shift = shift_of(text_of(modifier(bindings)), first=first)
            return None if shift is None else pick(shift)

        return compose(slot(value), "::", type_)

    kind, unit = part(lambda shift: shift.kind, "text"), part(lambda shift: shift.unit, "text")
    months, amount = part(lambda shift: shift.months, "int"), part(lambda shift: shift.amount, "bigint")
    settles = part(lambda shift: shift.settles, "boolean")
    month = compose("(date_trunc('month', t) + make_interval(months => ", months, "))")
    last_day = compose("extract(day FROM ", month, " + interval '1 month' - interval '1 day')::int")
    # Without this look ahead PostgreSQL would fail on a moment that it cannot hold.
    # Without these looks ahead PostgreSQL would fail on moments that it cannot hold: months before the first of all.
    early = "extract(epoch FROM t) / 86400 <= -2440500"
    days = compose("extract(epoch FROM t) / 86400 + ", months, " * 30.4369 + ", amount, " / 86400000.0")
    by_months = compose(months, f" <> 0 AND NOT {early} AND ", days, " BETWEEN -2440500 AND 2933000")
    by_time = compose("extract(epoch FROM t) + ", amount, f" / 1000.0 BETWEEN {_FIRST} AND {_LAST}")
    moved = compose(
        "CASE WHEN ", months, " = 0 THEN CASE WHEN ", by_time, " THEN t + ", amount, " * interval '1 millisecond' END"
        " WHEN ", by_months, " THEN CASE WHEN extract(year FROM ", month, ") < 10000 THEN ", month,
        " + (t - date_trunc('month', t)) + ", amount, " * interval '1 millisecond' END END",
    )  # fmt: skip
    return compose(
        "SELECT CASE WHEN ", kind, " IN ('keep', 'ceiling', 'unixepoch', 'julianday', 'auto') THEN t WHEN ", kind,
        f" = 'start' AND NOT {early} THEN date_trunc(", unit, ", t) WHEN ", kind, " = 'weekday' THEN t + (((", amount,
        " - extract(dow FROM t)::bigint + 7) % 7) * interval '1 day') WHEN ", kind,
        " = 'floor' THEN t - beyond * interval '1 day' WHEN ", kind, " = 'move' THEN ", moved, " END AS t, CASE WHEN ",
        kind, " = 'move' AND ", by_months, " THEN greatest(extract(day FROM t)::int - ", last_day, ", 0) WHEN ",
        settles, " OR ", kind, " = 'ceiling' THEN 0 ELSE beyond END AS beyond",
    )  # fmt: skip
