"""Bodies of fixed forms, as the reference reads them."""

from typing import Any

import pytest

from piccobase.auth.forms import form_texts, length_error, texts_as_sent
from piccobase.base.errors import MalformedBody
from piccobase.base.json import JSONFloat


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({}, {"identity": "", "identityField": ""}),
        ({"identity": "ada"}, {"identity": "ada", "identityField": ""}),
        ({"IDENTITY": "ada", "IdentityField": "name"}, {"identity": "ada", "identityField": "name"}),
        ({"identity": None, "unknown": 1}, {"identity": "", "identityField": ""}),
    ],
)
def test_keys_match_in_any_case_and_unknown_ones_are_ignored(body: dict[str, Any], texts: dict[str, str]) -> None:
    assert form_texts(body, "identity", "identityField") == texts


@pytest.mark.parametrize("value", [1, 1.5, True, ["ada"], {"$ne": None}, {}, []])
def test_a_value_that_is_no_text_fails_the_whole_body(value: Any) -> None:
    with pytest.raises(MalformedBody) as refused:
        form_texts({"identity": value}, "identity")
    assert refused.value.wire() == {
        "data": {},
        "message": "An error occurred while loading the submitted data.",
        "status": 400,
    }


def test_a_key_that_is_there_twice_fails_the_whole_body() -> None:
    with pytest.raises(MalformedBody):
        form_texts({"identity": "ada", "Identity": "bob"}, "identity")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "validation_required"),
        ("a", None),
        ("a" * 255, None),
        ("a" * 256, "validation_length_out_of_range"),
        ("ä" * 127, None),
        ("ä" * 128, "validation_length_out_of_range"),
    ],
)
def test_lengths_count_bytes(text: str, code: str | None) -> None:
    error = length_error(text, 1, 255)
    assert (error.code if error else None) == code


def test_a_form_gives_texts_back_as_they_were_sent() -> None:
    inferred = {"password": 12345678, "pi": JSONFloat("3.14"), "yes": True, "no": False, "text": "a", "two": ["b", 1]}
    assert texts_as_sent(inferred) == {
        "password": "12345678",
        "pi": "3.14",
        "yes": "true",
        "no": "false",
        "text": "a",
        "two": "b",
    }
