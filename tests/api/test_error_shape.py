"""Every error of the tree takes the one shape of protocol.md §1.6, whoever raises it and wherever."""

import importlib
import inspect
import pkgutil
from collections import Counter
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import piccobase
from piccobase.base.errors import FieldError, InvalidRecord, NotFound, PiccobaseError, RequestError, all_error_types
from piccobase.http.answers import SECURITY_HEADERS, send_error

for module in pkgutil.walk_packages(piccobase.__path__, "piccobase."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

ALL = sorted(set(all_error_types()), key=lambda error: error.__qualname__)
OF_REQUESTS = [error for error in ALL if issubclass(error, RequestError)]


# What is no text, by the name of the parameter.
ARGUMENTS: dict[str, Any] = {"columns": ["title"], "error": NotFound(), "collection": SimpleNamespace(name="posts")}


def some(error: type[PiccobaseError]) -> PiccobaseError:
    """One of this type, made with something for every argument that must be given."""
    needed = [
        parameter
        for parameter in inspect.signature(error).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    made: Any = error(*(ARGUMENTS.get(parameter.name, "some text.") for parameter in needed))
    assert isinstance(made, PiccobaseError)
    return made


def is_shape(body: Any, status: int) -> bool:
    return (
        set(body) == {"data", "message", "status"}
        and isinstance(body["data"], dict)
        and isinstance(body["message"], str)
        and body["message"] != ""
        and body["status"] == status
    )


@pytest.mark.parametrize("error", OF_REQUESTS, ids=lambda error: error.__name__)
async def test_every_error_of_a_request_has_the_wire_shape_and_its_code_in_a_header(error: type[RequestError]) -> None:
    raised = some(error)
    assert isinstance(raised, RequestError)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send_error(send, raised, cors=False)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        answer = await client.get("/")
    assert answer.status_code == error.status
    assert 400 <= HTTPStatus(error.status) < 600
    assert is_shape(answer.json(), error.status)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-error-code"] == error.code
    assert {(name.decode(), value.decode()) for name, value in SECURITY_HEADERS} <= set(answer.headers.items())


def test_no_two_errors_share_a_code() -> None:
    raised = [error for error in ALL if error is not RequestError]  # which is the root of those that are answered
    shared = {code for code, count in Counter(error.code for error in raised).items() if count > 1}
    assert shared == set()


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_every_error_says_something_that_ends_like_a_sentence(error: type[PiccobaseError]) -> None:
    assert error.default_message()[0].isupper()
    assert error.default_message()[-1] in ".?!"


def test_what_is_wrong_with_fields_is_told_by_field_and_in_depth() -> None:
    error = FieldError("validation_max_text_constraint", "Too long.", {"max": 3})
    raised = InvalidRecord("Failed.", {"title": error, "meta": {"name": FieldError("validation_required", "Blank.")}})
    assert raised.wire() == {
        "data": {
            "title": {"code": "validation_max_text_constraint", "message": "Too long.", "params": {"max": 3}},
            "meta": {"name": {"code": "validation_required", "message": "Blank."}},
        },
        "message": "Failed.",
        "status": 400,
    }
