"""Composed rules and the filter texts they stand for."""

import pytest
from piccolo.columns import ForeignKey, Varchar

from piccobase.base.errors import InvalidDeclaration
from piccobase.columns import Relations
from piccobase.schema.building import build_registry
from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.rules import Role, RuleLike, Rules, owner, role, rule, signed_in


class User(AuthCollection, tablename="users"):
    name = Varchar()


ROLES = [Role("editor"), Role("admin", includes=["editor"], may_grant=["editor"]), Role("guest_writer")]


def text_of(declared: RuleLike) -> str | None:
    class Post(Collection, tablename="posts"):
        author = ForeignKey(User)
        readers = Relations(User)
        title = Varchar()
        rules = Rules(list=declared)

    return build_registry([User, Post], ROLES).collections["posts"].rules["list"]


MINE = "@request.auth.id != '' && author = @request.auth.id && @request.auth.collectionName = 'users'"


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (None, None),
        ("", ""),
        ("title = 'x'", "title = 'x'"),
        (signed_in, "@request.auth.id != ''"),
        (owner("author"), MINE),
        (role("editor"), "@request.roles ?= 'editor'"),
        (signed_in & "title = 'x'", "(@request.auth.id != '') && (title = 'x')"),
        ("title = 'x'" | role("editor"), "(title = 'x') || (@request.roles ?= 'editor')"),
        (rule("a = 1") | owner("author") | role("admin"), f"((a = 1) || ({MINE})) || (@request.roles ?= 'admin')"),
    ],
)
def test_a_composed_rule_has_a_filter_text(declared: RuleLike, text: str | None) -> None:
    assert text_of(declared) == text


def test_owner_of_a_relation_to_many_asks_for_one_of_them() -> None:
    assert "readers:each ?= @request.auth.id" in (text_of(owner("readers")) or "")


def test_owner_alone_is_the_auth_record_itself() -> None:
    class Member(AuthCollection, tablename="members"):
        rules = Rules(update=owner)

    found = build_registry([Member]).collections["members"].rules["update"]
    assert found == "@request.auth.id != '' && id = @request.auth.id && @request.auth.collectionName = 'members'"


@pytest.mark.parametrize("part", [None, "", "  ", 5])
def test_none_and_the_empty_text_compose_with_nothing(part: object) -> None:
    with pytest.raises(TypeError, match="stand alone"):
        signed_in & part  # type: ignore[operator]  # what a developer may write all the same


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (owner("auther"), 'posts has no field "auther". Did you mean "author"?'),
        (owner("title"), "title is no relation, so nobody owns a record through it"),
        (owner, "owner alone is for auth collections"),
        (role("editr"), 'no role "editr" is declared. Did you mean "editor"?'),
    ],
)
def test_a_rule_that_makes_no_sense_is_found_at_start(declared: RuleLike, message: str) -> None:
    with pytest.raises(InvalidDeclaration) as found:
        text_of(declared)
    assert message in str(found.value)
    assert "rule.E004 posts, list" in str(found.value)


def test_roles_are_closed_under_inclusion_and_grant_only_what_they_say() -> None:
    roles = build_registry([User], ROLES).roles
    assert roles.of(["admin"]) == {"admin", "editor"}
    assert roles.of(["no longer declared"]) == set()
    assert roles.grantable(["admin", "editor"]) == {"editor"}
    assert roles.grantable(["editor"]) == set()


def test_roles_that_include_each_other_come_to_an_end() -> None:
    roles = build_registry([User], [Role("a", includes=["b"]), Role("b", includes=["a"])]).roles
    assert roles.of(["a"]) == roles.of(["b"]) == {"a", "b"}
