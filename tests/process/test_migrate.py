"""`piccobase migrate` as people use it: the command in a process, on files and databases that stay between its runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.process.client import Client
from tests.process.serving import free_port

HEAD = """
from piccolo.columns import Boolean, ForeignKey, Integer, Text, Varchar
from piccobase import App, Collection, Rules

OPEN = Rules(list="", view="", create="", update="", delete="")
"""
TAIL = """
    rules = OPEN

app = App(collections=[Post])
"""
FIRST = (
    HEAD + 'class Post(Collection, tablename="posts"):\n    title = Varchar()\n    views = Text(default="0")\n' + TAIL
)
SECOND = HEAD + 'class Post(Collection, tablename="posts"):\n    headline = Varchar()\n    views = Integer()\n' + TAIL

# Several commands in one process, which takes a second to start: `status 1` is printed where one fails.
DRIVER = """
import shlex, sys
from piccobase.cli.main import main

for line in sys.argv[1:]:
    print("$", line, flush=True)
    try:
        main(shlex.split(line))
    except SystemExit as end:
        if end.code:
            print("status", end.code, flush=True)
"""


class Shell:
    """A folder with an app.py, and a database that commands are given."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url = folder, url
        self.environment = {"PICCOBASE_DATABASE_URL": url} if url else {}

    def write(self, text: str) -> None:
        (self.folder / "app.py").write_text(text)

    def run(self, *lines: str) -> str:
        """What the commands say, on stdout and stderr."""
        done = subprocess.run(
            [sys.executable, "-B", "-c", DRIVER, *lines],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def files(self) -> list[Path]:
        return sorted((self.folder / "migrations").glob("app_*.py"))


@pytest.fixture
def shell(tmp_path: Path, database_url: str | None) -> Shell:
    return Shell(tmp_path, database_url)


@contextmanager
def serving(shell: Shell, number: int = 1) -> "Iterator[list[Client]]":
    """Servers that are started at once, and answer."""
    ports = [free_port() for _ in range(number)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-B", "-m", "piccobase", "serve", "--port", str(port)],
            cwd=shell.folder,
            env={**os.environ, **shell.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for port in ports
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            told = ""
            for row in process.stdout:
                told += row
                if "Serving on" in row:
                    break
            else:
                raise AssertionError(f"ended without serving:\n{told}")
        yield [Client(f"http://127.0.0.1:{port}") for port in ports]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=30)


def test_a_table_over_time(shell: Shell) -> None:
    shell.write(FIRST)
    told = shell.run("migrate check", "migrate new --name 'The first posts'", "migrate", "migrate check", "migrate new")
    assert "Code and migrations agree" in told.rpartition("$ migrate check")[2]
    assert "Wrote migrations/app_20" in told
    assert "posts is new" in told
    assert "The first posts" in told
    assert "Nothing has changed since the last migration." in told
    with serving(shell) as [client]:
        path = "/api/collections/posts/records"
        client.ask("POST", path, {"title": "One", "views": "12"})
        client.ask("POST", path, {"title": "Two", "views": "many"})

    shell.write(SECOND)
    told = shell.run("serve --port 0", "migrate new", "migrate check")
    assert told.count("status 1") == 3
    assert "The code has changed since the last migration:\n  posts.headline is new" in told
    assert "--rename posts.title=headline  it is headline now" in told
    assert len(shell.files()) == 1

    told = shell.run(
        "migrate new --rename posts.title=headline",
        "migrate status",
        "migrate plan",
        "serve --port 0",
        "migrate",
        "migrate plan --try --accept-loss posts.views",
        "migrate --accept-loss posts.views",
        "migrate status",
        "migrate trash",
    )
    assert "posts.title is renamed to headline" in told
    assert "pending" in told.partition("$ migrate plan")[0]
    assert 'RENAME COLUMN "title" TO "headline"' in told
    assert "loses posts.views" in told
    refused = told.partition("$ serve")[2].partition("$ migrate plan")[0]
    assert refused.count("status 1") == 2
    assert "--accept-loss posts.views" in refused if shell.url is None else "piccobase migrate" in refused
    assert "On a copy it goes through" in told
    done = told.rpartition("$ migrate status")[2]
    assert "done 20" in done
    assert "pending" not in done
    assert "posts.views  narrowed, 1 row" in done
    with serving(shell) as [client]:
        items = client.ask("GET", f"{path}?sort=headline&fields=headline,views")["items"]
        assert items == [{"headline": "One", "views": 12}, {"headline": "Two", "views": 0}]

    told = shell.run("migrate revert", "migrate status")
    assert "Reverted app" in told
    assert "remove migrations/app_20" in told
    shell.files()[-1].unlink()
    shell.write(FIRST)
    with serving(shell) as [client]:
        items = client.ask("GET", f"{path}?sort=title&fields=title,views")["items"]
        assert items == [{"title": "One", "views": "12"}, {"title": "Two", "views": "many"}]


def test_a_database_that_has_followed_the_code_begins_a_history(tmp_path: Path) -> None:
    shell = Shell(tmp_path, None)
    shell.write(FIRST)
    shell.run("migrate")
    with serving(shell) as [client]:
        client.ask("POST", "/api/collections/posts/records", {"title": "One", "views": "12"})
    shell.write(SECOND)
    told = shell.run("serve --port 0", "migrate new --rename posts.title=headline", "migrate status", "migrate")
    assert "status 1" in told  # the type differs
    assert len(shell.files()) == 2
    assert "The database is so already: recorded as done." in told
    assert "Applied app" in told
    with serving(shell) as [client]:
        items = client.ask("GET", "/api/collections/posts/records?fields=headline,views")["items"]
        assert items == [{"headline": "One", "views": 12}]


def test_servers_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    """On PostgreSQL no server migrates; that two commands do it once is shown by the tests of `running`."""
    shell = Shell(tmp_path, None)
    shell.write(FIRST)
    shell.run("migrate new", "migrate")
    shell.write(SECOND.replace("views = Integer()", 'views = Text(default="0")\n    pinned = Boolean()'))
    shell.run("migrate new --rename posts.title=headline")
    with serving(shell, 2) as [one, two]:
        one.ask("POST", "/api/collections/posts/records", {"headline": "One", "pinned": True})
        assert two.ask("GET", "/api/collections/posts/records?fields=headline,pinned")["items"] == [
            {"headline": "One", "pinned": True}
        ]
