"""Field rules: decided by the actor alone, as one number."""

import pytest
from piccolo.columns import Varchar

from piccobase.rules.fields import FieldAccess, check_field_rules
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.building import build_registry
from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.rules import FieldRules, Role, Rules, role, signed_in


class User(AuthCollection, tablename="users"):
    team = Varchar()


class Note(Collection, tablename="notes"):
    text = Varchar()
    curation = Varchar()
    locked = Varchar()
    team_only = Varchar()
    secret = Varchar(secret=True)
    rules = Rules(
        list="",
        fields={
            "curation": FieldRules(read=signed_in, write=role("editor")),
            "locked": FieldRules(read=None, write=None),
            "team_only": FieldRules(read="@request.auth.team = 'blue' || @request.roles ?= 'editor'"),
        },
    )


REGISTRY = build_registry([User, Note], [Role("editor"), Role("admin", includes=["editor"])])
USERS, NOTES = REGISTRY.collections["users"], REGISTRY.collections["notes"]
ACCESS = FieldAccess(REGISTRY)

USER = Actor(collection=USERS, id="u", values={"team": "red"})
BLUE = Actor(collection=USERS, id="b", values={"team": "blue"})
EDITOR = Actor(collection=USERS, id="e", values={"team": "red"}, roles=frozenset({"editor"}))
SUPERUSER = Actor(collection=REGISTRY.collections["_superusers"], id="s", superuser=True)

OWN = {"text", "curation", "locked", "team_only", "secret"}


@pytest.mark.parametrize(
    ("actor", "readable", "writable"),
    [
        (GUEST, {"text"}, {"text", "team_only"}),
        (USER, {"text", "curation"}, {"text", "team_only"}),
        (BLUE, {"text", "curation", "team_only"}, {"text", "team_only"}),
        (EDITOR, {"text", "curation", "team_only"}, {"text", "curation", "team_only"}),
        (SUPERUSER, OWN, OWN),
    ],
    ids=["guest", "user", "user of a team", "editor", "superuser"],
)
def test_who_may_read_and_write_which_field(actor: Actor, readable: set[str], writable: set[str]) -> None:
    key = ACCESS.key(actor)
    assert {field.name for field in ACCESS.visible(NOTES, key)} & OWN == readable
    assert ACCESS.writable(NOTES, key) & OWN == writable


def test_nobody_sees_the_password_and_the_token_key_of_an_auth_record() -> None:
    for actor in (GUEST, USER, SUPERUSER):
        names = {field.name for field in ACCESS.visible(USERS, ACCESS.key(actor))}
        assert not names & {"password", "tokenKey"}


@pytest.mark.parametrize(
    "rule", ["text = 'x'", "@request.body.text = 'x'", "@request.auth.id =", "geoDistance(1,2,3,4) < 5"]
)
def test_a_field_rule_that_asks_for_more_than_the_actor_is_a_mistake(rule: str) -> None:
    class Diary(Collection, tablename="diaries"):
        text = Varchar()
        rules = Rules(fields={"text": FieldRules(read=rule)})

    [problem] = check_field_rules(build_registry([Diary]))
    assert problem.id == "rule.E006"
    assert problem.place == "diaries.text, read"
