"""`POST /api/sql` (protocol.md §8.6): SQL from superusers, where that is turned on."""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Schema
from msgspec import Struct

from piccobase.base.errors import BadRequest, FieldError, Forbidden
from piccobase.db.console import Console
from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, answered, body_of, takes, the_superuser
from piccobase.identity.actors import Actors
from piccobase.schema.actor import Actor

log = logging.getLogger("piccobase.sql")
LONGEST_QUERY = 5000  # characters
_INVALID = "An error occurred while validating the submitted data."


class SQLColumn(Struct):
    """A column of the result; `type` as it was declared."""

    name: str
    type: str
    nullable: bool


class SQLResult(Struct):
    """The rows of the last statement that reads, or how many rows were changed. `execTime` is in milliseconds."""

    execTime: float  # noqa: N815
    affectedRows: int  # noqa: N815
    columns: list[SQLColumn]
    rows: list[list[str | None]]


def sql_routes(console: Console | None, actors: Actors) -> Sequence[HTTPRouteHandler]:
    """One route, which without a console says how to turn it on."""

    @post(
        "/api/sql",
        operation_id="runSQL",
        summary="Run SQL, where the server was started so",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(
            Schema(
                type=OpenAPIType.OBJECT,
                properties={"query": Schema(type=OpenAPIType.STRING, max_length=LONGEST_QUERY)},
                required=["query"],
            )
        ),
        responses={200: ResponseSpec(SQLResult, description="What came of it.", generate_examples=False)},
        status_code=200,
    )
    async def run(request: AnyRequest) -> Response[bytes]:
        actor = await the_superuser(actors, request)
        return answered(request, await run_sql(console, actor, (await body_of(request)).get("query", "")))

    return [run]


async def run_sql(console: Console | None, actor: Actor, query: Any) -> dict[str, Any]:
    """The answer to a superuser's query; leaves a line in the log, whatever comes of it.

    Raises Forbidden where SQL is turned off, and BadRequest.
    """
    if console is None:
        raise Forbidden("SQL is turned off here. Start the server with PICCOBASE_SQL=1 to allow it to superusers.")
    if not isinstance(query, str):
        raise BadRequest("An error occurred while loading the submitted data.")
    if not query.strip():
        raise BadRequest(_INVALID, {"query": FieldError("validation_required", "Cannot be blank.")})
    if len(query) > LONGEST_QUERY:
        message = f"The length must be no more than {LONGEST_QUERY}."
        too_long = FieldError("validation_length_too_long", message, {"min": 0, "max": LONGEST_QUERY})
        raise BadRequest(_INVALID, {"query": too_long})
    log.warning("The superuser %s runs SQL: %s", actor.id, query)
    begun = perf_counter()
    answer = await console.run(query)
    return {
        "execTime": round((perf_counter() - begun) * 1000, 3),
        "affectedRows": answer.affected,
        "columns": [{"name": column.name, "type": column.type, "nullable": True} for column in answer.columns],
        "rows": answer.rows,
    }
