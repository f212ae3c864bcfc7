"""`POST /api/settings/test/email` (protocol.md §8.2): sends a mail at once, so that the answer says what went wrong."""

from collections.abc import Sequence
from typing import cast

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIType, Schema

from piccobase.auth.forms import form_texts
from piccobase.base.errors import BadRequest, FieldError
from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, takes, texts_of, the_superuser
from piccobase.identity.actors import Actors
from piccobase.mail.errors import MailError
from piccobase.mail.sending import Mail
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.mail_template import MAIL_KINDS, MailKind
from piccobase.schema.registry import Registry
from piccobase.settings import checks

_FAILED = "Failed to send the test email."
_BODY = Schema(
    type=OpenAPIType.OBJECT,
    properties={
        "email": Schema(type=OpenAPIType.STRING, description="Where it goes to."),
        "template": Schema(type=OpenAPIType.STRING, enum=list(MAIL_KINDS)),
        "collection": Schema(type=OpenAPIType.STRING, description="Whose template; _superusers unless given."),
    },
    required=["email", "template"],
)


def mail_routes(mail: Mail, registry: Registry, actors: Actors) -> Sequence[HTTPRouteHandler]:
    @post(
        "/api/settings/test/email",
        operation_id="testEmail",
        summary="Send a mail with made-up values",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(_BODY),
        status_code=204,
    )
    async def test_email(request: AnyRequest) -> None:
        await the_superuser(actors, request)
        to, kind, collection = _asked(form_texts(await texts_of(request), "email", "template", "collection"), registry)
        try:
            await mail.try_out(kind, collection, to)
        except MailError as error:
            raise BadRequest(f"{_FAILED} Raw error: \n{error.message}") from error

    return [test_email]


def _asked(texts: dict[str, str], registry: Registry) -> tuple[str, MailKind, CollectionInfo]:
    """The form's values. Raises BadRequest with what is wrong with them, by field."""
    collection = registry.find(texts["collection"] or "_superusers")
    mistakes = checks.found(
        email=checks.required_text(texts["email"]) or checks.email(texts["email"]),
        template=checks.required_text(texts["template"]) or checks.one_of(texts["template"], *MAIL_KINDS),
        collection=None
        if collection and collection.kind == "auth"
        else FieldError("validation_invalid_auth_collection", "Must be a valid auth collection id or name."),
    )
    if mistakes or collection is None:
        raise BadRequest(_FAILED, mistakes)
    return texts["email"], cast("MailKind", texts["template"]), collection
