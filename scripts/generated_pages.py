"""Writes the pages that follow from the code, or says which of them are stale."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.error_page import error_page
from scripts.plugins_page import plugins_page
from scripts.settings_page import settings_page

ROOT = Path(__file__).parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/errors.md": error_page,
    "docs/reference/plugins.md": plugins_page,
    "docs/reference/settings.md": settings_page,
}


def is_fresh(name: str) -> bool:
    """Whether the page in the repository is what the code would write now."""
    page = ROOT / name
    return page.exists() and page.read_text() == PAGES[name]()


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: ./scripts/docs [--check]", file=sys.stderr)
        return 2
    stale = [name for name in PAGES if not is_fresh(name)]
    if arguments:
        for name in stale:
            print(f"{name} is stale: run ./scripts/docs", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(PAGES[name]())
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
