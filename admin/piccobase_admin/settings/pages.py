"""The pages of settings: one for each subject, each with a form that is answered by itself or as a part by htmx."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import (
    Addresses,
    AddressList,
    BadRequest,
    FieldError,
    NotFound,
    RequestError,
    Services,
    TrustedProxySettings,
)
from piccobase_admin.rendering import go_to, page
from piccobase_admin.settings.fields import Root, change_of, fields_of

ROOT = "/admin/settings"
MAX_FORM = 1 << 20  # bytes
MAX_FIELDS = 10_000
_SAVED = "Saved. Every process of this server goes by it within a second."


@dataclass(frozen=True, slots=True)
class Subject:
    """A page: `keys` are the sections on it, of the protocol's object or of a plugin."""

    path: str
    title: str
    keys: tuple[str, ...]
    lead: str
    note: str = ""  # what is not done with them yet
    plugin: bool = False


SUBJECTS = (
    Subject("app", "Application", ("meta",), "What the app is called, and who its mails come from."),
    Subject("mail", "Mail", ("smtp",), "The server that mails are sent through."),
    Subject(
        "files",
        "Files",
        ("s3",),
        "A bucket for the files of records, in place of the data folder.",
        "Buckets are not used yet: files stay on this machine. What is entered here is kept for later.",
    ),
    Subject(
        "backups",
        "Backups",
        ("backups",),
        "When backups are made, and where they are kept.",
        "Backups are not made yet. What is entered here is kept for later.",
    ),
    Subject(
        "limits",
        "Rate limits",
        ("rateLimits",),
        "How many requests one address may make. Of the rules that fit a request one applies: that of a collection's "
        "action, else of the action in all collections, else of a path with its method, else of a path. "
        "Superusers are not limited.",
    ),
    Subject(
        "access",
        "Access",
        ("superuserIPs", "trustedProxy"),
        "From where superusers may come, and how the addresses of clients are known behind a proxy.",
    ),
    Subject(
        "batch",
        "Batch",
        ("batch",),
        "Several writes in one request.",
        "Batches cannot be sent yet. What is entered here is kept for later.",
    ),
    Subject("logs", "Logs", ("logs",), "What is kept of requests, and for how long."),
)


def settings_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """The forms, and saving them."""

    @get(ROOT)
    async def first() -> Response[str]:
        return go_to(f"{ROOT}/{SUBJECTS[0].path}")

    @get(f"{ROOT}/{{subject:str}}")
    async def form(request: Request[Any, Any, Any], subject: FromPath[str]) -> Response[str]:
        return _page(services, request, _found(services, subject))

    @post(f"{ROOT}/{{subject:str}}", request_max_body_size=MAX_FORM)
    async def save(request: Request[Any, Any, Any], subject: FromPath[str]) -> Response[str]:
        found = _found(services, subject)
        typed = parse_qs((await request.body()).decode(errors="replace"), True, max_num_fields=MAX_FIELDS)
        change, wrong = change_of(_root(services, found), typed)
        try:
            if wrong := wrong or _would_lock_out(services, request, change):
                raise BadRequest("", wrong)
            if found.plugin:
                await services.settings.update_sections({found.keys[0]: change})
            else:
                await services.settings.update(change)
        except RequestError as error:
            errors = error.data.get(found.keys[0], error.data) if found.plugin else error.data
            told = "" if errors else error.message
            return _page(services, request, found, status=error.status, errors=errors, typed=typed, told=told)
        return _page(services, request, found, saved=True)

    return [first, form, save]


def subjects(services: Services) -> Sequence[Subject]:
    """All pages, those of plugins' sections last."""
    own = [
        Subject(f"of-{name}", section.title, (name,), (section.kind.__doc__ or "").split("\n")[0], plugin=True)
        for name, section in services.settings.own_sections.items()
        if name != "mail"  # whose templates have pages of their own (pages/mails.py)
    ]
    return [*SUBJECTS, *own]


def _found(services: Services, path: str) -> Subject:
    for subject in subjects(services):
        if subject.path == path:
            return subject
    raise NotFound


def _page(
    services: Services,
    request: Request[Any, Any, Any],
    subject: Subject,
    *,
    status: int = 200,
    errors: Mapping[str, Any] | None = None,
    typed: Mapping[str, Sequence[str]] | None = None,
    told: str = "",
    saved: bool = False,
) -> Response[str]:
    """The page, or the form alone where htmx has asked for it; htmx takes an answer with mistakes as any other."""
    part = request.headers.get("hx-request") == "true"
    values: dict[str, Any] = {
        "subject": subject,
        "part": part,
        "fields": list(fields_of(_root(services, subject), errors or {}, typed)),
        "told": told or ("Nothing was saved: something is wrong below." if errors else ""),
        "saved": _SAVED if saved else "",
    }
    if part:
        return page("settings_form.html", request.scope, **values)
    return page("settings.html", request.scope, status=status, subjects=subjects(services), **values)


def _root(services: Services, subject: Subject) -> Root:
    if subject.plugin:
        [name] = subject.keys
        return Root(services.settings.own_sections[name].value, name)
    return Root(services.settings.current, only=subject.keys)


def _would_lock_out(services: Services, request: Request[Any, Any, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A mistake where whoever saves this would have no way back in; over the API nobody is kept from it."""
    allowed = change.get("superuserIPs")
    if not allowed:
        return {}
    addresses = Addresses()
    addresses.trust(msgspec.convert(change["trustedProxy"], TrustedProxySettings))
    address = addresses.of(request.scope)
    try:
        if address in AddressList(allowed):
            return {}
    except ValueError:  # one that is no address, which will be told
        return {}
    message = f"Your own address, {address}, is not among these: you would lock yourself out."
    return {"superuserIPs": FieldError("validation_invalid_value", message)}
