"""Addresses, subjects and bodies: what a mail can have, and what it becomes when it travels."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from piccobase.mail.errors import InvalidMail
from piccobase.mail.message import MAX_BODY, MAX_RECIPIENTS, Message, Sender, ascii_address, encoded, make_message

SENDER = Sender("Shop", "shop@example.com", "Shop", "https://shop.example")


def travelled(message: Message, sender: Sender = SENDER) -> EmailMessage:
    """The mail as its reader's program has it."""
    return message_from_bytes(encoded(message, sender).as_bytes(), _class=EmailMessage, policy=default)


@pytest.mark.parametrize(
    ("address", "becomes"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace+tag@Example.COM", "Ada.Lovelace+tag@example.com"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("me@localhost", "me@localhost"),
    ],
)
def test_a_domain_travels_in_ascii_and_the_name_as_it_is(address: str, becomes: str) -> None:
    assert ascii_address(address) == becomes


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@exam ple.com",
            "a@b@example.com",
            "<ada@example.com>",
        ),
        *("Ada <ada@example.com>", "a@example.com,b@example.com", "a@example.com\r\nBcc: b@example.com", "a\x00@x.com"),
        *('"a"@example.com', "a@example..com", "a@-example.com", "a@[127.0.0.1]", "x" * 65 + "@example.com"),
    ],
)
def test_what_is_no_address_is_refused_before_it_comes_near_a_header(address: str) -> None:
    with pytest.raises(InvalidMail):
        ascii_address(address)


def test_no_text_becomes_a_line_of_the_header() -> None:
    evil = "Hi\r\nBcc: all@example.com\n\n<b>body</b>\u2028\x00\x1b[31m"
    mail = travelled(
        make_message("a@example.com", evil, text="t"), Sender(evil, "shop@example.com", "Shop", "https://shop.example")
    )
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hi Bcc: all@example.com <b>body</b> [31m"
    assert mail["From"].addresses[0].display_name == mail["Subject"]
    assert mail.get_content().strip() == "t"


def test_what_cannot_be_a_mail_is_refused_in_words() -> None:
    many = [f"a{number}@example.com" for number in range(MAX_RECIPIENTS + 1)]
    for arguments, told in (
        ({"to": [], "text": "t"}, "A mail goes to 1 to 50 addresses"),
        ({"to": many, "text": "t"}, "A mail goes to 1 to 50 addresses"),
        ({"to": "a@example.com"}, "A mail needs a text or HTML"),
        ({"to": "a@example.com", "text": "ä" * (MAX_BODY // 2 + 1)}, "more than 90000"),
        ({"to": "a@example.com", "text": "t", "reply_to": "nobody"}, "'nobody' is no mail address"),
    ):
        with pytest.raises(InvalidMail, match=told):
            make_message(subject="s", **arguments)  # type: ignore[arg-type]


def test_texts_that_no_encoding_has_are_cleaned() -> None:
    message = make_message(["a@example.com"] * 3, "half \ud800", html="<p>\ud800\x07ok</p>")
    assert (message.to, message.subject, message.html) == (("a@example.com",), "half", "<p>ok</p>")
    assert travelled(message).get_content_type() == "text/html"
