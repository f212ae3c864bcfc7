"""Mail through a real SMTP server: one that works, that is down, slow, silent, refuses, drops, and encrypts."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from tests.process.client import Answer, Client
from tests.process.mail import PATIENCE, USER, SMTPServer, running_smtp_server
from tests.process.serving import RunningServer, free_port, running_piccobase

from piccobase.mail.errors import MailError, MailFailed, MailRefused
from piccobase.mail.message import Sender, make_message
from piccobase.mail.smtp import SMTPMailer

APP = """
from piccobase import App, AuthCollection, MailTemplate

class User(AuthCollection, tablename="users"):
    pass

app = App(collections=[User], mails={"greeting": MailTemplate("Grüße, {{ name }}", "<p>Hello <b>{{ name }}</b></p>")})

@app.schedule("0 0 1 1 *")
async def greet() -> None:
    await app.mail.send_own("greeting", "greeted@example.com", {"name": "Ada"})

@app.schedule("0 0 1 1 *")
async def greet_nobody() -> None:
    await app.mail.send_own("greeting", "unknown@example.com", {"name": "Bo"})
"""
SENDER = Sender('Ünal, the "shop" <a@b>\r\nBcc: all@example.com', "shop@bücher.example", "Shop", "https://shop.example")


@pytest.fixture(scope="module")
def smtp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SMTPServer]:
    with running_smtp_server(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def plain(smtp: SMTPServer) -> SMTPMailer:
    return SMTPMailer(host="127.0.0.1", port=smtp.ports["plain"])


@pytest.fixture
def trusted(smtp: SMTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's certificate is that of an authority of ours."""
    monkeypatch.setenv("SSL_CERT_FILE", str(smtp.certificate))


async def test_a_mail_arrives_as_it_was_written(smtp: SMTPServer, plain: SMTPMailer) -> None:
    html, text = "<p>Zwölf Kühe,\n.\n..und mehr " + "x" * 2000 + "</p>", "Zwölf Kühe 🐄\n.\n" + "y" * 2000
    message = make_message(
        ["whole@example.com", "second@example.com"],
        "Ümläute " * 30 + "\r\nBcc: evil@example.com",
        html=html,
        text=text,
        cc=["copy@example.com"],
        bcc=["hidden@example.com"],
        reply_to="answers@example.com",
    )
    await replace(plain, local_name="shop.example").send(message, SENDER)
    (received,) = smtp.received("whole@example.com")
    everybody = ["whole@example.com", "second@example.com", "copy@example.com", "hidden@example.com"]
    assert (received.envelope["from"], received.envelope["to"]) == ("shop@xn--bcher-kva.example", everybody)
    assert received.envelope["greeting"] == "shop.example"
    mail = received.mail
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        'Ünal, the "shop" <a@b> Bcc: all@example.com',
        "shop@xn--bcher-kva.example",
    )
    assert mail["Subject"] == "Ümläute " * 30 + "Bcc: evil@example.com"
    assert [address.addr_spec for address in mail["To"].addresses] == everybody[:2]
    assert (mail["Cc"], mail["Bcc"], mail["Reply-To"]) == ("copy@example.com", None, "answers@example.com")
    assert parsedate_to_datetime(mail["Date"]) == message.date.replace(microsecond=0)
    assert mail["Message-ID"] == f"<{message.id}@xn--bcher-kva.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert received.part("html").replace("\r\n", "\n").rstrip("\n") == html
    assert received.part("plain").replace("\r\n", "\n").rstrip("\n") == text


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("method", ["", "PLAIN", "LOGIN"])
@pytest.mark.parametrize("kind", ["starttls", "tls", "plain"])
async def test_it_signs_in_where_the_connection_is_encrypted_or_of_this_machine(
    smtp: SMTPServer, kind: str, method: str
) -> None:
    recipient = f"{kind}-{method}@example.com".lower()
    mailer = SMTPMailer(
        host="localhost", port=smtp.ports[kind], tls=kind == "tls", username=USER[0], password=USER[1], method=method
    )
    await mailer.send(make_message(recipient, "s", text="t"), SENDER)
    envelope = smtp.received(recipient)[0].envelope
    assert (envelope["encrypted"], envelope["signed_in"]) == (kind != "plain", True)


@pytest.mark.parametrize(
    ("recipient", "error", "told"),
    [
        ("unknown", MailRefused, "refused the recipients: unknown@example.com: 550 5.1.1 No such user here"),
        ("busy", MailFailed, "refused the recipients: busy@example.com: 451 4.3.0 Come back later"),
        ("spam", MailRefused, "answered: 554 5.7.1 We do not like this"),
        ("drop", MailFailed, "cannot be used: "),
        ("slow", MailFailed, "took longer than 0.5 seconds"),
    ],
)
async def test_a_server_that_does_not_take_a_mail_is_quoted_and_asked_again_where_that_may_help(
    plain: SMTPMailer, recipient: str, error: type[MailError], told: str
) -> None:
    mailer = replace(plain, timeout=0.5 if recipient == "slow" else 20)
    with pytest.raises(error) as failed:
        await mailer.send(make_message(f"{recipient}@example.com", "s", text="t"), SENDER)
    assert failed.value.message.startswith(f"The mail server 127.0.0.1:{plain.port} {told}")


