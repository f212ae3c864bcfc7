"""The wheel, installed somewhere else: it holds what it should, and its command serves an app outside of here."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.process.installing import Installation, build_wheel, install
from tests.process.serving import SUPERUSER, free_port, run, running_server

ROOT = Path(__file__).parents[2]

APP = """\
from piccolo.columns import Varchar
from piccobase import App, Collection, Rules

class Word(Collection, tablename="words"):
    text = Varchar(length=40, required=True)
    rules = Rules(list="", create="")

app = App(collections=[Word])
"""

MISTAKEN_APP = APP.replace('list=""', 'list="txet = 1"')


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    return install(folder, build_wheel(ROOT, folder))


def test_wheel_holds_packages_of_ours_and_no_source_root(installed: Installation) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "piccobase",
        "piccobase_admin",
        "piccobase_audit",
        "piccobase_migrations",
        "piccobase_static",
        "piccobase_webhooks",
    }


def test_python_finds_the_installed_package_and_not_the_repository(installed: Installation, tmp_path: Path) -> None:
    asked = subprocess.run(
        [
            installed.commands / "python",
            "-c",
            "import piccobase, platform; print(piccobase.__file__, platform.__file__)",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    ours, standard = asked.stdout.split()
    assert Path(ours).is_relative_to(installed.commands.parent)
    assert not Path(standard).is_relative_to(installed.commands.parent)


def test_command_tells_the_version_of_the_wheel(installed: Installation, tmp_path: Path) -> None:
    told = installed.piccobase("--version", folder=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert installed.wheel.name.split("-")[1] in told.stdout


def test_check_finds_nothing_wrong_with_a_good_app(installed: Installation, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert installed.piccobase("check", folder=tmp_path).returncode == 0


def test_check_names_the_mistake_and_what_was_meant(installed: Installation, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(MISTAKEN_APP)
    checked = installed.piccobase("check", "app.py", folder=tmp_path)
    assert checked.returncode == 1
    assert "words, list" in checked.stderr
    assert 'Did you mean "text"?' in checked.stderr
    assert "Traceback" not in checked.stderr


def test_command_makes_a_project(installed: Installation, tmp_path: Path) -> None:
    assert installed.piccobase("new", "shop", folder=tmp_path).returncode == 0
    assert installed.piccobase("check", "shop", folder=tmp_path).returncode == 0
    assert (tmp_path / "shop" / ".gitignore").exists()


def test_command_serves_an_app_outside_the_repository(installed: Installation, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    run([installed.commands / "piccobase", "superuser", "upsert", *SUPERUSER], tmp_path)
    port = free_port()
    command = [installed.commands / "piccobase", "serve", "--port", str(port)]
    with running_server("piccobase", command, port, tmp_path) as server:
        written = server.guest().ask("POST", "/api/collections/words/records", {"text": "hello"})
        listed = server.guest().ask("GET", "/api/collections/words/records")
    assert [word["id"] for word in listed["items"]] == [written["id"]]
    assert (tmp_path / "data" / "data.db").exists()


def test_a_new_plugin_is_well_written(installed: Installation, tmp_path: Path) -> None:
    """That its tests pass, and that its wheel is loaded where it is installed, the tutorial on plugins shows."""
    assert installed.piccobase("plugin", "new", "night-shift", folder=tmp_path).returncode == 0
    tools = Path(sys.executable).parent
    for command in (["check", "."], ["format", "--check", "."]):
        run([tools / "ruff", *command], tmp_path / "night-shift")
