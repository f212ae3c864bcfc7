"""`piccobase plugins`, `plugin new`, and commands of plugins beside our own; the wheel is in tests/process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from piccobase.cli.main import main

APP = """
from piccobase import App, Plugin

app = App(plugins=[Plugin("other", "0.9")])

@app.command()
def of_the_app():
    print("of the app")
"""
STAMP = """
import rich_click as click
from piccobase import Plugin

plugin = Plugin("stamp", "0.1", needs=["other>=0.5"])

@plugin.command()
@click.option("--times", default=1)
def greet(times):
    '''Say hello.

    As often as you like.'''
    print("hello " * times)

@click.group()
def tools():
    '''Tools of all kinds.'''

@tools.command()
async def count():
    '''Count in the started app.'''
    context = click.get_current_context()
    print(context.obj.records.as_system("counted by hand") is not None)

plugin.commands.append(tools)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Path]":
    path, modules = sys.path[:], set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    write("app.py", APP)
    write("plugins/stamp.py", STAMP)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.split(".")[0] in ("app", "plugins"):
            del sys.modules[name]


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def piccobase(*words: str) -> Result:
    """As in a new process."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("app", "plugins")]:
        del sys.modules[name]
    return CliRunner().invoke(main, words, terminal_width=200)


def test_plugins_are_listed_in_their_order_with_where_they_come_from_and_what_they_bring() -> None:
    told = piccobase("plugins")
    assert (told.exit_code, told.stderr) == (0, "")
    rows = [row.split() for row in told.stdout.splitlines() if "on request" not in row]
    assert rows[0] == ["Name", "Version", "From", "State", "Brings"]
    assert rows[1][0] == "admin"
    assert rows[2:] == [
        ["other", "0.9", "App", "on"],
        ["stamp", "0.1", "plugins/stamp.py", "on", "2", "commands"],
    ]


def test_what_keeps_a_server_from_starting_is_told_below_the_table() -> None:
    write("plugins/bad.py", "x = {}['gone']")
    told = piccobase("plugins", "--disable-plugin", "other")
    assert told.exit_code == 1
    (stamp,) = [line for line in told.stdout.splitlines() if line.startswith("stamp")]
    assert "needs other>=0.5" in stamp
    assert [line.split()[-1] for line in told.stdout.splitlines() if line.startswith(("bad", "other"))] == [
        "broken",
        "disabled",
    ]
    assert "plugins/bad.py:1: KeyError: 'gone'" in told.stderr
    assert "it needs other>=0.5, which is disabled" in told.stderr


def test_without_an_app_the_installed_ones_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    told = piccobase("plugins")
    assert told.exit_code == 0
    on = [line.split()[0] for line in told.stdout.splitlines() if " on " in line and "on request" not in line]
    assert on == ["admin"]
    assert "no such file or folder" in piccobase("plugins", "nowhere.py").stderr


def test_commands_of_app_and_plugins_stand_beside_ours() -> None:
    helped = piccobase("--help").stdout
    assert "Say hello (plugin stamp)." in helped
    assert "of-the-app" in helped
    assert piccobase("greet", "--times", "2").stdout == "hello hello \n"
    assert piccobase("of-the-app").stdout == "of the app\n"
    assert "Tools of all kinds" in piccobase("tools", "--help").stdout
    assert piccobase("tools", "count", "--data-dir", "elsewhere").stdout == "True\n"
    assert Path("elsewhere/data.db").exists()


def test_another_app_is_named_before_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "No such command 'greet'" in piccobase("greet").stderr
    assert piccobase("--app", "..", "greet").stdout == "hello \n"


def test_a_broken_plugin_hides_neither_our_commands_nor_those_of_others() -> None:
    write("plugins/bad.py", "x = {}['gone']")
    assert "greet" in (helped := piccobase("--help").stdout)
    assert "serve" in helped
    assert piccobase("greet").stdout == "hello \n"
    write("app.py", "raise RuntimeError('the app is broken')")
    helped = piccobase("--help")
    assert helped.exit_code == 0
    assert "the app is broken" in helped.stderr
    assert "serve" in helped.stdout


@pytest.mark.parametrize("name", ["Night", "night--shift", "9lives", "piccobase"])
def test_a_plugin_needs_a_name_that_can_be_one(name: str) -> None:
    told = piccobase("plugin", "new", name)
    assert told.exit_code == 1
    assert "is no name for a plugin" in told.stderr
    assert not Path(name).exists()


def test_a_plugin_does_not_take_the_package_of_another() -> None:
    told = piccobase("plugin", "new", "audit")
    assert told.exit_code == 1
    assert "piccobase_audit" in told.stderr
    assert not Path("audit").exists()


def test_the_prefix_of_distributions_is_no_part_of_the_name() -> None:
    told = piccobase("plugin", "new", "piccobase-greeter").stdout
    assert "the plugin greeter, in the package piccobase_greeter" in told
    assert 'name = "piccobase-greeter"' in Path("piccobase-greeter/pyproject.toml").read_text()
