"""What a mail is made of: a subject and a body, with places to be filled."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import Literal, get_args

MailKind = Literal["verification", "password-reset", "email-change", "otp", "login-alert"]
MAIL_KINDS: tuple[MailKind, ...] = get_args(MailKind)


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A subject, a body in HTML, and a text for those who read no HTML (default: made from the body).

    For mails about accounts the places are the protocol's, `{APP_NAME}` or `{TOKEN}`; for mails of an app's own they
    are Jinja's, `{{ order.number }}`. Indentation that all lines share is taken away.
    """

    subject: str
    body: str
    text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", cleandoc(self.body))
        object.__setattr__(self, "text", cleandoc(self.text))
