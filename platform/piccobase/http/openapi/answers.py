"""What operations answer when they fail: one wire shape, and for each kind of failure the codes it may carry."""

from collections.abc import Mapping
from typing import Any

from piccobase.base.errors import RequestError, all_error_types

Document = dict[str, Any]
API_ERROR, FIELD_ERROR, ROLES_ERROR, NESTED_ERROR = "ApiError", "FieldError", "RolesError", "NestedError"
_FIELD_ERROR = {"$ref": f"#/components/schemas/{FIELD_ERROR}"}


def _error_shape(data: Document) -> Document:
    return {
        "type": "object",
        "description": "Every error looks like this; its code stands in the header `X-Error-Code`.",
        "properties": {
            "status": {"type": "integer", "description": "The HTTP status once more."},
            "message": {"type": "string", "description": "For people; may change."},
            "data": data,
        },
        "required": ["data", "message", "status"],
    }


ERROR_SCHEMAS: Mapping[str, Document] = {
    FIELD_ERROR: {
        "type": "object",
        "description": "What is wrong with one field.",
        "properties": {
            "code": {"type": "string", "examples": ["validation_required"]},
            "message": {"type": "string"},
            "params": {"type": "object", "description": "The constants of the rule that was broken."},
        },
        "required": ["code", "message"],
    },
    API_ERROR: _error_shape(
        {
            "type": "object",
            "description": "By the name of the field; empty where no field is at fault.",
            "additionalProperties": _FIELD_ERROR,
        }
    ),
    # No `anyOf` of the two, for which the Java generator writes code that does not compile.
    ROLES_ERROR: _error_shape(
        {
            "type": "object",
            "description": "`roles`: a `FieldError` of the list, or one for each wrong entry by its place, from 0.",
        }
    ),
    NESTED_ERROR: _error_shape(
        {
            "type": "object",
            "description": "By field; below a group's or a list's name what is wrong inside it, by field or place.",
        }
    ),
}
_SHAPES: Mapping[str, str] = {
    "BadRoles": ROLES_ERROR,
    "BadForm": NESTED_ERROR,
    "BadBatch": NESTED_ERROR,
    "BadBulk": NESTED_ERROR,
}

# Kinds of failure, which stand among the document's responses: status, meaning, and how the codes begin.
_BODY = "request.malformed_body"
_KINDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "BadList": ("400", "The query cannot be read or answered.", (_BODY, "query.", "filter.", "sort.")),
    "BadQuery": ("400", "The query cannot be read.", (_BODY, "query.")),
    "BadRecord": (
        "400",
        "The draft cannot become a record, by field; or a rule refuses it, and `data` is empty.",
        ("request.", "query.", "record."),
    ),
    "BadDelete": ("400", "Records that need this one keep it.", ("request.", "query.", "record.")),
    "BadView": ("400", "The query cannot be read, or there are no ETags.", (_BODY, "query.", "record.")),
    "BadSignIn": (
        "400",
        "The form has mistakes, by field; or identity and password do not belong together.",
        ("request.", "query.", "auth."),
    ),
    "BadRoles": ("400", "No list of declared roles.", ("request.",)),
    "BadForm": ("400", "The form cannot be read, or has mistakes, by field.", ("request.",)),
    "BadBatch": (
        "400",
        "The list has mistakes, or one request failed: by its place, with what it would have been answered alone.",
        ("request.", "query.", "batch."),
    ),
    "BadBulk": (
        "400",
        "The form has mistakes, by field; more records match than the limit; or one failed: by id, with the reason.",
        ("request.", "query.", "filter.", "sort.", "bulk.", "batch.", "record."),
    ),
    "BadRequest": ("400", "The request cannot be read.", ("request.",)),
    "Unauthorized": ("401", "Nobody has signed in.", ("auth.",)),
    "Forbidden": ("403", "Whoever asks may not do this.", ("auth.",)),
    "ForbiddenList": ("403", "Whoever asks may not do this, or not ask for this.", ("auth.", "filter.")),
    "NotFound": ("404", "There is nothing here, or nothing that may be seen.", ("request.",)),
    "Running": ("409", "The request with this Idempotency-Key is still being done.", ("idempotency.",)),
    "Changed": ("412", "The record has changed since it was read (`If-Match`).", ("record.",)),
    "TooLarge": ("413", "The body is larger than the limit.", ("request.",)),
    "KeyReused": ("422", "The Idempotency-Key came with another request before.", ("idempotency.",)),
    "TooMany": ("429", "More requests than the rate limits allow.", ("request.",)),
    "Failed": ("5XX", "Our fault, or the server is busy.", ("",)),
}


# Every operation may: superusers are refused from where the settings do not let them come from.
ALL_MAY = ("Forbidden", "TooMany", "Failed")

# What any request may that writes with an Idempotency-Key.
REPEATED = ("Running", "KeyReused")


def refusals(*kinds: str) -> Document:
    """The `responses` of an operation that may fail in these ways, and in those that all may."""
    return {_KINDS[kind][0]: {"$ref": f"#/components/responses/{kind}"} for kind in (*ALL_MAY, *kinds)}


def refusal_of_status(status: str) -> Document:
    """The response for a status that a route of its own declares."""
    kind = {"401": "Unauthorized", "403": "Forbidden", "404": "NotFound", "413": "TooLarge"}.get(status, "BadRequest")
    return {"$ref": f"#/components/responses/{'Failed' if status.startswith('5') else kind}"}


def error_responses() -> Document:
    """All kinds as components of a document."""
    return {
        name: {
            "description": meaning,
            "headers": {
                "X-Error-Code": {
                    "description": "Stable; `docs/reference/errors.md` has them all.",
                    "required": True,
                    "schema": {"type": "string", "enum": _codes(status, beginnings)},
                }
            },
            "content": {
                "application/json": {"schema": {"$ref": f"#/components/schemas/{_SHAPES.get(name, API_ERROR)}"}}
            },
        }
        for name, (status, meaning, beginnings) in _KINDS.items()
    }


def _codes(status: str, beginnings: tuple[str, ...]) -> list[str]:
    """The codes of all errors of a status that begin like this."""
    return sorted(
        {
            error.code
            for error in all_error_types(RequestError)
            if issubclass(error, RequestError)
            and str(error.status)[0] == status[0]
            and (status.endswith("XX") or str(error.status) == status)
            and error.code.startswith(beginnings)
        }
    )
