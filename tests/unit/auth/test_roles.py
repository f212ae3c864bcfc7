"""Roles are read and set by superusers, by whoever may grant them, and by nobody else."""

from typing import Any

import pytest
from tests.signing_in import Driver, Note, SigningIn, Superuser, User

from piccobase.base.errors import BadRequest, Forbidden, NotFound, RequestError, Unauthorized
from piccobase.schema.actor import GUEST, Actor


async def actor_with(house: SigningIn, who: str) -> Actor:
    """`guest`, `superuser`, or a user with this role (`nothing`: with none)."""
    if who == "guest":
        return GUEST
    table = Superuser if who == "superuser" else User
    record_id = await house.add(table, f"{who}@example.com")
    if who not in ("superuser", "nothing"):
        await house.grants.grant(house.collection("users"), record_id, {who})
    return await house.actors.actor(await house.token(table, record_id))


@pytest.fixture
async def bob(house: SigningIn) -> str:
    return await house.add(Driver, "bob@example.com")


async def put(house: SigningIn, record_id: str, actor: Actor, roles: Any, collection: str = "drivers") -> Any:
    return await house.roles.set(house.collection(collection), record_id, {"roles": roles}, actor)


@pytest.mark.parametrize(
    ("who", "before", "wanted", "effective"),
    [
        ("superuser", [], ["admin"], ["admin", "editor", "reader"]),
        ("superuser", ["admin"], [], []),
        ("superuser", ["admin"], ["reader", "reader"], ["reader"]),
        ("superuser", ["astronaut", "reader"], ["reader"], ["reader"]),
        ("admin", [], ["editor"], ["editor", "reader"]),
        ("admin", ["editor"], ["reader"], ["reader"]),
        ("admin", ["admin"], ["admin", "reader"], ["admin", "editor", "reader"]),  # admin stays, and is not granted
        ("admin", ["astronaut"], ["reader"], ["reader"]),
        ("editor", [], ["reader"], ["reader"]),
        ("editor", ["admin", "reader"], ["admin"], ["admin", "editor", "reader"]),
    ],
)
async def test_roles_are_replaced_by_who_may_grant_what_changes(
    house: SigningIn, bob: str, who: str, before: list[str], wanted: list[str], effective: list[str]
) -> None:
    await house.grants.grant(house.collection("drivers"), bob, before)
    actor = await actor_with(house, who)
    answer = {"roles": sorted(set(wanted)), "effective": effective}
    assert await put(house, bob, actor, wanted) == answer
    assert await house.roles.read(house.collection("drivers"), bob, actor) == answer
    assert (await house.actors.actor(await house.token(Driver, bob))).roles == set(effective)


@pytest.mark.parametrize(
    ("who", "before", "wanted", "error"),
    [
        ("guest", [], ["reader"], Unauthorized),
        ("guest", [], [], Unauthorized),
        ("nothing", [], ["reader"], Forbidden),
        ("nothing", [], [], Forbidden),
        ("reader", [], ["reader"], Forbidden),
        ("editor", [], ["editor"], Forbidden),
        ("editor", [], ["reader", "admin"], Forbidden),
        ("editor", ["editor"], [], Forbidden),
        ("editor", ["admin", "editor"], ["admin"], Forbidden),
        ("admin", [], ["admin"], Forbidden),
        ("admin", ["admin"], [], Forbidden),
    ],
)
async def test_who_may_not_grant_what_changes_changes_nothing(
    house: SigningIn, bob: str, who: str, before: list[str], wanted: list[str], error: type[RequestError]
) -> None:
    await house.grants.grant(house.collection("drivers"), bob, before)
    with pytest.raises(error):
        await put(house, bob, await actor_with(house, who), wanted)
    assert await house.grants.granted(house.collection("drivers"), bob) == set(before)


async def test_superusers_take_away_what_is_no_longer_declared_and_others_leave_it(house: SigningIn, bob: str) -> None:
    drivers = house.collection("drivers")
    await house.grants.grant(drivers, bob, {"astronaut"})
    await put(house, bob, await actor_with(house, "admin"), [])
    assert await house.grants.granted(drivers, bob) == {"astronaut"}
    await put(house, bob, await actor_with(house, "superuser"), [])
    assert await house.grants.granted(drivers, bob) == frozenset()


