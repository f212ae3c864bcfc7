"""Mistakes in declarations: every id, its place and the nearest name, all of them at once."""

from collections.abc import Sequence
from typing import Any

import pytest
from piccolo.columns import Boolean, Column, Date, ForeignKey, Integer, Varchar
from piccolo.table import Table

from piccobase import App, AuthCollection, AuthOptions, Collection, FieldRules, Role, Rules, owner, role, signed_in
from piccobase.base.errors import InvalidDeclaration
from piccobase.columns import File, Files, MultiSelect, Password, Relations, Select
from piccobase.schema.building import build_registry


def problems(*tables: Any, roles: Sequence[Role] = ()) -> list[str]:
    """`id place: text` of each mistake; without any, the warnings."""
    try:
        return [str(warning) for warning in App(collections=tables, roles=roles).check()]
    except InvalidDeclaration as found:
        return str(found).splitlines()


def starts(*tables: Any, roles: Sequence[Role] = ()) -> list[str]:
    """Ids and places alone."""
    return [problem.partition(":")[0] for problem in problems(*tables, roles=roles)]


class Cat(Collection, tablename="cats"):
    name = Varchar(unique=True)


def test_a_sound_declaration_has_neither_mistakes_nor_warnings() -> None:
    class User(AuthCollection, tablename="users"):
        rules = Rules(list=signed_in, view=owner, manage=role("keeper"))

    assert problems(Cat, User, roles=[Role("keeper")]) == []


def test_names_of_collections() -> None:
    class Cats(Collection, tablename="CATS"):
        pass

    class Dashed(Collection, tablename="a-b"):
        pass

    class Via(Collection, tablename="x_via_y"):
        pass

    class Ours(Collection, tablename="_mine"):
        pass

    class Long(Collection, tablename="x" * 64):
        pass

    assert starts(Cat, Cats) == ["collection.E001 CATS", "collection.E001 cats"]
    assert starts(Cat, Cat) == ["collection.E001 cats"]
    assert starts(Dashed, Via, Ours, Long) == [
        "collection.E002 a-b",
        "collection.E002 x_via_y",
        f"collection.E002 {'x' * 64}",
        "collection.E003 _mine",
    ]


def test_keys_ids_and_what_is_no_table() -> None:
    class Dated(Table, tablename="dated"):
        day = Date(primary_key=True)

    class One(Collection, tablename="one", collection_id="same"):
        pass

    class Two(Collection, tablename="two", collection_id="same"):
        pass

    assert problems(Dated) == [
        "collection.E004 dated: a key of type Date cannot be served; use text, an integer or a UUID"
    ]
    assert starts(One, Two) == ["collection.E005 one", "collection.E005 two"]
    assert starts("cats", Collection, Cat) == ["collection.E006 collection 1", "collection.E006 collection 2"]


def test_columns_and_targets_that_cannot_be_served() -> None:
    class Strange(Column):
        """A kind of column that nobody knows."""

    class Post(Collection, tablename="posts"):
        picture = File()
        pictures = Files()
        strange = Strange()
        nowhere = Relations()
        outside = Relations(Cat)
        lazy = ForeignKey("Pots")
        far = ForeignKey(Cat)

    assert starts(Post) == [
        "field.E001 posts.picture",
        "field.E001 posts.pictures",
        "field.E001 posts.strange",
        "field.E002 posts.nowhere",
        "field.E002 posts.outside",
        "field.E003 posts.lazy",
        "field.E004 posts.far",
    ]
    assert any('names no collection of this app; give the class itself, or "self". Did you mean "Post"?' in problem
               for problem in problems(Post))  # fmt: skip


def test_a_relation_points_to_a_key() -> None:
    class Toy(Collection, tablename="toys"):
        of = ForeignKey(Cat, target_column="name")

    assert starts(Cat, Toy) == ["field.E005 toys.of"]


def test_names_of_fields() -> None:
    class Post(Collection, tablename="posts"):
        expanded = Varchar(db_column_name="expand")
        blank = Varchar(db_column_name="a b")
        twin = Varchar(db_column_name="x")
        x = Varchar()

    class Plain(Table, tablename="plain"):
        number = Integer(primary_key=True)
        other = Varchar(db_column_name="id")

    class User(AuthCollection, tablename="users"):
        confirmation = Varchar(db_column_name="passwordConfirm")
        second = Password()

    assert starts(Post, Plain, User) == [
        "field.E006 posts.a b",
        "field.E006 posts.expand",
        "field.E006 users.passwordConfirm",
        "field.E007 plain.id",
        "field.E007 posts.x",
        "field.E008 users.second",
    ]


