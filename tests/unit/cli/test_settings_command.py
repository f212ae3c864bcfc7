"""`piccobase settings`: seen and changed without a server, by whoever may read its data."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from piccobase.cli.main import main

APP = """
from piccobase import App, Collection

class Note(Collection, tablename="notes"):
    pass

app = App(collections=[Note])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def settings(project: Path, *words: str) -> Result:
    arguments = [*words, str(project / "app.py"), "--data-dir", str(project / "data")]
    return CliRunner().invoke(main, ["settings", *arguments])


def test_who_is_locked_out_gets_in_again(project: Path) -> None:
    locked = settings(project, "set", '{"superuserIPs": ["203.0.113.1"], "smtp": {"password": "hush"}}')
    assert locked.exit_code == 0, locked.output
    assert json.loads(locked.stdout)["superuserIPs"] == ["203.0.113.1"]
    assert "hush" not in locked.output
    assert settings(project, "set", '{"superuserIPs": []}').exit_code == 0
    shown = settings(project, "show")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["superuserIPs"] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("{superuserIPs: []}", "CHANGE is no JSON"),
        ("[]", "CHANGE must be an object"),
        ('{"superuserIPs": ["x"], "meta": {"appName": ""}}', "superuserIPs.0: Invalid IP or CIDR subnet."),
        ('{"meta": {"appName": 5}}', "meta.appName must be a text"),
    ],
)
def test_what_cannot_be_is_told(change: str, told: str, project: Path) -> None:
    refused = settings(project, "set", change)
    assert refused.exit_code == 1
    assert told in refused.stderr
