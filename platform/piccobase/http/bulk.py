"""`POST /api/collections/{c}/bulk`: the form of a bulk write, and its answer."""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import BadRequest, FieldError
from piccobase.records.bulk import MOST, Bulk, BulkDone

_REQUIRED = FieldError("validation_required", "Cannot be blank.")
_NAMES = ("action", "filter", "limit", "body", "partial", "dryRun")
_INVALID = "Invalid bulk request data."


def parse_bulk(form: Mapping[str, Any]) -> tuple[Bulk, bool]:
    """The bulk write, and whether it is a dry run.

    Nothing is guessed: a name that is unknown is a mistake, as is a filter of blanks, or a limit that is missing.
    Raises BadRequest with all mistakes.
    """
    mistakes: dict[str, FieldError] = {
        name: FieldError("validation_not_in_invalid", f"There is no such key. There are: {', '.join(_NAMES)}.")
        for name in form
        if name not in _NAMES
    }
    action, text, limit, body = (form.get(name) for name in ("action", "filter", "limit", "body"))
    if action is None:
        mistakes["action"] = _REQUIRED
    elif action not in ("update", "delete"):
        mistakes["action"] = FieldError("validation_in_invalid", "Must be update or delete.")
    if text is None or (isinstance(text, str) and not text.strip()):
        mistakes["filter"] = _REQUIRED
    elif not isinstance(text, str):
        mistakes["filter"] = _not("a text")
    if limit is None:
        mistakes["limit"] = _REQUIRED
    elif isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        mistakes["limit"] = _not(f"a whole number from 1 to {MOST}")
    if action == "update" and (body is None or body == {}):
        mistakes["body"] = _REQUIRED
    elif body is not None and not isinstance(body, dict):
        mistakes["body"] = _not("an object")
    elif action == "delete" and body:
        mistakes["body"] = FieldError("validation_not_in_invalid", "A delete has no body.")
    for name in ("partial", "dryRun"):
        if not isinstance(form.get(name, False), bool):
            mistakes[name] = _not("true or false")
    if mistakes:
        raise BadRequest(_INVALID, mistakes)
    bulk = Bulk(action=action, filter=text, limit=limit, body=body or {}, partial=form.get("partial", False))  # type: ignore[arg-type]  # checked above
    return bulk, form.get("dryRun", False)


def bulk_answer(done: BulkDone, *, dry_run: bool) -> dict[str, Any]:
    return {"matched": done.matched, "done": len(done.ids), "ids": done.ids, "dryRun": dry_run}


def _not(what: str) -> FieldError:
    return FieldError("validation_invalid_value", f"Must be {what}.")
