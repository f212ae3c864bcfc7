"""`piccobase new`: what it makes runs, passes its own tests, and is clean by every tool; a failure leaves nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.console import read_curl, remembered
from tests.process.serving import run, running_piccobase

from piccobase.base.errors import StartError
from piccobase.cli import scaffolding
from piccobase.cli.scaffolding import make_project, render_scaffold

COMMANDS = Path(sys.executable).parent


def piccobase(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs `piccobase …` in a folder to its end."""
    command = [COMMANDS / "piccobase", *arguments]
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as the command makes it."""
    folder = tmp_path_factory.mktemp("new")
    made = piccobase(folder, "new", "tool-library")
    assert made.returncode == 0, made.stderr
    assert "cd tool-library\n  piccobase serve --reload" in made.stdout
    assert [path.name for path in folder.iterdir()] == ["tool-library"]
    return folder / "tool-library"


@pytest.fixture(scope="module")
def minimal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file."""
    folder = tmp_path_factory.mktemp("minimal") / "books"
    folder.mkdir()  # an empty folder is no hindrance
    made = piccobase(folder.parent, "new", "--minimal", "books")
    assert made.returncode == 0, made.stderr
    assert [path.name for path in folder.iterdir()] == ["app.py"]
    return folder


def test_a_project_passes_its_own_tests_with_nothing_but_pytest_and_httpx(project: Path) -> None:
    # The plugins of this environment stay away: a user has none of them.
    plain = ["-W", "error", "-p", "no:asyncio", "-p", "no:xdist", "-p", "no:playwright", "-p", "no:schemathesis"]
    run([sys.executable, "-m", "pytest", "-q", *plain], project)


@pytest.mark.parametrize("made", ["project", "minimal"])
def test_what_is_made_has_no_mistakes_and_no_warnings(made: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(made)
    checked = piccobase(folder, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "no mistakes, 0 warning(s)" in checked.stdout
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "--strict", "."]):
        run([COMMANDS / command[0], *command[1:]], folder)


def test_a_project_is_served_and_answers_what_its_readme_asks(project: Path, tmp_path: Path) -> None:
    asked = [row.removeprefix("$ ") for row in (project / "README.md").read_text().splitlines() if "$ curl" in row]
    variables: dict[str, str] = {}
    with running_piccobase(project, tmp_path) as server:
        for line in asked:
            call = read_curl(line, variables)
            content = None if call.json is None else json.dumps(call.json).encode()
            answer = server.guest().send(
                call.method, call.url, content, {"Content-Type": "application/json", **call.headers}
            )
            assert answer.status == 200, (line, answer)
            variables |= remembered(answer.body)
    assert [tool["name"] for tool in answer.body["items"]] == ["Ladder"]


def test_a_single_file_is_served(minimal: Path, tmp_path: Path) -> None:
    with running_piccobase(minimal / "app.py", tmp_path) as server:
        assert server.guest().ask("GET", "/api/collections/books/records")["items"] == []


def test_piccolos_own_command_works_in_a_project(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    make_project("project", project)
    told = {}
    for words in ("app show_all", "migrations new lending --auto", "migrations forwards lending", "migrations check"):
        command = [str(COMMANDS / "piccolo"), *words.split()]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        told[words] = done.stdout
    assert "lending.piccolo_app" in told["app show_all"]
    assert "Created tables                           3" in told["migrations new lending --auto"]
    assert "ok!" in told["migrations forwards lending"]
    assert "True" in told["migrations check"]


def test_the_data_of_a_project_is_not_for_git() -> None:
    files = {str(path): text for path, text in render_scaffold("project", "x")}
    assert "/data/" in files[".gitignore"]
    assert 'name = "x"' in files["pyproject.toml"]
    assert not [path for path, text in files.items() if "{{" in text or path.endswith(".jinja")]


WRONG = [
    ("1st", '"1st" is no name for a project. Use letters, digits, - and _'),
    ("my project", '"my project" is no name'),
    ("-", '"-" is no name'),
    (".", '"." is no name'),
    ("..", '".." is no name'),
    ("x" * 64, "at most 63"),
    ("nowhere/shop", "There is no folder nowhere to make shop in."),
    ("full", "full is already there, and not an empty folder. Choose another name, or move it away."),
    ("file", "file is already there"),
    ("link", "link is already there"),
]


@pytest.mark.parametrize(("name", "message"), WRONG, ids=[name[:12] for name, _ in WRONG])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_made(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/app.py").write_text("mine")
    Path("file").write_text("mine")
    Path("empty").mkdir()
    Path("link").symlink_to("empty")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StartError) as refused:
        make_project("project", Path(name))
    assert message in refused.value.message
    assert sorted(tmp_path.rglob("*")) == before
    assert Path("full/app.py").read_text() == "mine"


def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    refused = piccobase(tmp_path, "new", "my project")
    assert refused.returncode == 1
    assert refused.stderr.startswith('piccobase: "my project" is no name for a project.')
    assert refused.stderr.count("\n") == 1


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = list(render_scaffold("project", "shop"))

    def fails_midway(kind: str, name: str, values: object) -> "list[tuple[Path, str]]":
        return [*rendered[:3], (Path("x" * 300), "no file system takes such a name")]

    monkeypatch.setattr(scaffolding, "render_scaffold", fails_midway)
    with pytest.raises(StartError, match="shop cannot be made: File name too long"):
        make_project("project", tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []
