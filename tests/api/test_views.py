"""View collections: fields from their sources, rules, filters and expand over a SELECT, and no way to write."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import UUID, Boolean, ForeignKey, Integer, Numeric, Real, Serial, Text, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import App, AuthCollection, Collection, FieldRules, Role, Rules, View, role, signed_in
from piccobase.base.errors import InvalidDeclaration, StartError
from piccobase.columns import MultiSelect, Relations
from piccobase.testing import Caller, TestApp

READ = Rules(list="", view="")


class Author(AuthCollection, tablename="authors"):
    name = Varchar()
    rules = Rules(list=signed_in, view="", create="")


class Tag(Collection, tablename="tags"):
    name = Varchar()
    rules = READ


class Post(Collection, tablename="posts"):
    title = Varchar()
    author = ForeignKey(Author)
    tags = Relations(Tag)
    marks = MultiSelect(["a", "b"])
    views = Integer(default=0)
    price = Numeric(default=Decimal(0))
    published = Boolean(default=False, db_column_name="isPublished")
    secret = Varchar(secret=True)
    private = Varchar()
    rules = Rules(list="isPublished = true", view="", fields={"private": FieldRules(read=role("editor"))})


class Band(Table, tablename="bands"):
    id = Serial(primary_key=True)
    name = Varchar()


class Song(Table, tablename="songs"):
    id = UUID(primary_key=True)
    band = ForeignKey(Band)
    rules = READ


class Card(
    View,
    tablename="cards",
    query='SELECT id, title, author, tags, marks, "isPublished", price, created, secret, private FROM posts',
):
    """What is passed on keeps its kind."""

    rules = READ


class Stats(
    View,
    tablename="stats",
    query="""
        SELECT a.id, a.name, COUNT(p.id) AS posts, SUM(p.views) AS total, AVG(p.views) AS mean,
               MAX(p.title) AS last, SUM(p.views) > 10 AS popular, MAX(p.created) AS "latestPost"
        FROM authors AS a LEFT JOIN posts AS p ON p.author = a.id
        GROUP BY a.id, a.name; -- a line at the end
    """,
):
    """Types that the query tells."""

    rules = Rules(list="posts > 0", view=signed_in)


class Pair(
    View,
    tablename="pairs",
    query="""
        WITH written AS (SELECT p.author AS writer, p.title AS what FROM posts AS p)
        SELECT a.id AS author, w.what || '/' || a.name AS id, w.what, a.name AS "authorName", 2 AS double, 1 AS ratio,
               1.5 AS cost
        FROM written AS w, authors AS a WHERE a.id = w.writer
    """,
):
    """A key that is made up, a relation out of another's key, and declared types."""

    double = Text()
    ratio = Real()
    cost = Numeric()
    rules = READ


class Play(
    View,
    tablename="plays",
    query="SELECT songs.id AS id, bands.id AS band FROM songs, bands WHERE songs.band = bands.id",
):
    rules = READ


class Locked(View, tablename="locked", query="SELECT id, title FROM posts"):
    """Nobody may."""


class Years(
    View,
    tablename="years",
    query={
        "sqlite": "SELECT strftime('%Y', created) AS id, COUNT(*) AS posts FROM posts GROUP BY 1",
        "postgres": "SELECT to_char(created, 'YYYY') AS id, COUNT(*) AS posts FROM posts GROUP BY 1",
    },
):
    id = Varchar()
    rules = READ


TABLES = [Stats, Card, Pair, Play, Locked, Years, Author, Tag, Post, Band, Song]


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(TABLES, [Role("editor")], database_url, tmp_path) as guest:
        yield guest


@pytest.fixture
async def root(api: TestApp) -> Caller:
    root = await api.superuser()
    for name in ("ann", "bo"):
        password = f"password-{name}"
        draft = {"email": f"{name}@example.com", "password": password, "passwordConfirm": password}
        await root.create("authors", id=f"{name:0<15}", name=name, **draft)
    await root.create("tags", id=f"{'tag':0<15}", name="news")
    ann, tag = f"{'ann':0<15}", f"{'tag':0<15}"
    await root.create(
        "posts",
        id=f"{'p1':0<15}",
        title="First",
        author=ann,
        tags=[tag],
        marks=["b"],
        views=7,
        price=10.5,
        isPublished=True,
        secret="TOP",
        private="IN",
    )
    await root.create("posts", id=f"{'p2':0<15}", title="Second", author=ann, views=6, price=9.75)
    return root


