"""What the APP argument of a command finds, and what it says when it finds nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from piccobase.app.loading import AppNotFound, app_file, load_app
from piccobase.base.errors import StartError

FILES = {
    "app.py": "from piccobase import App\napp = App()\n",
    "other.py": "from piccobase import App\nshop = App()\n",
    "several.py": "from piccobase import App\none = App()\ntwo = App()\n",
    "alias.py": "from piccobase import App\none = App()\ntwo = one\n",
    "chosen.py": "from piccobase import App\none = App()\napp = App()\n",
    "none.py": "x = 1\n",
    "json.py": "from piccobase import App\napp = App()\n",
    "neighbour.py": "from piccobase import App\nfrom a_neighbour import NAME\napp = App(data_dir=NAME)\n",
    "a_neighbour.py": "NAME = 'beside'\n",
    "broken.py": "from piccobase import App\n\napp = App(\n",
    "missing.py": "import nosuchmodule_anywhere\n",
    "failing.py": "def fail():\n    raise LookupError('lost')\n\n\nfail()\n",
    "folder/app.py": "from piccobase import App\napp = App()\n",
    "package_of_apps/__init__.py": "",
    "package_of_apps/main.py": "from piccobase import App\napp = App()\n",
    "empty/readme.txt": "",
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files, in the working directory; whatever they import is forgotten afterwards."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = dict(sys.modules)
    yield
    for name in sys.modules.keys() - known.keys():
        if getattr(sys.modules[name], "__file__", None) is not None and str(tmp_path) in sys.modules[name].__file__:
            del sys.modules[name]


FOUND = [
    ".",
    "app.py",
    "./app.py",
    "app.py:app",
    "other.py",
    "other.py:shop",
    "several.py:two",
    "alias.py",
    "chosen.py",
    "folder",
    "folder/app.py",
    "package_of_apps.main",
    "package_of_apps.main:app",
    "json.py",
    "neighbour.py",
]


@pytest.mark.parametrize("target", FOUND)
def test_an_app_is_found(target: str) -> None:
    load_app(target)


def test_of_several_the_one_called_app_is_meant() -> None:
    assert load_app("chosen.py") is load_app("chosen.py:app")


def test_a_file_named_like_a_module_of_the_standard_library_leaves_it_alone() -> None:
    import json

    load_app("json.py")
    assert sys.modules["json"] is json


NOT_FOUND = [
    ("nowhere.py", "nowhere.py: no such file or folder"),
    ("nowhere", "nowhere: no such file or folder"),
    ("/nowhere/app.py", "no such file or folder"),
    (":app", "no such file or folder"),
    ("empty", "no app.py here. Name the file:"),
    ("none.py", "none.py: no App in it. Write `app = App(collections=[…])`, or name it: none.py:name"),
    ("none.py:x", "none.py:x: x is no App but of type int."),
    ("several.py", "several.py: several Apps (one, two). Name one: several.py:one"),
    ("other.py:shpo", 'there is no "shpo" in it'),
    ("other.py:shpo", "shop"),
]


@pytest.mark.parametrize(("target", "told"), NOT_FOUND)
def test_what_is_not_found_is_told_with_what_to_do(target: str, told: str) -> None:
    with pytest.raises(AppNotFound) as raised:
        load_app(target)
    assert told in raised.value.message


MISTAKES = [
    ("broken.py", "broken.py:3: SyntaxError: "),
    ("missing.py", "missing.py:1: ModuleNotFoundError: No module named 'nosuchmodule_anywhere'"),
    ("failing.py", "failing.py:2: LookupError: lost"),
    ("nosuchpackage.main:app", "nosuchpackage.main: ModuleNotFoundError: No module named 'nosuchpackage'"),
]


@pytest.mark.parametrize(("target", "told"), MISTAKES)
def test_a_mistake_in_the_apps_own_code_is_told_with_its_line(target: str, told: str) -> None:
    with pytest.raises(StartError) as raised:
        load_app(target)
    assert told in raised.value.message


@pytest.mark.parametrize(
    ("target", "file"),
    [(".", "app.py"), ("folder", "folder/app.py"), ("other.py:shop", "other.py"), ("package_of_apps.main", None)],
)
def test_the_file_of_an_app_is_known_where_it_is_named(target: str, file: str | None) -> None:
    assert app_file(target) == (None if file is None else Path(file))
