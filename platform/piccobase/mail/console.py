"""Where mail goes while no server is set: shown to a developer in the terminal, or refused where nobody reads along."""

from dataclasses import dataclass
from typing import TextIO

from piccobase.mail.errors import MailRefused
from piccobase.mail.message import Message, Sender
from piccobase.mail.plain_text import plain_text

_RULE = "─" * 72


@dataclass(frozen=True, slots=True)
class ConsoleMailer:
    """Prints mails with their links, as text."""

    stream: TextIO

    async def send(self, message: Message, sender: Sender) -> None:
        body = message.text or plain_text(message.html)
        lines = [
            _RULE,
            f"From:    {sender.name} <{sender.address}>",
            f"To:      {', '.join(message.recipients)}",
            f"Subject: {message.subject}",
            "",
            *body.split("\n"),
            _RULE,
            "Not sent, only shown here: smtp.enabled is off in the settings.",
        ]
        # Records' values stand in mails: they must not speak to the terminal.
        print("\n".join(map(_visible, lines)), file=self.stream, flush=True)


class NoMailer:
    """Refuses every mail. In place of the console where messages are kept: links to reset a password are no log."""

    async def send(self, message: Message, sender: Sender) -> None:
        raise MailRefused("Mail is off: set the SMTP server in the settings and turn on smtp.enabled.")


def _visible(line: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
