"""The mails about accounts: default templates, what stands in their places, what a template must have. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.mail.message import Sender
from piccobase.mail.placeholders import PLACEHOLDER, fill, fill_html
from piccobase.mail.plain_text import plain_text
from piccobase.schema.auth_options import TokenKind
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.mail_template import MailKind, MailTemplate
from piccobase.schema.naming import nearest

LONGEST_TEMPLATE = 20_000  # characters
LONGEST_VALUE = 500  # characters of a record's field

# A page, so that a template need not be one. Colours are the reader's own, light or dark.
_PAGE = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
body {{ margin: 0 auto; max-width: 36em; padding: 1.5em; font: 16px/1.5 system-ui, sans-serif; }}
a.btn {{ display: inline-block; padding: .6em 1.2em; border-radius: 6px; background: #1d4ed8; color: #fff;
  text-decoration: none; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_BUTTON = '<p><a class="btn" href="{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}">{word}</a></p>\n'
_THANKS = "<p>Thanks,<br>\n{APP_NAME}</p>"


@dataclass(frozen=True, slots=True)
class AccountMail:
    """One kind of mail. A template of it must have one of the places `needed`, else it would be of no use."""

    default: MailTemplate
    page: str = ""  # of the ready pages, where its link leads
    needed: tuple[str, ...] = ()
    lives_as: TokenKind | None = None  # as long as a token of this kind can be used


ACCOUNT_MAILS: Mapping[MailKind, AccountMail] = {
    "verification": AccountMail(
        MailTemplate(
            "Verify your {APP_NAME} email",
            "<p>Hello,</p>\n<p>Thank you for joining {APP_NAME}. Please verify your email address.</p>\n"
            + _BUTTON.format(page="confirm-verification", word="Verify")
            + _THANKS,
        ),
        page="confirm-verification",
        needed=("TOKEN", "ACTION_URL"),
        lives_as="verification",
    ),
    "password-reset": AccountMail(
        MailTemplate(
            "Reset your {APP_NAME} password",
            "<p>Hello,</p>\n<p>Choose a new password for {APP_NAME}.</p>\n"
            + _BUTTON.format(page="confirm-password-reset", word="Reset password")
            + "<p><i>If you did not ask for this, you can ignore this email.</i></p>\n"
            + _THANKS,
        ),
        page="confirm-password-reset",
        needed=("TOKEN", "ACTION_URL"),
        lives_as="passwordReset",
    ),
    "email-change": AccountMail(
        MailTemplate(
            "Confirm your {APP_NAME} new email address",
            "<p>Hello,</p>\n<p>Please confirm that this is your new email address.</p>\n"
            + _BUTTON.format(page="confirm-email-change", word="Confirm new email")
            + "<p><i>If you did not ask for this, you can ignore this email.</i></p>\n"
            + _THANKS,
        ),
        page="confirm-email-change",
        needed=("TOKEN", "ACTION_URL"),
        lives_as="emailChange",
    ),
    "otp": AccountMail(
        MailTemplate(
            "Your code for {APP_NAME}",
            "<p>Hello,</p>\n<p>Your one-time password is: <strong>{OTP}</strong></p>\n"
            "<p><i>If you did not ask for this, you can ignore this email.</i></p>\n" + _THANKS,
        ),
        needed=("OTP",),
    ),
    "login-alert": AccountMail(
        MailTemplate(
            "Login from a new location",
            "<p>Hello,</p>\n<p>Somebody has signed in to your {APP_NAME} account from a new location:</p>\n"
            "<p><em>{ALERT_INFO}</em></p>\n"
            "<p><strong>If this was not you, change your {APP_NAME} password at once: that signs everybody out."
            "</strong></p>\n<p>If it was you, there is nothing to do.</p>\n" + _THANKS,
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A template that was filled."""

    subject: str
    html: str
    text: str


def write_account_mail(
    kind: MailKind,
    template: MailTemplate,
    sender: Sender,
    collection: CollectionInfo,
    record: Mapping[str, Any],
    places: Mapping[str, str],
) -> Written:
    """The template filled. `record` has values by their names on the wire; `places` are TOKEN, OTP and the like."""
    values = {"APP_NAME": sender.app_name, "APP_URL": sender.app_url, **places}
    if (page := ACCOUNT_MAILS[kind].page) and "TOKEN" in places:
        values["ACTION_URL"] = f"{sender.app_url}/_/#/auth/{page}/{places['TOKEN']}"
    shown = {name: _as_text(record.get(name)) for name in shown_fields(collection)}
    shown |= {"collectionId": collection.id, "collectionName": collection.name}
    body = fill_html(template.body, values, shown)
    return Written(
        subject=fill(template.subject, values, shown),
        html=as_page(body),
        text=fill(template.text, values, shown) if template.text else plain_text(body),
    )


def as_page(body: str) -> str:
    """The body as a whole page, unless it is one."""
    return body if "<html" in body[:500].lower() else _PAGE.format(body=body)


def shown_fields(collection: CollectionInfo) -> Iterator[str]:
    """The fields that may stand in a mail: neither hidden nor kept from anybody by a rule."""
    return (field.name for field in collection.fields if not field.hidden and field.read_rule == "")


def places_of(kind: MailKind, collection: CollectionInfo) -> Iterator[str]:
    """The placeholders that a template of this kind can have, those that it must have first."""
    mail = ACCOUNT_MAILS[kind]
    yield from (f"{{{name}}}" for name in mail.needed)
    if kind == "otp":
        yield "{OTP_ID}"
    if kind == "login-alert":
        yield "{ALERT_INFO}"
    yield from ("{APP_NAME}", "{APP_URL}")
    yield from (f"{{RECORD:{name}}}" for name in shown_fields(collection))


def mistakes_in(kind: MailKind, template: MailTemplate, collection: CollectionInfo) -> dict[str, str]:
    """What is wrong with a template for mails of this kind, by "subject", "body" and "text"; empty where nothing is."""
    mistakes = {}
    known = {*shown_fields(collection), "collectionId", "collectionName"}
    for part in ("subject", "body", "text"):
        for _, field in PLACEHOLDER.findall(getattr(template, part)):
            if field and field not in known:
                mistakes[part] = f"{collection.name} has no field {field} that a mail may show.{nearest(field, known)}"
    needed = ACCOUNT_MAILS[kind].needed
    for part in ("body", "text") if template.text else ("body",):
        there = {name for name, _ in PLACEHOLDER.findall(getattr(template, part))}
        if needed and not there.intersection(needed):
            mistakes[part] = f"Must contain {' or '.join(f'{{{name}}}' for name in needed)}."
    for part in ("subject", "body"):
        if not getattr(template, part).strip():
            mistakes[part] = "Cannot be blank."
    for part in ("body", "text"):
        if len(getattr(template, part)) > LONGEST_TEMPLATE:
            mistakes[part] = f"Must be no more than {LONGEST_TEMPLATE} characters."
    return mistakes


def _as_text(value: Any) -> str:
    """A record's value as a mail shows it: what somebody has filled a field with must not fill the mail."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
