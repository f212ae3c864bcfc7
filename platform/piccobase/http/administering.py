"""What the routes for superusers share: who may use them, and the body of a request as an object."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema

from piccobase.auth.forms import texts_as_sent
from piccobase.base.errors import Forbidden, Unauthorized
from piccobase.base.json import encode_json
from piccobase.http.body import parse_body
from piccobase.http.incoming import ADMITTED
from piccobase.http.query import parse_query
from piccobase.identity.actors import Actors
from piccobase.records.picking import parse_fields, pick
from piccobase.schema.actor import Actor, note_actor

AnyRequest = Request[Any, Any, Any]
SUPERUSERS_ONLY = {"superusers_only": True}
"""The `opt` of a handler that only superusers may use: nobody else reads of it in the OpenAPI document."""


def takes(schema: Schema | Reference) -> type[Operation]:
    """The `operation_class` of a handler that reads its body itself: says in the OpenAPI document what it can be."""

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody({"application/json": OpenAPIMediaType(schema)})

    return WithBody


async def the_superuser(actors: Actors, request: AnyRequest) -> Actor:
    """Whoever asks. Raises Unauthorized for a guest and Forbidden for anybody else who is no superuser."""
    admitted: Any = request.scope.get(ADMITTED)
    actor: Actor = admitted or await actors.actor(request.headers.get("authorization", ""))
    note_actor(actor)
    if actor.guest:
        raise Unauthorized
    if not actor.superuser:
        raise Forbidden("The authorized record is not allowed to perform this action.")
    return actor


def is_json(request: AnyRequest) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


async def body_of(request: AnyRequest) -> dict[str, Any]:
    """The body as an object, `{}` where there is none. Raises MalformedBody."""
    chunked = "transfer-encoding" in request.headers
    content_type = request.headers.get("content-type", "")
    return await parse_body(content_type, await request.body(), chunked=chunked)


async def texts_of(request: AnyRequest) -> dict[str, Any]:
    """The body of a form of texts: what a form wrote as `123` is the text it was."""
    body = await body_of(request)
    return body if is_json(request) else texts_as_sent(body)


def answered(request: AnyRequest, answer: Any) -> Response[bytes]:
    """200 with the answer, or with what `fields` asks of it."""
    wanted = parse_fields(parse_query(request.scope["query_string"]).get("fields", ""))
    return Response(encode_json(pick(answer, wanted) if wanted else answer), media_type="application/json")
