"""Who a client is: the address of its socket, or what a trusted proxy says of it (protocol.md §9.2)."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from piccobase.settings.sections import TrustedProxySettings

_MAPPED = "0000:0000:0000:0000:0000:ffff:"  # IPv4 written as IPv6
_REMEMBERED = 10_000  # addresses whose place in a list is remembered


class Addresses:
    """Finds the address of a request's client, IPv6 written out in full: `0000:…:0001`.

    Without trusted headers no header counts. With them, the first that is there and holds an address does: its last
    address, which the proxy itself has put there, or the first one, which anybody may have claimed.
    """

    def __init__(self) -> None:
        self._headers: tuple[bytes, ...] = ()
        self._leftmost = False
        self._sockets: dict[str, str] = {}

    def trust(self, proxy: TrustedProxySettings) -> None:
        """From now on believes these headers."""
        self._headers = tuple(name.strip().lower().encode("utf-8", "replace") for name in proxy.headers if name.strip())
        self._leftmost = proxy.use_leftmost_ip

    @property
    def trusting(self) -> bool:
        """Whether any header counts."""
        return bool(self._headers)

    def of(self, scope: Any) -> str:
        """The address of an ASGI scope's client; "" for a client without one, as behind a Unix socket."""
        for wanted in self._headers:
            value = next((value for name, value in reversed(scope["headers"]) if name == wanted), b"")
            claimed = value.decode("latin-1").split(",")
            for text in claimed if self._leftmost else reversed(claimed):
                if address := written_out(text.strip()):
                    return address
        client = scope.get("client")
        return self.of_socket(client[0]) if client else ""

    def of_socket(self, text: str) -> str:
        """The address of the connection itself, which may be a proxy's, in the form that `of` gives."""
        known = self._sockets.get(text)
        if known is None:
            if len(self._sockets) >= _REMEMBERED:
                self._sockets.clear()
            known = self._sockets[text] = written_out(text) or text
        return known


def written_out(text: str) -> str:
    """An address in the one form in which it is compared and shown, without its zone; "" for what is none.

    >>> written_out("2001:db8::1")
    '2001:0db8:0000:0000:0000:0000:0000:0001'
    """
    try:
        return ip_address(text.partition("%")[0]).exploded
    except ValueError:
        return ""


def network_of(address: str) -> str:
    """What is counted for an address: itself, or of IPv6 the /64 that one household has and can change within at will.

    `address` is written out in full, as `Addresses` gives it.
    """
    if ":" not in address:
        return address
    return _unmapped(address) if address.startswith(_MAPPED) else address[:19]


class AddressList:
    """A list of addresses and subnets."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in texts]
        self._answers: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        """Whether the list has it, whichever way IPv4 is written. `address` is written out in full."""
        known = self._answers.get(address)
        if known is None:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            known = self._answers[address] = self._has(address)
        return known

    def _has(self, address: str) -> bool:
        try:
            asked = ip_address(_unmapped(address))
        except ValueError:
            return False
        return any(asked in network for network in self._networks)


def _unmapped(address: str) -> str:
    if not address.startswith(_MAPPED):
        return address
    return str(IPv6Address(address).ipv4_mapped)
