"""Mail in the terminal."""

from io import StringIO

from piccobase.mail.console import ConsoleMailer
from piccobase.mail.message import Sender, make_message

SENDER = Sender("Shop", "shop@example.com", "Shop", "https://shop.example")


async def test_a_mail_is_shown_with_its_links_and_cannot_speak_to_the_terminal() -> None:
    shown = StringIO()
    html = '<p>Hello \u202e\x9b31m <a href="https://shop.example/x">Verify</a></p>'
    await ConsoleMailer(shown).send(make_message("a@example.com", "S\x1b[2J", html=html, bcc=["b@example.com"]), SENDER)
    lines = shown.getvalue().splitlines()
    assert lines[1:7] == [
        "From:    Shop <shop@example.com>",
        "To:      a@example.com, b@example.com",
        "Subject: S [2J",
        "",
        "Hello \\u202e31m Verify: https://shop.example/x",
        "─" * 72,
    ]
