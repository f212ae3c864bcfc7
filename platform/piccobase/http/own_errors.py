"""Errors of an app's own routes in the one wire shape: what Litestar found wrong with a request, by field."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.base_exceptions import SerializationException
from litestar.types import ExceptionHandlersMap

from piccobase.base.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    MalformedBody,
    NotFound,
    RequestError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unprocessable,
)
from piccobase.base.json import encode_json
from piccobase.http.collections import unexpected

_BY_STATUS: Mapping[int, type[RequestError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        Unprocessable,
        TooManyRequests,
        Unavailable,
    )
}
_PHRASES = {status.value: status.phrase.lower() for status in HTTPStatus}
_INVALID = "An error occurred while validating the submitted data."
_REQUIRED = FieldError("validation_required", "Cannot be blank.")
_MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '([^']+)'")
_MISSING_MEMBER = re.compile(r"Object missing required field `([^`]+)`")
_PLACE = re.compile(r"\[(\d+)\]")
_UNKNOWN_MEMBER = re.compile(r"Object contains unknown field `([^`]+)`")

AnyRequest = Request[Any, Any, Any]


def _answer(request: AnyRequest, error: RequestError) -> Response[bytes]:
    return _wire(error, error.status)


def _answer_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """An error of Litestar's kind, raised by a handler or on the way to it: its status and its text."""
    if isinstance(error.__cause__, SerializationException):
        return _answer(request, MalformedBody(f"The body cannot be read: {error.detail}."))
    status = error.status_code
    kind = _BY_STATUS.get(status) or (BadRequest if status < 500 else None)
    if kind is None:
        return _answer_unexpected(request, error)
    phrase = _PHRASES.get(status, "")
    message = "" if error.detail.lower() == phrase else error.detail
    data = error.extra if isinstance(error.extra, dict) else {}
    return _wire(kind(message, data), status, error.headers)


def _answer_invalid(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """What Litestar found in the request, by the names of fields and parameters."""
    if missing := _MISSING_PARAMETER.match(error.detail):
        return _answer(request, BadRequest(_INVALID, {missing[1]: _REQUIRED}))
    if not isinstance(error.extra, list):
        return _answer_http(request, error)
    found: dict[str, Any] = {}
    for entry in error.extra:
        path, mistake = _mistake(entry)
        if not path:
            return _answer(request, MalformedBody(f"The body cannot be read: {mistake.message}"))
        _put(found, path, mistake)
    return _answer(request, BadRequest(_INVALID, found))


def _answer_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    return _answer(request, unexpected(request.method, request.scope))


def _mistake(entry: Mapping[str, Any]) -> tuple[list[str], FieldError]:
    """Where it is, and what. An empty path is the body as a whole."""
    text, path = str(entry["message"]), _PLACE.sub(r".\1", str(entry.get("key", ""))).split(".")
    if path == ["data"] and entry.get("source") == "body":
        path = []
    if missing := _MISSING_MEMBER.match(text):
        return [*path, missing[1]], _REQUIRED
    if unknown := _UNKNOWN_MEMBER.match(text):
        return [*path, unknown[1]], FieldError("validation_unknown_field", "There is no such field.")
    if text == "'data'":
        return [], FieldError("validation_required", "it is empty.")
    return path, FieldError("validation_invalid_value", f"{text.replace('`', '')}.")


def _put(found: dict[str, Any], path: Iterable[str], mistake: FieldError) -> None:
    *groups, name = path
    for group in groups:
        found = found.setdefault(group, {})
    found[name] = mistake


def _wire(error: RequestError, status: int, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(
        encode_json({**error.wire(), "status": status}),
        status_code=status,
        headers={"X-Error-Code": error.code, **(headers or {})},
        media_type="application/json",
    )


OWN_ERRORS: ExceptionHandlersMap = {
    RequestError: _answer,
    ValidationException: _answer_invalid,
    HTTPException: _answer_http,
    Exception: _answer_unexpected,
}
