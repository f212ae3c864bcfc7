"""From what was found to a file: names that are taken, circles, what is left out and what follows from that."""

from typing import Any

import pytest

from piccobase.migrations.adopting.declaration import Declaration
from piccobase.migrations.adopting.declaring import declare
from piccobase.migrations.adopting.found import (
    Constant,
    FoundCheck,
    FoundColumn,
    FoundForeignKey,
    FoundIndex,
    FoundTable,
)
from piccobase.migrations.adopting.source import write_app

ID = FoundColumn(name="id", type="integer", nullable=False, default="nextval('x'::regclass)")


def column(name: str, type_: str = "text", **more: Any) -> FoundColumn:
    return FoundColumn(name=name, type=type_, **more)


def table(name: str, *columns: FoundColumn, **more: Any) -> FoundTable:
    return FoundTable(name=name, columns=(ID, *columns), key=("id",), **more)


def pointing(name: str, to: str, **more: Any) -> FoundForeignKey:
    return FoundForeignKey(columns=(name,), table=to, to=("id",), **more)


def app_of(declaration: Declaration) -> Any:
    """The app that the file makes: it must run, and have no mistakes."""
    namespace: dict[str, Any] = {"__name__": "adopted"}
    exec(compile(write_app(declaration, "A database."), "app.py", "exec"), namespace)
    assert namespace["app"].check() == []
    return namespace["app"]


def why_not(*tables: FoundTable) -> str:
    """Why the last of the tables is not served."""
    declaration = declare(tables)
    assert tables[-1].name not in [one.found.name for one in declaration.tables]
    return str(declaration.left_out[-1])


def test_tables_that_point_to_each_other_are_declared_and_work_out_at_the_start() -> None:
    declaration = declare(
        [
            table("a", column("b", "integer"), foreign_keys=[pointing("b", "b")]),
            table("b", column("c", "integer"), foreign_keys=[pointing("c", "c")]),
            table("c", column("a", "integer"), foreign_keys=[pointing("a", "a")]),
        ]
    )
    classes = {one._meta.tablename: one for one in app_of(declaration).collections}
    for name, target in (("b", "a"), ("c", "b"), ("a", "c")):
        meta = classes[target]._meta.get_column_by_name(name)._foreign_key_meta
        assert meta.resolved_references is classes[name]


def test_names_that_python_piccolo_or_the_file_need_are_others_in_python_and_the_same_in_the_database() -> None:
    names = ["class", "count", "_hidden", "Varchar", "rules", "default", "App", "Posts", "text", "save", "property"]
    declaration = declare(
        [
            table("posts", *(column(name) for name in names), column("like", "boolean", default="true")),
            table("text"),
            table("varchar", column("text", "integer"), foreign_keys=[pointing("text", "text")]),
            table("order", column("from"), column("from_")),
        ]
    )
    posts, *others = sorted(app_of(declaration).collections, key=lambda one: one.__name__ != "Posts")
    assert [one._meta.db_column_name for one in posts._meta.columns] == ["id", *names, "like"]
    assert {one.__name__ for one in others} == {"TextTable", "VarcharTable", "Order"}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (table("order lines"), "order lines: a collection is called by a word"),
        (table("a_via_b"), "a_via_b: a collection is called by a word"),
        (table("_own"), "_own: names that begin with _ are the system's own"),
        (table("migration"), "migration: is Piccolo's own"),
        (FoundTable(name="log", columns=[column("line")]), "log: has no primary key"),
        (FoundTable(name="pairs", columns=[ID], key=("a", "b")), "pairs: its key is made of a and b"),
        (FoundTable(name="prices", columns=[column("id", "numeric")], key=("id",)), "a key of type numeric cannot"),
        (table("hosts", column("ip", "inet", nullable=False)), "its column ip is needed for every record, but there"),
        (table("odd", column("expand", nullable=False)), "its column expand is needed for every record"),
        (FoundTable(name="recent", kind="view"), "recent: is a view; declare it as a View("),
        (FoundTable(name="remote", kind="foreign table"), "remote: is a foreign table"),
    ],
)
def test_a_table_that_cannot_be_served_is_left_out_with_the_reason(found: FoundTable, reason: str) -> None:
    assert reason in why_not(found)


