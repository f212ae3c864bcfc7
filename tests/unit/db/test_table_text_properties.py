"""Any table that SQLite accepts is taken apart and put together again, and one column is changed without the others."""

from typing import Any

import apsw
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from piccobase.db.sqlite_rebuild import Rebuild, StoredTable, rebuild_statements
from piccobase.db.table_text import parse_column, parse_table

NAMES = [
    "id",
    "Title",
    "a b",
    'say "so"',
    "back`tick",
    "check",
    "unique",
    "references",
    "über",
    "desc",
    "key",
    "(x, y)",
    "'",
    "as",
    "🙂",
]
PLAIN = {"id", "Title", "über", "desc", "key", "🙂"}  # need no quotes
SPACES = [" ", "\n\t", " /* , ) -- */ ", " -- it's, (so\n", " "]
TYPES = [
    "",
    "TEXT",
    "VARCHAR(15)",
    "DECIMAL ( 10 , 2 )",
    "UNSIGNED BIG INT",
    '"strange, type"',
    "INTEGER",
    "primary_key",
]
DEFAULTS = ["0", "-1.5", "+2", "NULL", "'it''s, (so)'", "(1 + (2))", "CURRENT_TIMESTAMP", "x'00ff'", "true", "word"]
CONFLICTS = ["", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE"]
ACTIONS = ["SET NULL", "SET DEFAULT", "CASCADE", "RESTRICT", "NO ACTION"]
DEFERRED = ["", " DEFERRABLE INITIALLY DEFERRED", " NOT DEFERRABLE"]


@st.composite
def quoted_names(draw: DrawFn, name: str) -> str:
    forms = [f'"{name.replace(chr(34), chr(34) * 2)}"', f"`{name.replace('`', '``')}`"]
    if "]" not in name:
        forms.append(f"[{name}]")
    if name in PLAIN:
        forms.append(name)
    return draw(st.sampled_from(forms))


@st.composite
def references(draw: DrawFn) -> str:
    parts = ["REFERENCES", draw(st.sampled_from(["t", '"other one"', "[o (t)]"]))]
    parts += draw(st.sampled_from([[], ["(", "id", ")"]]))
    for word in draw(st.sets(st.sampled_from(["ON DELETE", "ON UPDATE"]))):
        parts += [*word.split(), *draw(st.sampled_from(ACTIONS)).split()]
    return " ".join(parts) + draw(st.sampled_from(DEFERRED))


@st.composite
def clauses(draw: DrawFn, name: str) -> str:
    column = draw(quoted_names(name))
    conflict = st.sampled_from(CONFLICTS)
    clause = draw(
        st.one_of(
            conflict.map(lambda it: f"NOT NULL{it}"),
            conflict.map(lambda it: f"UNIQUE{it}"),
            st.sampled_from(DEFAULTS).map(lambda it: f"DEFAULT {it}"),
            st.sampled_from(["COLLATE NOCASE", "collate [rtrim]", "NULL"]),
            st.just(f"CHECK ({column} IS NOT 'a, )' AND (1, 2) != (2, 1))"),
            references(),
        )
    )
    named = draw(
        st.sampled_from(["", "", "CONSTRAINT some ", 'CONSTRAINT "so (me" ', "CONSTRAINT left_alone CONSTRAINT [x] "])
    )
    return named + clause


@st.composite
def tables(draw: DrawFn) -> str:
    space = st.sampled_from(SPACES)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    parts = []
    for name in names:
        words = [draw(quoted_names(name)), draw(st.sampled_from(TYPES)), *draw(st.lists(clauses(name), max_size=4))]
        parts.append("".join(draw(space) + word for word in words if word) + draw(space))
    first, second = draw(quoted_names(names[0])), draw(quoted_names(names[1]))
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["GENERATED ALWAYS AS", "AS"]))
        parts.append(f"made TEXT {kind} ({first} || {second}) {draw(st.sampled_from(['', 'STORED', 'VIRTUAL']))}")
    constraints = [f"PRIMARY KEY ({first}, {second})"] if draw(st.booleans()) else []
    constraints += draw(
        st.lists(
            st.one_of(
                st.just(f"UNIQUE ({second} COLLATE NOCASE, {first})"),
                st.just(f"CONSTRAINT c CHECK ({first} != {second} OR 'CHECK (' IS NULL)"),
                references().map(lambda it: f"FOREIGN KEY ({first}) {it}"),
            ),
            max_size=3,
        )
    )
    comma = st.sampled_from([",", ",", "\n"])  # between constraints none is needed
    body = ",".join(parts)
    for number, constraint in enumerate(constraints):
        body += ("," if number == 0 else draw(comma)) + draw(space) + constraint + draw(space)
    options = draw(st.sampled_from(["", "", " STRICT", " WITHOUT ROWID", " /* end */ "]))
    return f"CREATE TABLE{draw(space)}{draw(quoted_names('t'))}{draw(space)}({body}){options}"


def stored(connection: apsw.Connection) -> str:
    [[sql]] = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 't'")
    return str(sql)


def columns(connection: apsw.Connection) -> list[Any]:
    return list(
        connection.execute("SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo('t')")
    )


@settings(max_examples=400, deadline=None)
@given(sql=tables(), data=st.data())
def test_one_column_is_changed_and_the_rest_stays(sql: str, data: st.DataObject) -> None:
    connection = apsw.Connection(":memory:")
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    try:
        connection.execute(sql)
    except apsw.SQLError as error:
        event(f"refused: {str(error)[:40]}")
        return
    event("accepted")
    sql, before = stored(connection), columns(connection)
    table = parse_table(sql)
    assert table.text == sql
    assert [it.name for it in table.columns] == [name for name, *_ in before]
    assert [it.is_generated for it in table.columns] == [hidden in (2, 3) for *_, hidden in before]
    key = {name for name, _, _, _, pk, _ in before if pk}
    chosen = data.draw(st.sampled_from([it for it in table.columns if not it.is_generated]))
    definition = chosen.without("DEFAULT", "NOT NULL", "NULL").typed("INT").having("DEFAULT", "DEFAULT 5").definition
    rebuild = Rebuild("t", change={chosen.name: definition})
    for statement in rebuild_statements(StoredTable("t", sql), rebuild):
        connection.execute(statement)
    after = columns(connection)
    assert [it for it in after if it[0] != chosen.name] == [it for it in before if it[0] != chosen.name]
    [changed] = [it for it in after if it[0] == chosen.name]
    assert (changed[1], changed[3], changed[5]) == ("INT", "5", 0)
    assert {name for name, _, _, _, pk, _ in after if pk} == key
    again = parse_table(stored(connection))
    assert [it.text for it in again.columns if it.name != chosen.name] == [
        it.text for it in table.columns if it.name != chosen.name
    ]
    assert [it.definition for it in again.constraints] == [it.definition for it in table.constraints]


@given(sql=st.text(alphabet="abC '\"`[](),-/*\n.1é$", max_size=30))
def test_any_text_is_a_column_or_refused_but_never_changed(sql: str) -> None:
    try:
        assert parse_column(sql).text == sql
    except Exception as error:
        assert "no definition of a column" in str(error)  # noqa: PT017