async def test_an_address_beyond_ascii_is_reached_where_the_server_knows_such(
    smtp: SMTPServer, plain: SMTPMailer
) -> None:
    message = make_message("jörg@bücher.example", "s", text="t")
    await plain.send(message, SENDER)
    assert smtp.received("jörg@xn--bcher-kva.example")[0].mail["To"] == "jörg@xn--bcher-kva.example"
    with pytest.raises(MailRefused, match="cannot do what this mail needs"):
        await replace(plain, port=smtp.ports["closed"]).send(message, SENDER)


async def test_those_who_can_be_reached_get_their_mail(smtp: SMTPServer, plain: SMTPMailer) -> None:
    await plain.send(make_message(["unknown@example.com", "reached@example.com"], "s", text="t"), SENDER)
    assert len(smtp.received("reached@example.com")) == 1


async def test_a_connection_that_cannot_be_used_is_told_of_and_tried_again(smtp: SMTPServer, plain: SMTPMailer) -> None:
    message = make_message("nobody@example.com", "s", text="t")
    for mailer, told in (
        (replace(plain, port=free_port()), "cannot be used: "),
        (replace(plain, host="nowhere.invalid"), "cannot be used: "),
        (replace(plain, port=smtp.ports["silent"], timeout=0.3), "took longer than 0.3 seconds"),
        (replace(plain, port=smtp.ports["silent"], timeout=0.3, tls=True), "took longer than 0.3 seconds"),
        # Whose certificate nobody vouches for, or which is another's, and one that speaks no TLS at all.
        (replace(plain, host="localhost", port=smtp.ports["tls"], tls=True), "encryption: "),
        (replace(plain, host="localhost", port=smtp.ports["starttls"]), "encryption: "),
        (replace(plain, tls=True), "encryption: "),
        (replace(plain, username="shop", password="wrong"), "did not accept user name and password: 535"),
        (replace(plain, port=smtp.ports["closed"], username="shop", password="x"), "cannot be used: "),
    ):
        with pytest.raises(MailFailed) as failed:
            await mailer.send(message, SENDER)
        assert told in failed.value.message, mailer
    # A server elsewhere that offers no encryption, or from whose answers somebody has taken the offer away. 0.0.0.0 is
    # this machine as well, but does not say so.
    with pytest.raises(MailFailed, match="offers no encryption, and the password is not sent without"):
        await replace(plain, host="0.0.0.0", username=USER[0], password=USER[1]).send(message, SENDER)
    assert smtp.received("nobody@example.com") == []


def dead_job(server: RunningServer, recipient: str) -> dict[str, object]:
    """The job that was to send to this address, once it has been given up."""
    deadline = time.monotonic() + PATIENCE
    while True:
        jobs = server.superuser.ask("GET", "/api/jobs?state=dead")["items"]
        if found := [job for job in jobs if job["arguments"].get("to") == [recipient]]:
            return dict(found[0])
        assert time.monotonic() < deadline, jobs
        time.sleep(0.05)


def test_a_running_server_shows_mails_in_its_terminal_and_sends_them_when_it_is_told_where(
    smtp: SMTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.setenv("PICCOBASE_LOG_FORMAT", "text")
    monkeypatch.setenv("SSL_CERT_FILE", str(smtp.certificate))
    with running_piccobase(tmp_path / "app.py", tmp_path) as server:
        ask = server.superuser.ask
        test = {"email": "me@example.com", "template": "verification", "collection": "users"}
        ask("POST", "/api/settings/test/email", test)
        shown = (tmp_path / "piccobase.log").read_text()
        assert "To:      me@example.com\n" in shown
        assert "Verify: http://localhost:8090/_/#/auth/confirm-verification/TEST_TOKEN" in shown

        smtp_settings = {"enabled": True, "host": "localhost", "port": smtp.ports["starttls"]}
        account = {"username": USER[0], "password": USER[1], "authMethod": "LOGIN"}
        ask("PATCH", "/api/settings", {"smtp": smtp_settings | account, "meta": {"appURL": "https://shop.example/"}})
        ask("POST", "/api/settings/test/email", test)
        (received,) = smtp.received("me@example.com")
        assert (received.envelope["encrypted"], received.envelope["signed_in"]) == (True, True)
        assert 'href="https://shop.example/_/#/auth/confirm-verification/TEST_TOKEN"' in received.part("html")

        ask("POST", "/api/crons/greet")
        greeted = smtp.waited_for("greeted@example.com")
        assert (greeted.mail["Subject"], greeted.mail["From"]) == ("Grüße, Ada", "Support <support@example.com>")
        assert "<p>Hello <b>Ada</b></p>" in greeted.part("html")
        ask("POST", "/api/crons/greet_nobody")
        refused = dead_job(server, "unknown@example.com")
        assert "550 5.1.1 No such user here" in str(refused["error"])

        ask("PATCH", "/api/settings", {"smtp": {"port": free_port()}})
        answer = post(server.superuser, test)
        assert answer.status == 400
        assert answer.body["message"].startswith(
            "Failed to send the test email. Raw error: \nThe mail server localhost:"
        )


def post(client: Client, body: dict[str, str]) -> Answer:
    headers = {"Content-Type": "application/json"}
    return client.send("POST", "/api/settings/test/email", json.dumps(body).encode(), headers)
