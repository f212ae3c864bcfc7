"""The pages of the documentation, and the fenced blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page where that begins.

    One that is opened by "```python app.py" is a file of that name.
    """

    language: str
    text: str
    line: int
    file: str = ""


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _FENCE.finditer(text):
        yield Block(found[1], found[3], text.count("\n", 0, found.start(3)) + 1, found[2])


def prose_of(page: Path) -> str:
    """The page without its blocks, which keep their lines so that line numbers stay right."""
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text())


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))
