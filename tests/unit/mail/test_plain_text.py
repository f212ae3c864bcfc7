"""HTML as text."""

import pytest

from piccobase.mail.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("just text", "just text"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>a</p>\n\n<p>b  c\n d</p>", "a\n\nb c d"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="https://x.example/?a=1&amp;b=2">Go <b>on</b></a>!', "Go on: https://x.example/?a=1&b=2!"),
        ('<a href="https://x.example"><img src="i.png"></a>', "https://x.example"),
        ("<a>no link</a> <a href>none</a>", "no link none"),
        ("<head><title>T</title><style>p { }</style></head><body>b<script>s()</script></body>", "b"),
        ("&lt;b&gt; &amp; &#8364; &nope;", "<b> & € &nope;"),
        ("<p>unclosed <b>bold <a href='u'>link", "unclosed bold link"),
        ("<<>< a </p></div></a></style>", "<<>< a"),
    ],
)
def test_html_becomes_what_a_reader_would_see(html: str, text: str) -> None:
    assert plain_text(html) == text
