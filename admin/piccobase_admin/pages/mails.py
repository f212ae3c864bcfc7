"""`/admin/settings/mails`: the templates of all mails, to edit, to look at, and to be sent one for a test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, quote

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import (
    MAIL_KINDS,
    SUPERUSERS_ID,
    BadRequest,
    CollectionInfo,
    FieldError,
    MailError,
    MailKind,
    MailTemplate,
    NotFound,
    Services,
    as_page,
    places_of,
)
from piccobase_admin.entrance import CONTENT_SECURITY_POLICY
from piccobase_admin.rendering import go_to, page
from piccobase_admin.settings.pages import ROOT, subjects

PATH = f"{ROOT}/mails"
OWN = "-"  # in an address, in the place of a collection: a mail of the app's own
PARTS = ("subject", "body", "text")
TITLES: Mapping[MailKind, str] = {
    "verification": "Verification",
    "password-reset": "Password reset",
    "email-change": "Change of address",
    "otp": "One-time password",
    "login-alert": "Login alert",
}
# Theirs are verified from the first, and they change their address without a mail.
_TO_SUPERUSERS: tuple[MailKind, ...] = ("password-reset", "otp", "login-alert")
# By what the address says after something was done. It is no text of its own: anybody could put one into a link.
TOLD = {
    "saved": "Saved. Every process of this server goes by it within a second.",
    "reset": "The edited template is gone; the app's own holds again.",
}
_WITH_PREVIEW = {"content-security-policy": f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"}
# A mail is somebody's HTML: it may look like itself, and do nothing.
_AS_PREVIEW = {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
}

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class SeenMail:
    """A mail as the pages show it. Without a collection it is one of the app's own."""

    collection: CollectionInfo | None
    name: str
    title: str
    declared: MailTemplate
    edited: MailTemplate | None

    @property
    def holds(self) -> MailTemplate:
        return self.edited or self.declared

    @property
    def path(self) -> str:
        """The address of its page."""
        group = self.collection.name if self.collection else OWN
        return f"{PATH}/{quote(group, safe='')}/{quote(self.name, safe='')}"


def mail_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The list, a page for each mail, its preview, and what its buttons do."""

    @get(PATH)
    async def whole(request: AnyRequest) -> Response[str]:
        groups = [(collection.name, list(_of(services, collection))) for collection in _auth_collections(services)]
        own = list(_own(services))
        return page("mails.html", request.scope, groups=groups, own=own, **_aside(services))

    @get(f"{PATH}/{{group:str}}/{{name:str}}")
    async def one(request: AnyRequest, group: FromPath[str], name: FromPath[str]) -> Response[str]:
        told = TOLD.get(request.query_params.get("told", ""), "")
        return _page(services, request, _found(services, group, name), told=told)

    @post(f"{PATH}/{{group:str}}/{{name:str}}")
    async def save(request: AnyRequest, group: FromPath[str], name: FromPath[str]) -> Response[str]:
        mail, typed = _found(services, group, name), await _typed(request)
        template = None if typed == mail.declared else typed
        try:
            await _put(services, mail, template)
        except BadRequest as error:
            return _page(services, request, mail, status=error.status, typed=typed, errors=_errors(error))
        return go_to(f"{mail.path}?told={'saved' if template else 'reset'}")

    @post(f"{PATH}/{{group:str}}/{{name:str}}/reset")
    async def reset(request: AnyRequest, group: FromPath[str], name: FromPath[str]) -> Response[str]:
        mail = _found(services, group, name)
        await _put(services, mail, None)
        return go_to(f"{mail.path}?told=reset")

    @get(f"{PATH}/{{group:str}}/{{name:str}}/preview")
    async def preview(group: FromPath[str], name: FromPath[str]) -> Response[str]:
        mail = _found(services, group, name)
        return _preview(services, mail, mail.holds)

    @post(f"{PATH}/{{group:str}}/{{name:str}}/preview")
    async def preview_typed(request: AnyRequest, group: FromPath[str], name: FromPath[str]) -> Response[str]:
        return _preview(services, _found(services, group, name), await _typed(request))

    @post(f"{PATH}/{{group:str}}/{{name:str}}/test")
    async def test(request: AnyRequest, group: FromPath[str], name: FromPath[str]) -> Response[str]:
        mail = _found(services, group, name)
        if mail.collection is None:
            raise NotFound
        to = (await _form(request)).get("to", "").strip()
        try:
            await services.mail.try_out(cast("MailKind", mail.name), mail.collection, to)
        except MailError as error:
            return _page(services, request, mail, status=400, to=to, problem=error.message)
        sends = services.settings.current.smtp.enabled
        return _page(
            services, request, mail, to=to, told=f"Sent to {to}." if sends else "Shown in the server's terminal."
        )

    return [whole, one, save, reset, preview, preview_typed, test]


def _auth_collections(services: Services) -> list[CollectionInfo]:
    """The system's own last."""
    found = [one for one in services.registry.collections.values() if one.kind == "auth"]
    return sorted(found, key=lambda collection: collection.system)


