"""Migration files: what changed is written, and read back it is what was declared. Piccolo reads the same from them."""

from collections.abc import Sequence
from decimal import Decimal as D
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import pytest
from piccolo.apps.migrations.auto.schema_snapshot import SchemaSnapshot
from piccolo.columns import (
    UUID,
    Array,
    BigInt,
    Boolean,
    Date,
    Decimal,
    ForeignKey,
    Integer,
    Interval,
    Serial,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.indexes import IndexMethod
from piccolo.conf.apps import AppConfig
from piccolo.constraints import Check, Unique
from piccolo.table import TABLE_REGISTRY, Table

from piccobase import AuthCollection, Collection
from piccobase.base.errors import StartError
from piccobase.columns import AutoDate, GeoPoint, MultiSelect, Select
from piccobase.migrations.differing import difference
from piccobase.migrations.files import last_state, read_history
from piccobase.migrations.folding import Renames
from piccobase.migrations.renaming import Ambiguous, Answers, Question, find_renames
from piccobase.migrations.state_tables import tables_of
from piccobase.migrations.states import State, state_of
from piccobase.migrations.writing import write_migration


class Size(StrEnum):
    small = "s"
    large = "l"


def table(name: str, tablename: str, /, *, of: Any = Table, schema: str | None = None, **members: Any) -> type[Table]:
    """A class as it would be declared."""
    words = {"tablename": tablename, **({"schema": schema} if schema else {})}
    made: type[Table] = type(of)(name, (of,), members, **words)
    return made


User = table("User", "users", of=AuthCollection)
Code = table("Code", "codes", code=Varchar(unique=True), note=Text())


@pytest.fixture
def app(tmp_path: Path) -> AppConfig:
    return AppConfig(app_name="app", migrations_folder_path=tmp_path / "migrations")


async def migrate(app: AppConfig, tables: Sequence[type[Table]], answers: Answers | None = None) -> list[str]:
    """Writes what has changed since the last file; returns it in words."""
    before, after = last_state(await read_history(app)), state_of(tables)
    answers = answers or Answers()
    renames = find_renames(before, after, answers)
    answers.finish()
    found = difference(before, after, renames)
    await write_migration(app, after, found)
    return list(found.lines())


KINDS = {
    "title": Varchar(length=200, default='it\'s "new"\\', index=True, help_text="not in the file"),
    "number": Integer(default=3, choices=Enum("Number", {"one": 1, "three": 3})),
    "big": BigInt(null=True, default=None),
    "price": Decimal(digits=(10, 2), default=D("1.50")),
    "size": Varchar(default=Size.small, choices=Size),
    "day": Date(),
    "at": Timestamptz(),
    "took": Interval(),
    "key_": UUID(),
    "tags": Array(base_column=Varchar(length=20), default=list),
    "state": Select(["a", "b"], default="a"),
    "states": MultiSelect(["a", "b"]),
    "place": GeoPoint(null=True),
    "changed": AutoDate(on_update=True),
    "author": ForeignKey(User, null=False, on_delete=OnDelete.restrict),
    "code": ForeignKey(Code, target_column=Code.code),
    "parent": ForeignKey("self"),
    "by_hash": Text(index=True, index_method=IndexMethod.hash, secret=True, db_column_name="byHash"),
    "once": Unique(["title", "number"], nulls_distinct=False),
    "positive": Check("number > 0 AND title != 'number'"),
}


async def test_every_kind_of_column_is_written_and_read_back(app: AppConfig) -> None:
    registered, references = len(TABLE_REGISTRY), len(User._meta._foreign_key_references)
    posts = table("Post", "posts", of=Collection, **KINDS)
    registered, references = registered + 1, references + 1
    assert await migrate(app, [posts, User, Code]) == ["posts is new", "users is new", "codes is new"]
    (migration,) = await read_history(app)
    assert not difference(migration.after, state_of([posts, User, Code]), Renames())
    tables = {one._meta.tablename: one for one in tables_of(migration.after, None)}
    made = tables["posts"]._meta
    assert [column._meta.db_column_name for column in made.columns] == [
        column._meta.db_column_name for column in posts._meta.columns
    ]
    targets = {column._meta.name: column._foreign_key_meta.resolved_references for column in made.foreign_key_columns}
    assert targets == {"author": tables["users"], "code": tables["codes"], "parent": tables["posts"]}
    assert len(TABLE_REGISTRY) == registered
    assert len(User._meta._foreign_key_references) == references
    text = migration.file.path.read_text()
    assert 'VERSION = "' in text
    assert migration.file.description == "posts is new, users is new, codes is new"


async def test_a_file_needs_nothing_of_the_code_but_columns_and_is_always_the_same(
    app: AppConfig, tmp_path: Path
) -> None:
    posts = table("Post", "posts", of=Collection, **KINDS)
    await migrate(app, [posts, User, Code])
    (migration,) = await read_history(app)
    text = migration.file.path.read_text()
    imported = [row for row in text.splitlines() if row.startswith(("from ", "import "))]
    assert {row.split()[1].split(".")[0] for row in imported} <= {"piccolo", "piccobase", "enum", "decimal", "uuid"}
    other = AppConfig(app_name="app", migrations_folder_path=tmp_path / "again")
    await migrate(other, [posts, User, Code])
    (again,) = await read_history(other)

    def without_id(text: str) -> str:
        return "\n".join(row for row in text.splitlines() if not row.startswith("ID ="))

    assert without_id(again.file.path.read_text()) == without_id(text)


def posts(**members: Any) -> type[Table]:
    return table("Post", "posts", **members)


# What is declared first, what then, what is said of it, what the file says.
CHANGES: list[tuple[str, list[type[Table]], list[type[Table]], dict[str, Any], list[str]]] = [
    ("a column", [posts(a=Text())], [posts(a=Text(), b=Integer())], {}, ["posts.b is new"]),
    ("less", [posts(a=Text(), b=Integer())], [posts(a=Text())], {}, ["posts.b is gone"]),
    (
        "a rename",
        [posts(title=Text(), n=Integer())],
        [posts(headline=Varchar(), n=Integer())],
        {"columns": {"posts.title": "headline"}},
        [
            "posts.title is renamed to headline",
            "posts.headline changes: Text becomes Varchar, length nothing becomes 255",
        ],
    ),
    (
        "names swapped",
        [posts(a=Text(), b=Text(), c=Integer())],
        [posts(b=Text(), a=Integer(), d=Text())],
        {"columns": {"posts.c": "a"}, "dropped": ["posts.a"]},
        [],
    ),
    (
        "only the attribute",
        [posts(title=Text())],
        [posts(headline=Text(db_column_name="title"))],
        {},
        [
            "posts.title is called headline in the code, no longer title",
            "posts.title changes: db_column_name None becomes 'title'",
        ],
    ),
    (
        "only the name in the database",
        [posts(title=Text())],
        [posts(title=Text(db_column_name="Title"))],
        {},
        ["posts.title is renamed to Title", "posts.Title changes: db_column_name None becomes 'Title'"],
    ),
    (
        "a constraint under its name",
        [posts(a=Integer(), c=Check("a > 0"))],
        [posts(a=Integer(), c=Check("a > 1"))],
        {},
        ["posts: the constraint c changes"],
    ),
    (
        "a constraint over a renamed column",
        [posts(a=Integer(), b=Text(), c=Check("\"a\" > 0 AND b != 'a'"), u=Unique(["a", "b"]))],
        [posts(z=Integer(), b=Text(), c=Check("\"z\" > 0 AND b != 'a'"), u=Unique(["z", "b"]))],
        {"columns": {"posts.a": "z"}},
        ["posts.a is renamed to z"],
    ),
    (
        "an array's base",
        [posts(a=Array(base_column=Integer()))],
        [posts(a=Array(base_column=Text()))],
        {},
        [],
    ),
    (
        "a schema",
        [posts(a=Text())],
        [table("Post", "posts", schema="blog", a=Text())],
        {},
        ["posts is renamed to blog.posts"],
    ),
    ("a key", [posts(a=Text())], [table("Post", "posts", id=Serial(primary_key=True), a=Text())], {}, []),
]


@pytest.mark.parametrize(
    ("first", "second", "said", "lines"), [it[1:] for it in CHANGES], ids=[it[0] for it in CHANGES]
)
async def test_a_change_is_written(
    first: list[type[Table]], second: list[type[Table]], said: dict[str, Any], lines: list[str], app: AppConfig
) -> None:
    await migrate(app, first)
    told = await migrate(app, second, Answers(**said))  # which fails where the file does not say it all
    assert told == lines if lines else told
    assert not difference(last_state(await read_history(app)), state_of(second), Renames())


async def test_what_points_to_a_renamed_table_does_not_change(app: AppConfig) -> None:
    post = table("Post", "posts", a=Text(), parent=ForeignKey("self"))
    await migrate(app, [post, table("Note", "notes", post=ForeignKey(post))])
    article = table("Article", "articles", a=Text(), parent=ForeignKey("self"))
    told = await migrate(
        app, [article, table("Note", "notes", post=ForeignKey(article))], Answers(tables={"posts": "articles"})
    )
    assert told == ["posts is renamed to articles"]
    history = await read_history(app)
    assert history[-1].renames.tables == {"posts": "articles"}
    managers = [migration.manager for migration in history if migration.manager]
    tables = {one.class_name: one for one in SchemaSnapshot(managers).get_snapshot()}
    assert tables["Note"].columns[0]._meta.params["references"].__name__ == "Article"


async def test_a_table_may_be_called_as_a_column_is(app: AppConfig) -> None:
    mail = table("Varchar", "mails", of=AuthCollection, subject=Varchar())
    await migrate(app, [mail, posts(title=Varchar(), mail=ForeignKey(mail))])
    (migration,) = await read_history(app)
    assert "import Varchar as VarcharColumn" in migration.file.path.read_text()


async def test_piccolo_sees_a_changed_constraint_as_well(app: AppConfig) -> None:
    await migrate(app, [posts(a=Integer(), c=Check("a > 0"))])
    await migrate(app, [posts(a=Integer(), c=Check("a > 1"))])
    managers = [migration.manager for migration in await read_history(app) if migration.manager]
    [snapshot] = SchemaSnapshot(managers).get_snapshot()
    assert snapshot.to_table_class()._meta.constraints[0]._meta.params["condition"] == "a > 1"


async def test_tables_may_point_to_each_other() -> None:
    one, two = table("One", "ones", a=Text()), table("Two", "twos", one=ForeignKey("self"))
    state = state_of([table("One", "ones", two=ForeignKey(two)), table("Two", "twos", one=ForeignKey(one))])
    made = tables_of(state, None)
    assert [it._meta.foreign_key_columns[0]._foreign_key_meta.resolved_references for it in made] == made[::-1]


AMBIGUOUS = """\
Renamed or dropped? Values depend on it, so say which:
  posts.title is gone, posts.headline is new:
    --rename posts.title=headline  it is headline now
    --drop posts.title             it is dropped with its values"""


async def test_what_may_be_a_rename_is_never_guessed() -> None:
    before = state_of([posts(title=Text(), done=Boolean())])
    after = state_of([posts(headline=Text(), owner=ForeignKey(User))])
    answers = Answers()
    find_renames(before, after, answers)
    with pytest.raises(Ambiguous) as refused:
        answers.finish()
    assert refused.value.message == AMBIGUOUS
    asked: list[Question] = []

    def yes(question: Question) -> bool:
        asked.append(question)
        return True

    assert find_renames(before, after, Answers(ask=yes)).columns == {("posts", "title"): "headline"}
    assert list(map(str, asked)) == ["posts.title is gone and posts.headline is new. Renamed?"]
    answers = Answers(dropped=["posts.title"])
    assert find_renames(before, after, answers) == Renames()
    answers.finish()


async def test_an_option_that_names_nothing_is_a_mistake() -> None:
    state = state_of([posts(title=Text())])
    for said in ({"dropped": ["posts.titel"]}, {"columns": {"posts.title": "x"}}, {"tables": {"posts": "x"}}):
        answers = Answers(**said)  # type: ignore[arg-type]
        find_renames(state, state, answers)
        with pytest.raises(StartError, match="names nothing that is gone"):
            answers.finish()


async def test_two_classes_of_one_name_and_lambdas_are_refused(app: AppConfig) -> None:
    with pytest.raises(StartError, match="both declared by a class called Post"):
        state_of([posts(), table("Post", "others")])
    with pytest.raises(StartError, match="Name the function"):
        await migrate(app, [posts(a=Text(default=lambda: "x"))])
    assert last_state(await read_history(app)) == State()
