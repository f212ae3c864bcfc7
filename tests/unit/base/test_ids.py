"""Ids of records, collections and fields: protocol.md §1.9 and Appendix C."""

import re

import pytest

from piccobase.base.ids import collection_id, field_id, new_record_id, new_secret


def test_a_record_id_has_fifteen_characters_and_all_of_them_occur_everywhere() -> None:
    made = [new_record_id() for _ in range(3000)]
    assert all(re.fullmatch("[a-z0-9]{15}", one) for one in made)
    assert len(set(made)) == len(made)
    for place in range(15):  # the chance that one of 36 is missing among 3000 is about 36 * (35/36)^3000, or 10^-35
        assert len({one[place] for one in made}) == 36


@pytest.mark.parametrize("length", [0, 1, 30, 50])
def test_a_secret_has_letters_and_digits_and_is_never_the_same(length: int) -> None:
    assert re.fullmatch(f"[a-zA-Z0-9]{{{length}}}", new_secret(length))
    assert length < 30 or new_secret(length) != new_secret(length)


@pytest.mark.parametrize(
    ("kind", "name", "id_"),
    [
        ("base", "cats", "pbc_3834699042"),
        ("auth", "_superusers", "pbc_3142635823"),
        ("base", "_mfas", "pbc_2279338944"),
        ("base", "_otps", "pbc_1638494021"),
        ("base", "_externalAuths", "pbc_2281828961"),
        ("base", "_authOrigins", "pbc_4275539003"),
    ],
)
def test_a_collection_gets_the_id_that_the_reference_gives_it(kind: str, name: str, id_: str) -> None:
    assert collection_id(kind, name) == id_


def test_a_field_gets_the_id_that_the_reference_gives_it() -> None:
    assert field_id("text", "id") == "text3208210256"
