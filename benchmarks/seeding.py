"""The same records for every contestant, from a seeded generator, brought in through its own API."""

import json
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.process.client import Refused
from tests.process.serving import RunningServer

PASSWORD = "a long enough password"
CONNECTIONS = 4
SIGNED_IN_USERS = 16

VOCABULARY = (
    "river morning letter quiet engine garden number window paper silver market winter bridge cloud answer kitchen "
    "island story copper harbour pencil signal valley thunder orange lantern mirror pocket station velvet whisper "
    "yellow anchor basket candle distance evening forest gravity hollow instrument journey kettle ladder mountain "
    "needle ocean planet question ribbon shadow ticket umbrella village weather the a and of to in is that for with "
    'Straße café naïve señor — 日本 «quoted» it\'s "said"'
)
WORDS = VOCABULARY.split()

Json = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """What is brought in: users, posts, and drafts to create and change later."""

    users: list[Json]
    posts: list[Json]
    new: list[Json]
    changes: list[Json]


def generated(posts: int, users: int, seed: int = 1) -> Records:
    """The records of a run; the same numbers give the same records."""
    chance = random.Random(seed)
    people: list[Json] = [
        {"id": _id(chance), "name": _text(chance, 2), "email": f"user{number}@example.com", "emailVisibility": True}
        for number in range(users)
    ]
    authors = [person["id"] for person in people]
    return Records(
        people,
        [{"id": _id(chance)} | _post(chance, authors) for _ in range(posts)],
        [_post(chance, authors) for _ in range(1000)],
        [{"title": _text(chance, 6), "views": chance.randrange(1000)} for _ in range(1000)],
    )


def seed(server: RunningServer, records: Records) -> list[str]:
    """Brings `records` into an empty server, and allows batches. Returns tokens of some of the users."""
    server.superuser.ask("PATCH", "/api/settings", {"batch": {"enabled": True}})
    passwords = {"password": PASSWORD, "passwordConfirm": PASSWORD}
    _create_all(server, "users", [user | passwords for user in records.users])
    _create_all(server, "posts", records.posts)
    _create_all(server, "articles", records.posts)
    guest = server.guest()
    return [guest.sign_in("users", user["email"], PASSWORD).token for user in records.users[:SIGNED_IN_USERS]]


def _create_all(server: RunningServer, collection: str, drafts: list[Json]) -> None:
    shares = [drafts[start::CONNECTIONS] for start in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda share: _create(server, collection, share), shares))


def _create(server: RunningServer, collection: str, drafts: Iterable[Json]) -> None:
    path = f"/api/collections/{collection}/records"
    headers = {"Authorization": server.superuser.token, "Content-Type": "application/json"}
    with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=60)) as connection:
        for draft in drafts:
            connection.request("POST", path, json.dumps(draft), headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise Refused(f"{server.name} did not take a record of {collection}: {response.status} {body!r}")


def _post(chance: random.Random, authors: list[str]) -> Json:
    return {
        "title": _text(chance, 6)[:200],
        "body": _text(chance, chance.randint(40, 120)),
        "published": chance.random() < 0.7,
        "views": chance.randrange(1000),
        "author": chance.choice(authors),
    }


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


def _id(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=15))
