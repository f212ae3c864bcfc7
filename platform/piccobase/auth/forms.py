"""Bodies of fixed forms (protocol.md §1.3): keys in any letter case, unknown ones ignored, texts and nothing else."""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import BadRequest, FieldError, MalformedBody

REQUIRED = FieldError("validation_required", "Cannot be blank.")


def form_texts(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The texts under `names`, "" for one that is absent or null. Raises MalformedBody for a value of another type."""
    wanted = {name.lower(): name for name in names}
    texts = dict.fromkeys(names, "")
    for key, value in body.items():
        name = wanted.get(key.lower())
        if name is None:
            continue
        if not isinstance(value, str | None):
            raise MalformedBody(f'"{name}" must be a text.')
        texts[name] = value or ""
    return texts


def length_error(text: str, minimum: int, maximum: int) -> FieldError | None:
    """What is wrong with a required text of so many characters, if anything is."""
    if not text:
        return REQUIRED
    if minimum <= len(text) <= maximum:
        return None
    return FieldError(
        "validation_length_out_of_range",
        f"The length must be between {minimum} and {maximum}.",
        {"min": minimum, "max": maximum},
    )


def invalid_form(errors: Mapping[str, Any]) -> BadRequest:
    """The answer to a form with these mistakes, by field."""
    return BadRequest("An error occurred while validating the submitted data.", errors)
