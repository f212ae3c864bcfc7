"""Mail through an SMTP server, a connection for each. Whatever goes wrong becomes "again" or "never", in words."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from ssl import SSLError

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from piccobase.mail.errors import MailError, MailFailed, MailRefused
from piccobase.mail.message import Message, Sender, ascii_address, encoded

log = logging.getLogger("piccobase.mail")
TIMEOUT = 30.0  # seconds for the whole of one mail
GOODBYE = 2.0  # seconds to wait for the server's


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPMailer:
    """Sends through the server at `host` and `port`.

    With `tls` the connection is encrypted from the first byte, else by STARTTLS where the server offers it; its
    certificate must be valid for `host` either way. A password is never sent without encryption, but to this machine
    itself. `method` is "PLAIN", "LOGIN", or "" for what the server offers. `timeout` is in seconds, for a whole mail.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    method: str = ""
    tls: bool = False
    local_name: str = ""  # what this machine calls itself
    timeout: float = TIMEOUT

    async def send(self, message: Message, sender: Sender) -> None:
        mail = encoded(message, sender)
        server = SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.tls,
            local_hostname=self.local_name or "localhost",
            timeout=self.timeout,
        )
        try:
            async with asyncio.timeout(self.timeout):
                await server.connect()
                await self._sign_in(server)
                refused, _ = await server.send_message(
                    mail, sender=ascii_address(sender.address), recipients=message.recipients
                )
        except (SMTPException, OSError, TimeoutError) as error:
            raise self._told(error) from None
        else:
            await _say_goodbye(server)
        finally:
            server.close()
        if refused:  # the others have it, so this is no error
            log.warning("The mail server refused %d of %d recipients.", len(refused), len(message.recipients))

    async def _sign_in(self, server: SMTP) -> None:
        if not self.username:
            return
        if server.get_transport_info("sslcontext") is None and not _is_this_machine(self.host):
            raise MailFailed(
                f"{self._place} offers no encryption, and the password is not sent without. Turn on smtp.tls (as a "
                "rule with port 465), or leave the user name empty."
            )
        if server.is_ehlo_or_helo_needed:  # anew after STARTTLS: what the server said before counts for nothing
            await server.ehlo()
        if self.method == "PLAIN":
            await server.auth_plain(self.username, self.password)
        elif self.method == "LOGIN":
            await server.auth_login(self.username, self.password)
        else:
            await server.login(self.username, self.password)

    @property
    def _place(self) -> str:
        return f"The mail server {self.host}:{self.port}"

    def _told(self, error: Exception) -> MailError:
        """What has happened, as an error of ours."""
        beneath = error.__cause__ if isinstance(error.__cause__, OSError) else error
        match beneath:
            case SMTPAuthenticationError(code=code, message=said):
                return MailFailed(f"{self._place} did not accept user name and password: {code} {said}")
            case SMTPRecipientsRefused(recipients=each):
                said = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in each)
                never = all(one.code >= 500 for one in each)
                return (MailRefused if never else MailFailed)(f"{self._place} refused the recipients: {said}")
            case SMTPResponseException(code=code, message=said):
                return (MailRefused if code >= 500 else MailFailed)(f"{self._place} answered: {code} {said}")
            case SMTPNotSupported():
                return MailRefused(f"{self._place} cannot do what this mail needs: {error}")
            case SSLError():
                return MailFailed(f"{self._place} cannot be spoken to with encryption: {beneath}")
            case TimeoutError():
                return MailFailed(f"{self._place} took longer than {self.timeout:g} seconds.")
            case _:
                return MailFailed(f"{self._place} cannot be used: {str(beneath) or type(beneath).__name__}")


async def _say_goodbye(server: SMTP) -> None:
    """What goes wrong now does not matter: the mail is accepted, and sent anew it would come twice."""
    with suppress(SMTPException, OSError, TimeoutError):
        await server.quit(timeout=GOODBYE)


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
