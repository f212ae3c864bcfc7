"""Where migrations are found: beside a file, in the apps of a Piccolo project, or nowhere."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Text, Varchar
from piccolo.table import Table

from piccobase import App, Collection
from piccobase.app.loading import load_app
from piccobase.app.migrating import bring_up_to_date, prepare_database, read_histories
from piccobase.base.errors import StartError
from piccobase.db.setup import prepare
from piccobase.db.shape import read_shape
from piccobase.migrations.changes import MigrationRefused
from piccobase.migrations.drafting import draft_migrations
from piccobase.migrations.files import read_history
from piccobase.migrations.projects import Project, find_project
from piccobase.migrations.record import recorded
from piccobase.migrations.renaming import Answers
from piccobase.migrations.running import apply_all, revert_all
from piccobase.migrations.writing import write_empty


@pytest.fixture(autouse=True)
def imports_as_before() -> "Iterator[None]":
    """What a project's modules leave behind in this process."""
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if (
            name.partition(".")[0] in ("piccolo_conf", "shop", "blog", "app", "site_app")
            or "projects.piccolo_conf" in name
        ):
            del sys.modules[name]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))


def piccolo_app(name: str, table: str, dependencies: list[str]) -> str:
    return f"""
        from pathlib import Path
        from piccolo.conf.apps import AppConfig
        from {name}.tables import {table}

        APP_CONFIG = AppConfig(
            app_name="{name}",
            migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
            table_classes=[{table}],
            migration_dependencies={dependencies!r},
        )
    """


PROJECT = {
    "piccolo_conf.py": """
        import piccobase
        from piccolo.conf.apps import AppRegistry

        DB = piccobase.engine()
        APP_REGISTRY = AppRegistry(apps=["shop.piccolo_app", "blog.piccolo_app"])
    """,
    "app.py": """
        from piccobase import App
        from blog.tables import Post
        from shop.tables import Item

        app = App(collections=[Item, Post])
    """,
    "shop/__init__.py": "",
    "shop/piccolo_app.py": piccolo_app("shop", "Item", ["blog.piccolo_app"]),
    "shop/tables.py": """
        from piccolo.columns import ForeignKey, Integer
        from piccobase import Collection
        from blog.tables import Post

        class Item(Collection, tablename="items"):
            price = Integer()
            post = ForeignKey(Post)
    """,
    "blog/__init__.py": "",
    "blog/piccolo_app.py": piccolo_app("blog", "Post", []),
    "blog/tables.py": """
        from piccolo.columns import Varchar
        from piccobase import Collection

        class Post(Collection, tablename="posts"):
            title = Varchar()
    """,
}


async def test_a_piccolo_project_has_its_apps_in_the_order_of_their_dependencies(engine: Any, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write(folder, PROJECT)
    app = load_app(str(folder))
    data = tmp_path / "elsewhere"
    project = app.project(app.config({"data_dir": data}, environment={}))
    assert [one.name for one in project.apps] == ["blog", "shop"]
    assert [one.own for one in project.apps] == [True, True]
    assert sys.modules["piccolo_conf"].DB.dialect == "sqlite"
    assert Path(sys.modules["piccolo_conf"].DB.path).parent == data  # the database that was meant
    assert [table._meta.tablename for table in project.following] == ["items", "posts"]

    drafts = await draft_migrations(project, Answers())
    paths = [await draft.write() for draft in drafts]
    assert [path.parent for path in paths] == [folder / name / "piccolo_migrations" for name in ("blog", "shop")]
    assert project.following == []
    await prepare_database(app.config({}, environment={}), engine, project, migrate=True)
    shape = (await read_shape(engine)).tables
    assert shape["items"].foreign_keys["post"].table == "posts"
    assert [(row.app, row.name[:2]) for row in await recorded(engine)][-2:] == [("blog", "20"), ("shop", "20")]
    assert await draft_migrations(project, Answers()) == []

    await engine.rows("INSERT INTO posts (id, title) VALUES ('1', 'One')")
    shop = project.with_history[1]
    path = await write_empty(shop, "An item for each post")
    function = """
        posts = await manager.get_table_from_snapshot("Post", "blog")
        items = await manager.get_table_from_snapshot("Item", "shop")
        for post in await posts.objects():
            await items.insert(items(id=post.id, post=post.id))
    """
    path.write_text(path.read_text().replace(TO_FILL_IN, function.strip()))
    await apply_all(engine, project.with_history)
    assert await engine.rows("SELECT post FROM items") == [("1",)]


TO_FILL_IN = '"""Within the migration\'s transaction, before tables are changed."""'


class Note(Table, tablename="notes"):
    text = Varchar()


def test_an_app_knows_the_file_that_makes_it(tmp_path: Path) -> None:
    class Derived(App):
        def __init__(self) -> None:
            super().__init__(collections=[Note])

    assert App().file == Derived().file == Path(__file__)
    # A registry with other tables makes no Piccolo project of an app; a folder of migrations may be anything.
    conf = "from piccolo.conf.apps import AppRegistry\nAPP_REGISTRY = AppRegistry(apps=[])\n"
    write(tmp_path, {"site_app.py": "", "piccolo_conf.py": conf, "migrations/env.py": "raise RuntimeError('not ours')"})
    project = find_project(tmp_path / "site_app.py", [Note])
    assert [one.name for one in project.apps] == ["app"]
    assert not project.apps[0].has_history
    assert project.following == [Note]
    assert find_project(None, [Note]).apps == ()


def test_a_conf_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"site_app.py": "", "piccolo_conf.py": "import nothing_of_that_name"})
    with pytest.raises(StartError, match=r"piccolo_conf\.py: ModuleNotFoundError"):
        find_project(tmp_path / "site_app.py", [Note])