def test_two_names_that_differ_in_their_letters_case_alone_are_both_left_out() -> None:
    declaration = declare([table("Posts"), table("posts"), table("tags")])
    assert [one.found.name for one in declaration.tables] == ["tags"]
    assert [one.place for one in declaration.left_out] == ["Posts", "posts"]


def test_whoever_points_to_a_table_that_is_left_out_keeps_the_column_without_a_relation() -> None:
    hosts = table("hosts", column("ip", "inet", nullable=False))
    logins = table("logins", column("host", "integer"), foreign_keys=[pointing("host", "hosts")])
    declaration = declare([hosts, logins])
    [declared] = declaration.tables
    assert [str(one.call) for one in declared.members if one.attribute == "host"] == [
        "Integer(null=True, default=None)"
    ]
    assert [str(one) for one in declared.left_out] == ["logins.host: its foreign key to hosts, which is not served"]


def test_a_relation_needs_the_key_and_its_type() -> None:
    users = table("users", column("code", nullable=False))
    by_code = FoundForeignKey(columns=("user_code",), table="users", to=("code",))
    posts = table(
        "posts",
        column("user_code"),
        column("user", "bigint"),
        foreign_keys=[by_code, pointing("user", "users", on_delete="CASCADE")],
    )
    [_, declared] = declare([users, posts]).tables
    assert [one.call.name for one in declared.members] == ["Serial", "Text", "BigInt"]
    assert [str(one) for one in declared.left_out] == [
        "posts.user_code: its foreign key to users.code, which is not the key there",
        "posts.user: its foreign key to users, whose key is of the type integer and not bigint",
    ]


@pytest.mark.parametrize(
    ("found", "source", "remark"),
    [
        (column("a", "text", nullable=False), "Text(default=None)", ""),
        (column("a", "text", default="''::text", constant=Constant("")), "Text(null=True)", ""),
        (column("a", "numeric(5,0)"), "Numeric(digits=(5, 0), null=True, default=None)", ""),
        (column("a", "character varying(255)"), "Varchar(null=True, default=None)", ""),
        (column("a", "character varying"), "Varchar(length=None, null=True, default=None)", ""),
        (column("a", "integer[]"), "Array(Integer(), null=True, default=None)", ""),
        (column("a", "timestamp(3) with time zone", default="now()"), "Timestamptz(null=True)", ""),
        (column("a", "uuid", default="uuidv7()"), "UUID(null=True, default=UUID7())", ""),
        (column("a", "bigint", nullable=False, identity="always"), "BigSerial()", "GENERATED ALWAYS"),
        (
            column("a", "text", default="upper('x'::text)"),
            "Text(null=True, default=None)",
            "its default in the database",
        ),
        (column("password_hash"), "Text(null=True, default=None, secret=True)", ""),
        (column("apiKey"), "Text(null=True, default=None, secret=True)", ""),
        (column("a", "citext", comment='say "so"'), "Text(null=True, default=None, help_text='say \"so\"')", ""),
    ],
)
def test_a_column_is_declared_with_its_type_and_default(found: FoundColumn, source: str, remark: str) -> None:
    declaration = declare([table("t", found)])
    [_, member] = declaration.tables[0].members
    assert str(member.call) == source
    assert member.remark.startswith(remark)
    app_of(declaration)


def test_constraints_keep_their_names_and_what_has_no_words_in_piccolo_is_said() -> None:
    found = table(
        "posts",
        column("a", "integer"),
        column("b", "integer"),
        indexes=[
            FoundIndex(name="posts_a_b", columns=("a", "b"), unique=True, nulls_distinct=False),
            FoundIndex(name="odd name", columns=("b", "a"), unique=True),
            FoundIndex(name="posts_lower", columns=("",), text="CREATE INDEX posts_lower ON posts (lower(a))"),
        ],
        checks=[FoundCheck(name="posts_positive", text="a > 0"), FoundCheck(name="a", text="b > 0")],
        others=["trigger touch"],
    )
    declaration = declare([found])
    source = write_app(declaration, "A database.")
    assert "    a_b = Unique([a, b], nulls_distinct=False)\n" in source
    assert '    rule_odd_name = Unique([b, a], name="odd name")\n' in source
    assert '    positive = Check("a > 0")\n' in source
    assert '    a_ = Check("b > 0", name="a")\n' in source
    assert "# not declared, and stays: index posts_lower: CREATE INDEX posts_lower ON posts (lower(a))" in source
    assert "# not declared, and stays: trigger touch" in source
    app_of(declaration)
