"""The pages hang together: generated ones are fresh, links lead somewhere, a sentence stands on a line of its own."""

import re
from pathlib import Path

import pytest
from scripts.generated_pages import PAGES as GENERATED
from scripts.generated_pages import is_fresh
from tests.docs.pages import PAGES, ROOT, name_of, prose_of

import piccobase
from piccobase import testing
from piccobase.base.errors import own_error_types

_LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TWO_SENTENCES = re.compile(r"(?<!\d)(?<!e\.g)(?<!i\.e)(?<!etc)[.!?]\)? [A-Z]")
WRITTEN = [page for page in PAGES if name_of(page) not in GENERATED]


def anchor(heading: str) -> str:
    """The anchor a heading gets on the usual hosts."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", GENERATED)
def test_generated_page_says_what_the_code_says(name: str) -> None:
    assert is_fresh(name), f"{name} is stale: run ./scripts/docs"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target, fragment in _LINK.findall(prose_of(page)):
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or ROOT not in file.parents:
            dead.append(target)
        elif fragment and fragment not in map(anchor, _HEADING.findall(file.read_text())):
            dead.append(f"{target}#{fragment}")
    assert dead == []


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_a_sentence_stands_on_a_line_of_its_own(page: Path) -> None:
    """So that a diff shows the sentence that changed. Tables and lists of names may run on."""
    full = [line for line in prose_of(page).splitlines() if not line.startswith("|") and _TWO_SENTENCES.search(line)]
    assert full == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_begins_with_its_title(page: Path) -> None:
    assert page.read_text().startswith("# ")


def test_every_error_code_has_a_heading() -> None:
    headings = set(_HEADING.findall((ROOT / "docs/reference/errors.md").read_text()))
    assert {error.code for error in own_error_types()} <= headings


def test_every_name_of_the_test_kit_is_shown() -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs/how-to/testing.md").read_text()))
    assert set(testing.__all__) <= words


def test_every_public_name_is_explained() -> None:
    pages = [
        (ROOT / f"docs/reference/{name}.md").read_text() for name in ("declaration", "hooks", "plugins", "filters")
    ]
    headings = {name.strip("` ") for page in pages for heading in _HEADING.findall(page) for name in heading.split(",")}
    assert set(piccobase.__all__) - {"__version__"} <= headings
