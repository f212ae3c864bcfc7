"""The code that API pages offer, taken out of the pages and run: by Node, Python and a shell."""

import os
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import httpx
from tests.process.sdk.running import installed_sdk, node

TIMEOUT = 120  # seconds
_RUN_MODULES = """
for (const file of process.argv.slice(2)) {
  try {
    await import(file);
  } catch (error) {
    console.log(JSON.stringify([file, String(error), error.response ?? null]));
  }
}
"""
_RUN_FILES = """
import runpy, sys
for file in sys.argv[1:]:
    try:
        runpy.run_path(file)
    except Exception as error:
        print("PROBLEM", file, error, getattr(getattr(error, "response", None), "text", ""))
"""


class _Code(HTMLParser):
    """Gathers the texts of `<code data-base-url>`, by the `aria-label` of the `<pre>` around them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._label = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "pre":
            self._label = given.get("aria-label") or ""
        elif tag == "code" and "data-base-url" in given:
            self._inside, self.found[self._label] = True, ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._label] += data


@dataclass(frozen=True)
class Dashboard:
    """A superuser's browser, as far as getting pages goes."""

    client: httpx.Client

    def code(self, collection: str, operation: str) -> dict[str, str]:
        """The page's code by language."""
        page = self.client.get(f"/admin/collections/{collection}/{operation}")
        assert page.status_code == 200, page.text
        parser = _Code()
        parser.feed(page.text)
        return parser.found


def run_javascript(snippets: dict[str, str], folder: Path) -> str:
    """What went wrong, a line each; nothing where all of them ran."""
    folder.mkdir()
    (folder / "node_modules").symlink_to(installed_sdk() / "node_modules")
    (folder / "run.mjs").write_text(_RUN_MODULES)
    files = _written(snippets, folder, ".mjs")
    return _problems([node(), folder / "run.mjs", *(file.as_uri() for file in files)], '["file:')


def run_python(snippets: dict[str, str], folder: Path) -> str:
    """Likewise."""
    folder.mkdir()
    return _problems([sys.executable, "-c", _RUN_FILES, *_written(snippets, folder, ".py")], "PROBLEM")


def run_curl(snippets: dict[str, str], folder: Path, sign_ins: dict[str, dict[str, str]]) -> str:
    """Likewise. `sign_ins` are TOKEN and ID by collection: what a comment in the code says is needed."""
    folder.mkdir()
    problems = []
    for file in _written(snippets, folder, ".sh"):
        code = file.read_text()
        collection = code.partition("auth-with-password of ")[2].partition(" ")[0]
        environment = os.environ | (sign_ins[collection] if collection else {})
        # Silent but for errors, and a status that is none of success is one.
        done = subprocess.run(
            ["bash", "-euc", code.replace("curl ", "curl -sS --fail-with-body ", 1)],
            env=environment, capture_output=True, text=True, timeout=TIMEOUT,
        )  # fmt: skip
        if done.returncode:
            problems.append(f"{file.name}: {done.stderr}{done.stdout}")
    return "\n".join(problems)


def _written(snippets: dict[str, str], folder: Path, suffix: str) -> list[Path]:
    files = []
    for number, (name, code) in enumerate(snippets.items()):
        files.append(folder / f"{number:02}-{name}{suffix}")
        files[-1].write_text(code)
    return files


def _problems(command: list[object], mark: str) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith(mark))


def sign_in(client: httpx.Client, collection: str, identity: str, password: str) -> dict[str, str]:
    """TOKEN and ID of somebody."""
    body = {"identity": identity, "password": password}
    answer = client.post(f"/api/collections/{collection}/auth-with-password", json=body)
    assert answer.status_code == 200, answer.text
    signed_in = answer.json()
    return {"TOKEN": signed_in["token"], "ID": signed_in["record"]["id"]}
