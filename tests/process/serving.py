"""Servers as processes of their own, each on a free port of the loopback and with its data in a folder of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.process.client import Client
from tests.process.commands import command

SUPERUSER = ("root@example.com", "root-password-1")
START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0  # seconds


@dataclass(frozen=True)
class RunningServer:
    """A server that answers at `url`. `superuser` is signed in as the one superuser it has."""

    name: str
    url: str
    pid: int
    superuser: Client

    def guest(self) -> Client:
        return Client(self.url)


@contextmanager
def running_server(
    name: str, words: Sequence[str | Path], port: int, folder: Path, *, accounts: bool = True
) -> Iterator[RunningServer]:
    """Starts `words` in `folder`, waits until it is healthy, and ends it politely: SIGTERM, then SIGKILL.

    Without `accounts` nobody can sign in there, and `superuser` is a guest.
    """
    url = f"http://127.0.0.1:{port}"
    output = folder / f"{name}.log"
    with output.open("wb") as log:
        process = subprocess.Popen([str(word) for word in words], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(process, url, output)
        superuser = Client(url).sign_in("_superusers", *SUPERUSER) if accounts else Client(url)
        yield RunningServer(name, url, process.pid, superuser)
    finally:
        _end(process)


@contextmanager
def running_piccobase(app: Path, folder: Path, database_url: str | None = None) -> Iterator[RunningServer]:
    """Piccobase with the collections of `app`, on the embedded database or the given one."""
    place = [str(app), "--data-dir", str(folder / "data")]
    if database_url is not None:
        place += ["--database-url", database_url]
        _succeeded(command(folder, "migrate", "apply", *place))
    _succeeded(command(folder, "superuser", "upsert", *SUPERUSER, *place))
    port = free_port()
    serve = [Path(sys.executable).with_name("piccobase"), "serve", *place, "--port", str(port)]
    with running_server("piccobase", serve, port, folder) as server:
        yield server


def run(words: Sequence[str | Path], folder: Path) -> None:
    """Runs a command that must succeed; its output is part of the error where it does not."""
    _succeeded(subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True))


def _succeeded(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode:
        raise RuntimeError(f"{done.args} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, output: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            if Client(url).send("GET", "/api/health").status == 200:
                return
        except OSError:
            pass  # nobody listens yet
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server at {url} did not start:\n{output.read_text(errors='replace')}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
