"""What all operations share: parameters, the few schemas that belong to no collection, and the introduction."""

from collections.abc import Iterable, Mapping
from typing import Any

from piccobase.http.openapi.values import GEO_POINT
from piccobase.http.query import DEFAULT_PER_PAGE, MAX_PER_PAGE
from piccobase.records.bulk import MOST

Document = dict[str, Any]

INTRODUCTION = """\
Records of collections under `/api/collections/{name}/records`, in PocketBase's wire protocol.

- **Who asks** stands in the header `Authorization`: a token of a sign-in, bare or behind `Bearer`. \
A token that does not hold makes a guest, never an error. What needs no token here is still answered under the rules.
- **Dates** read `2026-11-23 10:00:00.000Z`: UTC, a space instead of RFC 3339's `T`, three digits after the point. \
RFC 3339 is taken where a date is sent.
- **Drafts**: keys that are no field, and fields that may not be written, are passed over. A draft may also \
hold the modifiers that its schema lists as `x-modifiers`: `views+` and `views-` for numbers; `tags+`, `+tags` and \
`tags-` for selects and relations. Generated types do not have them.
- **Errors** have one shape, `ApiError`, and a code in the header `X-Error-Code`.
- The schemas describe whole records. With `fields` an answer holds only the keys that were asked for.
- Bodies may also be forms (`multipart/form-data`, `application/x-www-form-urlencoded`). Every `GET` answers `HEAD` too.
- The document shows what its reader may use: ask for it with a token to see more.
"""

_FILTER = """\
Such as `id != 'x' && created > '2026-01-01'`: comparisons of fields with literals, with `&&`, `||`, parentheses. \
Operators are `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains) and `!~`, each with `?` before it for any-of a list. \
At most 3500 bytes and 200 comparisons."""

PARAMETERS: Mapping[str, Document] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The record's id.",
        "schema": {"type": "string", "minLength": 1},
    },
    "page": {
        "name": "page",
        "in": "query",
        "description": "From 1. What is smaller counts as 1.",
        "schema": {"type": "integer", "format": "int64", "default": 1},
    },
    "perPage": {
        "name": "perPage",
        "in": "query",
        "description": f"At most {MAX_PER_PAGE}, which is what more becomes; less than 1 becomes the default.",
        "schema": {"type": "integer", "format": "int64", "default": DEFAULT_PER_PAGE},
    },
    "sort": {
        "name": "sort",
        "in": "query",
        "description": "Such as `-created,id`: fields, `-` before one for descending order; also `@random`.",
        "schema": {"type": "string"},
    },
    "filter": {
        "name": "filter",
        "in": "query",
        "description": _FILTER,
        "schema": {"type": "string", "maxLength": 3500},
    },
    "skipTotal": {
        "name": "skipTotal",
        "in": "query",
        "description": "Without totals, which take a count of their own: both are -1 then.",
        "schema": {"type": "boolean", "default": False},
    },
    "expand": {
        "name": "expand",
        "in": "query",
        "description": (
            "Paths of relations with commas between them, up to six deep: `author,comments_via_post.author`. "
            "The related records come along in `expand`, as far as they may be seen; what leads nowhere is passed over."
        ),
        "schema": {"type": "string"},
    },
    "fields": {
        "name": "fields",
        "in": "query",
        "description": (
            "The keys that are wanted, with commas between them: `*` is all, `:excerpt(200,true)` behind a text cuts"
            " it. The answer lacks all others, so do not read it as a whole record."
        ),
        "schema": {"type": "string"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": (
            'ETags with commas between them, made out of a record as it was read: `"<id>.<updated>"`. '
            "The request fails with 412 where the record is of none of these versions any more."
        ),
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": 'ETags of answers that are known; `""` for none. The answer then has an ETag, or is a 304.',
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "A random text for this one request. Sent again within a day, the request is not done again, and answered "
            "as the first time."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "Dry-Run": {
        "name": "Dry-Run",
        "in": "header",
        "description": "With `true` everything is done, answered, and undone; the answer has the header, too.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
}

_METHOD: Document = {
    "type": "object",
    "properties": {"enabled": {"type": "boolean"}, "duration": {"type": "integer", "description": "Seconds."}},
    "required": ["enabled", "duration"],
}
_ROLES = {"type": "array", "items": {"$ref": "#/components/schemas/Role"}}


def shared_schemas(roles: Iterable[str] | None) -> dict[str, Document]:
    """The schemas that belong to no collection. `roles` are those that may be named; None = none may."""
    return {
        "Role": {"type": "string", **({"enum": sorted(roles)} if roles else {})},
        "GeoPoint": GEO_POINT,
        "AuthMethods": {
            "type": "object",
            "description": "What is not offered is off. The last three keys serve old SDKs.",
            "properties": {
                "password": {
                    "type": "object",
                    "properties": {
                        "enabled": {"type": "boolean"},
                        "identityFields": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["enabled", "identityFields"],
                },
                "oauth2": {
                    "type": "object",
                    "properties": {
                        "enabled": {"type": "boolean"},
                        "providers": {"type": "array", "items": {"type": "object"}},
                    },
                    "required": ["enabled", "providers"],
                },
                "mfa": _METHOD,
                "otp": _METHOD,
                "authProviders": {"type": "array", "items": {"type": "object"}},
                "usernamePassword": {"type": "boolean"},
                "emailPassword": {"type": "boolean"},
            },
            "required": ["password", "oauth2", "mfa", "otp", "authProviders", "usernamePassword", "emailPassword"],
        },
        "Bulk": {
            "type": "object",
            "properties": {
                "action": {"type": "string", "enum": ["update", "delete"]},
                "filter": {**PARAMETERS["filter"]["schema"], "minLength": 1, "description": _FILTER},
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST,
                    "description": "Where more records match, nothing is done.",
                },
                "body": {"type": "object", "description": "The changes of an update."},
                "partial": {"type": "boolean", "description": "Where more records match, do so many of them."},
                "dryRun": {"type": "boolean", "description": "Undo everything in the end."},
            },
            "required": ["action", "filter", "limit"],
        },
        "BulkDone": {
            "type": "object",
            "properties": {
                "matched": {"type": "integer", "description": "How many records the filter finds."},
                "done": {"type": "integer", "description": "How many of them were changed or deleted."},
                "ids": {"type": "array", "items": {"type": "string"}, "description": "Which."},
                "dryRun": {"type": "boolean", "description": "Whether all was undone."},
            },
            "required": ["matched", "done", "ids", "dryRun"],
        },
        "Roles": {
            "type": "object",
            "properties": {
                "roles": {**_ROLES, "description": "Granted to the record itself."},
                "effective": {**_ROLES, "description": "All it has: also those they include."},
            },
            "required": ["roles", "effective"],
        },
        "RolesGranted": {
            "type": "object",
            "properties": {"roles": {**_ROLES, "description": "All it shall have from now on."}},
            "required": ["roles"],
        },
    }
