"""Cases 6 and 14: the OpenAPI document tells nobody of what they may not use, by a name, a type or a number either."""

from pathlib import Path

import pytest
from piccolo.columns import ForeignKey, Integer, Varchar
from piccolo.table import Table
from tests.asking import serving

from piccobase import AuthCollection, Collection, FieldRules, Role, Rules, role
from piccobase.columns import Relations, Select


class Vault(Collection, tablename="vaults"):
    """Vaultkeepers know."""

    combination = Varchar()


class Note(Collection, tablename="old_notes"):
    """Another class of that name, which only superusers may use."""


class Staff(AuthCollection, tablename="staff"):
    """They sign in, and have no records for anybody."""


class User(AuthCollection, tablename="users"):
    salary = Integer(secret=True, help_text="Secretly paid")
    rules = Rules(list="", view="", create="salary = 0", auth="salary > 0")


def note(*, with_secrets: bool) -> type[Collection]:
    """What everybody may read, with fields of which only some may know, or without them."""
    fields = {FIELD_FOR_ALL: Varchar()}
    if with_secrets:
        fields |= {
            "pinned": Varchar(secret=True),
            "grade": Select(["treasurers-only"]),
            "vault": ForeignKey(Vault, secret=True),
        }
    rules = Rules(
        list="",
        view="pinned = ''" if with_secrets else "title = ''",
        create="",
        fields={"grade": FieldRules(read=role("treasurer"), write=role("treasurer"))} if with_secrets else {},
    )
    made = type(Collection)("Note", (Collection,), {**fields, "rules": rules}, tablename="notes")
    assert issubclass(made, Collection)
    return made


FIELD_FOR_ALL = "title"
HIDDEN = (
    "vault",
    "combination",
    "old_notes",
    "staff",
    "pinned",
    "salary",
    "grade",
    "secretly",
    "treasurer",
    "_superusers",
    "tokenkey",
)


async def document(tables: list[type[Table]], roles: list[Role], data_dir: Path, *, signed_in: bool = False) -> str:
    """What a guest reads, or somebody who has signed in without any role."""
    async with serving(tables, roles, None, data_dir) as api:
        if signed_in:
            root = await api.superuser()
            account = {"email": "u@example.com", "password": "12345678", "passwordConfirm": "12345678"}
            await root.create("users", **account, salary=1)
            api = await api.signed_in("users", "u@example.com", "12345678")
        return (await api.ask("GET", "/api/openapi.json")).text


@pytest.mark.parametrize("signed_in", [False, True], ids=["guest", "signed in"])
async def test_what_only_others_may_use_is_named_nowhere(tmp_path: Path, signed_in: bool) -> None:
    tables = [User, Staff, Note, Vault, note(with_secrets=True)]
    read = await document(tables, [Role("treasurer")], tmp_path, signed_in=signed_in)
    assert [name for name in HIDDEN if name in read.lower()] == []
    assert "listNotes" in read


async def test_a_document_is_the_same_to_the_byte_whether_there_is_more_to_hide_or_not(tmp_path: Path) -> None:
    much = await document([Vault, Staff, Note, User, note(with_secrets=True)], [Role("treasurer")], tmp_path / "much")
    little = await document([User, note(with_secrets=False)], [Role("other")], tmp_path / "little")
    assert much == little


class Book(Collection, tablename="books"):
    vault = ForeignKey(Vault)
    vaults = Relations(Vault)
    rules = Rules(list="")


async def test_a_relation_does_not_name_a_target_that_its_reader_may_not_use(tmp_path: Path) -> None:
    read = await document([Vault, Book], [], tmp_path)
    assert "`vaults`" not in read
    assert "Vault" not in read
    assert "collections/vaults" not in read
