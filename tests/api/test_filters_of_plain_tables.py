"""Paths to many through plain Piccolo tables: integer and UUID keys, M2M, arrays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import M2M, UUID, Array, ForeignKey, Integer, LazyTableReference, Numeric, Serial, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import Rules
from piccobase.columns import Relations
from piccobase.testing import TestApp

OPEN = Rules(list="", view="", create="")


class Label(Table, tablename="labels"):
    code = UUID(primary_key=True)
    name = Varchar()
    rules = OPEN


class Band(Table, tablename="bands"):
    number = Serial(primary_key=True)
    name = Varchar()
    label = ForeignKey(Label)
    labels = Relations(Label)
    genres = M2M(LazyTableReference("GenreOfBand", module_path=__name__))
    scores = Array(base_column=Integer(), default=list)
    prices = Array(base_column=Numeric(digits=(6, 2)), default=list)
    words = Array(base_column=Varchar(), default=list)
    rules = OPEN


class Genre(Table, tablename="genres"):
    number = Serial(primary_key=True)
    name = Varchar()
    friends = Relations(Band)
    bands = M2M(LazyTableReference("GenreOfBand", module_path=__name__))
    rules = OPEN


class GenreOfBand(Table, tablename="genres_of_bands"):
    number = Serial(primary_key=True)
    band = ForeignKey(Band)
    genre = ForeignKey(Genre)
    hidden = Integer(default=0)
    rules = Rules(list="hidden = 0", create="")


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Label, Band, Genre, GenreOfBand], [], database_url, tmp_path) as guest:
        yield guest


CASES = [
    ("bands", "labels.name ?= 'Sub Pop'", "one two"),
    ("bands", "labels.name = 'Sub Pop'", "one"),
    ("bands", "labels.name = ''", "three"),
    ("bands", "labels:length = 2", "two"),
    ("labels", "bands_via_label.name ?= 'one'", "Sub Pop"),
    ("labels", "bands_via_labels.name ?= 'two'", "Sub Pop 4AD"),
    ("labels", "bands_via_labels.id ?= '1'", "Sub Pop"),
    ("genres", "friends.name ?= 'two'", "rock"),
    ("bands", "genres_via_friends.name ?= 'rock'", "one two"),
    ("bands", "genres.name ?= 'rock'", "one two"),
    ("bands", "genres.name = 'rock'", "one two"),  # that one is pop as well is in a row that guests may not list
    ("bands", "genres.name ?= 'pop'", ""),
    ("bands", "genres.name = ''", "three"),
    ("bands", "genres.id ?= 1", "one two"),
    ("genres", "bands.name ?= 'one' && bands.name ?= 'two'", ""),
    ("genres", "bands.name ?= 'two'", "rock"),
    ("bands", "genres.bands.name ?= 'two'", "one two"),
    ("bands", "genres_of_bands_via_band.genre.name ?= 'rock'", "one two"),
    ("bands", "scores:each ?= 3", "one two"),
    ("bands", "scores:each > 2", "two"),
    ("bands", "scores:each ?> 2.5 && scores:each ?< 4", "one two"),
    ("bands", "scores:length = 3", "one"),
    ("bands", "scores:length = 0", "three"),
    ("bands", "prices:each ?= 9.5", "one"),
    ("bands", "prices:each ?> '10'", "one"),
    ("bands", "words:each ?~ 'LOU'", "two"),
    ("bands", "words:each:lower = 'x'", "400"),
    ("bands", "genres = 'x'", "400"),
    ("bands", "genres:length = 1", "400"),
    ("bands", "genres.bands.genres.bands.name = 'x'", "400"),
]


async def test_keys_arrays_and_m2m_are_paths_as_others(api: TestApp) -> None:
    root = await api.superuser()
    labels = [(await root.create("labels", name=name))["id"] for name in ("Sub Pop", "4AD")]
    genres = [(await root.create("genres", name=name))["id"] for name in ("rock", "pop")]
    made: list[dict[str, Any]] = [
        {"name": "one", "label": labels[0], "labels": labels[:1], "scores": [1, 2, 3], "prices": [9.5, 10.25]},
        {"name": "two", "label": labels[1], "labels": labels, "scores": [3, 4], "words": ["loud"]},
        {"name": "three"},
    ]
    bands = [(await root.create("bands", **each))["id"] for each in made]
    await root.ask("PATCH", root.records("genres", genres[0]), {"friends": bands[:2]})
    for band, genre, hidden in ((0, 0, 0), (1, 0, 0), (0, 1, 1)):
        await root.create("genres_of_bands", band=bands[band], genre=genres[genre], hidden=hidden)
    wrong = {}
    for collection, text, expected in CASES:
        answer = await api.ask("GET", api.records(collection), query={"filter": text})
        found = " ".join(each["name"] for each in answer.json().get("items", [])) if answer.is_success else "400"
        if sorted(found.split()) != sorted(expected.split()):
            wrong[text] = (found, expected, answer.text[:200] if not answer.is_success else "")
    assert wrong == {}
    found = await root.ask(
        "GET", root.records("bands"), query={"filter": "genres.name ?= 'pop'", "sort": "genres.name"}
    )
    assert [band["name"] for band in found.json()["items"]] == ["one"]
