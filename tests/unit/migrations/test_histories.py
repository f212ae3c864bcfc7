"""Files that were written are applied and reverted, on both databases: forth to what is declared, and back."""

from pathlib import Path
from typing import Any

from piccolo.columns import Array, ForeignKey, Integer, Text, Varchar
from piccolo.columns.base import OnDelete
from piccolo.conf.apps import AppConfig
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from piccobase import Collection
from piccobase.columns import MultiSelect, Select
from piccobase.db.shape import read_shape
from piccobase.migrations.differing import difference
from piccobase.migrations.files import last_state, read_history
from piccobase.migrations.record import recorded
from piccobase.migrations.renaming import Answers, find_renames
from piccobase.migrations.running import apply_all, revert_all
from piccobase.migrations.states import state_of
from piccobase.migrations.taking_up import differences
from piccobase.migrations.writing import write_migration


def table(name: str, tablename: str, /, schema: str | None = None, **members: Any) -> type[Table]:
    words = {"tablename": tablename, **({"schema": schema} if schema else {})}
    made: type[Table] = type(Collection)(name, (Collection,), members, **words)
    return made


def versions() -> list[tuple[list[type[Table]], dict[str, Any]]]:
    """A project over the years: its tables, and what was answered when the migration to them was written."""
    author = table("Author", "authors", name=Varchar(length=40))
    first = [author, table("Post", "posts", title=Varchar(), body=Text(), author=ForeignKey(author))]
    author = table("Author", "authors", name=Varchar(length=80, unique=True), boss=ForeignKey("self"))
    more = [
        author,
        table(
            "Post",
            "posts",
            title=Varchar(index=True),
            body=Text(),
            author=ForeignKey(author, on_delete=OnDelete.set_null),
            views=Integer(),
            once=Unique(["title", "views"]),
            some=Check("views >= 0"),
        ),
    ]
    renamed = [
        author,
        table(
            "Article",
            "articles",
            headline=Varchar(db_column_name="Title", index=True),
            text=Text(),
            author=ForeignKey(author),
            views=Text(default="0"),
            once=Unique(["Title", "views"]),
        ),
    ]
    swapped = [
        table("Writer", "authors", name=Varchar(length=80), boss=ForeignKey("self")),
        table("Kind", "kinds", word=Varchar(unique=True, required=True)),
    ]
    swapped.append(
        table(
            "Article",
            "articles",
            text=Varchar(length=90),
            headline=Text(),
            author=ForeignKey(swapped[0], null=False),
            kind=ForeignKey(swapped[1]),
            state=Select(["draft", "public"], default="draft"),
            tags=MultiSelect(["a", "b"]),
            numbers=Array(base_column=Integer(), default=list),
        )
    )
    return [
        (first, {}),
        (more, {}),
        (renamed, {"tables": {"posts": "articles"}, "columns": {"posts.title": "Title", "posts.body": "text"}}),
        (
            swapped,
            {"columns": {"articles.Title": "text", "articles.text": "headline"}, "dropped": ["articles.views"]},
        ),
    ]


async def test_a_history_leads_forth_to_what_is_declared_and_back(engine: Any, tmp_path: Path) -> None:
    app = AppConfig(app_name="app", migrations_folder_path=tmp_path / "migrations")
    shapes = [(await read_shape(engine)).tables]
    for number, (tables, said) in enumerate(versions()):
        history = await read_history(app)
        before, after = last_state(history), state_of(tables)
        answers = Answers(**said)
        found = difference(before, after, find_renames(before, after, answers))
        answers.finish()
        await write_migration(app, after, found)
        [done] = await apply_all(engine, [app], accepted=["articles.views"])
        assert list(differences(engine, after, await read_shape(engine))) == []
        assert not difference(done.migration.after, after, find_renames(done.migration.after, after, Answers()))
        if number == 0:
            await engine.rows("INSERT INTO authors (id, name) VALUES ('a', 'Ada')")
            await engine.rows("INSERT INTO posts (id, title, body, author) VALUES ('p', 'One', 'Long', 'a')")
        shapes.append((await read_shape(engine)).tables)
    [[headline, text, author]] = await engine.rows("SELECT headline, text, author FROM articles")
    assert (headline, text, author) == ("Long", "One", "a")

    history = await read_history(app)
    for migration in reversed(history[1:]):
        shapes.pop()
        await revert_all(engine, [(app, migration)], accepted=["articles", "kinds", "authors"])
        assert list(differences(engine, migration.before, await read_shape(engine))) == []
        there = (await read_shape(engine)).tables
        assert {name: set(one.columns) for name, one in there.items()} == {
            name: set(one.columns) for name, one in shapes[-1].items()
        } | {name: set(there[name].columns) for name in there if name.startswith("_")}
    assert await engine.rows("SELECT title, body, author FROM posts") == [("One", "Long", "a")]
    assert len(await recorded(engine)) == 1


async def test_a_table_moves_to_another_schema(postgres_engine: Any, tmp_path: Path) -> None:
    app = AppConfig(app_name="app", migrations_folder_path=tmp_path / "migrations")
    for tables in ([table("Post", "posts", title=Varchar())], [table("Post", "posts", schema="blog", title=Varchar())]):
        before, after = last_state(await read_history(app)), state_of(tables)
        found = difference(before, after, find_renames(before, after, Answers()))
        await write_migration(app, after, found)
        await apply_all(postgres_engine, [app])
        assert set((await read_shape(postgres_engine)).tables) - {"migration"} == set(after.tables)
        if "posts" in after.tables:
            await postgres_engine.rows("INSERT INTO posts (id, title) VALUES ('1', 'One')")
    assert await postgres_engine.rows("SELECT title FROM blog.posts") == [("One",)]
    history = await read_history(app)
    await revert_all(postgres_engine, [(app, history[-1])])
    assert await postgres_engine.rows("SELECT title FROM posts") == [("One",)]


async def test_what_another_branch_has_written_earlier_is_applied_later(engine: Any, tmp_path: Path) -> None:
    app = AppConfig(app_name="app", migrations_folder_path=tmp_path / "migrations")

    async def write(tables: list[type[Table]]) -> Path:
        before, after = last_state(await read_history(app)), state_of(tables)
        return await write_migration(app, after, difference(before, after, find_renames(before, after, Answers())))

    await write([table("Post", "posts", title=Varchar(), views=Integer())])
    theirs = await write([table("Post", "posts", title=Varchar(), views=Text(default="0"))])
    text = theirs.read_text()
    theirs.unlink()
    await write([table("Post", "posts", title=Varchar(unique=True), views=Integer(), ours=Text())])
    await apply_all(engine, [app])
    await engine.rows("INSERT INTO posts (id, title, views, ours) VALUES ('1', 'One', 7, 'kept')")

    theirs.write_text(text)  # its ID lies between the two
    [done] = await apply_all(engine, [app])
    assert done.migration.file.path == theirs
    both = state_of([table("Post", "posts", title=Varchar(unique=True), views=Text(default="0"), ours=Text())])
    assert not difference(last_state(await read_history(app)), both, find_renames(both, both, Answers()))
    assert list(differences(engine, both, await read_shape(engine))) == []
    assert await engine.rows("SELECT title, views, ours FROM posts") == [("One", "7", "kept")]
