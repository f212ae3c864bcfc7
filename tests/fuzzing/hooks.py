"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): what its own checks cannot know of this API."""

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import negative_data_rejection, response_schema_conformance


@schemathesis.check
def described_answer(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Answers are as the document describes them, but those to requests with `fields`, which lack keys."""
    if (case.query or {}).get("fields"):
        return None
    return response_schema_conformance(ctx, response, case)


@schemathesis.check
def coded_error(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Every error has its code in the header and the one shape."""
    if response.status_code >= 400:
        assert response.headers.get("x-error-code"), "an error without a code"
        assert set(response.json()) == {"data", "message", "status"}, "an error of another shape"
    return None


@schemathesis.check
def refused_nonsense(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """What the document does not allow is refused, but for what the protocol lets pass as nothing: no body, and null
    for a body or for the id of a new record. A lenient collection refuses little.

    Refused is also what was to depend on another version of the record (412), which schemathesis does not know.
    """
    if response.status_code == 412:
        return None
    body = case.body
    if body is NOT_SET or body is None or (isinstance(body, dict) and body.get("id", "") is None):
        return None
    return None if "/lenient/" in case.operation.path else negative_data_rejection(ctx, response, case)
