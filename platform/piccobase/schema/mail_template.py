"""What a mail is made of: a subject and a body, with places to be filled."""

from dataclasses import dataclass
from typing import Literal, get_args

MailKind = Literal["verification", "password-reset", "email-change", "otp", "login-alert"]
MAIL_KINDS: tuple[MailKind, ...] = get_args(MailKind)


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A subject, a body in HTML, and a text for those who read no HTML (default: made from the body).

    For mails about accounts the places are the protocol's, `{APP_NAME}` or `{TOKEN}`; for mails of an app's own they
    are Jinja's, `{{ order.number }}`.
    """

    subject: str
    body: str
    text: str = ""
