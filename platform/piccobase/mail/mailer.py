"""`Mailer`: the one thing that whatever sends mail can do."""

from typing import Protocol

from piccobase.mail.message import Message, Sender


class Mailer(Protocol):
    async def send(self, message: Message, sender: Sender) -> None:
        """Sends the mail, or raises MailFailed where another try may help, MailRefused where none will."""
