"""`/admin/sign-in` and `/admin/sign-out`: with the superuser's own e-mail address and password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body

from piccobase.extending import BadRequest, RequestError, Services
from piccobase_admin.attempts import make_attempts
from piccobase_admin.rendering import go_to, page
from piccobase_admin.signing import SIGN_IN, safe_next, sign_in, sign_out

MAX_FORM = 16 << 10  # bytes


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What the form sends."""

    identity: str = ""
    password: str = ""
    next: str = ""


def sign_in_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The sign-in form, signing in and signing out."""
    attempts = make_attempts(services)

    @get(SIGN_IN)
    async def form(request: Request[Any, Any, Any]) -> Response[Any]:
        target = safe_next(request.query_params.get("next", ""))
        if request.user is not None:
            return go_to(target)
        return await _form(services, request, target)

    @post(SIGN_IN, request_max_body_size=MAX_FORM)
    async def check(
        request: Request[Any, Any, Any],
        data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        address = services.guard.addresses.of(request.scope)
        target = safe_next(data.next)
        try:
            await attempts.begin(address, data.identity)
            cookie = await sign_in(services, request.scope, data.identity, data.password)
        except RequestError as error:
            return await _form(services, request, target, data.identity, error)
        await attempts.succeed(address, data.identity)
        return go_to(target, cookie)

    @post("/admin/sign-out", request_max_body_size=MAX_FORM)
    async def leave(request: Request[Any, Any, Any]) -> Response[Any]:
        return go_to(SIGN_IN, sign_out(request.scope))

    return [form, check, leave]


async def _form(
    services: Services,
    request: Request[Any, Any, Any],
    target: str,
    identity: str = "",
    error: RequestError | None = None,
) -> Response[str]:
    """The form; while there is no superuser, in its place how the first one is made."""
    told = error.message if error else ""
    if isinstance(error, BadRequest):  # the same for whatever was wrong: nobody learns who has an account
        told = "The e-mail address or the password is wrong."
    return page(
        "sign_in.html",
        request.scope,
        status=error.status if error else 200,
        next=target,
        identity=identity,
        error=told,
        missing=await services.first_superuser.is_missing(),
    )
