"""Values made into those of another kind: the same on both databases, and what is said to be kept comes back."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from piccolo import columns as c
from piccolo.columns import Column
from tests.unit.migrations.migrating import Engine, bound, table

from piccobase import columns as ours
from piccobase.db.converting import convert, is_kept
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import prepare
from piccobase.db.value_kinds import kind_of
from piccobase.migrations.conversions import converted, kept
from piccobase.migrations.conversions_postgres import CREATE_TEXTS, for_version, functions_for

NIL = UUID("0191d3d0-0000-7000-8000-00000000000a")
NOON = datetime(2026, 11, 23, 12, 0, 0, 250000, UTC)

# Each kind: how a column of it is made, and values that try it.
KINDS: dict[str, tuple[Callable[[], Column], list[Any]]] = {
    "text": (
        c.Text,
        [
            *[
                "",
                "12",
                "012",
                "-7",
                " 8 ",
                "9223372036854775807",
                "9223372036854775808",
                "1.50",
                "1e3",
                "0.1",
                "1e999",
            ],
            *["true", "No", "abc", "2026-11-23", "2026-11-23 12:00:00.250Z", "2026-11-23T14:00:00+02:00"],
            *["2026-11-23 12:00:00.250001Z", "2026-02-30", "2026-11-23 25:00", "08:30:00", "08:30", "24:00"],
            *[str(NIL), str(NIL).upper(), '{"a": 1}', '["a", "b"]', '["a"]', "[1, 2]", "[", "null", '"x"', "ü", "'"],
        ],
    ),
    "select": (ours.Select, ["", "a", "b c", "12"]),
    "integer": (c.BigInt, [0, 1, -5, 12, 2**53 + 1, 2**63 - 1]),
    "float": (c.DoublePrecision, [0.0, 1.0, 0.1, -2.5, 1e21, 1.5e-7, 123456789012345.0, 1e15]),
    "decimal": (c.Numeric, [Decimal(0), Decimal("1.50"), Decimal("1234567890.1234567891"), Decimal("2.5"), Decimal(7)]),
    "boolean": (c.Boolean, [True, False]),
    "instant": (c.Timestamptz, [NOON, NOON.replace(hour=0, microsecond=0)]),
    "local": (c.Timestamp, [NOON.replace(tzinfo=None), datetime(2026, 1, 1)]),
    "date": (c.Date, [date(2026, 11, 23)]),
    "time": (c.Time, [time(8, 30), time(8, 30, 15, 250000)]),
    "interval": (c.Interval, [timedelta(), timedelta(days=3, seconds=1.5)]),
    "uuid": (c.UUID, [NIL]),
    "json": (
        c.JSON,
        ['{"a":[1.10,"b"]}', "1", "1.50", "true", "null", '"abc"', '"12"', '["a","b"]', "[]", '"[1]"', '"null"'],
    ),
    "jsonb": (c.JSONB, ['{"a":1}', "12", '"x"', '["a"]']),
    "list": (ours.MultiSelect, ["[]", '["a"]', '["a","b"]', '[""]', '["[x]"]', '["12"]']),
    "bytes": (c.Bytea, [b"", b"abc", b"\xff\x00", "ü".encode()]),
    "texts": (lambda: c.Array(c.Varchar()), [[], ["a"], ["a", 'b"c,d\\'], ["12"], ["12", "13"], [""]]),
    "integers": (lambda: c.Array(c.BigInt()), [[], [1], [1, 2]]),
    "booleans": (lambda: c.Array(c.Boolean()), [[True, False]]),
    "days": (lambda: c.Array(c.Date()), [[date(2026, 11, 23)]]),
}


@pytest.fixture
async def engines(postgres_url: str, tmp_path: Path) -> Any:
    opened = (EmbeddedEngine(tmp_path / "data.db"), PostgresEngine(postgres_url))
    yield opened
    for engine in opened:
        await engine.close()


def every() -> dict[str, Column]:
    return {name: make() for name, (make, _) in KINDS.items()}


async def results(engine: Engine) -> dict[tuple[str, str, int], tuple[Any, Any]]:
    """For each pair of kinds and each value: what becomes of it, as text, and whether it is kept."""
    targets = table("targets", **every())
    bound(engine, [targets])
    found: dict[tuple[str, str, int], tuple[Any, Any]] = {}
    async with engine.transaction():
        if engine.dialect == "postgres":
            await engine.rows(CREATE_TEXTS)
        for name, (make, values) in KINDS.items():
            source = table(f"from_{name}", n=c.Integer(), value=make())
            await prepare(engine, [source])
            await source.insert(*(source(id=str(n), n=n, value=value) for n, value in enumerate(values)))
            pairs = [(name, it) for it in targets._meta.columns if it._meta.name in KINDS]
            expressions = [
                expression
                for _, target in pairs
                for expression in _expressions(engine, source.value, target)  # type: ignore[attr-defined]
            ]
            rows = await engine.rows(f'SELECT {", ".join(expressions)} FROM "from_{name}" ORDER BY "n"')
            for n, row in enumerate(rows):
                for place, (_, target) in enumerate(pairs):
                    found[name, target._meta.name, n] = (row[2 * place], row[2 * place + 1])
    return found


def _expressions(engine: Engine, source: Column, target: Column) -> Iterator[str]:
    one, other = kind_of(source), kind_of(target)
    value = converted('"value"', one, other, engine.dialect)
    yield f"({value})::text" if engine.dialect == "postgres" else value
    yield kept('"value"', one, other, engine.dialect)


def plain(value: Any, kind: str) -> Any:
    """What both databases show of one value, in one form."""
    if value is None:
        return None
    match kind:
        case "boolean":
            return value in (1, "true", "t")
        case "json" | "jsonb" | "list":
            return json.loads(value, parse_float=Decimal)
        case "integer" | "decimal" | "float":
            return Decimal(str(value))
        case "instant" | "local":
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        case "time":
            return time.fromisoformat(value)
        case "interval":
            return _seconds(value)
        case "bytes":
            return bytes.fromhex(value[2:]) if isinstance(value, str) else value
        case "texts" | "integers" | "booleans" | "days":
            return [json.loads(it) if it[:1] == "{" else it for it in _items(value)]
    return value if not value.startswith(("[", "{")) else json.loads(value) if _is_json(value) else value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _seconds(value: Any) -> Decimal:
    if not isinstance(value, str):
        return Decimal(str(value)).normalize()
    days, _, clock = value.rpartition(" ")
    hours, minutes, seconds = clock.split(":")
    within = Decimal(hours.lstrip("-")) * 3600 + Decimal(minutes) * 60 + Decimal(seconds)
    number = Decimal(days.split(" ")[0] or 0) * 86400 + (-within if clock.startswith("-") else within)
    return number.normalize()


def _items(value: str) -> list[str]:
    if value.startswith("["):
        return [str(it).lower() if isinstance(it, bool) else str(it) for it in json.loads(value)]
    inner = value[1:-1]
    found, current, quoted, escaped = [], "", False, False
    for letter in inner:
        if escaped:
            current, escaped = current + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            found.append(current)
            current = ""
        else:
            current += letter
    words = [*found, current] if inner else []
    return [{"t": "true", "f": "false"}.get(word, word) for word in words]


async def test_both_databases_make_the_same_of_every_value(engines: Any) -> None:
    sqlite, postgres = [await results(engine) for engine in engines]
    different = []
    for (source, target, n), (there, whole) in sqlite.items():
        other, also_whole = postgres[source, target, n]
        if plain(there, target) != plain(other, target) or bool(whole) != bool(also_whole):
            value = KINDS[source][1][n]
            different.append(f"{source} {value!r} -> {target}: {there!r} ({whole}), {other!r} ({also_whole})")
    assert different == [], "\n".join(different)


@pytest.mark.parametrize(
    ("value", "source", "target", "becomes", "is_whole"),
    [
        ("12", "text", "integer", 12, True),
        ("012", "text", "integer", 12, False),
        ("2.5", "text", "integer", 3, False),
        ("abc", "text", "integer", None, False),
        ("", "text", "integer", None, True),
        (2**53 + 1, "integer", "text", "9007199254740993", True),
        ("9007199254740993", "text", "integer", 2**53 + 1, True),
        (1.5, "float", "integer", 2, False),
        ("1234567890.1234567891", "decimal", "text", "1234567890.1234567891", True),
        ("2026-11-23T14:00:00+02:00", "text", "instant", "2026-11-23 12:00:00.000Z", True),
        ("2026-11-23 12:00:00.250Z", "instant", "date", "2026-11-23", False),
        ("a", "text!", "list", '["a"]', True),
        ('["a"]', "list", "text!", "a", True),
        ('["a","b"]', "list", "text!", "a", False),
        ('["a","b"]', "list", "text", '["a","b"]', True),
        ('["a","b"]', "text[]", "text", '["a","b"]', True),
        ('["1","2"]', "text[]", "integer[]", "[1,2]", True),
        ('["1","x"]', "text[]", "integer[]", None, False),
        ("", "text", "text!?", None, True),
        (b"\xff", "bytes", "text", None, False),
        ("08:30:00", "time", "instant", None, False),
        ("abc", "decimal", "integer", None, False),  # SQLite lets anybody write it
        ("{", "json", "list", None, False),
    ],
)
def test_what_becomes_of_a_value(value: Any, source: str, target: str, becomes: Any, is_whole: bool) -> None:
    assert (convert(value, source, target), bool(is_kept(value, source, target))) == (becomes, is_whole)


async def test_an_older_postgresql_gets_what_it_lacks(postgres_engine: PostgresEngine) -> None:
    sql = "SELECT pg_input_is_valid('2026-02-30', 'date'), pg_input_is_valid('2026-02-28', 'date')"
    assert functions_for(sql, 16) == []
    async with postgres_engine.transaction():
        for statement in functions_for(sql, 13):
            await postgres_engine.rows(statement)
        assert await postgres_engine.rows(for_version(sql, 13)) == [(False, True)]
