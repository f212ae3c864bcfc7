"""Options of an auth collection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from piccobase.schema.mail_template import MailKind, MailTemplate

TokenKind = Literal["auth", "file", "verification", "passwordReset", "emailChange"]

# Seconds a token lives (protocol.md §5.1); superusers' auth tokens one day instead of five.
DURATIONS: Mapping[TokenKind, int] = {
    "auth": 432_000,
    "file": 180,
    "verification": 86_400,
    "passwordReset": 1_800,
    "emailChange": 1_800,
}
SUPERUSER_AUTH_DURATION = 86_400


@dataclass(frozen=True, kw_only=True)
class AuthOptions:
    """How records of an auth collection sign in.

    `identity` are the fields that identify a record, each of them unique; `password` turns sign-in by password off;
    `tokens` overrides how many seconds a kind of token lives (10 to 94670856); `mails` has templates in the place of
    the default ones, by what they are for: verification, password-reset, email-change, otp, login-alert.
    """

    identity: tuple[str, ...] = ("email",)
    password: bool = True
    tokens: Mapping[TokenKind, int] = field(default_factory=dict)
    mails: Mapping[MailKind, MailTemplate] = field(default_factory=dict)

    def duration(self, kind: TokenKind) -> int:
        """Seconds a token of this kind lives."""
        return self.tokens.get(kind, DURATIONS[kind])