async def listed(api: Caller, view: str, **query: str) -> list[dict[str, Any]]:
    answer = await api.ask("GET", api.records(view), query=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_what_is_passed_on_keeps_its_kind(api: Caller, root: Caller) -> None:
    first, second = await listed(api, "cards", sort="title")
    assert first["collectionName"] == "cards"
    assert first["collectionId"] == api.services.registry.collections["cards"].id
    assert (first["tags"], first["marks"], first["price"], first["isPublished"]) == (
        [f"{'tag':0<15}"],
        ["b"],
        10.5,
        True,
    )
    assert (second["tags"], second["isPublished"], len(second["created"])) == ([], False, 24)
    # What is hidden stays so, and what only a role reads: a view does not have to think of it.
    assert first.keys().isdisjoint({"secret", "private", "body"})
    assert {"secret": "TOP", "private": "IN"}.items() <= (await listed(root, "cards", sort="title"))[0].items()


FILTERS = [
    ("isPublished = true", ["First"]),
    ("marks:each ?= 'b'", ["First"]),
    ("price > 9.8", ["First"]),
    ("price < 10", ["Second"]),
    ("author = 'ann000000000000'", ["First", "Second"]),
    ("created < @now && title ~ 'sec'", ["Second"]),
    ("id = 'p10000000000000'", ["First"]),
    ("tags:length = 1", ["First"]),
]


async def test_filters_and_sorts_work_as_on_the_sources(api: Caller, root: Caller) -> None:
    for text, titles in FILTERS:
        assert [card["title"] for card in await listed(api, "cards", filter=text, sort="title")] == titles, text
    for sort, titles in (
        ("price", ["Second", "First"]),
        ("-title", ["Second", "First"]),
        ("title", ["First", "Second"]),
    ):
        assert [card["title"] for card in await listed(api, "cards", sort=sort)] == titles, sort
    assert [
        card["title"] for card in await listed(root, "cards", filter="author.name = 'ann'", sort="-author.name,price")
    ] == ["Second", "First"]
    page = (await api.ask("GET", api.records("cards"), query={"perPage": "1", "page": "2", "sort": "title"})).json()
    assert (page["totalItems"], page["totalPages"], [card["title"] for card in page["items"]]) == (2, 2, ["Second"])
    for query in ({"sort": "@rowid"}, {"filter": "secret = 'TOP'"}, {"sort": "private"}, {"filter": "views = 7"}):
        assert (await api.ask("GET", api.records("cards"), query=query)).status_code == 400


async def test_totals_follow_what_the_tables_hold(api: Caller, root: Caller) -> None:
    async def total() -> int:
        return int((await api.ask("GET", api.records("cards"))).json()["totalItems"])

    assert await total() == 2
    await root.create("posts", title="Third")
    assert await total() == 3


async def test_relations_expand_from_views_and_to_them(api: Caller, root: Caller) -> None:
    card, _ = await listed(api, "cards", sort="title", expand="author.stats_via_nope,tags,author")
    assert card["expand"]["tags"][0]["name"] == "news"
    card, _ = await listed(api, "cards", sort="title", expand="author.pairs_via_author,author.cards_via_author")
    author = card["expand"]["author"]
    assert "email" not in author
    assert sorted(pair["what"] for pair in author["expand"]["pairs_via_author"]) == ["First", "Second"]
    assert [each["id"] for each in author["expand"]["cards_via_author"]] == [f"{'p1':0<15}", f"{'p2':0<15}"]
    assert "expand" not in (await listed(api, "cards", expand="locked_via_id"))[0]


async def test_types_are_told_from_the_query(api: Caller, root: Caller) -> None:
    [ann] = await listed(api, "stats")  # the rule leaves out who has written nothing
    assert {"id": f"{'ann':0<15}", "name": "ann", "posts": 2, "total": 13, "mean": 6.5}.items() <= ann.items()
    assert (ann["last"], ann["popular"], len(ann["latestPost"])) == ("Second", True, 24)
    bo = next(each for each in await listed(root, "stats") if each["name"] == "bo")
    assert (bo["posts"], bo["total"], bo["mean"], bo["last"], bo["latestPost"]) == (0, None, None, None, None)
    assert [
        each["name"] for each in await listed(api, "stats", filter="mean > 6 && popular = true && latestPost > '2020'")
    ] == ["ann"]
    assert await listed(api, "stats", filter="total > 13") == []
    assert [each["name"] for each in await listed(root, "stats", sort="-posts,name")] == ["ann", "bo"]


async def test_a_view_has_rules_of_its_own(api: TestApp, root: Caller) -> None:
    ann = f"{'ann':0<15}"
    assert (await api.ask("GET", api.records("stats", ann))).status_code == 404
    signed = await api.signed_in("authors", "bo@example.com", "password-bo")
    assert (await signed.ask("GET", signed.records("stats", ann))).json()["total"] == 13
    assert (await signed.ask("GET", signed.records("stats", "nobody"))).status_code == 404
    for path in (api.records("locked"), api.records("locked", f"{'p1':0<15}")):
        assert (await signed.ask("GET", path)).status_code == 403
        assert (await root.ask("GET", path)).status_code == 200
    # The card shows the post that posts would not list: a view decides by its own rules alone.
    assert len(await listed(api, "posts")) == 1


async def test_declared_and_made_up_columns(api: Caller, root: Caller) -> None:
    first = (await listed(api, "pairs", sort="id"))[0]
    assert {
        "id": "First/ann",
        "author": f"{'ann':0<15}",
        "authorName": "ann",
        "double": "2",
        "ratio": 1,
        "cost": 1.5,
    }.items() <= first.items()
    one = await api.ask("GET", "/api/collections/pairs/records/First%2Fann", query={"expand": "author"})
    assert one.json()["expand"]["author"]["name"] == "ann"
    assert len(await listed(api, "pairs", filter="double = '2' && ratio = 1 && cost > 1.25 && cost < 1.75")) == 2
    [year] = await listed(api, "years")
    assert (len(year["id"]), year["posts"]) == (4, 2)


async def test_keys_of_plain_tables_stay_what_they_are(api: Caller, root: Caller) -> None:
    band = await root.create("bands", name="one")
    song = await root.create("songs", band=band["id"])
    [play] = await listed(api, "plays", filter=f"id = '{song['id']}' && band = '{band['id']}'")
    assert (play["id"], play["band"]) == (song["id"], band["id"])
    assert (await api.ask("GET", api.records("plays", song["id"]))).status_code == 200
    assert (await api.ask("GET", api.records("plays", "no-uuid"))).status_code == 404
    assert "expand" in (await listed(root, "plays", expand="band"))[0]


async def test_nothing_writes_a_view(api: Caller, root: Caller) -> None:
    for who in (api, root):
        for method, path in (
            ("POST", api.records("cards")),
            ("PATCH", api.records("cards", f"{'p1':0<15}")),
            ("DELETE", api.records("cards", f"{'p1':0<15}")),
            ("POST", api.records("locked")),
        ):
            answer = await who.ask(method, path, {} if method != "DELETE" else None)
            assert (answer.status_code, answer.json()["data"]) == (400, {})
            assert answer.json()["message"] == "Unsupported collection type."
    # A record goes although views point to it.
    assert (await root.ask("DELETE", root.records("authors", f"{'bo':0<15}"))).status_code == 204
    paths = (await root.ask("GET", "/api/openapi.json")).json()["paths"]
    assert list(paths["/api/collections/cards/records"]) == ["get"]
    assert "patch" not in paths["/api/collections/cards/records/{id}"]


MISTAKES = [
    ("SELEC id", "view.E001"),
    ("DELETE FROM posts", "view.E001"),
    ("SELECT id FROM posts; SELECT id FROM posts", "view.E001"),
    ("WITH gone AS (DELETE FROM posts RETURNING id) SELECT id FROM gone", "view.E001"),
    ("", "view.E001"),
    ("SELECT title FROM posts", "view.E002"),
    ("SELECT * FROM posts", "view.E003"),
    ("SELECT id, COUNT(*) FROM posts GROUP BY id", "view.E003"),
    ("SELECT id, title, private AS title FROM posts", "view.E003"),
    ("SELECT id, titel FROM posts", "view.E004"),
    ("SELECT p.id, p.titel FROM posts AS p", "view.E004"),
    ("SELECT id, something(title) AS what FROM posts", "view.E005"),
    ("SELECT id, password FROM authors", "view.E006"),
    ('SELECT id, substr("tokenKey", 1, 2) AS piece FROM authors', "view.E006"),
    ("SELECT id FROM posts WHERE author IN (SELECT id FROM authors WHERE password LIKE '$a%')", "view.E006"),
    ("SELECT id, title AS expand FROM posts", "field.E006"),
]


@pytest.mark.parametrize(("query", "code"), MISTAKES, ids=[query[:50] for query, _ in MISTAKES])
def test_mistakes_are_found_without_a_database(query: str, code: str) -> None:
    wrong = type("Wrong", (View,), {"rules": READ}, tablename="wrong", query=query)
    with pytest.raises(InvalidDeclaration) as found:
        App(collections=[Author, Tag, Post, wrong], roles=[Role("editor")]).check()
    assert [(problem.id, problem.place.partition(".")[0]) for problem in found.value.problems] == [(code, "wrong")]


def test_further_mistakes_of_declaration() -> None:
    class Odd(View, tablename="odd", query="SELECT id, title FROM posts"):
        titel = Varchar()
        rules = Rules(list="", create="", update="title = 'x'")

    with pytest.raises(InvalidDeclaration) as found:
        App(collections=[Author, Tag, Post, Odd], roles=[Role("editor")]).check()
    assert 'Did you mean "title"?' in str(found.value)
    assert {problem.id for problem in found.value.problems} >= {"view.E007"}

    class Written(View, tablename="written", query="SELECT id, title FROM posts"):
        rules = Rules(list="titel = 'x'", create="")

    with pytest.raises(InvalidDeclaration, match=r"view\.E008"):
        App(collections=[Author, Tag, Post, Written], roles=[Role("editor")]).check()
    Written.rules = Rules(list="titel = 'x'")
    with pytest.raises(InvalidDeclaration, match=r'rule\.E005 written, list: written has no field "titel"'):
        App(collections=[Author, Tag, Post, Written], roles=[Role("editor")]).check()


async def test_what_only_the_database_can_tell_stops_the_start(database_url: str | None, tmp_path: Path) -> None:
    wrong = type(
        "Wrong", (View,), {"rules": READ}, tablename="wrong", query="SELECT id, CAST(f(title) AS TEXT) AS t FROM posts"
    )
    with pytest.raises(StartError, match=r"view.E009 wrong: .* function"):
        async with serving([Author, Tag, Post, wrong], [Role("editor")], database_url, tmp_path):
            pass
