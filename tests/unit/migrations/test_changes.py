"""Every change of a table, forth and back, on both databases: what comes out is what a fresh database would have."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Text, Varchar
from piccolo.columns.base import OnDelete
from piccolo.constraints import Check
from piccolo.table import Table
from tests.postgres_server import PostgresServer
from tests.unit.migrations.change_cases import CASES, Case
from tests.unit.migrations.migrating import Engine, Fresh, bound, change_of, comparable, make, migrate, table

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.shape import read_shape
from piccobase.migrations.applying import plan_change, plan_changes


@pytest.fixture(scope="module")
def fresh_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fresh") / "data.db"


@pytest.fixture(scope="module")
def fresh_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.empty_database() as url:
        yield url


@pytest.fixture
async def fresh(engine: Engine, request: pytest.FixtureRequest) -> AsyncIterator[Fresh]:
    """Another database of the same kind, to compare with. It is empty again after each comparison."""
    place = request.getfixturevalue(f"fresh_{engine.dialect}")
    other = EmbeddedEngine(place) if engine.dialect == "sqlite" else PostgresEngine(place)
    yield Fresh(other)
    await other.close()


async def rows_of(engine: Engine, tables: Sequence[type[Table]]) -> dict[str, list[dict[str, Any]]]:
    bound(engine, tables)
    return {it._meta.tablename: await it.select().order_by(it._meta.primary_key) for it in tables}


async def shape_of(engine: Engine) -> dict[str, Any]:
    return comparable(await read_shape(engine))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_change_and_its_way_back(case: Case, engine: Engine, fresh: Fresh) -> None:
    before, after = case.before(), case.after()
    await make(engine, before)
    for it in before:
        if rows := case.rows.get(it._meta.tablename):
            await it.insert(*(it(**row) for row in rows))
    rows_before = await rows_of(engine, before)
    change = change_of(engine, before, after, case.tables, case.columns)
    plan = await plan_change(engine, change)
    assert not plan.problems
    assert {loss.place: loss.kind for loss in plan.losses} == case.losses
    await migrate(engine, change, case.losses, "m1")
    assert await shape_of(engine) == await fresh.shape(bound(fresh.engine, after))
    rows_after = await rows_of(engine, after)
    for name, expected in case.after_rows.items():
        found = rows_after[name]
        assert [
            {key: plain(row[key]) for key in wanted} for row, wanted in zip(found, expected, strict=True)
        ] == expected
    if case.quiet:
        assert plan.steps == ()

    bound(engine, [*before, *after])
    back = change.reversed()
    losses = {loss.place for loss in (await plan_change(engine, back, reverts="m1")).losses}
    await migrate(engine, back, losses, "m1", restore=True)
    assert await shape_of(engine) == await fresh.shape(bound(fresh.engine, before))
    if case.same_back:
        assert normal(await rows_of(engine, before)) == normal(rows_before)


def plain(value: Any) -> Any:
    """JSON without blanks, which PostgreSQL writes."""
    return value.replace(", ", ",") if isinstance(value, str) and value[:1] in "[{" else value


def normal(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    return {name: [{key: plain(value) for key, value in row.items()} for row in some] for name, some in rows.items()}


async def test_changes_one_after_another_are_planned_as_they_will_be_run(engine: Engine) -> None:
    """The second speaks of what the first makes and renames."""
    person = table("people", name=Varchar())
    states: list[list[type[Table]]] = [
        [person, table("bands", name=Varchar(index=True), n=Varchar())],
        [person, table("groups", title=Varchar(index=True), n=Varchar(), boss=ForeignKey(person)), table("new")],
        [person, table("groups", title=Varchar(), n=Integer(), boss=ForeignKey(person, on_delete=OnDelete.set_null))],
    ]
    await make(engine, states[0])
    await states[0][1].insert(states[0][1](id="a", n="7"))
    first = change_of(engine, states[0], states[1], {"bands": "groups"}, {("groups", "name"): "title"})
    second = change_of(engine, states[1], states[2])
    plans = await plan_changes(engine, [first, second])
    assert [plan.unjudged for plan in plans] == [(), ("groups",)]
    assert max(step.rows for step in plans[1].steps) == 1
    for change, plan in zip([first, second], plans, strict=True):
        done = await migrate(engine, change)
        assert [step.sql for step in done.steps] == [step.sql for step in plan.steps]


async def test_a_table_moves_to_another_schema(postgres_engine: PostgresEngine) -> None:
    engine = postgres_engine
    before = [table("people", schema="old", name=Varchar(index=True)), table("bands", name=Varchar())]
    after = [table("persons", schema="new", name=Varchar(index=True)), table("bands", schema="old", name=Varchar())]
    await make(engine, before)
    await before[0].insert(before[0](id="a", name="x"))
    change = change_of(engine, before, after, {"people": "persons"})
    await migrate(engine, change)
    shape = comparable(await read_shape(engine))
    assert set(shape) == {"new.persons", "old.bands"}
    assert [index[0] for index in shape["new.persons"]["indexes"]] == ["persons_name"]
    bound(engine, after)
    assert await after[0].count() == 1
    await migrate(engine, change.reversed())
    assert set(await shape_of(engine)) == {"old.people", "bands"}


async def test_what_was_renamed_can_be_dropped_later_by_its_new_name(engine: Engine, fresh: Fresh) -> None:
    """Piccolo's own migrations leave PostgreSQL's constraints with their old names, and do not find them then."""
    states = [
        [table("bands", slug=Varchar(unique=True, required=True), n=Integer(index=True), ok=Check('"n" >= 0'))],
        [table("groups", name=Varchar(unique=True, required=True), m=Integer(index=True), ok=Check('"m" >= 0'))],
        [table("groups", name=Varchar(required=True), m=Integer())],
    ]
    await make(engine, states[0])
    await states[0][0].insert(states[0][0](id="a", slug="x"))
    renamed = {("groups", "slug"): "name", ("groups", "n"): "m"}
    await migrate(engine, change_of(engine, states[0], states[1], {"bands": "groups"}, renamed))
    await migrate(engine, change_of(engine, states[1], states[2]))
    assert await shape_of(engine) == await fresh.shape(bound(fresh.engine, states[2]))


async def test_what_somebody_made_by_hand_stays_and_what_goes_along_is_said(engine: Engine) -> None:
    before, after = [table("bands", a=Integer(), b=Integer())], [table("bands", a=Text())]
    await make(engine, before)
    await engine.rows("CREATE INDEX by_hand ON bands (a DESC)")
    await engine.rows("CREATE INDEX over_both ON bands (a, b)")
    change = change_of(engine, before, after)
    plan = await plan_change(engine, change)
    if engine.dialect == "sqlite":
        assert "drops the index over_both, which needs what is dropped" in plan.steps[0].says
    await migrate(engine, change)
    assert [index.name for index in (await read_shape(engine)).tables["bands"].indexes] == ["by_hand"]


async def test_a_step_that_fails_is_named_with_its_reason(postgres_engine: PostgresEngine) -> None:
    engine = postgres_engine
    before, after = [table("bands", a=Integer())], [table("bands", a=Text())]
    await make(engine, before)
    await engine.rows("CREATE VIEW numbers AS SELECT a FROM bands")
    with pytest.raises(StartError, match="bands: changes a: cannot alter type of a column used by a view"):
        await migrate(engine, change_of(engine, before, after))
