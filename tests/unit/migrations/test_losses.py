"""What a change would lose or cannot do: said with places and counts, and nothing is changed then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from piccolo import columns as c
from piccolo.columns import ForeignKey, Integer, Serial, Text, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table
from tests.unit.migrations.migrating import Engine, bound, change_of, make, migrate, table

from piccobase.db.shape import read_shape
from piccobase.migrations.applying import plan_change
from piccobase.migrations.changes import MigrationRefused

Tables = Callable[[], Sequence[type[Table]]]


def band(**columns: Any) -> Tables:
    return lambda: [table("bands", **{name: make() for name, make in columns.items()})]


def of(column: type, /, *args: Any, **options: Any) -> Callable[[], Any]:
    return lambda: column(*args, **options)


def crew(boss: Callable[[type[Table]], Any]) -> Tables:
    def tables() -> list[type[Table]]:
        person = table("people")
        return [person, table("bands", boss=boss(person))]

    return tables


@dataclass(frozen=True)
class Refused:
    name: str
    before: Tables
    after: Tables
    rows: Sequence[Mapping[str, Any]]
    says: str
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)


PROBLEMS = [
    Refused(
        "unique over duplicates",
        band(it=of(Varchar)),
        band(it=of(Varchar, unique=True)),
        [{"id": "a", "it": "x"}, {"id": "b", "it": "x"}, {"id": "c", "it": ""}, {"id": "d", "it": ""}],
        "bands.it: is to be unique, and these records are the same there: a and b.",
    ),
    Refused(
        "a conversion that makes duplicates",
        band(it=of(Varchar, unique=True, required=True)),
        band(it=of(Integer, unique=True)),
        [{"id": "a", "it": "1"}, {"id": "b", "it": "01"}],
        "bands.it: is to be unique, and these records are the same there: a and b.",
    ),
    Refused(
        "a unique pair over duplicates",
        band(n=of(Integer), m=of(Integer)),
        band(n=of(Integer), m=of(Integer), once=of(Unique, ["n", "m"])),
        [{"id": "a"}, {"id": "b"}, {"id": "c", "m": 1}],
        "bands.n+m: is to be unique",
    ),
    Refused(
        "a new unique column with a default",
        band(n=of(Integer)),
        band(n=of(Integer), it=of(Varchar, unique=True, required=True)),
        [{"id": "a"}, {"id": "b"}],
        "add a column with null=True and fill it before it becomes unique",
    ),
    Refused(
        "a check that rows break",
        band(n=of(Integer)),
        band(m=of(Integer), ok=of(Check, '"m" > 0')),
        [{"id": "a", "n": 0}, {"id": "b", "n": -1}, {"id": "c", "n": 1}],
        "bands: 2 rows break the check bands_ok, the first is a.",
        {("bands", "n"): "m"},
    ),
    Refused(
        "a target that is not there",
        crew(lambda _: Varchar(length=15)),
        crew(lambda person: ForeignKey(person)),
        [{"id": "a", "boss": "nobody"}, {"id": "b", "boss": ""}],
        "bands.boss: 1 row points to a record that is not in people, the first is a.",
    ),
    Refused(
        "a foreign key that may not be empty",
        crew(lambda person: ForeignKey(person)),
        crew(lambda person: ForeignKey(person, null=False, default=None)),
        [{"id": "a", "boss": None}],
        "bands.boss: 1 row points to nothing, and no record can be made up.",
    ),
    Refused(
        "a new foreign key that may not be empty",
        lambda: [table("people"), table("bands")],
        crew(lambda person: ForeignKey(person, null=False, default=None)),
        [{"id": "a"}],
        "bands.boss: 1 row would point to nothing",
    ),
    Refused(
        "another primary key",
        band(id=of(Varchar, length=15, primary_key=True), it=of(Varchar)),
        band(id=of(Varchar, length=15), it=of(Varchar, primary_key=True)),
        [],
        "bands: the primary key was id and is to be it. Keep the key, or make a new table",
    ),
    Refused(
        "another type of the primary key",
        band(id=of(Serial, primary_key=True)),
        band(id=of(c.UUID, primary_key=True)),
        [],
        "bands.id: the type of a primary key cannot be changed",
    ),
]


@pytest.mark.parametrize("case", PROBLEMS, ids=lambda case: case.name)
async def test_what_cannot_be_done_is_said_with_the_way_out(case: Refused, engine: Engine) -> None:
    before, after = case.before(), case.after()
    await make(engine, before)
    bands = next(it for it in before if it._meta.tablename == "bands")
    if case.rows:
        await bands.insert(*(bands(**row) for row in case.rows))
    shape = await read_shape(engine)
    with pytest.raises(MigrationRefused) as refused:
        await migrate(engine, change_of(engine, before, after, columns=case.columns), ["bands", "bands.it"], "m1")
    assert case.says in str(refused.value)
    assert "The migration m1 cannot be made" in str(refused.value)
    assert await read_shape(engine) == shape


async def test_all_losses_are_said_at_once_and_nothing_is_changed(engine: Engine) -> None:
    before = [table("bands", a=Text(), b=Varchar(), c=Integer(null=True, default=None)), table("other", n=Integer())]
    after = [table("bands", b=Integer(), c=Integer(default=None), d=Integer(default=None))]
    await make(engine, before)
    await before[0].insert(before[0](id="a", a="x", b="1"), before[0](id="b", b="two", c=3))
    await before[1].insert(before[1](id="o"))
    change = change_of(engine, before, after)
    plan = await plan_change(engine, change)
    assert {(loss.place, loss.kind, loss.rows) for loss in plan.losses} == {
        ("other", "dropped", 1),
        ("bands.a", "dropped", 1),
        ("bands.b", "narrowed", 1),
        ("bands.c", "filled", 1),
        ("bands.d", "filled", 2),
    }
    shape = await read_shape(engine)
    with pytest.raises(MigrationRefused) as refused:
        await migrate(engine, change, ["bands.a"])
    said = str(refused.value)
    assert "bands.a:" not in said
    assert "bands.b: 1 row has a value that INTEGER cannot hold as it is. Accept it with --accept-loss bands.b" in said
    assert "other: the table is dropped with 1 row." in said
    assert len(refused.value.losses) == 4
    assert await read_shape(engine) == shape
    await migrate(engine, change, [loss.place for loss in plan.losses])
    bound(engine, after)
    assert await after[0].select(after[0].b, after[0].c, after[0].d).order_by(after[0].id) == [  # type: ignore[attr-defined]
        {"b": 1, "c": 0, "d": 0},
        {"b": 0, "c": 3, "d": 0},
    ]


@pytest.mark.parametrize(
    ("column", "values", "rows"),
    [
        (of(Varchar), ["", "x"], 1),
        (of(Varchar, default="open"), ["open", "", "closed"], 1),
        (of(Integer, null=True), [None, 0, 3], 1),
        (of(c.Boolean), [False, True], 1),
        (of(c.Numeric), [Decimal(0), Decimal("0.1")], 1),
        (of(c.JSON), ["{}", '{"a":1}'], 1),
        (of(c.JSONB), ["{}", '{"a":1}'], 1),
        (of(c.Array, Integer()), [[], [1]], 1),
        (of(c.Interval), [timedelta(), timedelta(seconds=1)], 1),
    ],
)
async def test_only_what_tells_something_is_lost_with_a_column(
    column: Callable[[], Any], values: Sequence[Any], rows: int, engine: Engine
) -> None:
    before, after = [table("bands", it=column(), n=Integer())], [table("bands", n=Integer())]
    await make(engine, before)
    await before[0].insert(*(before[0](id=str(n), it=value) for n, value in enumerate(values)))
    plan = await plan_change(engine, change_of(engine, before, after))
    assert sum(loss.rows for loss in plan.losses) == rows


@pytest.mark.parametrize(
    ("before", "after", "values", "rows"),
    [
        (of(Varchar, length=10), of(Varchar, length=3), ["abc", "abcd"], 1),
        (of(c.BigInt), of(c.SmallInt), [1, 2**20], 1),
        (of(c.Numeric), of(c.Numeric, digits=(5, 2)), [Decimal("1.5"), Decimal("1.555"), Decimal(10000)], 2),
        (of(c.DoublePrecision), of(c.Real), [0.5, 0.1, 0.123456789], 1),
    ],
)
async def test_a_narrower_type_loses_only_where_the_database_enforces_it(
    before: Callable[[], Any], after: Callable[[], Any], values: Sequence[Any], rows: int, engine: Engine
) -> None:
    old, new = [table("bands", it=before())], [table("bands", it=after())]
    await make(engine, old)
    await old[0].insert(*(old[0](id=str(n), it=value) for n, value in enumerate(values)))
    change = change_of(engine, old, new)
    plan = await plan_change(engine, change)
    assert sum(loss.rows for loss in plan.losses) == (rows if engine.dialect == "postgres" else 0)
    await migrate(engine, change, ["bands.it"])
