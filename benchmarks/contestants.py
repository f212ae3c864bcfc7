"""The servers with the same collections and records: PocketBase's are made through its API, ours in `blog.py`.

The limit (`limit.py`) answers out of a database that Piccobase has filled.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.seeding import Records, seed
from tests.process.reference import USERS, running_pocketbase, timestamps
from tests.process.serving import RunningServer, free_port, running_piccobase, running_server

SIGNED_IN = "@request.auth.id != ''"
LIMIT = Path(__file__).with_name("limit.py")
APP = Path(__file__).with_name("blog.py")
PUBLISHED_OR_MINE = "published = true || author = @request.auth.id"

NAMES = ("pocketbase", "piccobase", "limit")
PAGES = 20
BATCH = 20  # requests
DEEP_PAGES = range(250, 330)  # of 30 records, in a collection of 10,000


@dataclass(frozen=True)
class Contestant:
    """A server under measurement. `draws` is a folder with a file for each list of values, one a line."""

    name: str
    server: RunningServer
    draws: Path


@contextmanager
def contestant(name: str, folder: Path, records: Records) -> Iterator[Contestant]:
    """One of `NAMES`, running and filled with `records`, its data under `folder`."""
    draws = folder / "draws"
    draws.mkdir(parents=True)
    if name == "limit":
        with running_piccobase(APP, folder) as server:
            _write_draws(draws, _values(records, seed(server, records)))
        port = free_port()
        command = [sys.executable, LIMIT, folder / "data" / "data.db", str(port)]
        with running_server(name, command, port, folder, accounts=False) as server:
            yield Contestant(name, server, draws)
        return
    started = running_pocketbase(folder, _collections()) if name == "pocketbase" else running_piccobase(APP, folder)
    with started as server:
        _write_draws(draws, _values(records, seed(server, records)))
        yield Contestant(name, server, draws)


def _values(records: Records, tokens: list[str]) -> dict[str, Sequence[str]]:
    titles = {word for post in records.posts for word in post["title"].split() if word.isalpha() and word.isascii()}
    return {
        "token": tokens,
        "user": [user["id"] for user in records.users],
        "post": [post["id"] for post in records.posts],
        "published": [post["id"] for post in records.posts if post["published"]],
        "one": [records.posts[0]["id"]],
        "page": [str(number) for number in range(1, PAGES + 1)],
        "deep": [str(number) for number in DEEP_PAGES],
        "views": [str(number) for number in range(0, 1000, 7)],
        "word": sorted(word for word in titles if len(word) > 4),
        "new": [json.dumps(draft) for draft in records.new],
        "change": [json.dumps(draft) for draft in records.changes],
        "batch": [json.dumps(_batch(records.new[start:] + records.new[:start])) for start in range(len(records.new))],
    }


def _batch(drafts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    url = "/api/collections/notes/records"
    return {"requests": [{"method": "POST", "url": url, "body": draft} for draft in drafts[:BATCH]]}


def _write_draws(folder: Path, values: Mapping[str, Sequence[str]]) -> None:
    for name, lines in values.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines))


def _collections() -> list[dict[str, Any]]:
    return [
        {"name": "users", "listRule": "", "viewRule": "", "createRule": ""},
        _posts("posts", listRule="", viewRule="", createRule=SIGNED_IN, updateRule=SIGNED_IN),
        _posts("articles", listRule=PUBLISHED_OR_MINE, viewRule=PUBLISHED_OR_MINE, createRule=SIGNED_IN),
        _posts("notes", createRule=SIGNED_IN),
    ]


def _posts(name: str, **rules: str) -> dict[str, Any]:
    fields = [
        {"name": "title", "type": "text", "required": True, "max": 200},
        {"name": "body", "type": "text"},
        {"name": "published", "type": "bool"},
        {"name": "views", "type": "number", "onlyInt": True},
        {"name": "author", "type": "relation", "collectionId": USERS, "maxSelect": 1},
        *timestamps(),
    ]
    index = f"CREATE INDEX `idx_{name}_views` ON `{name}` (`views`)"
    return {"name": name, "type": "base", "fields": fields, "indexes": [index], **rules}
