"""Tables made anew: what the statements are, and what a database is like when they have run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from piccobase.base.errors import StartError
from piccobase.db.connections import open_connection
from piccobase.db.sqlite_rebuild import Rebuild, StoredTable, left_out, rebuild_statements


class Connected:
    """A connection on which rebuilds are run as within a schema transaction."""

    def __init__(self, path: Path) -> None:
        self.connection = open_connection(str(path), readonly=False, synchronous="OFF", busy_timeout=1)

    def __call__(self, *statements: str) -> list[Any]:
        return [list(self.connection.execute(statement)) for statement in statements][-1]

    def stored(self, table: str) -> StoredTable:
        kinds: dict[str, dict[str, str]] = {"table": {}, "index": {}, "trigger": {}}
        for kind, name, sql in self.connection.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL AND type != 'view'",
            (table,),
        ):
            kinds[kind][name] = sql
        return StoredTable(table, kinds["table"][table], kinds["index"], kinds["trigger"])

    def rebuild(self, rebuild: Rebuild) -> None:
        self("PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE")
        try:
            self(*rebuild_statements(self.stored(rebuild.table), rebuild))
            assert self("PRAGMA foreign_key_check") == []
            self("COMMIT")
        except BaseException:
            self("ROLLBACK")
            raise
        finally:
            self("PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON")
        assert self("PRAGMA integrity_check") == [("ok",)]

    def schema(self) -> dict[str, str]:
        return dict(self("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connected]:
    connected = Connected(tmp_path / "data.db")
    yield connected
    connected.connection.close()


def test_the_statements_of_a_rebuild() -> None:
    stored = StoredTable(
        "posts",
        "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT, price REAL)",
        {"posts_title": 'CREATE INDEX "posts_title" ON "posts" ("title")'},
        {"noted": "CREATE TRIGGER noted AFTER DELETE ON posts BEGIN DELETE FROM log; END"},
    )
    rebuild = Rebuild(
        "posts", change={"price": '"price" NUMERIC NOT NULL DEFAULT 0'}, values={"price": "ifnull(price, 0)"}
    )
    assert rebuild_statements(stored, rebuild) == [
        (
            'CREATE TABLE "piccobase_new_posts" (id TEXT PRIMARY KEY NOT NULL, title TEXT, '
            "price DECIMAL_TEXT COLLATE DECIMAL_ORDER NOT NULL DEFAULT '0')"
        ),
        (
            'INSERT OR ABORT INTO "piccobase_new_posts" (rowid, "id", "title", "price") '
            'SELECT rowid, "id", "title", ifnull(price, 0) FROM "posts" ORDER BY rowid'
        ),
        'DROP TABLE "posts"',
        "PRAGMA legacy_alter_table = ON",
        'ALTER TABLE "piccobase_new_posts" RENAME TO "posts"',
        "PRAGMA legacy_alter_table = OFF",
        'CREATE INDEX "posts_title" ON "posts" ("title")',
        "CREATE TRIGGER noted AFTER DELETE ON posts BEGIN DELETE FROM log; END",
    ]


def test_what_nobody_spoke_of_stays(db: Connected) -> None:
    db(
        "CREATE TABLE log (line TEXT)",
        """CREATE TABLE "po""sts" ("id" TEXT PRIMARY KEY NOT NULL, -- fifteen letters
           [ti tle] TEXT COLLATE NOCASE CHECK ("po""sts"."ti tle" != ''), n INT, `low` TEXT AS (lower("ti tle")),
           up TEXT GENERATED ALWAYS AS (upper("ti tle")) STORED UNIQUE, parent TEXT REFERENCES "po""sts" ("id"),
           CONSTRAINT "few" CHECK (n < 100), UNIQUE (n, "ti tle") ON CONFLICT IGNORE) STRICT""",
        'CREATE INDEX by_title ON "po""sts" ("ti tle" DESC, n)',
        'CREATE UNIQUE INDEX some ON "po""sts" (lower("ti tle")) WHERE n > 5',
        'CREATE TRIGGER noted AFTER UPDATE OF n ON "po""sts" BEGIN INSERT INTO log VALUES (new."ti tle" || new.n); END',
        'CREATE TABLE child (id INTEGER PRIMARY KEY, post TEXT NOT NULL REFERENCES "po""sts" ("id") ON DELETE CASCADE)',
        'CREATE TRIGGER touched AFTER INSERT ON child BEGIN UPDATE "po""sts" SET n = n + 1 WHERE id = new.post; END',
        'CREATE VIEW top AS SELECT id, up FROM "po""sts" WHERE n > 0',
        """INSERT INTO "po""sts" (rowid, id, "ti tle", n, parent)
           VALUES (9, 'b', 'It''s', 1, NULL), (4, 'a', 'U', 7, 'b')""",
        "INSERT INTO child (post) VALUES ('a'), ('b')",
    )  # fmt: skip
    before, columns = db.schema(), db('PRAGMA table_xinfo("po""sts")')
    rows = db('SELECT rowid, * FROM "po""sts"')
    db.rebuild(Rebuild('po"sts', change={"N": '"n" INTEGER NOT NULL DEFAULT 0'}))
    after = db.schema()
    assert after.pop('po"sts') == before.pop('po"sts').replace("n INT,", "n INTEGER NOT NULL DEFAULT 0,").replace(
        '"po""sts"."ti tle"', '"ti tle"'
    )
    assert after == before
    changed = db('PRAGMA table_xinfo("po""sts")')
    assert changed[2] == (2, "n", "INTEGER", 1, "0", 0, 0)
    assert [it for it in changed if it[1] != "n"] == [it for it in columns if it[1] != "n"]
    assert db('SELECT rowid, * FROM "po""sts"') == rows
    assert db("SELECT post FROM child") == [("a",), ("b",)]
    db("INSERT INTO child (post) VALUES ('b')")
    assert db("SELECT line FROM log")[-1] == ("It's3",)
    with pytest.raises(apsw.ConstraintError):
        db("INSERT INTO child (post) VALUES ('nobody')")


def test_renamed_columns_are_followed_everywhere(db: Connected) -> None:
    db(
        "CREATE TABLE log (line TEXT)",
        "CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT CHECK (title != ''), body TEXT, up AS (upper(title)), "
        "parent REFERENCES posts (id), UNIQUE (title, body))",
        "CREATE INDEX posts_up ON posts (lower(title)) WHERE body IS NOT NULL",
        "CREATE TRIGGER noted AFTER UPDATE OF title ON posts BEGIN INSERT INTO log SELECT new.title; END",
        "CREATE TABLE child (post TEXT REFERENCES posts (id))",
        "CREATE VIEW top AS SELECT title, log.line AS body FROM posts, log",
        "INSERT INTO posts VALUES ('a', 'T', 'B', NULL)",
    )
    db.rebuild(
        Rebuild(
            "posts",
            # Two that swap their names, and a new one that takes the name of an old one.
            change={"title": '"body" VARCHAR(9) NOT NULL', "body": '"title" TEXT', "id": '"key" TEXT PRIMARY KEY'},
            add=["id INTEGER DEFAULT (1 + 1)", "both AS (body || title)"],
            values={"title": "body || '!'"},
            add_constraints={"short": "CONSTRAINT short CHECK (length(body) < 9 AND id > 0)"},
        )
    )
    schema = db.schema()
    assert schema["posts"] == (
        'CREATE TABLE "posts" ("key" TEXT PRIMARY KEY, "body" VARCHAR(9) NOT NULL CHECK ("body" != \'\'), '
        '"title" TEXT, up AS (upper("body")), parent REFERENCES posts ("key"), "id" INTEGER DEFAULT (1 + 1), '
        '"both" AS ("body" || "title"), UNIQUE ("body", "title"), '
        'CONSTRAINT short CHECK (length("body") < 9 AND "id" > 0))'
    )
    assert schema["posts_up"] == 'CREATE INDEX posts_up ON posts (lower("body")) WHERE "title" IS NOT NULL'
    assert schema["noted"].endswith('UPDATE OF "body" ON posts BEGIN INSERT INTO log SELECT new."body"; END')
    assert schema["child"] == 'CREATE TABLE child (post TEXT REFERENCES posts ("key"))'
    assert schema["top"] == 'CREATE VIEW top AS SELECT "body", log.line AS body FROM posts, log'
    assert db("SELECT * FROM posts") == [("a", "T", "B!", "T", None, 2, "TB!")]


def test_what_goes_with_a_dropped_column_is_told(db: Connected) -> None:
    db(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT CHECK (a != b), b TEXT, c TEXT, "
        "UNIQUE (a, B), CHECK (c > a), FOREIGN KEY (b) REFERENCES posts (b))",
        "CREATE INDEX by_a ON posts (a)",
        "CREATE INDEX by_b ON posts (a, lower(b))",
        "CREATE INDEX where_b ON posts (a) WHERE [b] > 0",
    )
    rebuild = Rebuild("posts", drop=["b"])
    assert left_out(db.stored("posts"), rebuild) == [
        "UNIQUE (a, B)",
        "FOREIGN KEY (b) REFERENCES posts (b)",
        "CHECK (a != b)",
        "the index by_b",
        "the index where_b",
    ]
    db.rebuild(rebuild)
    assert db.schema() == {
        "posts": 'CREATE TABLE "posts" (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, c TEXT, CHECK (c > a))',
        "by_a": "CREATE INDEX by_a ON posts (a)",
        "sqlite_sequence": "CREATE TABLE sqlite_sequence(name,seq)",
    }


@pytest.mark.parametrize("rows", ["(3, 'x'), (8, 'y')", "(8, 'y')"])
def test_numbers_of_deleted_rows_are_not_given_again(db: Connected, rows: str) -> None:
    db(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        f"INSERT INTO t VALUES {rows}",
        "DELETE FROM t WHERE id = 8",
    )
    db.rebuild(Rebuild("t", change={"a": "a TEXT NOT NULL"}))
    assert db("INSERT INTO t (a) VALUES ('z') RETURNING id") == [(9,)]


PLAIN = "CREATE TABLE t (a TEXT, b)"


@pytest.mark.parametrize(
    ("create", "rebuild", "rows"),
    [
        # The order of rows without a rowid is that of their key; three columns can hide all names of the rowid.
        ("CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID", {"change": {"b": "b TEXT"}}, [("a", "1"), ("b", "2")]),
        (PLAIN, {"change": {"a": "a TEXT NOT NULL"}}, [("b", 2), ("a", 1)]),
        ("CREATE TABLE t (a TEXT, rowid)", {"change": {"a": "a NOT NULL"}}, [("b", 2), ("a", 1)]),
        (
            PLAIN,
            {"drop": ["b"], "add": ["oid", "rowid", "_rowid_ DEFAULT 3"]},
            [("b", None, None, 3), ("a", None, None, 3)],
        ),
        (PLAIN, {"drop": ["a"], "add": ["a DEFAULT 'new'"]}, [(2, "new"), (1, "new")]),
        (PLAIN, {"drop": ["a", "b"], "add": ["c DEFAULT 0"]}, [(0,), (0,)]),
        (PLAIN, {"change": {"b": "b INTEGER PRIMARY KEY"}}, [("a", 1), ("b", 2)]),
        (PLAIN, {"change": {"b": "b TEXT AS (a || 1) STORED"}}, [("b", "b1"), ("a", "a1")]),
        (PLAIN, {"values": {"a": "a || b"}}, [("b2", 2), ("a1", 1)]),
        (PLAIN, {"add": ["c NOT NULL DEFAULT (length(hex(randomblob(2))))"]}, [("b", 2, 4), ("a", 1, 4)]),
    ],
)
def test_rows_are_copied(db: Connected, create: str, rebuild: dict[str, Any], rows: list[tuple[Any, ...]]) -> None:
    db(create, "INSERT INTO t VALUES ('b', 2), ('a', 1)")
    db.rebuild(Rebuild("t", **rebuild))
    assert db("SELECT * FROM t") == rows


def test_no_row_is_left_out_because_a_constraint_would_ignore_it(db: Connected) -> None:
    db("CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE, b)", "INSERT INTO t VALUES (1, 1), (2, 1)")
    with pytest.raises(apsw.ConstraintError):
        db.rebuild(Rebuild("t", values={"a": "b"}))
    assert db("SELECT * FROM t") == [(1, 1), (2, 1)]


def test_constraints_are_dropped_by_their_names(db: Connected) -> None:
    db(
        "CREATE TABLE t (a CONSTRAINT one CHECK (a > 0) CHECK (a > 1), b, CONSTRAINT two UNIQUE (b), "
        "CHECK (b > 0) CHECK (b > 1))",
        "CREATE UNIQUE INDEX three ON t (a)",
        "CREATE INDEX four ON t (b)",
    )
    db.rebuild(Rebuild("t", drop_constraints=["ONE", "two", "three", "none"]))
    assert db.schema() == {
        "t": 'CREATE TABLE "t" (a CHECK (a > 1), b, CHECK (b > 0), CHECK (b > 1))',
        "four": "CREATE INDEX four ON t (b)",
    }


@pytest.mark.parametrize(
    ("rebuild", "message"),
    [
        (Rebuild("t", drop=["id"]), "primary key of t cannot be dropped"),
        (Rebuild("t", drop=["a"]), "t.up is computed from a column that is to be dropped"),
        (Rebuild("t", drop=["z"]), "t has no column z"),
        (Rebuild("t", change={"z": "z TEXT"}), "t has no column z"),
    ],
)
def test_what_cannot_be_is_refused(rebuild: Rebuild, message: str) -> None:
    with pytest.raises(StartError, match=message):
        rebuild_statements(StoredTable("t", "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT, up AS (upper(a)))"), rebuild)
