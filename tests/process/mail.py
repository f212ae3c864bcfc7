"""The SMTP server of the tests, started as a process, and what it has been given."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER = ("shop", "smtp-password-1")
PATIENCE = 20.0  # seconds


@dataclass(frozen=True)
class Received:
    """A mail as it came in."""

    envelope: dict[str, object]
    mail: EmailMessage

    def part(self, kind: str) -> str:
        """The body of this kind, `html` or `plain`."""
        body = self.mail.get_body((kind,))
        assert body is not None
        return str(body.get_content())


@dataclass(frozen=True)
class SMTPServer:
    """`ports` by what is behind them: plain, closed, silent, starttls, tls. `certificate` is what clients trust."""

    folder: Path
    ports: dict[str, int]
    certificate: Path

    def received(self, recipient: str) -> list[Received]:
        """All mails to this address so far."""
        mails = [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]
        return [
            Received(one, message_from_string(one.pop("content"), _class=EmailMessage, policy=default))
            for one in mails
            if recipient in one["to"]
        ]

    def waited_for(self, recipient: str) -> Received:
        """The first mail to this address, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE
        while not (mails := self.received(recipient)):
            assert time.monotonic() < deadline, f"no mail to {recipient}: {list(self.folder.iterdir())}"
            time.sleep(0.05)
        return mails[0]


@contextmanager
def running_smtp_server(folder: Path) -> Iterator[SMTPServer]:
    certificate, key = make_certificate(folder)
    mails = folder / "mails"
    mails.mkdir()
    script = Path(__file__).with_name("smtp_server.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(mails), str(certificate), str(key)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield SMTPServer(mails, json.loads(process.stdout.readline()), certificate)
    finally:
        process.kill()
        process.communicate()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody has signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return certificate, key_file
