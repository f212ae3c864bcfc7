"""README and docs run: every python block is executed, every curl line is asked of the app the page has made.

A python block with the name of a file is written there, and `$ pytest` runs the tests that have been written so.
"""

import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.docs.console import matches, open_app, play, read_curl
from tests.docs.pages import PAGES, Block, blocks_of, name_of

# Their commands are part of the story: test_changing_a_table.py and test_writing_a_plugin.py run them whole.
WITH_COMMANDS = ["docs/tutorials/changing-a-table.md", "docs/tutorials/writing-a-plugin.md"]
RUNNABLE = [
    page
    for page in PAGES
    if name_of(page) not in WITH_COMMANDS and any(block.language in ("python", "console") for block in blocks_of(page))
]


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
async def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is one story in a fresh folder: later blocks see what earlier ones have made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as Python does it for a script: blocks import files of the page
    module = ModuleType("page")  # what is defined in it can be looked up, as Litestar does with types
    monkeypatch.setitem(sys.modules, module.__name__, module)
    story: dict[str, Any] = vars(module)
    variables: dict[str, str] = {}
    client = None
    async with AsyncExitStack() as open_apps:
        for block in blocks_of(page):
            place = f"{name_of(page)}:{block.line}"
            if block.file:
                write(block)
            elif block.language == "console" and "$ pytest" in block.text.splitlines():
                run_pytest(place)
            elif block.language == "python":
                # Compiled at its own line of the page, so that a traceback names README.md:9.
                exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), story)
                if (app := story.pop("app", None)) is not None:
                    client = await open_apps.enter_async_context(open_app(app))
            elif block.language == "console" and "$ curl" in block.text:
                assert client is not None, f"{place}: no block before this one makes an app"
                await play(block.text, client, variables, place)


def write(block: Block) -> None:
    place = Path(block.file)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(block.text)


def run_pytest(place: str) -> None:
    """Runs the tests that the page has written down, without the plugins that its reader does not have."""
    plain = [f"-pno:{plugin}" for plugin in ("asyncio", "xdist", "playwright", "schemathesis", "cacheprovider")]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *plain]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{place}:\n{done.stdout}{done.stderr}"


def test_the_readme_is_among_the_pages_that_run() -> None:
    assert "README.md" in map(name_of, RUNNABLE)


@pytest.mark.parametrize(
    ("shown", "got", "expected"),
    [
        ({"id": "...", "n": 1}, {"id": "abc", "n": 1}, True),
        ({"id": "..."}, {"id": "abc", "more": 1}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),  # the order of keys is part of the protocol
        ({"items": ["..."]}, {"items": [1, 2]}, True),
        ({"items": ["..."]}, {"items": 1}, False),
        ([{"id": "..."}, 2], [{"id": 1}, 2], True),
        ([1], [1, 2], False),
        (1, True, False),
        (1, 1.0, False),
    ],
)
def test_an_answer_matches_what_is_shown(shown: Any, got: Any, expected: bool) -> None:
    assert matches(shown, got) is expected


def test_a_curl_line_is_read_with_its_variables() -> None:
    line = """curl -s http://127.0.0.1:8090/api/x -H "Authorization: $TOKEN" --json '{"author": "$ID"}'"""
    call = read_curl(line, {"TOKEN": "secret", "ID": "abc"})
    assert (call.method, call.url) == ("POST", "/api/x")
    assert (call.headers, call.json) == ({"Authorization": "secret"}, {"author": "abc"})


def test_an_option_of_curl_nobody_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="--insecure"):
        read_curl("curl --insecure http://127.0.0.1:8090/api/x", {})
