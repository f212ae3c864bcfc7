from typing import Any

import pytest
from piccolo.columns import Array, ForeignKey, Text, Varchar
from piccolo.table import Table

from piccobase.db.postgres import PostgresEngine
from piccobase.db.postgres_ddl import rewrite


@pytest.mark.parametrize(
    ("ddl", "rewritten"),
    [
        ('CREATE TABLE "t" ("a" VARCHAR(9) NOT NULL)', 'CREATE TABLE "t" ("a" VARCHAR(9) COLLATE "C" NOT NULL)'),
        ('CREATE TABLE t ("a" TEXT, "b" CHAR)', 'CREATE TABLE t ("a" TEXT COLLATE "C", "b" CHAR COLLATE "C")'),
        ('ALTER TABLE "t" ADD COLUMN "a" VARCHAR', 'ALTER TABLE "t" ADD COLUMN "a" VARCHAR COLLATE "C"'),
        (
            'ALTER TABLE "t" ALTER COLUMN "a" TYPE VARCHAR(20) USING "a"::VARCHAR(20)',
            'ALTER TABLE "t" ALTER COLUMN "a" TYPE VARCHAR(20) COLLATE "C" USING "a"::VARCHAR(20)',
        ),
    ],
)
def test_types_of_text_get_the_collation(ddl: str, rewritten: str) -> None:
    assert rewrite(ddl) == rewritten
    assert rewrite(rewritten) == rewritten


@pytest.mark.parametrize(
    "ddl",
    [
        'CREATE TABLE "t" ("text" INTEGER, "a" VARCHAR(255)[], "b" TEXT[][])',
        'CREATE TABLE "t" ("a" VARCHAR(9) COLLATE "de-x-icu")',
        "CREATE TABLE t (a INTEGER CHECK (a::text != 'no TEXT, it''s VARCHAR'))",
        'CREATE INDEX text ON "t" ("text")',
        "COMMENT ON TABLE t IS 'CREATE TABLE x (y TEXT)'",
    ],
)
def test_everything_else_stays_as_it_is(ddl: str) -> None:
    assert rewrite(ddl) == ddl


async def collations(engine: PostgresEngine) -> dict[str, Any]:
    rows = await engine.rows(
        "SELECT column_name, collation_name FROM information_schema.columns WHERE table_name = 'note'"
    )
    return {column: collation for column, collation in rows if column != "id"}


async def test_what_piccolo_creates_and_alters_is_compared_by_bytes(postgres_engine: PostgresEngine) -> None:
    class Note(Table, tablename="note", db=postgres_engine):
        title = Varchar(length=10)
        body = Text()
        tags = Array(Varchar())

    await Note.create_table()
    assert await collations(postgres_engine) == {"title": "C", "body": "C", "tags": None}
    await Note.alter().add_column("more", Varchar(null=True))
    await Note.alter().set_length(Note.title, 20)
    await Note.alter().set_column_type(Note.body, Varchar(length=30))
    assert await collations(postgres_engine) == {"title": "C", "body": "C", "tags": None, "more": "C"}
    await Note.insert(Note(title="b"), Note(title="B"), Note(title="ä"), Note(title="a"))
    assert await Note.select(Note.title).order_by(Note.title).output(as_list=True) == ["B", "a", "b", "ä"]


async def test_a_foreign_key_to_a_text_is_compared_by_bytes_too(postgres_engine: PostgresEngine) -> None:
    class Person(Table, tablename="person", db=postgres_engine):
        id = Varchar(primary_key=True)

    class Note(Table, tablename="note", db=postgres_engine):
        author = ForeignKey(Person)

    await Person.create_table()
    await Note.create_table()
    assert await collations(postgres_engine) == {"author": "C"}
