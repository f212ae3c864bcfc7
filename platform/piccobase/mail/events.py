"""The hook point of mail."""

from dataclasses import dataclass

from piccobase.hooks.point import HookEvent
from piccobase.mail.message import Message


@dataclass(slots=True, kw_only=True)
class SendingMail(HookEvent):
    """A mail is about to be sent, by the job that keeps it. `message` may be replaced; there is no result.

    An error is one of the sending: it is tried again later, unless it is a `MailRefused`.
    """

    message: Message
