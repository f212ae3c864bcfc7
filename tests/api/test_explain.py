"""What `explain` says of a list request: the statement, how it runs, and which index is missing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Boolean, ForeignKey, Integer, Varchar
from tests.asking import serving

from piccobase import AuthCollection, Collection, Rules
from piccobase.base.errors import Forbidden
from piccobase.filters.errors import UnknownField
from piccobase.records.asking import ListQuery
from piccobase.records.explaining import Explanation, explain_list
from piccobase.schema.actor import GUEST, Actor
from piccobase.testing import Caller, TestApp

MANY = 3000


class User(AuthCollection, tablename="users"):
    rules = Rules(list="", view="", create="")


class Post(Collection, tablename="posts"):
    title = Varchar(length=200)
    published = Boolean(default=False)
    views = Integer(default=0, index=True)
    likes = Integer(default=0)
    secret = Varchar(secret=True)
    author = ForeignKey(User)
    rules = Rules(list="published = true", view="", create="")


class Locked(Collection, tablename="locked"):
    rules = Rules()


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([User, Post, Locked], [], database_url, tmp_path) as api:
        first = await api.create("posts", title="first", published=True)
        columns = "title, published, views, likes, secret, author, created, updated"
        key = "'x' || n" if database_url is None else "'x' || n::text"
        published = "1" if database_url is None else "TRUE"
        await api.services.engine.rows(
            f"WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < {MANY}) "
            f"INSERT INTO posts (id, {columns}) "
            f"SELECT {key}, title, {published}, n, n, secret, author, created, updated "
            f"FROM posts, more WHERE id = '{first['id']}'"
        )
        await api.services.engine.rows("ANALYZE posts")
        yield api


async def explained(api: Caller, actor: Actor = GUEST, collection: str = "posts", **asked: object) -> Explanation:
    records = api.services.records
    found = records.registry.find(collection)
    assert found is not None
    return await explain_list(records, records.context(actor, "GET", {}, {}), found, ListQuery(**asked))  # type: ignore[arg-type]


async def test_it_shows_the_conditions_the_statement_and_what_it_is_run_with(api: Caller) -> None:
    found = await explained(api, filter="views > 2990 && title ~ 'fir'", sort="-views", page=1, per_page=5)
    assert found.rule == ["published = true"]
    assert found.filter == ["all of", "  views > 2990", "  title ~ 'fir'"]
    assert found.sql.startswith("SELECT")
    assert 2990 in found.parameters
    assert "%fir%" in found.parameters
    assert found.found == 5
    assert found.milliseconds > 0
    assert found.plan.lines


async def test_an_index_that_serves_is_named_and_nothing_is_advised(api: Caller) -> None:
    found = await explained(api, filter="views = 17")
    assert any("views" in index for index in found.plan.indexes), found
    assert found.advice == []


@pytest.mark.parametrize(
    ("filter", "sort", "field"),
    [
        ("likes = 17", "", "likes"),
        ("title ~ 'a' && likes > 10", "", "likes"),
        ("17 = likes", "-title", "likes"),
        ("", "title", "title"),
    ],
)
async def test_a_full_scan_of_many_records_names_the_index_that_is_missing(
    api: Caller, filter: str, sort: str, field: str
) -> None:
    (advice,) = (await explained(api, await superuser(api), filter=filter, sort=sort)).advice
    assert f"An index on {field} would help" in advice
    assert "index=True" in advice
    assert str(MANY + 1) in advice


async def test_where_no_index_helps_it_says_so(api: Caller) -> None:
    (advice,) = (await explained(api, await superuser(api), filter="title ~ 'zzz'")).advice
    assert "no index of one field helps" in advice


async def test_a_page_of_everything_needs_no_advice(api: Caller) -> None:
    assert (await explained(api, await superuser(api))).advice == []


async def test_it_explains_to_nobody_what_the_request_would_not_tell(api: Caller) -> None:
    with pytest.raises(UnknownField):
        await explained(api, filter="secret = 'x'")
    with pytest.raises(Forbidden):
        await explained(api, collection="locked")


async def superuser(api: TestApp) -> Actor:
    asked = await api.superuser()
    return await api.services.actors.actor(asked.token)
