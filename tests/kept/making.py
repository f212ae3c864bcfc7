"""Makes the kept databases of one version: `python -m tests.kept.making CHECKOUT NAME`, see README.md.

CHECKOUT is a folder with that version's source. Its own server is run, filled over its own API and ended, on the
embedded database and on PostgreSQL; what it has answered is kept beside them.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.postgres_server import running_postgres
from tests.process.client import Client
from tests.process.serving import RunningServer, free_port, running_server

HERE = Path(__file__).parent
SUPERUSER = ("root@example.com", "root-password-1")
READER = {"email": "ada@example.com", "password": "reader-password-1", "name": "Ada"}
SETTINGS = {"meta": {"appName": "Kept library"}, "smtp": {"host": "mail.example.com", "password": "smtp-secret-1"}}
COLLECTIONS = ("books", "members", "shelves")


def make(checkout: Path, kept: Path) -> None:
    """Fills `kept` with data.db and secret.key, postgres.sql and postgres.key, and what was answered (told.json)."""
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres, postgres.empty_database() as url:
        embedded, server = Path(folder, "embedded"), Path(folder, "postgres")
        told = {"sqlite": _run(checkout, embedded, None), "postgres": _run(checkout, server, url)}
        with closing(sqlite3.connect(embedded / "data/data.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the first versions left this to their successors
        shutil.copy(embedded / "data/data.db", kept / "data.db")
        shutil.copy(embedded / "data/secret.key", kept / "secret.key")
        (kept / "postgres.sql").write_text(postgres.dump(url))
        shutil.copy(server / "data/secret.key", kept / "postgres.key")
    (kept / "told.json").write_text(json.dumps(told, indent=1) + "\n")


def _run(checkout: Path, folder: Path, database_url: str | None) -> dict[str, Any]:
    """Has that version's server make, fill and close a database."""
    folder.mkdir()
    options = ["--data-dir", str(folder / "data")]
    if database_url:
        options += ["--database-url", database_url]
    with _of_version(checkout) as command:
        if database_url:
            _try([*command, "migrate", "apply", str(HERE / "app.py"), *options], folder)  # not every version has it
        subprocess.run([*command, "superuser", "upsert", *SUPERUSER, str(HERE / "app.py"), *options], check=True)
        port = free_port()
        serve = [*command, "serve", str(HERE / "app.py"), *options, "--port", str(port)]
        with running_server("version", serve, port, folder) as server:
            return _filled(server)


@contextmanager
def _of_version(checkout: Path) -> Iterator[list[str]]:
    """The command `piccobase` of that version: its source comes before whatever is installed."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = ":".join(str(checkout / root) for root in ("platform", "plugins", "admin", "migrations"))
    try:
        yield [sys.executable, "-m", "piccobase"]
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _try(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    print(done.stdout or done.stderr)


def _filled(server: RunningServer) -> dict[str, Any]:
    """Writes what is to be found again, and returns what that version answers about it."""
    root = server.superuser
    draft = READER | {"passwordConfirm": READER["password"]}
    reader = root.ask("POST", "/api/collections/members/records", draft)["id"]
    for book in _BOOKS:
        root.ask("POST", "/api/collections/books/records", book | ({"reader": reader} if book["lent"] else {}))
    for label in ("top", "middle"):
        root.ask("POST", "/api/collections/shelves/records", {"label": label})
    root.ask("PUT", f"/api/collections/members/records/{reader}/roles", {"roles": ["librarian"]})
    has_settings = _has(root, "/api/settings")
    if has_settings:
        root.ask("PATCH", "/api/settings", SETTINGS)
    return {
        "records": {name: root.ask("GET", f"/api/collections/{name}/records?sort=id")["items"] for name in COLLECTIONS},
        "roles": root.ask("GET", f"/api/collections/members/records/{reader}/roles"),
        "settings": root.ask("GET", "/api/settings") if has_settings else None,
    }


def _has(client: Client, path: str) -> bool:
    return client.send("GET", path).status == 200


_BOOKS: list[dict[str, Any]] = [
    {
        "title": "It's “quoted”; ünïcödé ☕",
        "pages": 412,
        "price": 1234567.8901,
        "bought": "2024-02-29",
        "lent": True,
        "subjects": ["history", "science"],
        "remarks": "two\nlines",
    },
    {"title": "Nothing but a title", "lent": False},
]

if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), HERE / sys.argv[2])