@pytest.mark.parametrize("who", ["admin", "editor"])
async def test_nobody_makes_more_of_themselves(house: SigningIn, who: str) -> None:
    actor = await actor_with(house, who)
    with pytest.raises(Forbidden):
        await put(house, actor.id, actor, ["admin", "editor"] if who == "editor" else [], "users")
    assert await house.grants.granted(house.collection("users"), actor.id) == {who}


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({}, {"roles": "validation_required"}),
        ({"roles": None}, {"roles": "validation_required"}),
        ({"roles": "admin"}, {"roles": "validation_invalid_value"}),
        ({"roles": {"admin": True}}, {"roles": "validation_invalid_value"}),
        ({"roles": [["admin"]]}, {"roles": "validation_invalid_value"}),
        ({"roles": [None]}, {"roles": "validation_invalid_value"}),
        ({"roles": ["admin", "edditor"]}, {"roles": {"1": "validation_in_invalid"}}),
        ({"roles": ["", "Admin"]}, {"roles": {"0": "validation_in_invalid", "1": "validation_in_invalid"}}),
    ],
)
async def test_a_body_with_mistakes_is_told_where(
    house: SigningIn, bob: str, body: dict[str, Any], data: dict[str, Any]
) -> None:
    root = await actor_with(house, "superuser")
    with pytest.raises(BadRequest) as error:
        await house.roles.set(house.collection("drivers"), bob, body, root)
    entry = error.value.wire()["data"]["roles"]
    codes = entry["code"] if "code" in entry else {place: inner["code"] for place, inner in entry.items()}
    assert {"roles": codes} == data


async def test_an_unknown_role_gets_the_nearest_name_that_the_caller_may_grant(house: SigningIn, bob: str) -> None:
    messages = {}
    for who in ("superuser", "editor"):
        with pytest.raises(BadRequest) as error:
            await put(house, bob, await actor_with(house, who), ["edditor"])
        messages[who] = error.value.wire()["data"]["roles"]["0"]["message"]
    assert messages["superuser"] == 'No role "edditor" is declared. Did you mean "editor"?'
    assert messages["editor"] == 'No role "edditor" is declared.'


@pytest.mark.parametrize(
    ("who", "error"),
    [("guest", Unauthorized), ("nothing", Forbidden), ("reader", Forbidden), ("editor", None), ("superuser", None)],
)
async def test_roles_are_shown_to_who_may_grant_any(
    house: SigningIn, bob: str, who: str, error: type[RequestError] | None
) -> None:
    await house.grants.grant(house.collection("drivers"), bob, {"editor", "astronaut"})
    actor = await actor_with(house, who)
    if error:
        with pytest.raises(error):
            await house.roles.read(house.collection("drivers"), bob, actor)
    else:
        answer = await house.roles.read(house.collection("drivers"), bob, actor)
        assert answer == {"roles": ["editor"], "effective": ["editor", "reader"]}


async def test_everybody_sees_their_own_roles(house: SigningIn) -> None:
    actor = await actor_with(house, "reader")
    answer = await house.roles.read(house.collection("users"), actor.id, actor)
    assert answer == {"roles": ["reader"], "effective": ["reader"]}


@pytest.mark.parametrize("record_id", ["nobodyisthisone", "", "\0", "' OR ''='"])
async def test_a_record_that_does_not_exist_has_no_roles(house: SigningIn, record_id: str) -> None:
    root = await actor_with(house, "superuser")
    with pytest.raises(NotFound):
        await put(house, record_id, root, ["admin"])
    with pytest.raises(NotFound):
        await house.roles.read(house.collection("drivers"), record_id, root)
    assert await house.db.rows("SELECT id FROM _roles") == []


async def test_who_may_grant_nothing_does_not_learn_whether_a_record_exists(house: SigningIn, bob: str) -> None:
    actor = await actor_with(house, "reader")
    for record_id in (bob, "nobodyisthisone"):
        with pytest.raises(Forbidden):
            await put(house, record_id, actor, [])
        with pytest.raises(Forbidden):
            await house.roles.read(house.collection("drivers"), record_id, actor)


async def test_only_auth_collections_have_roles_and_superusers_need_none(house: SigningIn) -> None:
    root = await actor_with(house, "superuser")
    note = Note(text="hi")
    await note.save()
    with pytest.raises(NotFound, match="auth collection context"):
        await put(house, note.id, root, ["admin"], "notes")
    with pytest.raises(NotFound, match="auth collection context"):
        await house.roles.read(house.collection("notes"), note.id, root)
    with pytest.raises(BadRequest, match="Superusers pass all rules"):
        await put(house, root.id, root, ["admin"], "_superusers")
    assert await house.roles.read(house.collection("_superusers"), root.id, root) == {"roles": [], "effective": []}
