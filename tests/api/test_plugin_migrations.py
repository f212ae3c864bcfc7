"""Collections of plugins over time: their own migrations, before the app's, and tables that stay when they are off."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from piccobase.cli.main import main

HEAD = "from piccolo.columns import ForeignKey, Integer, Varchar\nfrom piccobase import App, Collection, Plugin\n"
APP = (
    HEAD
    + 'class Post(Collection, tablename="posts"):\n    title = Varchar()\n\n'
    + "app = App(collections=[Post], installed_plugins=False)\n"
)
POINTING = (
    HEAD
    + "from plugins.shift import Shift\n"
    + 'class Post(Collection, tablename="posts"):\n    title = Varchar()\n    shift = ForeignKey(Shift)\n\n'
    + "app = App(collections=[Post], installed_plugins=False)\n"
)
PLUGIN = (
    HEAD
    + 'class Shift(Collection, tablename="shifts"):\n    who = Varchar()\n\n'
    + 'plugin = Plugin("shift", "1.0", collections=[Shift])\n'
)
MODULES = ("app", "lending", "piccolo_conf", "plugins")
LONGER = PLUGIN.replace("who = Varchar()", "who = Varchar()\n    hours = Integer()")


class Project:
    """An app.py with `plugins/shift/` beside it, and the commands that change its database."""

    def __init__(self, database_url: str | None) -> None:
        self.database = ["--database-url", database_url] if database_url else []
        Path("plugins/shift").mkdir(parents=True)
        self.write(APP, PLUGIN)

    def write(self, app: str, plugin: str) -> None:
        Path("app.py").write_text(app)
        Path("plugins/shift/__init__.py").write_text(plugin)

    def run(self, *words: str, fails: bool = False) -> str:
        """What `piccobase migrate …` says, as in a new process."""
        for name in [name for name in sys.modules if name.split(".")[0] in MODULES]:
            del sys.modules[name]
        done = CliRunner().invoke(main, ["migrate", *words, *self.database])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert bool(done.exit_code) is fails, done.output
        return done.output

    def migrations(self, folder: str) -> list[str]:
        return [path.name.split("_")[0] for path in sorted(Path(folder).glob("*_2*.py"))]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str | None) -> "Iterator[Project]":
    path, modules = sys.path[:], set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    yield Project(database_url)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.split(".")[0] in MODULES:
            del sys.modules[name]


def test_tables_of_a_plugin_follow_its_code_until_it_has_migrations_of_its_own(project: Project) -> None:
    assert 'CREATE TABLE "shifts"' in project.run()
    project.run("new")
    assert project.migrations("migrations") == ["app"]
    assert "shifts" not in next(Path("migrations").glob("app_*.py")).read_text()
    assert "without migrations  shifts: they follow the code" in project.run("status")

    project.write(APP, LONGER)
    assert "hours" in project.run()
    assert "Nothing has changed" in project.run("new")

    said = project.run("new", "--plugin", "shift")
    assert "The database is so already: recorded as done." in said
    assert (project.migrations("plugins/shift/piccolo_migrations"), project.migrations("migrations")) == (
        ["shift"],
        ["app"],
    )
    status = project.run("status")
    found = re.search(r"shift  of the plugin\n  20\S+  done 20[^\n]+\napp\n  20\S+  (done 20|there already)", status)
    assert found, status


def test_migrations_of_a_plugin_are_applied_before_those_of_the_app(project: Project) -> None:
    project.write(POINTING, PLUGIN)
    project.run("new")
    project.run("new", "--plugin", "shift")
    planned = project.run("plan")
    if project.database:
        assert planned.index("shift ") < planned.index("app ")
    applied = [line.split()[1] for line in project.run().splitlines() if line.startswith("Applied")]
    assert [name for name in applied if name in ("shift", "app")] == ["shift", "app"]

    project.write(POINTING, LONGER)
    told = project.run(fails=True)
    assert "The plugin shift has changed since its last migration:" in told
    assert "piccobase migrate new --plugin shift" in told
    assert "piccobase migrate new --plugin shift" in project.run("check", fails=True)
    assert "Nothing has changed" in project.run("new")
    project.run("new", "--plugin", "shift", "--name", "Count hours")
    assert "Count hours" in project.run("plan")
    assert "Applied shift" in project.run()
    assert "Reverted shift" in project.run("revert")
    assert "Applied shift" in project.run()


def test_tables_of_a_plugin_that_is_off_are_left_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("new")
    project.run("new", "--plugin", "shift")
    project.run()
    monkeypatch.setenv("PICCOBASE_DISABLED_PLUGINS", "shift")
    assert "shift" not in project.run()
    assert "Nothing is pending." in project.run("plan")
    assert "shift" not in project.run("status")
    monkeypatch.delenv("PICCOBASE_DISABLED_PLUGINS")
    assert "Nothing is pending." in project.run("plan")
    assert "Applied" not in project.run()


def test_there_must_be_a_place_for_a_plugins_migrations(project: Project) -> None:
    Path("plugins/loose.py").write_text(PLUGIN.replace("shift", "loose"))
    for name in ("loose", "nobody"):
        said = project.run("new", "--plugin", name, fails=True)
        assert f"No plugin {name} that could have migrations is loaded" in said


def test_a_piccolo_project_may_list_the_app_of_a_plugin_and_it_is_applied_once(project: Project) -> None:
    write_piccolo_project(name="shift")
    project.run("new")
    project.run("new", "--plugin", "shift")
    assert (project.migrations("lending/piccolo_migrations"), project.migrations("migrations")) == (["lending"], [])
    applied = [line.split()[1] for line in project.run().splitlines() if line.startswith("Applied")]
    assert [name for name in applied if name in ("shift", "lending")] == ["shift", "lending"]
    assert "Nothing is pending." in project.run("plan")

    write_piccolo_project(name="other")
    assert 'Call it "shift" in its piccolo_app.py' in project.run("status", fails=True)


def write_piccolo_project(*, name: str) -> None:
    """The app `lending`, and that of the plugin as Piccolo knows it."""
    files = {
        "app.py": "from lending.collections import Post\nfrom piccobase import App\n"
        "app = App(collections=[Post], installed_plugins=False)\n",
        "lending/__init__.py": "",
        "lending/collections.py": HEAD + 'class Post(Collection, tablename="posts"):\n    title = Varchar()\n',
        "lending/piccolo_app.py": piccolo_app("lending", "lending.collections", "Post"),
        "plugins/shift/piccolo_app.py": piccolo_app(name, "plugins.shift", "Shift"),
        "piccolo_conf.py": "import piccobase\nfrom piccolo.conf.apps import AppRegistry\nDB = piccobase.engine()\n"
        'APP_REGISTRY = AppRegistry(apps=["lending.piccolo_app", "plugins.shift.piccolo_app"])\n',
    }
    for path, text in files.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text)


def piccolo_app(name: str, module: str, table: str) -> str:
    return (
        "from pathlib import Path\nfrom piccolo.conf.apps import AppConfig\n"
        f"from {module} import {table}\n"
        f'APP_CONFIG = AppConfig(app_name="{name}", table_classes=[{table}],\n'
        '    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"))\n'
    )
