"""`Mail`: what others call to have a mail written and sent. It is written at once, and sent by a job later."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from piccobase.base.clock import unix_time
from piccobase.hooks.dispatcher import NO_HOOKS, Onions
from piccobase.mail.accounts import ACCOUNT_MAILS, Written, as_page, shown_fields, write_account_mail
from piccobase.mail.errors import InvalidMail, MailRefused
from piccobase.mail.events import SendingMail
from piccobase.mail.mailer import Mailer
from piccobase.mail.message import Message, Sender, make_message
from piccobase.mail.plain_text import plain_text
from piccobase.mail.sandbox import render
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.mail_template import MailKind, MailTemplate
from piccobase.schema.naming import nearest

log = logging.getLogger("piccobase.mail")
SAMPLE_RECORD = {  # whatever else a record has shows its name
    "id": "test_record_id0",
    "email": "test@example.com",
}
SAMPLE_PLACES = {"TOKEN": "TEST_TOKEN", "OTP": "123456", "OTP_ID": "test_otp_id", "ALERT_INFO": "A test, from nowhere."}
NO_TEMPLATES: Mapping[str, MailTemplate] = {}


class Queue(Protocol):
    """Where written mails wait."""

    async def __call__(self, about: str, message: Message, worthless_after: float | None) -> str:
        """Keeps a mail until it was sent, and returns the job's id. In a transaction it is kept if that commits."""


class Mail:
    """Writes mails from templates and has them sent. A request neither waits for a server nor fails with it.

    `mailer`, `sender` and `edited` are asked each time: settings change while the server runs. `edited` gives a
    template that a superuser has put in the place of another, by the collection (None for an app's own mails) and the
    mail's name.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        mailer: Callable[[], Mailer],
        sender: Callable[[], Sender],
        edited: Callable[[CollectionInfo | None, str], MailTemplate | None],
        own: Mapping[str, MailTemplate] = NO_TEMPLATES,
        hooks: Onions = NO_HOOKS,
    ) -> None:
        self._queue = queue
        self.hooks = hooks
        self.mailer = mailer
        self._sender = sender
        self.edited = edited
        self.own = own

    def template(self, kind: MailKind, collection: CollectionInfo) -> MailTemplate:
        """The template that holds: a superuser's, else the declaration's, else the default one."""
        return self.edited(collection, kind) or self.declared(kind, collection)

    def declared(self, kind: MailKind, collection: CollectionInfo) -> MailTemplate:
        """The template of the collection's declaration, or the default one."""
        return (collection.auth or AuthOptions()).mails.get(kind, ACCOUNT_MAILS[kind].default)

    def preview(self, kind: MailKind, collection: CollectionInfo, template: MailTemplate) -> Written:
        """The template filled with made-up values."""
        record = {name: name for name in shown_fields(collection)} | SAMPLE_RECORD
        return write_account_mail(kind, template, self._sender(), collection, record, SAMPLE_PLACES)

    async def send(
        self,
        kind: MailKind,
        collection: CollectionInfo,
        record: Mapping[str, Any],
        token: str = "",
        *,
        to: str | None = None,
        otp: str = "",
        otp_id: str = "",
        alert: str = "",
        lifetime: float | None = None,
    ) -> str:
        """Has the mail about an account sent, and returns the id of the job that does it.

        `record` has values by their names on the wire; the mail goes to its `email`, or to `to`. `token`, `otp`,
        `otp_id` and `alert` stand in the template's places. `lifetime` is how many seconds the token or the code can be
        used (default: what the collection says of that token): later the mail is dropped. Raises InvalidMail where
        there is no address.
        """
        given = {"TOKEN": token, "OTP": otp, "OTP_ID": otp_id, "ALERT_INFO": alert}
        places = {name: value for name, value in given.items() if value}
        template = self.template(kind, collection)
        written = write_account_mail(kind, template, self._sender(), collection, record, places)
        address = to or str(record.get("email") or "")
        message = make_message(address, written.subject, html=written.html, text=written.text)
        if lifetime is None and (of_token := ACCOUNT_MAILS[kind].lives_as):
            lifetime = (collection.auth or AuthOptions()).duration(of_token)
        return await self._keep(f"{collection.name}, {kind}", message, lifetime)

    async def send_own(
        self,
        name: str,
        to: str | Sequence[str],
        values: Mapping[str, Any],
        *,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
        reply_to: str = "",
        lifetime: float | None = None,
    ) -> str:
        """Has a mail of the app's own sent, and returns the id of the job that does it.

        `name` is that of a template in `App(mails={…})`. `values` are plain data for it; `app_name` and `app_url` stand
        beside them. With `lifetime` (seconds) the mail is dropped where it could not be sent by then. Raises
        InvalidMail for an unknown name, an address that is none, and a template that these values do not fill.
        """
        declared = self.own.get(name)
        if declared is None:
            raise InvalidMail(f'No mail "{name}" is declared in App(mails={{…}}).{nearest(name, self.own)}')
        edited = self.edited(None, name)
        try:
            written = self._own_message(edited or declared, values)
        except InvalidMail:
            if edited is None:
                raise
            # It was checked when it was saved, but not with these values.
            log.warning(
                "The edited template of the mail %s cannot be filled; the app's own is used.", name, exc_info=True
            )
            written = self._own_message(declared, values)
        message = make_message(
            to, written.subject, html=written.html, text=written.text, cc=cc, bcc=bcc, reply_to=reply_to
        )
        return await self._keep(name, message, lifetime)

    async def try_out(self, kind: MailKind, collection: CollectionInfo, to: str) -> None:
        """Sends a mail with made-up values at once. Raises MailError with what went wrong."""
        written = self.preview(kind, collection, self.template(kind, collection))
        message = make_message(to, written.subject, html=written.html, text=written.text)
        await self.mailer().send(message, self._sender())

    async def deliver(self, message: Message, worthless_after: float | None) -> None:
        """Sends what was kept: the job's part. Raises MailFailed and MailRefused."""
        if worthless_after is not None and unix_time() > worthless_after:
            raise MailRefused("It could not be sent in time: what it says has expired.")
        if (around := self.hooks.around(SendingMail)) is None:
            await self.mailer().send(message, self._sender())
            return
        event = SendingMail(message=message)

        async def step() -> None:
            await self.mailer().send(event.message, self._sender())

        await around.run(event, step)

    def _own_message(self, template: MailTemplate, values: Mapping[str, Any]) -> Written:
        sender = self._sender()
        values = {"app_name": sender.app_name, "app_url": sender.app_url, **values}
        body = render(template.body, values, html=True)
        return Written(
            subject=render(template.subject, values, html=False),
            html=as_page(body),
            text=render(template.text, values, html=False) if template.text else plain_text(body),
        )

    def _keep(self, about: str, message: Message, lifetime: float | None) -> Awaitable[str]:
        return self._queue(about, message, None if lifetime is None else unix_time() + lifetime)