def test_values_of_selects() -> None:
    class Post(Collection, tablename="posts"):
        nothing = Select()
        twice = Select(["a", "a"])
        empty = MultiSelect(["a", ""])
        long = Select(["abc"], length=2)
        too_many = MultiSelect(["a"], max_select=2)
        too_few = MultiSelect(["a", "b"], min_select=2, max_select=1)
        fine = MultiSelect(["a", "b"], min_select=1, max_select=2)

    assert starts(Post) == [
        "field.E009 posts.empty",
        "field.E009 posts.nothing",
        "field.E009 posts.twice",
        "field.E010 posts.too_few",
        "field.E010 posts.too_many",
        "field.E011 posts.long",
    ]


def test_options_and_columns_of_accounts() -> None:
    class User(AuthCollection, tablename="users", auth=AuthOptions(identity=("email", "nme", "nick"))):
        name = Varchar(unique=True)
        nick = Varchar()

    class Nobody(AuthCollection, tablename="nobody", auth=AuthOptions(identity=())):
        pass

    class Plaintext(AuthCollection, tablename="plaintext"):
        password = Varchar()
        token_key = Varchar(db_column_name="tokenKey")

    class Hasty(AuthCollection, tablename="hasty", auth=AuthOptions(tokens={"auth": 9, "auht": 60})):  # type: ignore[dict-item]  # a developer's slip
        verified = Boolean()

    assert problems(User) == [
        "auth.E001 users.nick: signs in, so it must have unique=True",
        'auth.E001 users.nme: signs in, but is no field. Did you mean "name"?',
    ]
    assert starts(Nobody) == ["auth.E002 nobody"]
    assert starts(Plaintext) == ["auth.E003 plaintext.password", "auth.E003 plaintext.tokenKey"]
    assert problems(Hasty) == [
        'auth.E004 hasty, tokens: there is no kind of token "auht". Did you mean "auth"?',
        "auth.E005 hasty, tokens: auth tokens live from 10 to 94670856 seconds",
    ]


def test_roles() -> None:
    roles = [Role("editor"), Role("editor"), Role("a b"), Role("chief", includes=["editr"], may_grant=["nobody"])]
    assert problems(Cat, roles=roles) == [
        "role.E001 roles: two roles have the same name",
        "role.E002 a b: a role's name is a word of letters, digits and _",
        'role.E003 chief: no role "editr" is declared. Did you mean "editor"?',
        'role.E003 chief: no role "nobody" is declared.',
    ]


def test_rules_are_checked_together_with_each_other() -> None:
    class User(AuthCollection, tablename="users"):
        title = Varchar()
        count_ = Integer(db_column_name="count")
        rules = Rules(
            list=5,  # type: ignore[arg-type]  # a developer's slip
            view="titel = 'x'",
            create=role("editr"),
            update=owner("title"),
            delete="  ",
            manage="",
            auth="title =",
            fields={"titl": FieldRules(), "title": FieldRules(read="count = 1", write=role("nobody"))},
        )

    assert starts(User, roles=[Role("editor")]) == [
        "rule.E001 users, list",
        "rule.E002 users, manage",
        "rule.E003 users, fields",
        "rule.E004 users, create",
        "rule.E004 users, update",
        "rule.E004 users, write of title",
        "rule.E005 users, auth",
        "rule.E005 users, delete",
        "rule.E005 users, view",
        "rule.E006 users.title, read",
    ]
    assert 'rule.E005 users, view: users has no field "titel". Did you mean "title"? (at 1: titel = \'x\')' in problems(
        User, roles=[Role("editor")]
    )


def test_rules_that_are_none_at_all() -> None:
    class Plain(Table, tablename="plain"):
        name = Varchar()
        rules = "open"

    assert starts(Plain) == ["rule.E001 plain"]


def test_a_missing_field_is_told_once_and_not_by_every_rule_that_names_it() -> None:
    class Post(Collection, tablename="posts"):
        far = ForeignKey(Cat)
        rules = Rules(list="far.name = 'x'")

    assert starts(Post) == ["field.E004 posts.far"]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("author = @request.auth.id", True),
        ("@request.auth.id=author", True),
        ("published = true || author = @request.auth.id", True),
        ("@request.auth.id != '' && author = @request.auth.id", False),
        (owner("author"), False),
        ("editor = @request.auth.id", False),
        ("published = true", False),
    ],
)
def test_a_rule_that_is_true_for_guests_is_warned_about(text: Any, warned: bool) -> None:
    class User(AuthCollection, tablename="users"):
        pass

    class Post(Collection, tablename="posts"):
        published = Boolean()
        author = ForeignKey(User)
        editor = ForeignKey(User, null=False, required=True)
        rules = Rules(list=text)

    assert starts(User, Post) == (["rule.W001 posts, list"] if warned else [])


def test_lazy_targets_and_a_table_s_own_are_found() -> None:
    class Node(Collection, tablename="nodes"):
        parent = ForeignKey("self")
        leaf = ForeignKey("Leaf")

    class Leaf(Collection, tablename="leaves"):
        name = Varchar()

    fields = build_registry([Node, Leaf]).collections["nodes"].by_name
    assert (fields["parent"].target, fields["leaf"].target) == ("nodes", "leaves")
