"""An SMTP server of its own for tests, as a process: plain, with STARTTLS and with TLS, each on a free port.

    python smtp_server.py FOLDER [CERTIFICATE KEY]

It prints its ports as a line of JSON, keeps each mail it accepts as a file in FOLDER, and behaves as the recipient's
name says: `unknown` is refused for good, `busy` for now, `spam` after the body, `drop` cuts the connection, and `slow`
is never answered. USER may sign in where the connection is encrypted, and on the plain port.
"""

import asyncio
import json
import ssl
import sys
import uuid
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

USER = (b"shop", b"smtp-password-1")


class Handler:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        match address.partition("@")[0]:
            case "unknown":
                return "550 5.1.1 No such user here"
            case "busy":
                return "451 4.3.0 Come back later"
            case "slow":
                await asyncio.sleep(3600)
            case "drop":
                server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if any(address.startswith("spam@") for address in envelope.rcpt_tos):
            return "554 5.7.1 We do not like this"
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": server.transport.get_extra_info("sslcontext") is not None,
            "signed_in": bool(session.authenticated),
            "greeting": session.host_name,
            "content": envelope.content.decode(),
        }
        draft = self._folder / f"{uuid.uuid4()}.part"
        draft.write_text(json.dumps(mail))
        draft.rename(draft.with_suffix(".json"))
        return "250 OK"


def authenticated(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == USER, handled=False)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes connections and says nothing."""
    await reader.read()
    writer.close()


async def main(folder: str, certificate: str = "", key: str = "") -> None:
    loop = asyncio.get_running_loop()
    handler = Handler(Path(folder))
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

    def protocol(**options: Any) -> SMTP:
        return SMTP(handler, authenticator=authenticated, loop=loop, hostname="localhost", **options)

    servers = {
        "plain": await loop.create_server(
            lambda: protocol(auth_require_tls=False, enable_SMTPUTF8=True), "127.0.0.1", 0
        ),
        "closed": await loop.create_server(lambda: protocol(), "127.0.0.1", 0),  # signs nobody in without encryption
        "silent": await asyncio.start_server(silent, "127.0.0.1", 0),
    }
    if context:
        servers["starttls"] = await loop.create_server(
            lambda: protocol(tls_context=context, require_starttls=True), "127.0.0.1", 0
        )
        servers["tls"] = await loop.create_server(lambda: protocol(auth_require_tls=False), "127.0.0.1", 0, ssl=context)
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
