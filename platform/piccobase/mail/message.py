"""One mail: a value that can be stored, and from it what travels. Nothing that anybody wrote becomes a header line."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import idna
from msgspec import Struct

from piccobase.base.clock import now
from piccobase.base.ids import new_record_id
from piccobase.mail.errors import InvalidMail

MAX_BODY = 90_000  # bytes of text and HTML together: sealed it still fits a job
MAX_SUBJECT = 500  # characters
MAX_RECIPIENTS = 50
_LOCAL_PART = re.compile(r"[^\s@<>()\[\]:;,\\\"\x00-\x1f\x7f]{1,64}")


class Sender(Struct, frozen=True):
    """Who mails come from, and what their links begin with."""

    name: str
    address: str
    app_name: str
    app_url: str  # without a slash at its end


class Message(Struct, frozen=True, kw_only=True):
    """A mail but for its sender, which is who that is when it leaves. `id` and `date` stay through all attempts."""

    to: tuple[str, ...]
    subject: str
    html: str = ""
    text: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str = ""
    id: str
    date: datetime

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to, once, also those whom nobody else sees."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


def make_message(
    to: str | Sequence[str],
    subject: str,
    *,
    html: str = "",
    text: str = "",
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    reply_to: str = "",
) -> Message:
    """A mail with a new id, all of it checked. Addresses are bare: `ada@example.com`.

    Line breaks in the subject become spaces. Raises InvalidMail for an address that is none, without recipients or with
    more than 50, without a body, and for a body of more than 90,000 bytes.
    """
    message = Message(
        to=_addresses([to] if isinstance(to, str) else to),
        subject=one_line(subject)[:MAX_SUBJECT],
        html=_clean(html),
        text=_clean(text),
        cc=_addresses(cc),
        bcc=_addresses(bcc),
        reply_to=ascii_address(reply_to) if reply_to else "",
        id=new_record_id(),
        date=now(),
    )
    if not message.to or len(message.recipients) > MAX_RECIPIENTS:
        raise InvalidMail(f"A mail goes to 1 to {MAX_RECIPIENTS} addresses, and at least one stands in `to`.")
    if not message.html and not message.text:
        raise InvalidMail("A mail needs a text or HTML.")
    if (size := len(message.html.encode()) + len(message.text.encode())) > MAX_BODY:
        raise InvalidMail(f"The mail has {size} bytes, more than {MAX_BODY}: link to what is large.")
    return message


def ascii_address(address: str) -> str:
    """The address with its domain in ASCII, as servers want it. Raises InvalidMail for what is no address.

    >>> ascii_address("jörg@bücher.example")
    'jörg@xn--bcher-kva.example'
    """
    local, _, domain = address.rpartition("@")
    try:
        if _LOCAL_PART.fullmatch(local) and domain:
            return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        pass
    raise InvalidMail(f"{address[:100]!r} is no mail address.")


def one_line(text: str) -> str:
    """The text without line breaks and control characters.

    >>> one_line("Hi\\r\\nBcc: all@example.com")
    'Hi Bcc: all@example.com'
    """
    return " ".join("".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text).split())


def encoded(message: Message, sender: Sender) -> EmailMessage:
    """The mail with its headers: text, HTML, or both as alternatives; everything in 7 bits."""
    mail = EmailMessage(policy=SMTP)
    address = ascii_address(sender.address)
    mail["From"] = _address(address, one_line(sender.name))
    mail["To"] = _header(message.to)
    if message.cc:
        mail["Cc"] = _header(message.cc)
    if message.reply_to:
        mail["Reply-To"] = _header([message.reply_to])
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.date)
    mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday notice answers it
    if message.text:
        mail.set_content(message.text, cte="quoted-printable")
    if message.html and message.text:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    elif message.html:
        mail.set_content(message.html, subtype="html", cte="quoted-printable")
    return mail


def _header(addresses: Iterable[str]) -> list[Address]:
    return [_address(address) for address in addresses]


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)  # in parts: as a whole it would refuse a local part beyond ASCII


def _addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(ascii_address, addresses)))


def _clean(body: str) -> str:
    """The body without control characters but tabs and line breaks, and without halves of characters."""
    return "".join(c for c in body if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
