"""A token becomes the record it names, with its roles, for as long as that is true and not one request longer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from tests.signing_in import Driver, Engine, SigningIn, Superuser, User, claims_of, handmade_token

from piccobase.base.clock import frozen, now
from piccobase.base.ids import new_secret
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.engine import Row, Transaction
from piccobase.db.postgres import PostgresEngine
from piccobase.identity.actors import Actors
from piccobase.identity.roles import Grants
from piccobase.identity.secrets import token_secret_name
from piccobase.schema.actor import GUEST
from piccobase.schema.values.base import Dialect


class Watched:
    """A database that counts what it is asked, and can do something behind the asker's back after an answer."""

    def __init__(self, db: Engine) -> None:
        self._db = db
        self.dialect: Dialect = db.dialect
        self.asked = 0
        self.afterwards: Callable[[], Awaitable[None]] | None = None

    async def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        self.asked += 1
        rows = await self._db.rows(sql, args)
        if self.afterwards:
            afterwards, self.afterwards = self.afterwards, None
            await afterwards()
        return rows

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._db.transaction()

    def version(self, sql: str = "", args: Sequence[Any] = (), *, since: float | None = None) -> int | None:
        return self._db.version(sql, args, since=since)


@pytest.fixture
def db(house: SigningIn) -> Watched:
    return Watched(house.db)


@pytest.fixture
def actors(house: SigningIn, db: Watched) -> Actors:
    return Actors(db, house.registry, house.secrets)


@pytest.fixture
async def another_process(house: SigningIn) -> AsyncIterator[Engine]:
    """Another engine on the same database, with connections of its own."""
    if isinstance(house.db, EmbeddedEngine):
        opened: Engine = EmbeddedEngine(house.db.path)
    else:
        opened = PostgresEngine(house.db.config["dsn"])
    yield opened
    await opened.close()


async def test_the_actor_has_all_fields_of_the_record_as_the_driver_gives_them(
    house: SigningIn, actors: Actors
) -> None:
    record_id = await house.add(User, "ada@example.com", "password", username="ada", verified=True)
    actor = await actors.actor(await house.token(User, record_id))
    columns = ", ".join(f'"{field.column}"' for field in house.collection("users").fields)
    [row] = await house.db.rows(f"SELECT {columns} FROM users")
    names = [field.name for field in house.collection("users").fields]
    assert actor.collection is house.collection("users")
    assert actor.id == record_id
    assert actor.values == dict(zip(names, row, strict=True))
    assert {"tokenKey", "password", "email", "username"} <= actor.values.keys()
    assert (actor.superuser, actor.guest, actor.refreshable) == (False, False, True)


async def test_a_superuser_is_one_by_the_collection(house: SigningIn, actors: Actors) -> None:
    root = await house.add(Superuser, "root@example.com")
    assert (await actors.actor(await house.token(Superuser, root))).superuser


async def test_roles_are_closed_under_inclusion_and_what_is_no_longer_declared_counts_for_nothing(
    house: SigningIn, actors: Actors
) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    await house.grants.grant(house.collection("drivers"), record_id, {"editor", "astronaut"})
    actor = await actors.actor(await house.token(Driver, record_id))
    assert actor.roles == {"editor", "reader"}


async def test_the_header_may_say_bearer(house: SigningIn, actors: Actors) -> None:
    token = await house.token(Driver, await house.add(Driver, "bob@example.com"))
    for header in (token, f"Bearer {token}", f"bearer {token}", f"BEARER {token}"):
        assert not (await actors.actor(header)).guest
    for header in (f"Token {token}", f"Bearer  {token}", f"Bearer Bearer {token}", f"{token} ", f"Bearer{token}"):
        assert await actors.actor(header) is GUEST


@pytest.mark.parametrize("header", ["", " ", "Bearer ", "garbage", "a.b.c", "..", "é" * 50, "\0", "x" * 100_000])
async def test_what_is_no_token_makes_a_guest_without_a_query(actors: Actors, db: Watched, header: str) -> None:
    assert await actors.actor(header) is GUEST
    assert db.asked == 0


async def test_a_token_given_out_for_somebody_else_says_so(house: SigningIn, actors: Actors) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    assert not (await actors.actor(await house.token(Driver, record_id, refreshable=False))).refreshable


async def test_a_file_token_counts_where_file_tokens_are_asked_for(house: SigningIn, actors: Actors) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    file, auth = await house.token(Driver, record_id, "file"), await house.token(Driver, record_id)
    for _ in range(2):  # the second time it might be remembered
        assert (await actors.actor(file, "file")).id == record_id
        assert await actors.actor(file) is GUEST
        assert (await actors.actor(auth)).id == record_id
        assert await actors.actor(auth, "file") is GUEST


async def test_a_token_expires_even_when_its_actor_is_remembered(house: SigningIn, actors: Actors) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    moment = now().replace(microsecond=0)
    with frozen(moment):
        token = await house.token(Driver, record_id, duration=60)
        assert not (await actors.actor(token)).guest
    with frozen(moment + timedelta(seconds=59)):
        assert not (await actors.actor(token)).guest
    with frozen(moment + timedelta(seconds=60)):
        assert await actors.actor(token) is GUEST


# --- what is remembered


