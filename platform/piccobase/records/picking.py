"""The `fields` parameter (protocol.md §1.8): which keys of an answer are wanted, and excerpts of texts."""

import html
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from piccobase.base.errors import InvalidQuery

_REMEMBERED = 2048  # characters; what is longer is seldom asked twice, and would fill the memory
_MOST_PLAIN_NAMES = 100  # they are part of a plan's key, and are remembered with it
_LONGEST_ENTITY = 40  # characters, such as &CounterClockwiseContourIntegral;
_EXCERPT = re.compile(r"excerpt\((.*)\)")
# Each match ends before the next "<", so that a text is looked through once, whatever is in it.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)?[^<>]*>")
_DROPPED = re.compile("script|style|iframe|svg|textarea|select|button|noscript|object|math")
_BLOCK = re.compile(
    "address|article|aside|blockquote|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|"
    "section|table|tbody|td|tfoot|th|thead|tr|ul"
)


@dataclass(slots=True)
class Pick:
    """One level of wanted keys. `everything` is `*`; `excerpt` cuts a text to (characters, with an ellipsis)."""

    names: dict[str, "Pick"] = field(default_factory=dict)
    everything: "Pick | None" = None
    excerpt: tuple[int, bool] | None = None

    @property
    def plain_names(self) -> frozenset[str] | None:
        """The wanted keys where nothing but a few keys of the first level is asked for; None otherwise."""
        if self.everything is not None or len(self.names) > _MOST_PLAIN_NAMES:
            return None
        if any(pick.names or pick.everything or pick.excerpt for pick in self.names.values()):
            return None
        return frozenset(self.names)


def parse_fields(text: str) -> Pick | None:
    """A `fields` parameter as a tree; None when nothing is to be picked. Raises InvalidQuery for a bad modifier."""
    return _parsed_remembered(text) if len(text) <= _REMEMBERED else _parsed(text)


def _parsed(text: str) -> Pick | None:
    if not text:
        return None
    root = Pick()
    for item in _items(text):
        path, _, modifier = item.strip().partition(":")
        node = root
        *above, last = path.strip().split(".")
        for part in above:
            node = node.names.setdefault(part, Pick())  # a * in the middle is an ordinary name, which nothing has
        node = _last(node, last)
        if modifier:
            node.excerpt = _parse_excerpt(modifier)
    return root


_parsed_remembered = lru_cache(512)(_parsed)


def _items(text: str) -> list[str]:
    """Split at commas, but not inside a modifier's parentheses."""
    return re.findall(r"(?:[^,(]|\([^)]*\)?)+", text)


def _last(node: Pick, part: str) -> Pick:
    if part == "*":
        node.everything = node.everything or Pick()
        return node.everything
    return node.names.setdefault(part, Pick())


def _parse_excerpt(modifier: str) -> tuple[int, bool]:
    found = _EXCERPT.fullmatch(modifier.strip())
    arguments = [argument.strip() for argument in found[1].split(",")] if found else []
    if not 1 <= len(arguments) <= 2 or not re.fullmatch(r"[0-9]{1,9}", arguments[0]) or int(arguments[0]) <= 0:
        raise InvalidQuery('A modifier in fields is ":excerpt(max, withEllipsis)", with max a positive whole number.')
    return int(arguments[0]), len(arguments) == 2 and arguments[1].lower() in ("1", "t", "true")


def pick(value: Any, wanted: Pick) -> Any:
    """The wanted part of a JSON value. Lists are looked through; their texts are never cut."""
    if isinstance(value, list):
        return [pick(entry, wanted) if isinstance(entry, dict | list) else entry for entry in value]
    if not isinstance(value, dict):
        return _cut(value, wanted.excerpt)
    if not wanted.names and wanted.everything is None:
        return value
    picked = {}
    for key, member in value.items():
        chosen = wanted.names.get(key) or wanted.everything
        if chosen is not None:
            picked[key] = pick(member, chosen)
    return picked


def _cut(value: Any, excerpt: tuple[int, bool] | None) -> Any:
    if excerpt is None or not isinstance(value, str):
        return value
    length, ellipsis = excerpt
    text = _beginning(value, length)
    if len(text) <= length:
        return text
    return text[:length].rstrip() + ("..." if ellipsis else "")


def _beginning(markup: str, length: int) -> str:
    """At least the first `length` characters of the plain text, and one more if there are more; not much is read."""
    size = 4096 + 8 * length
    while size < len(markup):
        # Not cut inside a tag: what follows the last one is left out, unless there is none at all.
        end = markup.rfind(">", 0, size) + 1
        if not end and "<" not in markup[:size]:
            end = size
        text = _plain_text(markup[:end])
        if len(text) > length + _LONGEST_ENTITY:
            return text
        size *= 4
    return _plain_text(markup)


def _plain_text(markup: str) -> str:
    """HTML to text: dropped elements vanish, block tags become a blank, inline tags nothing, entities characters."""
    pieces: list[str] = []
    at = 0
    dropped = ""  # the element that is being left out
    for tag in _TAG.finditer(markup):
        closing, name = tag[1], (tag[2] or "").lower()
        if dropped:
            if closing and name == dropped:
                dropped, at = "", tag.end()
            continue
        pieces.append(markup[at : tag.start()])
        at = tag.end()
        if _BLOCK.fullmatch(name):
            pieces.append(" ")
        elif _DROPPED.fullmatch(name) and not closing:
            dropped = name
    if not dropped:
        pieces.append(markup[at:])
    return " ".join(html.unescape("".join(pieces)).split())
