"""The terminals of a tutorial: its commands are run one after the other, and what they say is what it shows."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from tests.docs.console import ADDRESS, matches, read_curl
from tests.process.serving import free_port

COMMAND = Path(sys.executable).with_name("piccobase")


def commands_of(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that are shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        yield line, shown


class Terminal:
    """The tutorial's terminals: commands end the server, which runs in the other one. `piccobase` is the command."""

    def __init__(self, folder: Path, piccobase: Sequence[str | Path] = (COMMAND,)) -> None:
        self.folder, self.piccobase = folder, [str(word) for word in piccobase]
        self.url, self.told = "", 0
        self.server: subprocess.Popen[str] | None = None

    def type(self, line: str, shown: list[str], place: str) -> None:
        self.told += 1
        words = line.split()
        if words[:2] == ["piccobase", "serve"]:
            self.start_server(words[2:])
        elif line.startswith("curl"):
            self.ask(line, shown, place)
        elif words[0] == "piccobase":
            self.end_server()
            self.run([*self.piccobase, *words[1:]], shown, place)
        else:
            raise AssertionError(f"{place}: nobody knows how to run this")

    def start_server(self, words: Sequence[str] = ()) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [*self.piccobase, "serve", *words, "--port", str(port)]
        self.server = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.server.stdout is not None
        told = ""
        for row in self.server.stdout:
            told += row
            if "Serving on" in row:
                return
        raise AssertionError(told)

    def end_server(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.communicate(timeout=30)
            self.server = None

    def ask(self, line: str, shown: list[str], place: str) -> None:
        call = read_curl(line, {})
        answer = httpx.request(call.method, self.url + call.url.removeprefix(ADDRESS), json=call.json)
        assert answer.status_code == 200, f"{place}\n{answer.text}"
        if shown:
            assert matches(json.loads("\n".join(shown)), answer.json()), f"{place}\n{answer.text}"

    def run(self, command: Sequence[str], shown: list[str], place: str) -> None:
        """On a pseudo-terminal, where questions are asked; the answers are those shown."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "400"},
        )
        os.close(theirs)
        answers = [found[1] for row in shown if (found := re.search(r"\[y/N\]: (\w+)$", row))]
        told = ""
        for part in pieces(ours):
            told += part
            if told.endswith("[y/N]: ") and answers:
                os.write(ours, f"{answers.pop(0)}\n".encode())
        os.close(ours)
        process.wait(30)
        assert re.fullmatch(pattern_of(shown), told.replace("\r\n", "\n").strip()), f"{place}\n{told}"


def pieces(terminal: int) -> Iterator[str]:
    """What a process writes, until it has closed its terminal, which Linux tells by an error."""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return
        if not piece:
            return
        yield piece.decode()


def pattern_of(shown: list[str]) -> str:
    """`…` stands for the rest of a word or a line, a line of `...` for any lines."""
    rows = [r"(?:.*\n)*?.*" if row == "..." else re.escape(row).replace("…", ".*") for row in shown]
    return "\n".join(rows)
