"""`piccobase serve --reload` as a process, whose project is edited while it runs."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.process.client import Client

PATIENCE = 30.0  # seconds


@dataclass
class Watched:
    """`piccobase serve --reload` on a project, in a process group of its own as a terminal would have it."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    url: str = ""
    family: set[int] = field(default_factory=set)  # every process that was ever seen below it

    @property
    def client(self) -> Client:
        return Client(self.url)

    def told(self) -> str:
        self.family |= descendants(self.process.pid)
        return self.log.read_text(errors="replace")

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def save_and_wait(self, name: str, text: str, wait_for: str = "Serving on") -> str:
        """Saves, and returns what was printed from then on once `wait_for` stands in it."""
        before = len(self.told())
        self.save(name, text)
        until(lambda: wait_for in self.told()[before:], self.told)
        return self.told()[before:]


@contextmanager
def watched(folder: Path, *arguments: str, wait_for: str = "Serving on") -> Iterator[Watched]:
    """The project in `folder`, served on a free port; ended at the latest at the end, with all that it has started."""
    log = folder / "serve.log"
    command = [sys.executable, "-m", "piccobase", "serve", "--reload", "--port", "0", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Watched(folder, process, log)
    try:
        until(lambda: wait_for in server.told() or process.poll() is not None, server.told)
        found = re.search(r"http://[\d.]+:\d+", server.told())
        assert found is not None, server.told()
        server.url = found[0]
        yield server
    finally:
        if process.poll() is None:
            server.told()
            process.kill()
        process.wait()
        until(lambda: not alive(server.family), lambda: f"still there: {alive(server.family)}")


def until(happened: Callable[[], Any], told: Callable[[], str]) -> None:
    """Waits for a condition; says what is known where it never comes."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


def descendants(pid: int) -> set[int]:
    """The processes below a process, as the kernel knows them now."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # gone meanwhile
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        children = [child for child, parent in parents.items() if parent == waiting[-1]]
        waiting.pop()
        found |= {*children}
        waiting += children
    return found


def alive(family: set[int]) -> set[int]:
    """Those that still run; a zombie, which only its parent has not buried yet, does not."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return {pid for pid in family if runs(pid)}
