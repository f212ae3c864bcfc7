"""The tutorial on changing a table, executed: its files are saved, its commands run, its questions answered."""

from pathlib import Path

from tests.docs.pages import ROOT, blocks_of
from tests.docs.terminal import Terminal, commands_of

TUTORIAL = ROOT / "docs" / "tutorials" / "changing-a-table.md"


def test_the_tutorial_is_true(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        for block in blocks_of(TUTORIAL):
            if block.language == "python":
                (tmp_path / "app.py").write_text(block.text)
            elif block.language == "console":
                for line, shown in commands_of(block.text):
                    terminal.type(line, shown, f"{TUTORIAL.name}:{block.line}: {line}")
    finally:
        terminal.end_server()
    assert terminal.told == 13  # commands; so that none is overlooked
