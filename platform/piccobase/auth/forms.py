"""Bodies of fixed forms (protocol.md §1.3): keys in any letter case, unknown ones ignored, texts and nothing else."""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import BadRequest, FieldError, MalformedBody
from piccobase.schema.values.text import text_of

REQUIRED = FieldError("validation_required", "Cannot be blank.")


def form_texts(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The texts under `names`, "" for one that is absent or null.

    Raises MalformedBody for a value of another type, and for one that is there twice (in different letter case).
    """
    wanted = {name.lower(): name for name in names}
    texts: dict[str, str] = {}
    for key, value in body.items():
        name = wanted.get(key.lower())
        if name is None:
            continue
        if name in texts or not isinstance(value, str | None):
            raise MalformedBody("An error occurred while loading the submitted data.")
        texts[name] = value or ""
    return {name: texts.get(name, "") for name in names}


def texts_as_sent(form: Mapping[str, Any]) -> dict[str, str]:
    """What a form's values were before numbers and booleans were inferred (§1.4); of several, the first.

    For bodies that are no JSON: `password=12345678` is a text there.
    """
    return {name: text_of(value[0] if isinstance(value, list) and value else value) for name, value in form.items()}


def length_error(text: str, minimum: int, maximum: int) -> FieldError | None:
    """What is wrong with a required text of so many bytes, if anything is. Bytes, as in the reference."""
    if not text:
        return REQUIRED
    if minimum <= len(text.encode("utf-8", "surrogatepass")) <= maximum:
        return None
    return FieldError(
        "validation_length_out_of_range",
        f"The length must be between {minimum} and {maximum}.",
        {"min": minimum, "max": maximum},
    )


def invalid_form(errors: Mapping[str, Any]) -> BadRequest:
    """The answer to a form with these mistakes, by field."""
    return BadRequest("An error occurred while validating the submitted data.", errors)
