"""Errors of mail.

PiccobaseError
└── MailError          a mail that cannot be written or sent
    ├── InvalidMail      a mail, or a template, that cannot be made: an address that is none, too long, a mistake in it
    ├── MailFailed       not sent this time: the server is away, slow, or asks to come again; worth another try
    └── MailRefused      never sent: the server does not take this mail, or mail is off
"""

from piccobase.base.errors import PiccobaseError


class MailError(PiccobaseError):
    """A mail that cannot be written or sent."""

    code = "mail.error"


class InvalidMail(MailError):
    code = "mail.invalid"


class MailFailed(MailError):
    code = "mail.failed"


class MailRefused(MailError):
    code = "mail.refused"