# --- how a database and a history find each other


def table(name: str, tablename: str, /, **members: Any) -> type[Table]:
    made: type[Table] = type(Collection)(name, (Collection,), members, tablename=tablename)
    return made


def project_of(tmp_path: Path, *tables: type[Table]) -> Project:
    return find_project(tmp_path / "site_app.py", tables)


async def write_all(project: Project, db: Any = None, **said: Any) -> list[Path]:
    return [await draft.write(db=db) for draft in await draft_migrations(project, Answers(**said), db)]


def first() -> type[Table]:
    return table("Post", "posts", title=Varchar(length=50), views=Text(default="0"), old=Text())


def second() -> type[Table]:
    return table("Post", "posts", title=Varchar(length=50), views=Integer(), slug=Varchar(index=True))


async def test_a_database_takes_up_the_history_where_it_stands(engine: Any, tmp_path: Path) -> None:
    one, two = project_of(tmp_path, first()), project_of(tmp_path, second())
    await write_all(one)
    [path] = await write_all(two, dropped=["posts.old"])
    await prepare(engine, one.served)  # it has followed the code as it was
    [app] = two.with_history
    history = await read_history(app)
    done = await apply_all(engine, [app])
    assert [it.migration.file.path for it in done] == [path]
    assert [row.name for row in await recorded(engine)] == [migration.id for migration in history]
    assert set((await read_shape(engine)).tables["posts"].columns) == {
        "id",
        "created",
        "updated",
        "title",
        "views",
        "slug",
    }


async def test_a_database_that_is_nowhere_in_the_history_is_refused(engine: Any, tmp_path: Path) -> None:
    await write_all(project_of(tmp_path, first()))
    [app] = project_of(tmp_path, first()).with_history
    await prepare(engine, [table("Post", "posts", title=Varchar(length=50), views=Integer(), old=Text())])
    with pytest.raises(StartError, match=r"not as they are after any of them(.|\n)*posts\.views: the type is"):
        await apply_all(engine, [app])
    assert await recorded(engine) == []
    await apply_all(engine, [app], fake=True)
    assert len(await recorded(engine)) == 1


async def test_the_first_migration_says_what_is_there_and_the_second_what_is_to_be(engine: Any, tmp_path: Path) -> None:
    author = table("Author", "authors", name=Varchar())
    before = table(
        "Post", "posts", title=Varchar(length=50), views=Text(), gone=Integer(null=True), author=ForeignKey(author)
    )
    await prepare(engine, [before, author])
    await engine.rows("INSERT INTO authors (id, name) VALUES ('a', 'Ada')")
    await engine.rows("INSERT INTO posts (id, title, views, gone, author) VALUES ('1', 'One', '7', 3, 'a')")
    author = table("Author", "authors", name=Varchar(unique=True))
    after = table(
        "Post", "posts", headline=Varchar(), views=Integer(), author=ForeignKey(author, null=False), new=Text()
    )
    project = project_of(tmp_path, after, author)
    there, _ = paths = await write_all(project, engine, columns={"posts.title": "headline"}, dropped=["posts.gone"])
    assert [row.name for row in await recorded(engine)] == [(await read_history(project.with_history[0]))[0].id]
    assert "The tables as they were" in there.read_text()
    with pytest.raises(MigrationRefused, match=r"posts\.gone"):
        await bring_up_to_date(engine, project, await read_histories(project))
    done = await bring_up_to_date(engine, project, await read_histories(project), accepted=["posts.gone"])
    assert [it.migration.file.path for it in done.migrations if it.app == "app"] == paths[1:]
    assert await engine.rows("SELECT headline, views, author, new FROM posts") == [("One", 7, "a", "")]
    # A fresh database goes the same way by the files alone, and back.
    [app] = project.with_history
    history = await read_history(app)
    await revert_all(engine, [(app, history[1])])
    assert await engine.rows("SELECT title, views, gone, author FROM posts") == [("One", "7", 3, "a")]


async def test_a_function_of_a_migration_sees_the_table_as_it_is_then(engine: Any, tmp_path: Path) -> None:
    project = project_of(tmp_path, first())
    await write_all(project)
    [app] = project.with_history
    await apply_all(engine, [app])
    await engine.rows("INSERT INTO posts (id, title) VALUES ('1', 'One Two')")
    path = await write_empty(app, "Titles in lower case")
    function = """
        posts = await manager.get_table_from_snapshot("Post", "app")
        for post in await posts.objects().where(posts.title != ""):
            post.title = post.title.lower().replace(" ", "-")
            await post.save()
"""
    text = path.read_text()
    assert "Titles in lower case" in text
    path.write_text(
        text.replace('"""Within the migration\'s transaction, before tables are changed."""', function.strip())
    )
    await apply_all(engine, [app])
    assert await engine.rows("SELECT title FROM posts") == [("one-two",)]
