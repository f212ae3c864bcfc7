"""Attack 66: a superuser's SQL reads files, loads code, switches off what guards it, or shows hashes and secrets."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import SUPERUSER, serving

from piccobase import AuthCollection, Collection
from piccobase.db.console_postgres import PostgresConsole
from piccobase.db.console_sqlite import SQLiteConsole
from piccobase.testing import Caller


class Reader(AuthCollection, tablename="readers"):
    name = Varchar()


class Book(Collection, tablename="books"):
    title = Varchar()


@pytest.fixture
async def root(database_url: str | None, tmp_path: Path) -> AsyncIterator[Caller]:
    async with serving([Reader, Book], [], database_url, tmp_path, sql=True) as api:
        root = await api.superuser()
        await root.create("books", title="Alpha")
        await root.create("readers", email="r@example.com", password="12345678", passwordConfirm="12345678")
        yield root


async def ask(root: Caller, query: str) -> tuple[int, str]:
    answer = await root.ask("POST", "/api/sql", {"query": query})
    return answer.status_code, answer.text


async def hashes(root: Caller) -> list[str]:
    """What must not be shown: as the engine reads it."""
    rows = await root.services.engine.rows(
        'SELECT password, "tokenKey" FROM readers UNION ALL SELECT password, "tokenKey" FROM _superusers'
        " UNION ALL SELECT value, value FROM _secrets"
    )
    return [text for row in rows for text in row]


OF_SQLITE = [
    "ATTACH DATABASE '{folder}/other.db' AS other",
    "SELECT 1; ATTACH '{folder}/other.db' AS other",
    "CREATE TABLE x (a); ATTACH '{folder}/other.db' AS other",
    "VACUUM INTO '{folder}/other.db'",
    "DETACH main",
    "SELECT load_extension('x')",
    "SELECT LOAD_EXTENSION('x')",
    "SELECT fts3_tokenizer('x')",
    "PRAGMA writable_schema = 1",
    "PRAGMA main.writable_schema = ON",
    "PRAGMA query_only = 0; DELETE FROM books",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA temp_store_directory = '/'",
    "PRAGMA user_version = 7",
    "SELECT * FROM pragma_database_list",
    "UPDATE sqlite_master SET sql = 'x'",
    "DELETE FROM sqlite_schema",
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, 'x')",
    "CREATE TRIGGER t AFTER UPDATE ON readers BEGIN UPDATE books SET title = NEW.password; END",
    "CREATE TEMP TRIGGER t AFTER UPDATE ON readers BEGIN UPDATE books SET title = NEW.password; END",
    "CREATE TEMP TABLE t (a)",
    "CREATE VIRTUAL TABLE t USING fts5(password, content = 'readers')",
    "CREATE TABLE t (a); COMMIT; DROP TABLE books",
    "INSERT INTO books (id) VALUES ('x'); SAVEPOINT s",
    "BEGIN",
    "COMMIT",
    "SELECT * FROM sqlite_stat4",
    "SELECT zeroblob(100000000)",
    "UPDATE readers SET password = 'x'",
    "UPDATE readers SET name = 'x', tokenKey = 'known'",
    """INSERT INTO readers (id, email, tokenKey) SELECT id, email, 'k' FROM readers WHERE true
    ON CONFLICT (id) DO UPDATE SET password = 'x'""",
    "ALTER TABLE readers RENAME TO harmless",
    "ALTER TABLE readers RENAME COLUMN password TO harmless",
    "ALTER TABLE readers ADD COLUMN leak TEXT GENERATED ALWAYS AS (password)",
    "CREATE INDEX i ON readers (password)",
    "DROP TABLE readers",
    "DELETE FROM _superusers",
    "INSERT INTO _roles (id, collection, record, role) VALUES ('a', 'b', 'c', 'd')",
    "UPDATE _secrets SET value = 'x'",
    "DROP TABLE _secrets",
    "CREATE TABLE _mine (a)",
]
OF_POSTGRES = [
    "COPY books TO '/tmp/x'",
    "COPY books TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_catalog.pg_read_file('/etc/passwd')",
    "SELECT \"pg_read_file\"('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT most_common_vals FROM pg_stats",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT query FROM pg_stat_activity",
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('transaction_read_only', 'off', false); SELECT 1",
    "SELECT query_to_xml('SELECT password FROM public.readers', true, true, '')",
    "SELECT table_to_xml('public.readers', true, true, '')",
    "SELECT \"query_to_xml\" ('SELECT 1', true, true, '')",
    "SELECT ts_stat('SELECT password FROM public.readers')",
    "SELECT * FROM public.readers",
    'SELECT * FROM "public"."readers"',
    "SELECT * FROM public /* x */ . readers",
    'SELECT * FROM U&"public"."readers"',
    'SELECT * FROM public.U&"\\0072eaders"',
    "SELECT * FROM pg_temp.readers",
    "DO $$ BEGIN NULL; END $$",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT password FROM public.readers'",
    "CREATE EXTENSION dblink",
    "CREATE TRIGGER t AFTER UPDATE ON books EXECUTE FUNCTION f()",
    "CREATE RULE r AS ON INSERT TO books DO NOTHING",
    "CREATE ROLE other SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER SYSTEM SET shared_preload_libraries = 'x'",
    "SET ROLE none",
    "SET search_path = public",
    "RESET ALL",
    "GRANT ALL ON books TO PUBLIC",
    "PREPARE p AS SELECT 1",
    "LISTEN x",
    "BEGIN",
    "COMMIT",
    "SELECT 1; COMMIT; DELETE FROM books",
    "DROP VIEW readers; SELECT * FROM readers",
    "ALTER VIEW readers RENAME TO r",
    "DROP TABLE readers",
    "ALTER TABLE readers ADD COLUMN x TEXT",
    "CREATE INDEX i ON readers (password)",
    "CREATE TEMP TABLE readers (a TEXT)",
    "UPDATE readers SET password = 'x'",
    "UPDATE readers SET \"tokenKey\" = 'x'",
    "INSERT INTO readers (id, password) VALUES ('x', 'x')",
    "UPDATE _secrets SET value = 'x'",
    "DELETE FROM _superusers",
    "INSERT INTO _roles (id, collection, record, role) VALUES ('a', 'b', 'c', 'd')",
    "DROP TABLE _secrets",
    "DELETE FROM piccobase_logs.logs",
    "SELECT E'\\'' || 'a' -- ' ; SELECT pg_read_file('/etc/passwd')",
    "SELECT E'a'\n'\\' ; SELECT pg_read_file($$/etc/passwd$$) --'",
    "SELECT 'open",
]


async def test_what_leads_out_of_the_database_or_changes_what_guards_it_is_refused(
    root: Caller, database_url: str | None, tmp_path: Path
) -> None:
    before = await root.services.engine.rows("SELECT COUNT(*) FROM books")
    secrets = await hashes(root)
    not_refused = []
    for query in OF_POSTGRES if database_url else OF_SQLITE:
        status, text = await ask(root, query.replace("{folder}", str(tmp_path)))
        if status != 400 and "pg_read_file('/etc" not in query.partition("-- '")[2]:  # there it is in a comment
            not_refused.append(query)
        assert not [secret for secret in secrets if secret in text]
    assert not_refused == []
    assert not (tmp_path / "other.db").exists()
    assert await root.services.engine.rows("SELECT COUNT(*) FROM books") == before
    assert await hashes(root) == secrets
    assert (await ask(root, "SELECT 1"))[0] == 200
    assert (await root.app.signed_in("_superusers", *SUPERUSER)).token


READING = [
    "SELECT * FROM readers",
    'SELECT password, "tokenKey" FROM readers',
    "SELECT r.password AS p FROM readers AS r",
    "SELECT * FROM _superusers",
    "SELECT * FROM _secrets",
    "SELECT value || '' FROM _secrets",
    "SELECT (SELECT MAX(password) FROM readers)",
    "WITH all_of_them AS (SELECT * FROM readers) SELECT * FROM all_of_them",
    "SELECT * FROM books JOIN readers ON true",
    "SELECT COUNT(*) FROM readers WHERE password LIKE '$argon2%'",
    "TABLE readers",
    "SELECT row_to_json(readers) FROM readers",
    "SELECT readers FROM readers",
    "SELECT json_group_array(password) FROM readers",
    "SELECT string_agg(password, ',') FROM readers",
]
WRITING = [
    "UPDATE books SET title = (SELECT MIN(password) FROM readers)",
    "INSERT INTO books (id, title) SELECT 'aaaaaaaaaaaaaaa', password FROM readers",
    "CREATE TABLE copy AS SELECT * FROM readers",
    "CREATE VIEW seen AS SELECT id, password FROM readers",
    "DELETE FROM readers WHERE password LIKE '$argon2%'",
    "UPDATE readers SET name = password",
    "UPDATE readers SET email = NULL RETURNING password",
    """INSERT INTO readers (id, email) SELECT id, email FROM readers WHERE true
    ON CONFLICT (id) DO UPDATE SET name = readers.password""",
]
THEN = ["SELECT * FROM books", "SELECT * FROM copy", "SELECT * FROM seen", "SELECT * FROM readers"]


async def test_hashes_token_keys_and_secrets_are_never_read_nor_copied(root: Caller) -> None:
    secrets = await hashes(root)
    for query in [*READING, *WRITING, *THEN]:
        _, text = await ask(root, query)
        assert not [secret for secret in secrets if secret in text], query
        assert '["1"]' not in text  # COUNT(*) of those whose hash begins so
    for path in ("books", "readers"):
        listed = (await root.ask("GET", root.records(path))).text
        assert not [secret for secret in secrets if secret in listed]
    assert await hashes(root) == secrets
    status, text = await ask(root, "SELECT email, password FROM readers")
    assert (status, '[["r@example.com",null]]' in text) == (200, True)


async def test_ordinary_work_on_an_auth_collection_is_not_hindered(root: Caller) -> None:
    assert (await ask(root, "UPDATE readers SET name = 'Ada' WHERE email = 'r@example.com'"))[0] == 200
    assert '[["Ada"]]' in (await ask(root, "SELECT name FROM readers"))[1]
    assert (await ask(root, "DELETE FROM readers"))[0] == 200
    assert (await ask(root, "SELECT id, email FROM _superusers"))[0] == 200


async def test_a_query_without_end_is_ended_and_nobody_waits_for_it(root: Caller) -> None:
    console = root.services.sql_console
    assert isinstance(console, SQLiteConsole | PostgresConsole)
    console._time_limit = 0.3
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    begun = time.monotonic()
    asked = asyncio.create_task(ask(root, endless))
    while not asked.done():
        assert (await root.ask("GET", root.records("books"))).status_code == 200
        await asyncio.wait([asked], timeout=0.02)
    status, text = asked.result()
    assert (status, "took longer than 0.3 seconds" in text) == (400, True)
    assert time.monotonic() - begun < 10


async def test_a_query_is_ended_when_its_request_is_cancelled(root: Caller) -> None:
    console = root.services.sql_console
    assert console is not None
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    asked = asyncio.create_task(console.run(endless))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    asked.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert time.monotonic() - begun < 5
