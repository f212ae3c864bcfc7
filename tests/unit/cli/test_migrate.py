"""What `piccobase migrate` refuses, and how it says so. What it does is in tests/process/test_migrate.py."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from piccobase.cli.main import main

APP = """
from piccolo.columns import Integer, Text, Varchar
from piccobase import App, Collection

class Post(Collection, tablename="posts"):
    title = Varchar()
    body = Text()

app = App(collections=[Post])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Path]":
    path, modules = sys.path[:], set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    write(APP)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("app"):
            del sys.modules[name]


def write(text: str) -> None:
    Path("app.py").write_text(text)
    sys.modules.pop("app", None)  # as in a new process


def run(*words: str, fails: bool = False) -> str:
    """What the command says."""
    done = CliRunner().invoke(main, ["migrate", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert bool(done.exit_code) is fails, done.output
    return done.output


def files() -> list[Path]:
    return sorted(Path("migrations").glob("app_*.py"))


def test_what_is_asked_for_wrongly_is_told() -> None:
    assert "write it as --rename posts.title=headline" in run("new", "--rename", "posts.title", fails=True)
    assert "write it as --rename-table posts=articles" in run("new", "--rename-table", "posts", fails=True)
    run("new")
    assert "--drop posts.titel names nothing" in run("new", "--drop", "posts.titel", fails=True)
    assert "No migration was applied" in run("revert", fails=True)
    run()
    assert "2: 1 migration can be reverted" in run("revert", "2", fails=True)
    assert "no such migration was applied" in run("revert", "2020-01-01T00:00:00:000000", fails=True)
    assert "Say what: an ID, --older-than 30d, or --all." in run("purge", fails=True)
    assert "write 30d, 12h or 45m" in run("purge", "--older-than", "soon", fails=True)
    assert "nothing with the id abc in the trash" in run("purge", "abc", fails=True)
    assert "Purged 0 entries." in run("purge", "--all")


def test_a_mistake_in_the_code_comes_first(folder: Path) -> None:
    write(APP.replace("    body", '    rules = __import__("piccobase").Rules(list="nothing = 1")\n    body'))
    assert "app.py:7: rule.E005 posts, list" in run("new", fails=True)
    assert files() == []


def test_a_migration_is_found_by_its_id_and_one_without_a_file_is_missed() -> None:
    run("new")
    run()
    write(APP.replace("body = Text()", "body = Text()\n    views = Integer()"))
    run("new", "--name", "Count views")
    assert "is pending" in run("check", "--data-dir", "data", fails=True)
    run()
    assert "nothing is pending" in run("check", "--data-dir", "data")
    one, two = files()
    first = one.stem.removeprefix("app_").upper()
    name = f"{first[:4]}-{first[5:7]}-{first[8:13]}:{first[14:16]}:{first[17:19]}:{first[20:]}"
    assert run("revert", name).count("Reverted app") == 2
    run()
    two.unlink()
    write(APP)
    assert "done, but its file is not there" in run("status")
    assert "whose file is not there" in run("revert", fails=True)
    for words in ([], ["plan"]):
        assert "made by a newer version" in run(*words, fails=True)


def test_what_is_faked_is_recorded_and_the_systems_tables_are_made() -> None:
    run("new")
    said = run("apply", "--fake", fails=True)  # since the table is not there
    assert "the database is not as they have left it" in said
    assert "done 20" in run("status")


def test_losses_may_be_accepted_in_the_file() -> None:
    run("new")
    run()
    write(APP.replace("    body = Text()\n", ""))
    run("new", "--accept-loss", "posts.body")
    assert '\nACCEPTED_LOSSES = ["posts.body"]\n' in files()[-1].read_text()
    assert "drops body" in run("plan")
    assert "Applied app" in run()


def test_an_empty_migration_is_to_be_filled_in() -> None:
    run("new")
    said = run("new", "--empty", "--name", "It's ours")
    assert "Fill in its functions" in said
    assert "It's ours" in run("status")
    assert "2 functions" not in run("plan")
    assert run().count("Applied app") == 2


def test_what_is_tried_on_a_copy_reaches_no_other_database() -> None:
    """Neither by the app's own tables, which a function should not use but may."""
    run("new")
    run()
    run("new", "--empty")
    path = files()[-1]
    function = """from app import Post

        await Post.insert(Post(title="Written"))
        found = await Post.count()
        assert found == 1, found"""
    path.write_text(
        path.read_text().replace('"""Within the migration\'s transaction, before tables are changed."""', function)
    )
    for _ in range(2):
        assert "On a copy it goes through" in run("plan", "--try")
    assert not list(Path("data/tmp").iterdir())
    assert "Applied app" in run()


def test_a_history_is_printed_as_sql_for_cockroachdb() -> None:
    run("new")
    write(APP.replace("title = Varchar()", "title = Varchar(unique=True)\n    views = Integer()"))
    run("new", "--name", "Titles are unique")
    said = run("plan", "--sql", "cockroach").splitlines()
    assert [line.partition("  ")[2] for line in said if line.startswith("--")] == [
        "The first tables: posts",
        "Titles are unique",
    ]
    assert said[-2:] == [
        'ALTER TABLE "posts" ADD COLUMN "views" INTEGER NOT NULL DEFAULT 0;',
        """CREATE UNIQUE INDEX "posts_title_key" ON "posts" ("title") WHERE "title" != '';""",
    ]
