"""CockroachDB's statements, as text: no server of it runs here."""

from typing import Any

from piccolo import columns as c
from piccolo.columns import ForeignKey, Integer, Serial, Varchar
from piccolo.constraints import Check, Unique
from tests.unit.migrations.migrating import table

from piccobase import columns as ours
from piccobase.migrations.changes import SchemaChange
from piccobase.migrations.cockroach import CockroachDialect, plan_cockroach


def statements(before: list[Any], after: list[Any], **renames: Any) -> list[str]:
    for it in (*before, *after):
        it._meta.db = CockroachDialect()
    steps, problems = plan_cockroach(SchemaChange(before=before, after=after, **renames))
    assert problems == []
    return [step.sql for step in steps]


def test_a_table_is_created() -> None:
    person = table("people", id=Serial(primary_key=True), facts=c.JSON())
    bands = table(
        "bands",
        boss=ForeignKey(person),
        state=ours.Select(["a"], enum="state", default="a"),
        n=Integer(index=True, null=True),
        once=Unique(["boss", "n"], nulls_distinct=False),
    )
    assert statements([], [person, bands]) == [
        (
            'CREATE TABLE "people" ("id" INTEGER PRIMARY KEY NOT NULL DEFAULT unique_rowid(), '
            "\"facts\" JSONB NOT NULL DEFAULT '{}')"
        ),
        "CREATE TYPE IF NOT EXISTS state AS ENUM ('a')",
        (
            'CREATE TABLE "bands" ("id" VARCHAR(15) PRIMARY KEY NOT NULL DEFAULT \'\', "boss" INTEGER '
            'REFERENCES "people" ("id") ON DELETE CASCADE ON UPDATE CASCADE, '
            '"state" state NOT NULL DEFAULT \'a\', "n" INTEGER DEFAULT 0)'
        ),
        'CREATE INDEX "bands_n" ON "bands" ("n")',
        (
            'CREATE UNIQUE INDEX "bands_once" ON "bands" ((ifnull("boss"::STRING, \'\')), ("boss" IS NULL), '
            '(ifnull("n"::STRING, \'\')), ("n" IS NULL))'
        ),
    ]


def test_a_type_is_changed_alone_and_what_speaks_of_the_column_steps_aside() -> None:
    before = table("bands", n=Varchar(index=True), m=Integer(), once=Unique(["n", "m"]))
    after = table("bands", n=Integer(index=True), m=Integer(default=3), once=Unique(["n", "m"]))
    found = statements([before], [after])
    assert found[:2] == ['DROP INDEX "bands"@"bands_n" CASCADE', 'DROP INDEX "bands"@"bands_once" CASCADE']
    assert found[2] == 'ALTER TABLE "bands" ALTER COLUMN "n" DROP DEFAULT'
    assert found[3].startswith('ALTER TABLE "bands" ALTER COLUMN "n" TYPE INTEGER USING coalesce(')
    assert found[4:] == [
        'ALTER TABLE "bands" ALTER COLUMN "n" SET DEFAULT 0',
        'ALTER TABLE "bands" ALTER COLUMN "m" SET DEFAULT 3',
        'CREATE INDEX "bands_n" ON "bands" ("n")',
        'ALTER TABLE "bands" ADD CONSTRAINT "bands_once" UNIQUE ("n", "m")',
    ]


def test_functions_that_conversions_need_are_dropped_in_the_end() -> None:
    before = [table("bands", tags=ours.MultiSelect(["a"]), day=Varchar())]
    after = [table("bands", tags=c.Array(Varchar()), day=c.Date(null=True, default=None))]
    found = statements(before, after)
    assert found[0].startswith("CREATE FUNCTION piccobase_texts(jsonb)")
    assert "kind = 'timestamp' THEN PERFORM input::timestamp;" in found[1]
    assert found[-2:] == ["DROP FUNCTION piccobase_texts", "DROP FUNCTION piccobase_is_valid"]
    assert not any("pg_temp" in sql or "pg_input_is_valid" in sql or "COLLATE" in sql for sql in found)


def test_unique_is_dropped_as_an_index_and_checks_as_constraints() -> None:
    before = [table("bands", n=Integer(unique=True), name=Varchar(unique=True), ok=Check('"n" > 0'))]
    assert statements(before, [table("bands", n=Integer(), name=Varchar())]) == [
        'DROP INDEX "bands"@"bands_n_key" CASCADE',
        'DROP INDEX "bands"@"bands_name_key" CASCADE',
        'ALTER TABLE "bands" DROP CONSTRAINT "bands_ok"',
    ]


def test_an_interval_is_converted_by_hand() -> None:
    before, after = [table("bands", n=c.Interval())], [table("bands", n=Integer())]
    for it in (*before, *after):
        it._meta.db = CockroachDialect()  # type: ignore[assignment]  # only asked for the names of types
    problems = plan_cockroach(SchemaChange(before=before, after=after))[1]
    assert [problem.place for problem in problems] == ["bands.n"]
