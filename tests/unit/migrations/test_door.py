"""Piccolo's own commands, in a project with one of our engines: they run our code, and lose nothing."""

import asyncio
import inspect
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.commands.backwards import BackwardsMigrationManager
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from piccobase.db.shape import read_shape
from piccobase.migrations import door

CONF = """
import os
from piccolo.conf.apps import AppRegistry
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine

url = os.environ["URL"]
DB = PostgresEngine(url) if url.startswith("postgres") else EmbeddedEngine(url)
APP_REGISTRY = AppRegistry(apps=["blog.piccolo_app"])
"""
APP = """
from pathlib import Path
from piccolo.conf.apps import AppConfig
from blog.tables import Post

APP_CONFIG = AppConfig(
    app_name="blog", migrations_folder_path=Path(__file__).parent / "piccolo_migrations", table_classes=[Post]
)
"""
HEAD = """
from piccolo.columns import ForeignKey, Integer, Text, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table

class Post(Table, tablename="posts"):
"""
FIRST = "    title = Varchar(unique=True)\n    views = Integer()\n    body = Text()\n    parent = ForeignKey('self')\n"
# Most of it is what Piccolo's own statements cannot do on SQLite.
SECOND = (
    "    title = Varchar(length=20, null=True)\n    views = Text()\n    parent = ForeignKey('self')\n"
    "    slug = Varchar(index=True)\n    once = Unique(['slug', 'views'])\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "piccolo_conf.py").write_text(CONF)
    blog = tmp_path / "blog"
    blog.mkdir()
    (blog / "__init__.py").touch()
    (blog / "piccolo_app.py").write_text(APP)
    return tmp_path


# Several commands in one process, which takes a second to start.
DRIVER = """
import sys
from piccolo.main import main

for line in sys.argv[1:]:
    sys.argv = ["piccolo", "migrations", *line.split()]
    try:
        main()
    except SystemExit as end:
        print("status", end.code)
"""


async def piccolo(project: Path, url: str, *commands: str) -> str:
    """Runs Piccolo's own commands in a project, and returns what they say."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-W", "ignore", "-c", DRIVER, *commands),
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(project), *sys.path]), "URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_piccolos_commands_change_tables_as_ours_do(
    engine: Any, database_url: str | None, project: Path, tmp_path: Path
) -> None:
    url = database_url or str(tmp_path / "data.db")
    tables = project / "blog" / "tables.py"
    tables.write_text(HEAD + FIRST)
    assert "ok!" in await piccolo(project, url, "new blog --auto", "forwards blog")
    await engine.rows("INSERT INTO posts (title, views, body) VALUES ('One', 7, 'Long'), ('Two', 8, '')")

    tables.write_text(HEAD + SECOND)
    told = await piccolo(project, url, "new blog --auto --auto_input=n", "forwards blog --preview", "forwards blog")
    assert "CREATE INDEX" in told
    assert "posts.body: the column is dropped, and 1 row has a value in it." in told
    assert "ACCEPTED_LOSSES" in told
    assert "status 1" in told
    assert set((await read_shape(engine)).tables["posts"].columns) >= {"body", "title"}

    *_, second = sorted((project / "blog" / "piccolo_migrations").glob("blog*.py"))
    second.write_text(second.read_text().replace("\nDESCRIPTION", '\nACCEPTED_LOSSES = ["posts.body"]\nDESCRIPTION'))
    told = await piccolo(project, url, "forwards blog", "new blog --auto", "check")
    assert "ok!" in told
    assert "No changes detected" in told
    assert told.count("True") == 2
    assert await engine.rows("SELECT title, views, slug FROM posts ORDER BY id") == [("One", "7", ""), ("Two", "8", "")]

    assert "ok!" in await piccolo(project, url, "backwards blog 1 --auto_agree")
    assert await engine.rows("SELECT title, views, body FROM posts ORDER BY id") == [("One", 7, "Long"), ("Two", 8, "")]


def test_the_door_is_where_piccolo_goes_through() -> None:
    """If this fails, Piccolo has changed: see how its commands run a migration now, and move `door.run` there."""
    assert MigrationManager.run is door.run
    assert list(inspect.signature(door._piccolos_own).parameters) == ["self", "backwards"]
    assert ".run()" in inspect.getsource(ForwardsMigrationManager.run_migrations)
    assert ".run(backwards=True)" in inspect.getsource(BackwardsMigrationManager.run_migrations_backwards)
    fields = MigrationManager.__dataclass_fields__
    assert {
        "raw",
        "raw_backwards",
        "preview",
        "wrap_in_transaction",
        "migration_id",
        "app_name",
        "fake",
    } <= fields.keys()