def _of(services: Services, collection: CollectionInfo) -> Iterator[SeenMail]:
    mail = services.mail
    for kind in MAIL_KINDS if collection.id != SUPERUSERS_ID else _TO_SUPERUSERS:
        yield SeenMail(collection, kind, TITLES[kind], mail.declared(kind, collection), mail.edited(collection, kind))


def _own(services: Services) -> Iterator[SeenMail]:
    for name, declared in services.mail.own.items():
        yield SeenMail(None, name, name, declared, services.mail.edited(None, name))


def _found(services: Services, group: str, name: str) -> SeenMail:
    """The mail of an address. Raises NotFound."""
    collection = services.registry.collections.get(group)
    mails = _own(services) if group == OWN else _of(services, collection) if collection else iter(())
    for mail in mails:
        if mail.name == name and (mail.collection is None or mail.collection.kind == "auth"):
            return mail
    raise NotFound


async def _put(services: Services, mail: SeenMail, template: MailTemplate | None) -> None:
    """Puts a template in the place of the mail's own, the last of the list; None takes it away again."""
    names = (mail.collection.name, mail.collection.id) if mail.collection else ("",)
    rows = msgspec.to_builtins(services.settings.own_sections["mail"].value)["templates"]
    rows = [row for row in rows if row["template"] != mail.name or row["collection"] not in names]
    if template is not None:
        parts = {part: getattr(template, part) for part in PARTS}
        rows.append({"collection": names[0], "template": mail.name, **parts})
    await services.settings.update_sections({"mail": {"templates": rows}})


def _errors(error: BadRequest) -> dict[str, str]:
    """What is wrong with the last template, by its parts; with another one, by nothing."""
    mistakes: Mapping[str, Any] = error.data.get("mail", {}).get("templates", {})
    if not mistakes:
        return {"": error.message}
    place = max(mistakes, key=int)
    found = {part: mistake.message for part, mistake in mistakes[place].items() if isinstance(mistake, FieldError)}
    return found if found.keys() <= set(PARTS) else {"": " ".join(found.values())}


async def _form(request: AnyRequest) -> dict[str, str]:
    read = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0].replace("\r\n", "\n") for name, values in read.items()}


async def _typed(request: AnyRequest) -> MailTemplate:
    form = await _form(request)
    return MailTemplate(*(form.get(part, "") for part in PARTS))


def _preview(services: Services, mail: SeenMail, template: MailTemplate) -> Response[str]:
    """The mail as it looks, with made-up values; one of the app's own with its places as they stand."""
    if mail.collection is None:
        html = as_page(template.body)
    else:
        html = services.mail.preview(cast("MailKind", mail.name), mail.collection, template).html
    return Response(html, media_type="text/html", headers=_AS_PREVIEW)


def _aside(services: Services) -> dict[str, Any]:
    return {"subjects": subjects(services), "at": "mails"}


def _page(
    services: Services,
    request: AnyRequest,
    mail: SeenMail,
    *,
    status: int = 200,
    typed: MailTemplate | None = None,
    errors: Mapping[str, str] | None = None,
    told: str = "",
    problem: str = "",
    to: str = "",
) -> Response[str]:
    places = list(places_of(cast("MailKind", mail.name), mail.collection)) if mail.collection else []
    return page(
        "mail.html",
        request.scope,
        status=status,
        headers=_WITH_PREVIEW,
        mail=mail,
        shown=typed or mail.holds,
        errors=errors or {},
        told=told,
        problem=problem,
        to=to or request.scope["user"].values["email"],
        places=places,
        sends=services.settings.current.smtp.enabled,
        **_aside(services),
    )
