"""A world of chance on the real PocketBase, so that the evaluator itself is held against what it describes.

No test of the suite starts it; `scripts/compare-filters --pocketbase` does.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.process.client import Client
from tests.process.reference import collection_id, running_pocketbase, timestamps
from tests.process.serving import RunningServer
from tests.reference.serving import BROUGHT_ALONG, Outcome
from tests.reference.world import Asking, Collection, Field, Record, World

TYPES = {"multiselect": "select", "relations": "relation", "geo": "geoPoint"}
PASSWORD_OF_ALL = "12345678"


class Reference:
    """A running PocketBase. Each world takes the place of the one before."""

    def __init__(self, server: RunningServer) -> None:
        self.root, self.url = server.superuser, server.url
        self.server, self.tokens = server, dict[str, Client]()

    def take(self, world: World, drafts: list[tuple[str, Record]]) -> dict[str, list[Record]]:
        """Makes the collections with their records; rules come last, since they may name what comes later."""
        self._clear()
        for collection in world.collections.values():
            plain = [each for each in collection.fields if not each.is_relation and each.name not in BROUGHT_ALONG]
            made = self.root.ask(
                "POST",
                "/api/collections",
                {
                    "name": collection.name,
                    "type": "auth" if collection.auth else "base",
                    "fields": [*map(self._field, plain), *timestamps()],
                },
            )
            self._extend(collection, made["fields"])
        for collection in world.collections.values():
            self.root.ask("PATCH", f"/api/collections/{collection.name}", {"listRule": collection.list_rule})
        records: dict[str, list[Record]] = {}
        for name, draft in drafts:
            path = f"/api/collections/{name}/records"
            records.setdefault(name, []).append(self.root.ask("POST", path, {**draft}))
        return records

    def _clear(self) -> None:
        self.tokens.clear()
        found = self.root.ask("GET", "/api/collections?perPage=100")["items"]
        own = [each for each in found if not each["system"] and each["name"] != "users"]
        for each in own:  # rules first, then relations: nothing may point to what is deleted
            self.root.ask("PATCH", f"/api/collections/{each['name']}", {"listRule": None})
        for each in own:
            fields = [field for field in each["fields"] if field["type"] != "relation"]
            self.root.ask("PATCH", f"/api/collections/{each['name']}", {"fields": fields, "indexes": _auth_only(each)})
        for each in own:
            self.root.ask("DELETE", f"/api/collections/{each['name']}")

    def _extend(self, collection: Collection, fields: list[Any]) -> None:
        """Relations and indexes, once the collection has an id."""
        relations = [self._field(each) for each in collection.fields if each.is_relation]
        known = self.root.ask("GET", f"/api/collections/{collection.name}")
        indexes = known["indexes"] + [
            f"CREATE UNIQUE INDEX `{collection.name}_{each.name}` ON `{collection.name}` (`{each.name}`) "
            f"WHERE `{each.name}` != ''"
            for each in collection.fields
            if each.unique
        ]
        self.root.ask(
            "PATCH", f"/api/collections/{collection.name}", {"fields": fields + relations, "indexes": indexes}
        )

    def _field(self, of: Field) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": of.name, "type": TYPES.get(of.kind, of.kind), "hidden": of.hidden, "maxSelect": 1,
        }  # fmt: skip
        if of.values:
            made["values"] = list(of.values)
        if of.is_relation:
            made["collectionId"] = collection_id(self.server, of.target)
        if of.kind in ("multiselect", "relations"):
            made["maxSelect"] = len(of.values) or 99
        return made

    def ask(self, collection: str, text: str, asking: Asking) -> Outcome:
        query = {**asking.query, "filter": text, "fields": "id", "perPage": "1000", "skipTotal": "1"}
        content = json.dumps(asking.body).encode() if asking.body else None
        headers = {**asking.headers, **({"Content-Type": "application/json"} if content else {})}
        answer = self._client(asking).send(
            "GET", f"/api/collections/{collection}/records?{urlencode(query)}", content, headers
        )
        return frozenset(each["id"] for each in answer.body["items"]) if answer.status == 200 else str(answer.status)

    def _client(self, asking: Asking) -> Client:
        if asking.superuser:
            return self.root
        if asking.record is None:
            return Client(self.url)
        email = asking.record["email"]
        if email not in self.tokens:
            self.tokens[email] = Client(self.url).sign_in("people", email, PASSWORD_OF_ALL)
        return self.tokens[email]


def _auth_only(collection: Any) -> list[str]:
    return [each for each in collection["indexes"] if "tokenKey" in each or "email" in each]


@contextmanager
def reference(folder: Path) -> Iterator[Reference]:
    with running_pocketbase(folder) as server:
        yield Reference(server)
