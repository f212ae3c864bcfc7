"""Where a webhook may be told to go: one reading of a URL, which is what is checked and what is connected to."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

LONGEST = 2048  # characters
_PORTS = {"http": 80, "https": 443}
_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~%&]+")  # of ASCII, what may stand in a URL
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class InvalidURL(ValueError):
    """The text is no URL that a webhook could go to. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `host` is a name in ASCII or an address without brackets, in lower case."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(text: str) -> Target:
    """Raises InvalidURL for what is not http or https, has credentials or a fragment, or can be read in two ways."""
    if len(text) > LONGEST:
        raise InvalidURL(f"A URL has at most {LONGEST} characters.")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _PORTS:
        raise InvalidURL("A webhook goes to an http:// or https:// URL.")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise InvalidURL("A URL carries no user name and no password here: send them as a header.")
    if "#" in text:
        raise InvalidURL("A URL has no fragment here: it would never be sent.")
    if not _PRINTABLE.fullmatch(rest[len(authority) :] or "/"):
        raise InvalidURL("A path and a query are ASCII without blanks; write other characters as %XX.")
    try:
        parts = urlsplit(f"{scheme}://{authority}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidURL("The host or the port cannot be read.") from None
    path = rest[len(authority) :]
    return Target(scheme, _host(name), _port(scheme, port), path if path.startswith("/") else f"/{path}")


def _host(name: str) -> str:
    try:
        address = ip_address(name)
    except ValueError:
        pass
    else:
        if isinstance(address, IPv6Address) and address.scope_id:
            raise InvalidURL("An address has no zone here.")
        return str(address)
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        raise InvalidURL("The host is no name.") from None
    labels = ascii_name.removesuffix(".").split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidURL("The host is no name.")
    return ascii_name.removesuffix(".")


def _port(scheme: str, given: int | None) -> int:
    port = _PORTS[scheme] if given is None else given
    if port not in _PORTS.values() and not 1024 <= port <= 65535:
        raise InvalidURL("The port is 80, 443, or one from 1024 to 65535: below those no webhook is received.")
    return port
