"""A mailer for tests, which keeps what it is given."""

from dataclasses import dataclass, field

from piccobase.mail.errors import MailError
from piccobase.mail.message import Message, Sender, encoded


@dataclass(slots=True)
class Collector:
    """`sent` has the mails, the oldest first. What stands in `failing` is raised first, once each."""

    sent: list[Message] = field(default_factory=list)
    failing: list[MailError] = field(default_factory=list)

    async def send(self, message: Message, sender: Sender) -> None:
        encoded(message, sender)  # which finds what could not travel
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append(message)
