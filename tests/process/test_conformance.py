"""Piccobase's answers beside those recorded of the real PocketBase, by the points of protocol.md §10."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from tests.process.client import Client
from tests.process.conformance.asking import REFRESH, Case
from tests.process.conformance.cases import CASES
from tests.process.conformance.comparing import APP, answers, claims, differences, recorded
from tests.process.conformance.world import fill
from tests.process.serving import running_piccobase


@dataclass(frozen=True)
class World:
    """A server with the collections and records of the cases, and the tokens of its actors."""

    url: str
    tokens: dict[str, str]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        url = None
        if request.param == "postgres":
            url = stack.enter_context(request.getfixturevalue("postgres_server").empty_database())
        folder = tmp_path_factory.mktemp("conformance")
        server = stack.enter_context(running_piccobase(APP, folder, url))
        yield World(server.url, fill(server))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_answer_is_the_reference_s(case: Case, world: World) -> None:
    assert differences(case, answers(case, world.url, world.tokens), recorded()[str(case)]) == []


def test_two_tokens_of_the_same_second_are_the_same(world: World) -> None:
    """Point 74. A token holds no more than what it says, and it says the second in which it ends."""
    client = Client(world.url, world.tokens["bo"])
    tokens = [client.ask("POST", REFRESH)["token"] for _ in range(10)]
    ends = {claims(token)["exp"] for token in tokens}
    assert len(set(tokens)) == len(ends) < len(tokens)
