"""What is masked in the log, and what stays readable."""

import pytest

from piccobase.logs.masking import masked_error, masked_text, masked_url

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("/a/b?page=1", "/a/b?page=1"),
        ("/a?token=abc&page=1", "/a?token=***&page=1"),
        ("/a?page=1&TOKEN=abc", "/a?page=1&TOKEN=***"),
        ("/a?%74oken=abc", "/a?%74oken=***"),
        ("/a?passwordConfirm=x&newPassword=y", "/a?passwordConfirm=***&newPassword=***"),
        ("/a?client_secret=x&code=y&state=z", "/a?client_secret=***&code=***&state=z"),
        ("/a?sort=key&keyword=x", "/a?sort=key&keyword=x"),
        ("/a?filter=tokenKey='abc'", "/a?filter=***"),
        ("/a?filter=(author.password~%22abc%22)", "/a?filter=***"),
        ("/a?filter='abc'=token", "/a?filter=***"),
        ("/a?filter=title~'the+secret+garden'", "/a?filter=title~'the+secret+garden'"),
        ("/a?filter=status%3D'live'", "/a?filter=status%3D'live'"),
        (f"/a?x={TOKEN}", "/a?x=***"),
        (f"/a/{TOKEN}/b", "/a/***/b"),
        ("/a?x=%65yJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.c2ln", "/a?x=***"),
        ("/a?x=pbk_abc123", "/a?x=***"),
        ("/a?token=&token", "/a?token=&token"),
        ("/a?api%5fkey=x&p%C3%A4ge=1", "/a?api%5fkey=***&p%C3%A4ge=1"),
        ("/a?filter=(n%20%26%26%20pass%77ord%3E'x')", "/a?filter=***"),
        ("/a?filter=(a%20%3E=%201%20%26%26%20[b]%7E'%40x')", "/a?filter=(a%20%3E=%201%20%26%26%20[b]%7E'%40x')"),
        *(
            (f"/a?{name}=x&y=1", f"/a?{name}=***&y=1")
            for name in (
                *("token", "password", "passwd", "secret", "apikey", "api_key", "credentials", "Authorization"),
                *("signature", "code", "otp", "key", "sig", "jwt", "pass", "pwd"),
            )
        ),
    ],
)
def test_a_url_keeps_everything_but_secrets(url: str, masked: str) -> None:
    assert masked_url(url) == masked


def test_a_text_keeps_everything_but_tokens_and_keys() -> None:
    assert masked_text(f"Bearer {TOKEN}, pbk_1, eyJ is no token") == "Bearer ***, ***, eyJ is no token"


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("posts has no field \"password\". (at 1: password = 'abc')", 'posts has no field "password". ***'),
        ("There is no \"x\". (at 9: 'abc' = token && x = 1)", 'There is no "x". ***'),
        ("There is no \"x\". (at 1: x = 'abc')", "There is no \"x\". (at 1: x = 'abc')"),
    ],
)
def test_an_error_does_not_quote_what_was_compared_with_a_secret(message: str, masked: str) -> None:
    assert masked_error(message) == masked
