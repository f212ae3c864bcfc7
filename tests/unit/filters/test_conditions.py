"""Filters of the actor alone, answered without a database."""

import pytest

from piccobase.filters.bindings import Bindings
from piccobase.filters.conditions import ActorNames, condition
from piccobase.filters.errors import InvalidFilter, UnknownField, UnsupportedFilter
from piccobase.filters.parser import parse
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.registry import Registry

CASES = [
    ("@request.auth.id != ''", True, False),
    ("@request.auth.id = ''", False, True),
    ("@request.auth.name = 'Ann' && @request.auth.verified = true", True, False),
    ("@request.auth.name = 'Bob' || @request.roles ?= 'editor'", True, False),
    ("(@request.auth.name = 'Bob' || 'x' = 'y') && @request.roles ?= 'editor'", False, False),
    ("@request.auth.collectionName = 'users'", True, False),
    ("@request.auth.name ~ 'AN%'", True, False),
    ("@request.auth.nope != 'x'", True, True),
    ("true = true", True, True),
    ("null != ''", False, False),
]


@pytest.mark.parametrize(("text", "of_ann", "of_a_guest"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_is_decided_by_the_actor(registry: Registry, text: str, of_ann: bool, of_a_guest: bool) -> None:
    ann = Actor(
        collection=registry.collections["users"],
        id="u1",
        values={"id": "u1", "name": "Ann", "verified": 1},
        roles=frozenset({"editor"}),
    )
    holds = condition(parse(text), ActorNames())
    assert (holds(Bindings(actor=ann)), holds(Bindings(actor=GUEST))) == (of_ann, of_a_guest)


REFUSED = [
    ("title = 'x'", UnknownField),
    ("@request.body.title = 'x'", UnknownField),
    ("@now > '2020'", UnknownField),
    ("f(1) = 1", UnsupportedFilter),
]


@pytest.mark.parametrize(("text", "error"), REFUSED, ids=[case[0] for case in REFUSED])
def test_whatever_asks_for_more_than_the_actor_is_refused(text: str, error: type[InvalidFilter]) -> None:
    with pytest.raises(error, match="at 1"):
        condition(parse(text), ActorNames())
