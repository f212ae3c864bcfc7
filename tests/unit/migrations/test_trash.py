"""What a migration takes away lies in the trash: it comes back with the way back, or is purged."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from piccolo.columns import ForeignKey, Integer, Serial, Text, Varchar
from tests.unit.migrations.migrating import Engine, bound, change_of, make, migrate, table

from piccobase.base import clock
from piccobase.base.errors import StartError
from piccobase.db.placeholders import in_dialect
from piccobase.db.setup import plan_setup
from piccobase.db.shape import read_shape
from piccobase.db.watched import WatchedTable, from_stored, stored_form
from piccobase.migrations.changes import MigrationRefused, SchemaChange
from piccobase.migrations.trash import list_trash, purge_trash
from piccobase.schema.system import RoleGrant, Secret, StoredChange, StoredCollection, StoredSetting


@pytest.fixture(autouse=True)
def one_moment() -> Iterator[None]:
    with clock.frozen(datetime(2026, 11, 26, tzinfo=UTC)):
        yield


async def rows(engine: Engine, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    return await engine.rows(in_dialect(sql, engine.dialect), args)


async def test_a_dropped_column_comes_back_with_its_values(engine: Engine) -> None:
    before = [table("posts", body=Text(), slug=Varchar(unique=True, required=True), n=Integer())]
    after = [table("posts", n=Integer())]
    await make(engine, before)
    post = before[0]
    await post.insert(*(post(id=key, body=key * 2, slug=f"s-{key}") for key in "abc"))
    change = change_of(engine, before, after)
    await migrate(engine, change, ["posts.body", "posts.slug"], "m1")

    kept = await list_trash(engine)
    assert {(it.place, it.kind, it.rows, it.migration) for it in kept} == {
        ("posts.body", "dropped", 3, "m1"),
        ("posts.slug", "dropped", 3, "m1"),
    }
    assert plan_setup(bound(engine, after), await read_shape(engine)).problems == ()
    assert not [name for name in (await read_shape(engine)).tables if name.startswith("_trash_")]
    await rows(engine, "DELETE FROM posts WHERE id = 'b'")
    await after[0].insert(after[0](id="d", n=4))

    bound(engine, before)
    await migrate(engine, change.reversed(), ["posts.n"], "m1", restore=True)
    assert await post.select(post.id, post.body, post.slug).order_by(post.id) == [  # type: ignore[attr-defined]
        {"id": "a", "body": "aa", "slug": "s-a"},
        {"id": "c", "body": "cc", "slug": "s-c"},
        {"id": "d", "body": "", "slug": ""},
    ]
    assert await list_trash(engine) == []


async def test_a_dropped_table_comes_back_with_its_rows(engine: Engine) -> None:
    author = table("authors", id=Serial(primary_key=True), name=Varchar())
    before = [author, table("posts", author=ForeignKey(author), title=Varchar()), table("other")]
    after = [table("other")]
    await make(engine, before)
    await author.insert(author(name="Ann"), author(name="Bob"))
    await before[1].insert(before[1](id="p", author=2, title="Hi"))
    change = change_of(engine, before, after)
    await migrate(engine, change, ["authors", "posts"], "m1")
    assert "posts" not in (await read_shape(engine)).tables
    bound(engine, before)
    await migrate(engine, change.reversed(), (), "m1", restore=True)
    assert await before[1].select() == [{"id": "p", "author": 2, "title": "Hi"}]
    await author.insert(author(name="Cleo"))  # goes on counting
    assert await author.select(author.id, author.name).order_by(author.id) == [  # type: ignore[attr-defined]
        {"id": 1, "name": "Ann"},
        {"id": 2, "name": "Bob"},
        {"id": 3, "name": "Cleo"},
    ]
    assert await list_trash(engine) == []


async def test_rows_whose_target_is_gone_cannot_come_back_and_the_way_out_is_said(engine: Engine) -> None:
    author = table("authors", name=Varchar())
    before = [author, table("posts", author=ForeignKey(author)), table("notes", writer=ForeignKey(author))]
    after = [author, table("notes")]
    await make(engine, before)
    await author.insert(author(id="a"), author(id="b"))
    await before[1].insert(before[1](id="p", author="a"), before[1](id="q", author="b"))
    await before[2].insert(before[2](id="n", writer="a"))
    change = change_of(engine, before, after)
    await migrate(engine, change, ["posts", "notes.writer"], "m1")
    await rows(engine, "DELETE FROM authors WHERE id = 'a'")
    with pytest.raises(MigrationRefused) as refused:
        await migrate(engine, change.reversed(), (), "m1", restore=True)
    kept = {it.place: it.id for it in await list_trash(engine)}
    assert str(refused.value).splitlines()[1:] == [
        (
            "posts.author: 1 row in the trash points to a record that is not in authors any more. "
            f"To go back without them: piccobase migrate purge {kept['posts']}"
        ),
        (
            "notes.writer: 1 row points to a record that is not in authors, the first is n. "
            f"To go back without them: piccobase migrate purge {kept['notes.writer']}"
        ),
    ]
    await purge_trash(engine, list(kept.values()))
    await migrate(engine, change.reversed(), (), "m1", restore=True)
    bound(engine, before)
    assert await before[1].count() == 0
    assert await before[2].select() == [{"id": "n", "writer": None}]


async def test_a_value_that_was_written_since_is_not_overwritten(engine: Engine) -> None:
    before = [table("posts", n=Varchar(), m=Integer(null=True, default=None))]
    after = [table("posts", n=Integer(), m=Integer(default=None))]
    await make(engine, before)
    post = before[0]
    await post.insert(post(id="a", n="one"), post(id="b", n="two"), post(id="c", n="3", m=5))
    change = change_of(engine, before, after)
    await migrate(engine, change, ["posts.n", "posts.m"], "m1")
    await rows(engine, "UPDATE posts SET n = 7 WHERE id = 'b'")
    bound(engine, before)
    await migrate(engine, change.reversed(), (), "m1", restore=True)
    assert await post.select().order_by(post.id) == [  # type: ignore[attr-defined]
        {"id": "a", "n": "one", "m": None},
        {"id": "b", "n": "7", "m": None},
        {"id": "c", "n": "3", "m": 5},
    ]


async def test_what_the_way_back_takes_away_comes_back_when_the_migration_is_run_again(engine: Engine) -> None:
    before, after = [table("posts", n=Integer())], [table("posts", n=Integer(), body=Text())]
    await make(engine, before)
    await before[0].insert(before[0](id="a"), before[0](id="b"))
    change = change_of(engine, before, after)
    await migrate(engine, change, (), "m1")
    bound(engine, after)
    await rows(engine, "UPDATE posts SET body = 'written' WHERE id = 'a'")
    await migrate(engine, change.reversed(), ["posts.body"], "m1", restore=True)
    assert [it.place for it in await list_trash(engine)] == ["posts.body"]
    await migrate(engine, change, (), "m1")
    assert await after[0].select(after[0].body).order_by(after[0].id) == [{"body": "written"}, {"body": ""}]  # type: ignore[attr-defined]
    assert await list_trash(engine) == []


async def test_the_trash_is_purged_by_id_by_age_and_altogether(engine: Engine) -> None:
    before, after = [table("posts", a=Text(), b=Text(), c=Text())], [table("posts")]
    await make(engine, before)
    await before[0].insert(before[0](id="a", a="1", b="2", c="3"))
    await migrate(engine, change_of(engine, before, after), ["posts.a", "posts.b", "posts.c"], "m1")
    first = (await list_trash(engine))[0]
    with pytest.raises(StartError, match="nothing with the id nobody"):
        await purge_trash(engine, ["nobody"])
    assert await purge_trash(engine, [first.id]) == [first]
    assert await purge_trash(engine, older_than=timedelta(days=30)) == []
    with clock.frozen(datetime(2026, 12, 27, tzinfo=UTC)):
        assert len(await purge_trash(engine, older_than=timedelta(days=30))) == 2
    assert await purge_trash(engine, everything=True) == []
    everything = "sqlite_schema" if engine.dialect == "sqlite" else "pg_tables"
    name = "name" if engine.dialect == "sqlite" else "tablename"
    assert await rows(engine, f"SELECT {name} FROM {everything} WHERE {name} LIKE '\\_trash\\_%' ESCAPE '\\'") == []


SYSTEM = (StoredCollection, RoleGrant, Secret, StoredSetting, StoredChange)
CHANGE = (
    "INSERT INTO _changes (collection, record, verb, actor_collection, actor, time) "
    "VALUES ('pbc_1', 'u', 'delete', '', '', 1)"
)


async def test_what_the_system_knows_of_a_collection_follows_its_rename(engine: Engine) -> None:
    before = [table("left", a=Integer()), table("right", b=Integer())]
    after = [table("right", a=Integer()), table("left", b=Integer())]
    await make(engine, [*before, *SYSTEM])
    for key, name in (("pbc_1", "left"), ("pbc_2", "right")):
        await StoredCollection.insert(StoredCollection(id=key, name=name, kind="base", auth_rule=""))
    await rows(engine, "INSERT INTO _settings (name, value, revision) VALUES ('', '', 4)")
    limits = '{"rules":[{"label":"left:create"},{"label":"/api/collections/right/records"},{"label":"*:auth"}]}'
    await rows(engine, "INSERT INTO _settings (name, value, revision) VALUES ('rateLimits', ?, 4)", limits)
    await migrate(engine, change_of(engine, before, after, {"left": "right", "right": "left"}))
    assert await rows(engine, "SELECT id, name FROM _collections ORDER BY id") == [
        ("pbc_1", "right"),
        ("pbc_2", "left"),
    ]
    assert await rows(engine, "SELECT name, value, revision FROM _settings ORDER BY name") == [
        ("", "", 5),
        (
            "rateLimits",
            '{"rules":[{"label":"right:create"},{"label":"/api/collections/left/records"},{"label":"*:auth"}]}',
            5,
        ),
    ]


@pytest.mark.parametrize("with_rows", [True, False], ids=["with rows", "empty"])
async def test_a_collection_of_the_same_name_does_not_get_the_secrets_of_one_that_was_dropped(
    engine: Engine, with_rows: bool
) -> None:
    before, after = [table("users", name=Varchar()), table("other")], [table("other")]
    await make(engine, [*before, *SYSTEM])
    if with_rows:
        await before[0].insert(before[0](id="u", name="Ann"))
    await StoredCollection.insert(StoredCollection(id="pbc_1", name="users", kind="auth", auth_rule=""))
    await RoleGrant.insert(RoleGrant(id="r", collection="pbc_1", record="u", role="editor"))
    await rows(engine, CHANGE)
    await Secret.insert(Secret(name="token.pbc_1.auth", value="old"), Secret(name="token.pbc_10.auth", value="other"))
    change: SchemaChange = change_of(engine, before, after)
    await migrate(engine, change, ["users"], "m1")
    assert await rows(engine, "SELECT name FROM _secrets") == [("token.pbc_10.auth",)]
    assert await rows(engine, "SELECT 1 FROM _roles UNION ALL SELECT 1 FROM _collections") == []
    assert await rows(engine, "SELECT collection FROM _changes") == [("dropped:pbc_1",)]
    bound(engine, before)
    await migrate(engine, change.reversed(), (), "m1", restore=True)
    assert await rows(engine, "SELECT collection FROM _changes") == [("pbc_1",)]
    assert await rows(engine, "SELECT value FROM _secrets ORDER BY value") == [("old",), ("other",)]
    assert await rows(engine, "SELECT id, record, role FROM _roles") == [("r", "u", "editor")]
    assert await rows(engine, "SELECT id, name FROM _collections") == [("pbc_1", "users")]
    assert await before[0].count() == int(with_rows)


async def test_what_the_change_log_knows_of_a_table_follows_it(engine: Engine) -> None:
    """Other processes write the log by it until the next start."""
    before = [table("users", name=Varchar(), phone=Varchar(), note=Text())]
    after = [table("people", title=Varchar(), phone=Varchar())]
    await make(engine, [*before, *SYSTEM])
    fields = {"id": "id", "name": "name", "phone": "phone", "note": "note"}
    watched = WatchedTable(table="users", collection="pbc_1", key="id", fields=fields, secrets=("name", "note"))
    stored = StoredCollection(id="pbc_1", name="users", kind="base", auth_rule="", watched=stored_form(watched))
    await StoredCollection.insert(stored)
    await migrate(engine, change_of(engine, before, after, {"users": "people"}, {("people", "name"): "title"}))
    [[text]] = await rows(engine, "SELECT watched FROM _collections")
    fields = {"id": "id", "title": "title", "phone": "phone"}
    assert from_stored(text) == WatchedTable(
        table="people", collection="pbc_1", key="id", fields=fields, secrets=("title",)
    )
