"""What no log may hold is masked here: tokens and keys wherever they stand, and values whose name says secret."""

import re
from urllib.parse import unquote_plus

MASK = "***"
_WORDS = r"token|password|passwd|secret|api_?key|credential|authorization|signature"
_SECRET_NAME = re.compile(rf"{_WORDS}|^(?:code|otp|key|sig|jwt|pass|pwd)$", re.IGNORECASE)
# In a filter: a name that says secret on either side of an operator.
_SECRET_COMPARED = re.compile(
    rf"(?:{_WORDS})[\w.:]*\s*\)?\s*\??[!=~<>]|[=~<>]\s*\(?\s*[\w.@:]*(?:{_WORDS})", re.IGNORECASE
)
# A JSON Web Token, whose header begins with {" in base64; an API key.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|pbk_[\w-]+")
# Without one of these, in small letters, nothing above matches. Most URLs have none, and need no closer look.
_HINTS = ("token", "pass", "pwd", "secret", "key", "credential", "authoriz", "sig", "code", "otp", "jwt", "eyj", "pbk")
# An escape that may stand for part of a word; the others are blanks, digits and marks.
_ESCAPED_WORD = re.compile(r"%(?!2[0-9A-Fa-f]|3[0-9A-Fa-f]|40|5[BDbd]|7[B-Eb-e])")


def masked_text(text: str) -> str:
    """A text without tokens and API keys."""
    # A single letter is found a hundred times faster, and texts are long here: a whole batch of the log.
    if ("J" in text and "eyJ" in text) or ("_" in text and "pbk_" in text):
        return _TOKEN.sub(MASK, text)
    return text


def masked_error(message: str) -> str:
    """An error's message; where it quotes a filter that compares a secret, without the quotation."""
    if found := _SECRET_COMPARED.search(message):
        quotation = message.find("(at ")
        message = message[: found.start() if quotation < 0 else quotation] + MASK
    return masked_text(message)


def masked_url(url: str) -> str:
    """A URL without tokens and keys, and without the values of parameters that are secret by their name or in a filter.

    >>> masked_url("/api/files/posts/a/b.pdf?token=abc&thumb=10x10")
    '/api/files/posts/a/b.pdf?token=***&thumb=10x10'
    """
    if not _may_be_secret(url):
        return url
    path, mark, query = url.partition("?")
    if mark:
        url = f"{path}?{'&'.join(map(_masked_pair, query.split('&')))}"
    return masked_text(url)


def _may_be_secret(url: str) -> bool:
    lowered = url.lower()
    for hint in _HINTS:
        if hint in lowered:
            return True
    return _ESCAPED_WORD.search(url) is not None


def _masked_pair(pair: str) -> str:
    name, mark, value = pair.partition("=")
    if not mark or not value:
        return pair
    if _SECRET_NAME.search(unquote_plus(name) if "%" in name else name):
        return f"{name}={MASK}"
    plain = value
    if "%" in value:
        plain = unquote_plus(value)
        if _TOKEN.search(plain):
            return f"{name}={MASK}"
    return f"{name}={MASK}" if _SECRET_COMPARED.search(plain) else pair
