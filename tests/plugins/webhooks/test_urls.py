"""URLs that a webhook may be told to go to, in the one way in which they are read."""

import pytest

from piccobase_webhooks.urls import InvalidURL, parse_url


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?a=1", "https://example.com/Hook?a=1"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
        ("https://example.com?a=1", "https://example.com/?a=1"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://hook_1.example.com/x/%20y;z=1", "https://hook_1.example.com/x/%20y;z=1"),
    ],
)
def test_a_url_is_read_as_what_will_be_asked(text: str, read: str) -> None:
    assert str(parse_url(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/hook",
        "//example.com/hook",
        "ftp://example.com/hook",
        "file:///etc/passwd",
        "gopher://example.com:70/_x",
        "https://",
        "https:///hook",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\\..\\x",
        "https://example.com/#fragment",
        "https://example.com/a b",
        "https://example.com/\r\nHost: other",
        "https://exa mple.com/",
        "https://example.com:0/",
        "https://example.com:22/",
        "https://example.com:25/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://-example.com/",
        "https://exa..mple.com/",
        "https://" + "a" * 64 + ".example/",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_what_can_be_no_webhook_is_refused(text: str) -> None:
    with pytest.raises(InvalidURL):
        parse_url(text)