async def test_an_actor_costs_one_query_and_on_sqlite_none_until_something_is_committed(
    house: SigningIn, actors: Actors, db: Watched
) -> None:
    token = await house.token(Driver, await house.add(Driver, "bob@example.com"))
    first = await actors.actor(token)
    assert db.asked == 1
    assert await actors.actor(token) == first
    assert db.asked == (1 if db.dialect == "sqlite" else 2)


async def test_a_guest_is_not_remembered(house: SigningIn, actors: Actors, db: Watched) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    token = await house.token(Driver, record_id)
    await house.secrets.replace(token_secret_name(house.collection("drivers"), "auth"))
    assert await actors.actor(token) is GUEST
    assert await actors.actor(token) is GUEST
    assert db.asked == 2


async def change_name(house: SigningIn, db: Engine, record_id: str) -> None:
    await db.rows("UPDATE drivers SET email = 'new@example.com'")


async def change_token_key(house: SigningIn, db: Engine, record_id: str) -> None:
    await db.rows(f"""UPDATE drivers SET "tokenKey" = '{new_secret()}'""")


async def delete_record(house: SigningIn, db: Engine, record_id: str) -> None:
    await db.rows("DELETE FROM drivers")


async def grant_role(house: SigningIn, db: Engine, record_id: str) -> None:
    await Grants(db).grant(house.collection("drivers"), record_id, {"admin"})


async def take_role(house: SigningIn, db: Engine, record_id: str) -> None:
    await Grants(db).take(house.collection("drivers"), record_id, {"reader"})


async def delete_secret(house: SigningIn, db: Engine, record_id: str) -> None:
    await db.rows("DELETE FROM _secrets")


Change = Callable[[SigningIn, Engine, str], Awaitable[None]]
CHANGES: dict[Change, Callable[[Any], bool]] = {
    change_name: lambda actor: actor.values["email"] == "new@example.com",
    change_token_key: lambda actor: actor.guest,
    delete_record: lambda actor: actor.guest,
    grant_role: lambda actor: actor.roles == {"admin", "editor", "reader"},
    take_role: lambda actor: actor.roles == frozenset(),
    delete_secret: lambda actor: actor.guest,
}


@pytest.mark.parametrize("where", ["here", "in another process"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_the_next_request_knows_what_has_changed(
    house: SigningIn, actors: Actors, another_process: Engine, change: Change, where: str
) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    await house.grants.grant(house.collection("drivers"), record_id, {"reader"})
    token = await house.token(Driver, record_id)
    for _ in range(3):
        assert not CHANGES[change](await actors.actor(token))
    await change(house, house.db if where == "here" else another_process, record_id)
    for _ in range(2):
        assert CHANGES[change](await actors.actor(token))


@pytest.mark.parametrize("change", [take_role, change_token_key], ids=lambda change: change.__name__)
async def test_what_changes_while_the_actor_is_read_is_known_to_the_next_request(
    house: SigningIn, actors: Actors, db: Watched, another_process: Engine, change: Change
) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    await house.grants.grant(house.collection("drivers"), record_id, {"reader"})
    token = await house.token(Driver, record_id)

    async def meanwhile() -> None:
        await change(house, another_process, record_id)
        await actors.actor("another request, which sees the new version of the database")

    db.afterwards = meanwhile
    assert not CHANGES[change](await actors.actor(token))
    assert CHANGES[change](await actors.actor(token))


async def test_no_more_than_a_bounded_number_is_remembered(
    house: SigningIn, actors: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("piccobase.identity.actors._MEMORY", 3)
    ids = [await house.add(Driver, f"driver{number}@example.com") for number in range(8)]
    tokens = [await house.token(Driver, record_id) for record_id in ids]
    for _ in range(2):
        assert [(await actors.actor(token)).id for token in tokens] == ids
        assert len(actors._memory) <= 3
        assert len(actors._proven) <= 3


async def test_tokens_that_we_have_not_signed_leave_nothing_behind(house: SigningIn, actors: Actors) -> None:
    token = await house.token(Driver, await house.add(Driver, "bob@example.com"))
    claims = claims_of(token)
    for number in range(5):
        assert await actors.actor(handmade_token(claims | {"padding": "x" * 10_000}, f"{number}" * 50)) is GUEST
    assert not actors._proven
    assert not actors._memory
    assert not (await actors.actor(token)).guest
    assert list(actors._proven) == [token]


async def test_what_others_changed_before_a_request_came_counts_for_it_whoever_has_looked_meanwhile(
    house: SigningIn, actors: Actors, another_process: Engine
) -> None:
    record_id = await house.add(Driver, "bob@example.com")
    token = await house.token(Driver, record_id)
    early = perf_counter()
    assert not (await actors.actor(token)).guest
    assert not (await actors.actor(token)).guest  # from now on it is remembered, and somebody has looked
    column = "$1" if another_process.dialect == "postgres" else "?"
    await another_process.rows(f"DELETE FROM drivers WHERE id = {column}", (record_id,))
    came_before = await actors.actor(token, arrived=early)
    assert came_before.guest is (another_process.dialect == "postgres")  # where nothing is remembered
    assert (await actors.actor(token, arrived=perf_counter())).guest
    assert (await actors.actor(token, arrived=early)).guest
    assert (await actors.actor(token)).guest
