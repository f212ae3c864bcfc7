"""What else writes than requests: written SQL, other processes, changes of the schema, and the database's own ways."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.asking import serving
from tests.unit.changes.blog import TABLES, Posts, Remarks, Shelves, blog, not_migrated, now, since, told

from piccobase.app.services import bind_tables
from piccobase.changes.opening import change_log
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, NotUnique
from piccobase.db.postgres import PostgresEngine
from piccobase.testing import TestApp


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, (), database_url, tmp_path, sql=True) as api:
        yield api


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[TestApp]:
    async with blog(None, tmp_path) as api:
        yield api


@pytest.fixture
async def on_postgres(postgres_url: str, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with blog(postgres_url, tmp_path) as api:
        yield api


def another(api: TestApp) -> EmbeddedEngine | PostgresEngine:
    """The engine of another process, which knows nothing of the app."""
    config = api.services.config
    return PostgresEngine(config.database_url) if config.database_url else EmbeddedEngine(config.data_dir / "data.db")


async def test_sql_from_a_superuser_is_logged_with_its_name(api: TestApp) -> None:
    root = await api.superuser()
    before = await now(api)
    text = """INSERT INTO shelves (number, label) VALUES (1, 'a'), (2, 'b');
        UPDATE shelves SET label = 'c' WHERE number = 1; CREATE TABLE other (n INTEGER);
        ALTER TABLE shelves ADD COLUMN depth INTEGER; DELETE FROM shelves WHERE number = 2;
        INSERT INTO other VALUES (1)"""
    answer = await root.ask("POST", "/api/sql", {"query": text})
    assert (answer.status_code, answer.json().get("affectedRows")) == (200, 5), answer.text
    assert await since(api, before) == [
        ("create", "shelves", "1"),
        ("create", "shelves", "2"),
        ("update", "shelves", "1", ("label",)),
        ("delete", "shelves", "2"),
    ]
    assert {it.actor_collection for it in await told(api, before)} == {"pbc_3142635823"}
    answer = await root.ask("POST", "/api/sql", {"query": "DELETE FROM shelves; SELECT * FROM nowhere"})
    assert answer.status_code == 400
    assert len(await since(api, before)) == 4


async def test_another_process_writes_the_log_without_knowing_the_app(api: TestApp) -> None:
    engine = another(api)
    try:
        bind_tables(TABLES, engine)
        await Posts(title="from a script").save()
        async with engine.transaction():
            await engine.rows("DELETE FROM posts")
    finally:
        bind_tables(TABLES, api.services.engine)
        await engine.close()
    assert [it[:2] for it in await since(api, "")] == [("create", "posts"), ("delete", "posts")]


async def test_columns_that_another_process_has_moved_are_read_where_they_are_now(api: TestApp) -> None:
    """Else a secret could stand where a title was."""
    await api.create("writers", email="a@b.co", password="12345678", passwordConfirm="12345678")
    engine = another(api)
    try:
        await engine.run_ddl("ALTER TABLE writers DROP COLUMN about")
        await engine.run_ddl("ALTER TABLE writers ADD COLUMN about TEXT DEFAULT 'new'")
    finally:
        await engine.close()
    before = await now(api)
    await api.services.engine.rows("DELETE FROM writers")
    [gone] = await told(api, before)
    assert gone.row is not None
    assert (gone.row["email"], gone.row["about"]) == ("a@b.co", "new")
    assert not {"password", "tokenKey"} & set(gone.row)


async def test_changes_of_the_schema_are_no_changes_of_records(api: TestApp) -> None:
    engine = api.services.engine
    await Shelves(number=1, label="top").save()
    await Remarks(text="one").save()
    before = await now(api)
    with pytest.raises(LookupError):
        async with engine.schema_transaction():
            await engine.run_ddl("ALTER TABLE shelves DROP COLUMN label")
            raise LookupError
    await engine.run_ddl("ALTER TABLE remarks ALTER COLUMN \"text\" SET DEFAULT 'none'")  # SQLite makes the table anew
    assert await since(api, before) == []
    await Shelves.update({Shelves.label: "low"}, force=True)
    async with engine.schema_transaction():
        await engine.run_ddl("ALTER TABLE shelves ADD COLUMN depth INTEGER DEFAULT 3")
        await engine.rows("UPDATE shelves SET label = 'of a migration'")
        await engine.run_ddl("DROP TABLE remarks")
    assert await since(api, before) == [("update", "shelves", "1", ("label",))] * 2


async def test_what_replace_takes_away_is_logged(embedded: TestApp) -> None:
    engine = embedded.services.engine
    await engine.rows("CREATE UNIQUE INDEX labels ON shelves (label)")
    await Shelves.insert(Shelves(number=1, label="a"), Shelves(number=2, label="b"))
    before = await now(embedded)
    await engine.rows("REPLACE INTO shelves (number, label) VALUES (3, 'a')")
    assert await since(embedded, before) == [("delete", "shelves", "1"), ("create", "shelves", "3")]


async def test_what_a_statement_keeps_that_fails_is_logged(embedded: TestApp) -> None:
    engine = embedded.services.engine
    async with engine.transaction():
        with pytest.raises(NotUnique):
            await engine.rows("INSERT OR FAIL INTO shelves (number) VALUES (1), (2), (1)")
        with pytest.raises(ConstraintFailed):
            await engine.rows("INSERT INTO shelves (number, label) VALUES (3, 'x'), (4, NULL)")
    assert await engine.rows("SELECT number FROM shelves") == [(1,), (2,)]
    assert await since(embedded, "") == [("create", "shelves", "1"), ("create", "shelves", "2")]


async def test_a_statement_may_change_more_rows_than_are_kept_in_memory(embedded: TestApp) -> None:
    engine = embedded.services.engine
    many = 25_000
    numbers = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) SELECT i, 'no ' || i FROM n"
    )
    await engine.rows(f"INSERT INTO shelves (number, label) {numbers}")
    before = await now(embedded)
    with pytest.raises(NotUnique):
        await engine.rows(
            "INSERT INTO shelves (number, label) SELECT -number, label FROM shelves UNION ALL SELECT 1, ''"
        )
    await engine.rows("DELETE FROM shelves")
    gone = await told(embedded, before)
    assert [it.record for it in gone] == [str(number) for number in range(1, many + 1)]
    assert all(it.row and it.row["label"] == f"no {it.record}" for it in gone)


async def test_triggers_of_the_tables_own_are_followed(embedded: TestApp) -> None:
    engine = embedded.services.engine
    await engine.rows(
        "CREATE TRIGGER shelve AFTER INSERT ON posts BEGIN INSERT INTO shelves (label) VALUES (new.title); END"
    )
    post = Posts(title="one")
    await post.save()
    assert await since(embedded, "") == [("create", "posts", post.id), ("create", "shelves", "1")]


async def test_rows_that_cannot_be_read_are_told_as_some(embedded: TestApp) -> None:
    engine = embedded.services.engine
    await engine.rows("ALTER TABLE shelves ADD COLUMN twice INTEGER GENERATED ALWAYS AS (number * 2) VIRTUAL")
    await engine.rows("INSERT INTO shelves (number, label) VALUES (1, 'a')")
    await engine.rows("UPDATE remarks SET text = CAST(x'ff' AS TEXT)")
    assert await engine.rows("SELECT number, twice FROM shelves") == [(1, 2)]
    assert await since(embedded, "") == [("update", "shelves", "")]


async def test_psql_writes_the_log_as_well(on_postgres: TestApp) -> None:
    connection = await asyncpg.connect(on_postgres.services.config.database_url)
    try:
        await connection.execute("INSERT INTO shelves (label) VALUES ('by hand'); DELETE FROM shelves")
        await connection.execute("TRUNCATE posts CASCADE")
        # Who has no right to the log writes it all the same, by what it does, and cannot have anything else written.
        await connection.execute("CREATE ROLE helper; GRANT INSERT ON shelves TO helper; SET ROLE helper")
        await connection.execute("INSERT INTO shelves (number, label) VALUES (7, 'by a helper')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO _changes (collection) VALUES ('x')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "CREATE TEMP TABLE forged (id text);"
                " CREATE TRIGGER forge AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION _note_change('x', 'id')"
            )
        await connection.execute("RESET ROLE; DROP OWNED BY helper; DROP ROLE helper")
    finally:
        await connection.close()
    assert await since(on_postgres, "") == [
        ("create", "shelves", "1"),
        ("delete", "shelves", "1"),
        ("delete", "posts", ""),
        ("delete", "remarks", ""),
        ("create", "shelves", "7"),
    ]


async def test_triggers_follow_the_declaration_and_a_server_says_what_is_missing(
    postgres_url: str, tmp_path: Path, caplog: Any
) -> None:
    async with blog(postgres_url, tmp_path) as api:
        engine = api.services.engine
        await engine.rows('ALTER TABLE shelves DISABLE TRIGGER "_note_change"')
        await engine.rows('DROP TRIGGER "_note_truncate" ON posts')
        await engine.rows("ALTER TABLE remarks ADD COLUMN unknown TEXT")
    async with not_migrated(postgres_url, tmp_path):
        [line] = [it.getMessage() for it in caplog.records if "change log" in it.getMessage()]
        assert "posts, shelves" in line
        assert "piccobase migrate" in line
    async with blog(postgres_url, tmp_path) as api:
        before = await now(api)
        await Shelves(number=1).save()
        await Posts(title="one").save()
        assert [it[:2] for it in await since(api, before)] == [("create", "shelves"), ("create", "posts")]


async def test_the_log_is_read_in_pages(api: TestApp) -> None:
    await Shelves.insert(*(Shelves(number=number) for number in range(1, 6)))
    log = change_log(api.services.engine)
    seen, position = [], ""
    while found := await log.after(position, limit=2):
        assert len(found) <= 2
        seen += [it.record for it in found]
        position = found[-1].position
    assert seen == ["1", "2", "3", "4", "5"]
    await Shelves(number=6).save()
    assert [it.record for it in await log.after(position)] == ["6"]
    middle = (await log.after("", limit=3))[1].position
    assert [it.record for it in await log.after(middle)] == ["3", "4", "5", "6"]
    assert await log.after(await log.last()) == []
