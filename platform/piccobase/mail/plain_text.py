"""HTML as text, for those who read mail without it: paragraphs, lists, and links with their addresses. Pure."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(["p", "div", "h1", "h2", "h3", "h4", "table", "tr", "ul", "ol", "blockquote", "section", "hr"])
_UNSEEN = frozenset(["style", "script", "head", "title", "template"])


def plain_text(html: str) -> str:
    """What a reader would see, a link as its text with the address behind it.

    >>> plain_text('<p>Hello &amp; welcome.</p><p><a href="https://a.example/x">Verify</a></p>')
    'Hello & welcome.\\n\\nVerify: https://a.example/x'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.written).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._unseen = 0
        self._link = ("", 0)  # the address of the link that is open, and where its text begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self.written.append("\n")
        elif tag == "li":
            self.written.append("\n- ")
        elif tag in _BLOCKS:
            self.written.append("\n\n")
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.written))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self.written.append("\n\n")
        elif tag == "a" and self._link[0]:
            address, begin = self._link
            shown = "".join(self.written[begin:]).strip()
            if shown != address:
                self.written.append(f": {address}" if shown else address)
            self._link = ("", 0)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.written.append(re.sub(r"\s+", " ", data))
