"""A mistake in a declaration or in the app's own code, found in its file."""

import sys
from pathlib import Path
from typing import Any

import pytest

from piccobase.app.loading import load_app
from piccobase.base.errors import InvalidDeclaration
from piccobase.cli.mistakes import Mistake, check_app, mistakes_of

APP = """\
from typing import Any
from piccolo.columns import ForeignKey, Varchar
from piccobase import App, AuthCollection, Collection, FieldRules, Role, Rules, owner, role

class User(AuthCollection, tablename="users"):
    name = Varchar()

class Note(Collection, tablename="notes"):
    text = Varchar(
        length=10,
    )
    other_name: Varchar = Varchar(db_column_name="otherName")
    writer = ForeignKey(User)
    rules = Rules(
        list="",
        view="",
        fields={"text": FieldRules(read="")},
    )

app = App(collections=[User, Note], roles=[Role("editor")])
"""

FOUND = [
    ('list=""', 'list="txet = 1"', ':15: rule.E005 notes, list: notes has no field "txet". Did you mean "text"?'),
    ('view=""', 'view=owner("writr")', ':16: rule.E004 notes, view: notes has no field "writr".'),
    ('read=""', 'read=role("edtor")', ':17: rule.E004 notes, read of text: no role "edtor" is declared.'),
    ('read=""', 'read="text = 1"', ":17: rule.E006 notes.text, read: "),
    ('{"text":', '{"texts":', ':17: rule.E003 notes, fields: no field "texts". Did you mean "text"?'),
    ("rules = Rules(", "rules: Any = dict(", ":14: rule.E001 notes: "),
    ('="otherName"', '="expand"', ":12: field.E006 notes.expand: this name is reserved"),
    ("ForeignKey(User)", 'ForeignKey("Usr")', ":13: field.E003 notes.writer: "),
    ('tablename="notes"', 'tablename="_notes"', ":8: collection.E003 _notes: "),
    ('Role("editor")', 'Role("editor", includes=["x"])', "role.E003 editor: "),
    ("length=10,", "length=ten,", ":10: NameError: name 'ten' is not defined"),
    ("class Note(", "class Note:(", ":8: SyntaxError: "),
    ("from piccobase import", "from piccobase import Ap,", ":3: ImportError: cannot import name 'Ap'"),
    (
        "from piccolo.columns",
        "import broken_parts\nfrom piccolo.columns",
        "broken_parts.py:2: ZeroDivisionError: division",
    ),
    ("app = App", "raise ValueError()\napp = App", ":20: ValueError: no more was told"),
    ("length=10,", "length=10, default=open,", ":9: TypeError: "),  # found by Piccolo, in a file of its own
    ("app = App", "the_app = dict", "start.app_not_found: "),
]


@pytest.mark.parametrize(("right", "wrong", "message"), FOUND, ids=[wrong for _, wrong, _ in FOUND])
def test_a_mistake_is_told_with_its_file_and_line(
    right: str, wrong: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [str(mistake) for mistake in mistakes_in(APP.replace(right, wrong, 1), tmp_path, monkeypatch)]
    assert len([line for line in told if message in line]) == 1, told
    assert all(line.startswith((f"{name_of(tmp_path)}.py:", "broken_parts.py:", "role.", "start.")) for line in told)


def test_the_lines_around_a_mistake_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mistake,) = mistakes_in(APP.replace("length=10,", "length=ten,"), tmp_path, monkeypatch)
    assert [number for number, _ in mistake.excerpt] == [8, 9, 10, 11, 12]
    assert mistake.excerpt[2] == (10, "        length=ten,")


def test_what_check_says_names_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = load(APP.replace('list=""', 'list="txet = 1"'), tmp_path, monkeypatch)
    with pytest.raises(InvalidDeclaration) as refused:
        check_app(app)
    assert refused.value.message.startswith(f"{name_of(tmp_path)}.py:15: rule.E005 notes, list: ")


def test_a_warning_names_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = load(APP.replace('list=""', 'list="writer = @request.auth.id"'), tmp_path, monkeypatch)
    (warning,) = check_app(app)
    assert str(warning).startswith(f"{name_of(tmp_path)}.py:15: rule.W001 notes, list: ")


def name_of(folder: Path) -> str:
    """A module's name that no other test has: modules are remembered."""
    return f"app_{folder.name.translate({ord(sign): '_' for sign in '.-[]'})}"


def load(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (folder / "broken_parts.py").write_text("\n1 / 0\n")
    file = folder / f"{name_of(folder)}.py"
    file.write_text(source)
    try:
        return load_app(file.name)
    finally:
        module = sys.modules.get(name_of(folder))
        if module is not None:
            monkeypatch.setitem(sys.modules, name_of(folder), module)  # forgotten at the end


def mistakes_in(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Mistake]:
    app = None
    try:
        app = load(source, folder, monkeypatch)
        app.check()
    except Exception as error:
        return mistakes_of(error, app.collections if app else ())
    return []
