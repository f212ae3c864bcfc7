"""`/admin/set-up`: the first superuser, for whoever holds the link that the server has printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body

from piccobase.extending import FieldError, RequestError, Services
from piccobase_admin.rendering import go_to, page
from piccobase_admin.signing import HOME, SIGN_IN, sign_in

SET_UP = "/admin/set-up"
MAX_FORM = 16 << 10  # bytes


@dataclass(frozen=True, slots=True)
class SetUpForm:
    """What the form sends. The token comes out of the address, behind the #; `set-up.js` puts it there."""

    token: str = ""
    email: str = ""
    password: str = ""
    confirmation: str = ""


def set_up_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The form and what it does. Once there is a superuser both lead to the sign-in page."""

    @get(SET_UP)
    async def form(request: Request[Any, Any, Any]) -> Response[str]:
        if not await services.first_superuser.is_missing():
            return go_to(HOME if request.user else SIGN_IN)
        return _form(request, SetUpForm())

    @post(SET_UP, request_max_body_size=MAX_FORM)
    async def create(
        request: Request[Any, Any, Any],
        data: Annotated[SetUpForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[str]:
        if data.password != data.confirmation:
            wrong = FieldError("validation_values_mismatch", "The two passwords differ.")
            return _form(request, data, status=400, errors={"confirmation": wrong})
        try:
            await services.first_superuser.create(data.token, data.email, data.password)
            cookie = await sign_in(services, request.scope, data.email, data.password)
        except RequestError as error:
            return _form(request, data, status=error.status, message=error.message, errors=error.data)
        return go_to(HOME, cookie)

    return [form, create]


def _form(
    request: Request[Any, Any, Any],
    given: SetUpForm,
    *,
    status: int = 200,
    message: str = "",
    errors: Mapping[str, Any] | None = None,
) -> Response[str]:
    """The form, with what was typed but for the passwords."""
    return page(
        "set_up.html", request.scope, status=status, given=given, message="" if errors else message, errors=errors or {}
    )
