"""What kind of statement a text is."""

import apsw
import pytest

from piccobase.db.errors import DatabaseFailed
from piccobase.db.statements import Kind, Kinds, first_word, kind_of

SCHEMA = """
    CREATE TABLE hall (id TEXT PRIMARY KEY, name TEXT UNIQUE, size INTEGER);
    CREATE INDEX hall_size ON hall (size);
    CREATE TABLE seat (id TEXT PRIMARY KEY, hall TEXT REFERENCES hall (id) ON DELETE CASCADE);
    CREATE TABLE log (line TEXT);
    CREATE TABLE watched (id TEXT PRIMARY KEY);
    CREATE TRIGGER watch AFTER INSERT ON watched BEGIN INSERT INTO log VALUES (new.id); END;
    CREATE VIRTUAL TABLE words USING fts5(word);
"""


@pytest.fixture
def connection() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.pragma("foreign_keys", True)
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)
    return connection


CASES = [
    (Kind.READ, "SELECT * FROM hall WHERE id = 'a'"),
    (Kind.READ, "  -- c\n/* c */ WITH x AS (SELECT 1) SELECT * FROM x"),
    (Kind.READ, "VALUES (1)"),
    (Kind.EXPLAIN, "EXPLAIN QUERY PLAN DELETE FROM hall"),
    (Kind.SHORT, "INSERT INTO hall VALUES ('a', 'b', 1)"),
    (Kind.SHORT, "INSERT INTO hall (id) VALUES ('a') RETURNING id, name"),
    (Kind.SHORT, "INSERT INTO hall (id) VALUES ('a') ON CONFLICT (id) DO UPDATE SET name = 'b'"),
    (Kind.SHORT, "INSERT INTO seat VALUES ('a', 'b')"),
    (Kind.SHORT, "UPDATE hall SET name = 'b', size = size + 1 WHERE id = 'a'"),
    (Kind.SHORT, "UPDATE hall SET size = 2 WHERE name = 'a' RETURNING *"),
    (Kind.SHORT, "DELETE FROM seat WHERE id = 'a'"),
    (Kind.LONG, "WITH x AS (SELECT 'a' AS id) INSERT INTO hall (id) SELECT hall.id FROM x, hall"),
    (Kind.LONG, "INSERT INTO hall (id) VALUES ('a'), ('b')"),
    (Kind.LONG, "INSERT INTO hall (id, size) VALUES ('a', (SELECT count(*) FROM seat))"),
    (Kind.LONG, "INSERT INTO hall (id, size) VALUES ('a', (SELECT max(name) FROM hall WHERE name LIKE '%a'))"),
    (Kind.LONG, "UPDATE hall SET name = 'b' WHERE size = 1"),
    (Kind.LONG, "UPDATE hall SET size = 1 RETURNING id"),
    (Kind.LONG, "UPDATE seat SET id = 'b' WHERE hall = 'a' RETURNING id"),
    (Kind.LONG, "DELETE FROM hall WHERE id = 'a'"),  # cascades
    (Kind.LONG, "DELETE FROM log"),
    (Kind.LONG, "INSERT INTO watched VALUES ('a')"),  # fires a trigger
    (Kind.LONG, "INSERT INTO words VALUES ('a')"),
    (Kind.SCHEMA, "CREATE TABLE other (id)"),
    (Kind.SCHEMA, "DROP INDEX hall_size"),
    (Kind.SCHEMA, "ALTER TABLE hall ADD COLUMN other"),
    (Kind.SCHEMA, "ANALYZE"),
    (Kind.BARE, "PRAGMA table_info(hall)"),
    (Kind.BARE, "VACUUM"),
    (Kind.BARE, "ATTACH ':memory:' AS other"),
]


@pytest.mark.parametrize(("kind", "sql"), CASES, ids=[sql for _, sql in CASES])
def test_kinds(connection: apsw.Connection, kind: Kind, sql: str) -> None:
    assert kind_of(connection, sql, ()) is kind
    assert connection.execute("SELECT count(*) FROM log").get == 0  # nothing was run
    assert not connection.in_transaction


@pytest.mark.parametrize(
    "sql", ["BEGIN IMMEDIATE", "/* c */ rollback", "SAVEPOINT a", "SELECT 1; SELECT 2", "INSERT INTO log VALUES (1);;x"]
)
def test_what_is_refused(connection: apsw.Connection, sql: str) -> None:
    with pytest.raises(DatabaseFailed):
        kind_of(connection, sql, ())
    assert not connection.in_transaction


def test_bound_values_do_not_matter(connection: apsw.Connection) -> None:
    assert kind_of(connection, "INSERT INTO hall VALUES (?, ?, ?)", ("a", None, 1)) is Kind.SHORT
    assert connection.execute("SELECT count(*) FROM hall").get == 0


def test_what_sqlite_refuses_is_not_remembered(connection: apsw.Connection) -> None:
    kinds = Kinds()
    with pytest.raises(apsw.SQLError):
        kinds.of(connection, "SELECT * FROM later", ())
    connection.execute("CREATE TABLE later (id)")
    assert kinds.of(connection, "SELECT * FROM later", ()) is Kind.READ
    assert kinds.known("SELECT * FROM later") is Kind.READ
    kinds.forget()
    assert kinds.known("SELECT * FROM later") is None


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select 1", "SELECT"),
        (" /* a */ -- b\n\tWith x", "WITH"),
        ("", ""),
        ("-- only this", ""),
        ("/* open", ""),
        (";", ""),
    ],
)
def test_the_first_word(sql: str, word: str) -> None:
    assert first_word(sql) == word
