"""`piccobase explain`: what it prints, and how it refuses."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from piccobase.cli.main import main

APP = """
from piccolo.columns import Integer, Varchar
from piccobase import App, AuthCollection, Collection, Rules, signed_in

class User(AuthCollection, tablename="users"):
    rules = Rules(create="")

class Note(Collection, tablename="notes"):
    text = Varchar(length=200)
    stars = Integer(index=True)
    rules = Rules(list=signed_in & "stars > 1")

app = App(collections=[User, Note])
"""


@pytest.fixture
def project(tmp_path: Path) -> list[str]:
    """The last arguments of every command: the app and its data dir, which is made."""
    # A name of its own, since modules stay loaded for all tests of a process.
    file = tmp_path / f"explained_{tmp_path.name.replace('-', '_')}.py"
    file.write_text(APP)
    place = [str(file), "--data-dir", str(tmp_path / "data")]
    assert CliRunner().invoke(main, ["superuser", "upsert", "a@b.co", "a long password", *place]).exit_code == 0
    return place


def test_it_prints_rule_filter_statement_and_indexes(project: list[str]) -> None:
    done = CliRunner().invoke(main, ["explain", "notes", *project, "--filter", "stars = 3", "--sort=-text"])
    assert done.exit_code == 0, done.output
    blocks = [line for line in done.output.splitlines() if not line.startswith(" ")]
    assert blocks == ["Rule:", "Filter:", "SQL:", "Parameters:", "Plan:", "Indexes:", "Found:"]
    assert "stars > 1" in done.output
    assert "notes_stars" in done.output


def test_a_superuser_is_asked_no_rule(project: list[str]) -> None:
    done = CliRunner().invoke(main, ["explain", "notes", *project, "--as", "superuser"])
    assert done.output.startswith("SQL:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["notes", "--filter", "star = 1"], 'Did you mean "stars"?'),
        (["users"], "403"),
        (["note"], "There is no collection note"),
        (["notes", "--as", "somebody"], "--as takes"),
        (["notes", "--as", "users/nobody"], "404"),
    ],
)
def test_what_the_request_would_refuse_is_one_line(project: list[str], arguments: list[str], message: str) -> None:
    name, *options = arguments
    done = CliRunner().invoke(main, ["explain", name, *project, *options])
    assert done.exit_code == 1
    assert message in done.output
    assert len(done.output.splitlines()) == 1
