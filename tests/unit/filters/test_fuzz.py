"""Whatever comes as a filter or sort, only our own errors go out, and what compiles runs."""

import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.filters.conftest import Database

from piccobase.filters.errors import InvalidFilter
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.shape import shape_of

SEEDS = [
    "published = true && (views > 10 || author.name ~ 'x')",
    "title = 'it\\'s' || (js.a.0 ?!= -1.5 && cat.name:lower !~ \"%a\")",
    "@request.auth.team.name = 'red' && @request.body.x:isset = true // 'why'\n&& dt >= @todayStart",
    "geoDistance(geo.lon, geo.lat, 1, 2) < 5 && msel:length = 2 && null = '2024-01-01'",
    "cats.name ?= 'red' && cats.owner.name != 'x' || things_via_cats.cats.name ~ 'b'",
    "msel:each = 'a' && strftime('%Y-%m', dt, '+1 month') > '2' && @collection.cats:x.owner.team.name ?= title",
    "@request.auth.team.users_via_team.name ?= 'Ann' && @request.body.cats.name:lower ?!= title && tags:each ?~ 'x'",
]
WORDS = [
    "title", "num", "js.a", "cat.name", "@now", "@request.body.x", "null", "'a'", "5", "''", "whole", "price", "dt",
    "=", "!=", "?~", "&&", "||", "(", ")", "<", " ", "\n", "//", "'", '"', "\\", "%", ".", ":", ":lower", "msel",
    "cats.name", "msel:each", "cat.things_via_cat.num", "?=", ":each", "@collection.cats.name", "strftime('%Y', dt)",
    "-", ",",
]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: raw.decode(errors="surrogateescape"))))
@settings(max_examples=500)
def test_random_texts_raise_nothing_but_our_errors(text: str) -> None:
    for read in (shape_of, parse):
        with suppress(InvalidFilter):
            read(text, limits=CLIENT_LIMITS)


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.data())
@settings(max_examples=500, deadline=None)
def test_random_words_compile_and_run_or_raise_our_errors(sqlite_database: Database, text: str, data: Any) -> None:
    with suppress(InvalidFilter):
        sqlite_database.ask("things", text, sort=data.draw(st.sampled_from(["id", text[:20], "-js,id"])))


@pytest.mark.parametrize("seed", range(20))
def test_mutations_of_good_filters_compile_and_run_or_raise_our_errors(
    sqlite_database: Database, postgres_database: Database, seed: int
) -> None:
    dice = random.Random(seed)
    ran = 0
    for _ in range(150):
        text = dice.choice(SEEDS[1:])
        for _ in range(dice.randint(1, 2)):
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice([*WORDS, "", "", "\0", "\ud800", "é"]) + text[at + dice.randint(0, 2) :]
        found = []
        for database in (sqlite_database, postgres_database):
            try:
                found.append(database.ask("things", text, actor="users/u1", body={"x": 1, "cats": ["c1"]}))
                ran += 1
            except InvalidFilter as error:
                found.append(type(error).__name__)
        assert found[0] == found[1], text
    assert ran > 0
