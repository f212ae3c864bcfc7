"""The limit: a bare ASGI application that does the SQL and the encoding of each workload, and nothing around it.

    python benchmarks/limit.py DATA_DB PORT

No routing, no parameters checked, no tokens, no rules, no validation: what a server in Python on this SQLite and this
uvicorn cannot go beyond. It answers the workloads of `workloads.py` on a database that Piccobase has made and filled.
"""

import random
import re
import string
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import apsw
import msgspec
import uvicorn

FIELDS = ("author", "body", "created", "id", "published", "title", "updated", "views")
LETTERS = string.ascii_lowercase + string.digits
decode = msgspec.json.Decoder().decode


def record_json(collection_id: str, name: str) -> str:
    """A record of the three collections of `blog.py` as JSON, written by SQLite."""
    members = {"collectionId": f"'\"{collection_id}\"'", "collectionName": f"'\"{name}\"'"}
    for field in FIELDS:
        members[field] = f"json_quote({field})"
    members["published"] = "CASE WHEN published THEN 'true' ELSE 'false' END"
    members["views"] = "views"
    pieces = [f"'\"{key}\":', {members[key]}" for key in sorted(members)]
    return "CAST(concat('{', " + ", ',', ".join(pieces) + ", '}') AS BLOB)"


class Limit:
    """The application. One connection reads and writes; every statement is run in the event loop."""

    def __init__(self, path: str) -> None:
        self.connection = apsw.Connection(path, statementcachesize=100)
        for pragma in ("synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-32000", "mmap_size=268435456"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.cursor = self.connection.cursor()
        ids = dict(self.connection.execute("SELECT name, id FROM _collections").fetchall())
        self.record = {name: record_json(ids[name], name) for name in ("posts", "articles", "notes")}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b'{"message":"API is healthy.","code":200,"data":{}}'
        if scope["path"] != "/api/health":
            body = self.answer(scope, (await receive())["body"])
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, scope: Any, body: bytes) -> bytes:
        _, _, _, name, _, *key = scope["path"].split("/")
        match scope["method"]:
            case "POST":
                return self.create(name, decode(body))
            case "PATCH":
                return self.update(name, key[0], decode(body))
        if key:
            ((found,),) = self.cursor.execute(f"SELECT {self.record[name]} FROM {name} WHERE id = ?", key)
            return found
        return self.page(name, {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()})

    def page(self, name: str, asked: dict[str, str]) -> bytes:
        page, size = int(asked.get("page", "1")), int(asked["perPage"])
        where, order, values = "", "", []
        if title := re.fullmatch(r"\(title~'(\w+)'\)", asked.get("filter", "")):
            where, order, values = "WHERE title LIKE ?", "ORDER BY title DESC", [f"%{title[1]}%"]
        elif views := re.match(r"\(views>(\d+)", asked.get("filter", "")):
            where, order, values = "WHERE views > ? AND published", "ORDER BY views DESC", [int(views[1])]
        elif name == "articles":  # behind a rule
            where = "WHERE published"
        records = f"SELECT {self.record[name]} FROM {name} {where} {order} LIMIT ? OFFSET ?"
        found = self.cursor.execute(records, [*values, size, (page - 1) * size]).fetchall()
        total = -1
        if "skipTotal" not in asked:
            ((total,),) = self.cursor.execute(f"SELECT count(*) FROM {name} {where}", values)
        return b'{"items":[%b],"page":%d,"perPage":%d,"totalItems":%d,"totalPages":%d}' % (
            b",".join([row[0] for row in found]),
            page,
            size,
            total,
            total if total < 0 else -(-total // size),
        )

    def create(self, name: str, draft: dict[str, Any]) -> bytes:
        now = instant()
        values = draft | {"id": "".join(random.choices(LETTERS, k=15)), "created": now, "updated": now}
        insert = f"INSERT INTO {name} ({', '.join(FIELDS)}) VALUES ({', '.join('?' * len(FIELDS))})"
        ((found,),) = self.cursor.execute(
            f"{insert} RETURNING {self.record[name]}", [values[field] for field in FIELDS]
        ).fetchall()
        return found

    def update(self, name: str, key: str, draft: dict[str, Any]) -> bytes:
        changes = ", ".join(f"{field} = ?" for field in draft)
        update = f"UPDATE {name} SET {changes}, updated = ? WHERE id = ? RETURNING {self.record[name]}"
        ((found,),) = self.cursor.execute(update, [*draft.values(), instant(), key]).fetchall()
        return found


def instant() -> str:
    return datetime.now(UTC).isoformat(" ", "milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    database, port = sys.argv[1:]
    uvicorn.run(Limit(database), port=int(port), lifespan="off", ws="none", log_level="error", access_log=False)
