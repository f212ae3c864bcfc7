"""The text of a table, taken apart and put together again."""

import pytest

from piccobase.db.errors import DatabaseFailed
from piccobase.db.table_text import (
    names_in,
    parse_column,
    parse_constraint,
    parse_table,
    renamed_in,
    without_qualifier,
)

STRANGE = """CREATE TABLE "po""sts" ( -- posts, (and more)
 "id" VARCHAR(15) PRIMARY KEY NOT NULL, 'b' TEXT CONSTRAINT x NOT NULL DEFAULT NULL /* a, b */ ,
 [c d] UNSIGNED BIG INT (1, 2) CHECK ("c d" > "po""sts".e) COLLATE NOCASE,
 e INTEGER GENERATED ALWAYS AS (CAST(x AS text) || f) STORED -- e
 , `f``g` TEXT REFERENCES "po""sts" ("id") ON DELETE SET NULL ON UPDATE SET DEFAULT
   NOT DEFERRABLE INITIALLY DEFERRED DEFAULT 'a,b)', g
 , UNIQUE (g) CHECK (e > 0), CONSTRAINT "fk" FOREIGN KEY ([c d]) REFERENCES t (x) ON DELETE SET NULL -- end
) STRICT, WITHOUT ROWID"""


def test_a_table_joined_again_is_what_was_given() -> None:
    table = parse_table(STRANGE)
    assert table.text == STRANGE
    assert [it.name for it in table.columns] == ["id", "b", "c d", "e", "f`g", "g"]
    assert [it.type for it in table.columns] == [
        "VARCHAR(15)",
        "TEXT",
        "UNSIGNED BIG INT (1, 2)",
        "INTEGER",
        "TEXT",
        "",
    ]
    assert [[clause.kind for clause in column.clauses] for column in table.columns] == [
        ["PRIMARY KEY", "NOT NULL"],
        ["NOT NULL", "DEFAULT"],
        ["CHECK", "COLLATE"],
        ["GENERATED"],
        ["REFERENCES", "DEFAULT"],
        [],
    ]
    assert [(it.kind, it.name, it.columns, it.target) for it in table.constraints] == [
        ("UNIQUE", "", {"g"}, ""),
        ("CHECK", "", {"e"}, ""),
        ("FOREIGN KEY", "fk", {"c d"}, "t"),
    ]
    assert not table.has_rowid


@pytest.mark.parametrize(
    "sql", ["CREATE VIEW v AS SELECT 1", "CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE TABLE t (a"]
)
def test_what_is_no_table_with_columns_is_refused(sql: str) -> None:
    with pytest.raises(DatabaseFailed):
        parse_table(sql)


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "id"),
        ("CREATE TABLE t (id integer, PRIMARY KEY (ID))", "id"),
        ('CREATE TABLE t ("id" "INTEGER", n, PRIMARY KEY ("id" DESC))', "id"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)", ""),
        ("CREATE TABLE t (id INT PRIMARY KEY)", ""),
        ("CREATE TABLE t (id INTEGER, n, PRIMARY KEY (id, n))", ""),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY) WITHOUT ROWID", ""),
        ("CREATE TABLE t (id INTEGER UNIQUE)", ""),
    ],
)
def test_the_column_that_is_the_rowid_is_known(sql: str, column: str) -> None:
    assert parse_table(sql).rowid_column == column


@pytest.mark.parametrize(
    ("definition", "edited"),
    [
        ("n INT NOT NULL DEFAULT 0", "n INT DEFAULT 1"),
        ("n INT DEFAULT (1 + (2)) -- why\n NOT NULL", "n INT DEFAULT 1"),
        ("n INT CHECK (n > 0) CONSTRAINT never NOT NULL", "n INT CHECK (n > 0) DEFAULT 1"),
        ("n INT REFERENCES t ON DELETE SET DEFAULT", "n INT REFERENCES t ON DELETE SET DEFAULT DEFAULT 1"),
        ("n INT NULL", "n INT NULL DEFAULT 1"),
        ("n", "n DEFAULT 1"),
    ],
)
def test_clauses_of_a_column_are_edited_by_their_kind(definition: str, edited: str) -> None:
    assert parse_column(definition).without("NOT NULL").having("DEFAULT", "DEFAULT 1").text == edited


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("lower(Title) = 'body' AND posts.n IS NOT NULL", {"title", "n"}),
        ("\"a b\" COLLATE nocase > CAST([c] AS text) || `d` || x'00'", {"a b", "c", "d"}),
        ('CASE WHEN a IN (1, 2.5) THEN true ELSE "in" END', {"a", "in"}),
        ("über > 0", {"über"}),
    ],
)
def test_columns_are_told_from_what_else_stands_in_an_expression(expression: str, names: set[str]) -> None:
    assert names_in(expression) == names


@pytest.mark.parametrize(
    ("clause", "renamed"),
    [
        ("CHECK (a > b AND 'a' != a(a))", 'CHECK ("new" > b AND \'a\' != a("new"))'),
        ("CONSTRAINT a UNIQUE (A, b)", 'CONSTRAINT a UNIQUE ("new", b)'),
        ("FOREIGN KEY (a) REFERENCES other (a)", 'FOREIGN KEY ("new") REFERENCES other (a)'),
        ("FOREIGN KEY (b) REFERENCES Posts (a)", 'FOREIGN KEY (b) REFERENCES Posts ("new")'),
        ("CHECK (b > 0)", "CHECK (b > 0)"),
    ],
)
def test_columns_of_a_constraint_are_renamed_and_nothing_else(clause: str, renamed: str) -> None:
    assert renamed_in(parse_constraint(clause), {"a": "new"}, "posts").text == renamed


def test_a_table_need_not_be_named_before_its_own_columns() -> None:
    assert without_qualifier("CHECK (posts.a > \"POSTS\" . b AND x.c = 'posts.d')", "posts") == (
        "CHECK (a >  b AND x.c = 'posts.d')"
    )
