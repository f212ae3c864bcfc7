"""The one tree of errors. Each has a stable code, sent as the header `X-Error-Code`, and one shape on the wire.

PiccobaseError
├── StartError                the server or a command cannot start: one line on stderr, exit status 1
│   └── InvalidDeclaration    mistakes in declared collections, all of them together
└── RequestError              answered to a client: status, message, data by field (protocol.md §1.6)
    ├── BadRequest            400
    │   ├── MalformedBody     what was sent is not what its content type says
    │   ├── InvalidQuery      filter, sort or another query parameter
    │   ├── InvalidRecord     a draft with problems, by field
    │   └── SignInFailed      unknown identity and wrong password alike
    ├── Unauthorized          401
    ├── Forbidden             403
    ├── NotFound              404
    ├── Conflict              409
    ├── PreconditionFailed    412: what the request was to depend on is no longer so
    ├── TooLarge              413
    ├── Unprocessable         422
    ├── TooManyRequests       429
    ├── HeadTooLarge          431
    └── Unexpected            500: always our bug, or a broken machine underneath
        └── Unavailable       503: busy or out of reach; worth another try
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


class PiccobaseError(Exception):
    """The root. `code` is stable and never reused; `message` is for people and may change."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        self.message = message or self.default_message()
        super().__init__(self.message)

    @classmethod
    def default_message(cls) -> str:
        return "Something went wrong while processing your request."


class StartError(PiccobaseError):
    """Nothing can start like this. The command prints the message as one line and exits with status 1."""

    code = "start.failed"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a declaration: a stable id (`rule.E004`), the place (`posts, list`) and what is wrong."""

    id: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.id} {self.place}: {self.text}"


class InvalidDeclaration(StartError):
    """The declared collections have mistakes. `problems` holds all of them, not only the first."""

    code = "start.invalid_declaration"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: the code of protocol.md Appendix B, a text, and the rule's constants."""

    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.params:
            entry["params"] = dict(self.params)
        return entry


class RequestError(PiccobaseError):
    """Answered to a client. `data` maps a field's name to its error, or to a nested mapping of them."""

    status: ClassVar[int] = 500

    def __init__(self, message: str = "", data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.data: Mapping[str, Any] = data or {}

    def wire(self) -> dict[str, Any]:
        """The body of protocol.md §1.6."""
        return {"data": _wire_data(self.data), "message": self.message, "status": self.status}


def _wire_data(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: entry.wire()
        if isinstance(entry, FieldError)
        else _wire_data(entry)
        if isinstance(entry, Mapping)
        else entry
        for name, entry in data.items()
    }


class BadRequest(RequestError):
    code, status = "request.invalid", 400


class MalformedBody(BadRequest):
    code = "request.malformed_body"


class InvalidQuery(BadRequest):
    code = "query.invalid"


class InvalidRecord(BadRequest):
    """A draft that cannot become a record. `data` has one entry per offending field; empty when a rule refused it."""

    code = "record.invalid"


class SignInFailed(BadRequest):
    code = "auth.failed"

    @classmethod
    def default_message(cls) -> str:
        return "Failed to authenticate."


class Unauthorized(RequestError):
    code, status = "auth.required", 401

    @classmethod
    def default_message(cls) -> str:
        return "The request requires valid record authorization token."


class Forbidden(RequestError):
    code, status = "auth.forbidden", 403

    @classmethod
    def default_message(cls) -> str:
        return "You are not allowed to perform this request."


class NotFound(RequestError):
    code, status = "request.not_found", 404

    @classmethod
    def default_message(cls) -> str:
        return "The requested resource wasn't found."


class Conflict(RequestError):
    code, status = "request.conflict", 409


class PreconditionFailed(RequestError):
    code, status = "request.precondition_failed", 412


class TooLarge(RequestError):
    code, status = "request.too_large", 413

    @classmethod
    def default_message(cls) -> str:
        return "Request entity too large."


class Unprocessable(RequestError):
    code, status = "request.unprocessable", 422


class TooManyRequests(RequestError):
    code, status = "request.too_many", 429

    @classmethod
    def default_message(cls) -> str:
        return "Too Many Requests."


class HeadTooLarge(RequestError):
    code, status = "request.head_too_large", 431

    @classmethod
    def default_message(cls) -> str:
        return "The URL and the headers together are too large."


class Unexpected(RequestError):
    code, status = "server.unexpected", 500


class Unavailable(Unexpected):
    code, status = "server.unavailable", 503

    @classmethod
    def default_message(cls) -> str:
        return "The server is busy right now. Please try again in a moment."


def all_error_types(root: type[PiccobaseError] = PiccobaseError) -> Iterator[type[PiccobaseError]]:
    """Every error of the tree that has been imported, those of apps and plugins too, the root first."""
    yield root
    for child in root.__subclasses__():
        yield from all_error_types(child)


def own_error_types(root: type[PiccobaseError] = PiccobaseError) -> Iterator[type[PiccobaseError]]:
    """Those of this package alone."""
    package = __name__.partition(".")[0]
    return (error for error in all_error_types(root) if error.__module__.partition(".")[0] == package)
