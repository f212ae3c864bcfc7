"""Which addresses a webhook may connect to: those of the public internet, and networks that the settings allow."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Named one by one: what Python counts as private differs between its versions.
_REFUSED: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host, whichever that is
            "10.0.0.0/8",
            "100.64.0.0/10",  # behind a carrier's NAT; some clouds keep their metadata there
            "127.0.0.0/8",
            "168.63.129.16/32",  # a public address in name: Azure's metadata
            "169.254.0.0/16",  # the link, with most clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # many at once
            "240.0.0.0/4",  # reserved, and everybody
            "::/96",  # unspecified, loopback, and IPv4 in a form of old
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ),
    )
)
_MAPPED, _NAT64, _SIX_TO_FOUR = ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"), ip_network("2002::/16")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Says which addresses may be connected to: public ones, and those in `networks`."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def besides(cls, networks: Iterable[str]) -> "Allowed":
        """Public ones, and these networks: `["10.1.0.0/16", "192.168.1.7"]`. Raises ValueError for what is none."""
        return cls(tuple(ip_network(text, strict=False) for text in networks))

    def __contains__(self, text: str) -> bool:
        """Whether the address may be connected to. IPv4 within IPv6 is looked at as what it leads to."""
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return False
        meant = _inside(address)
        return self.by_settings(text) or not any(meant in network for network in _REFUSED)

    def by_settings(self, text: str) -> bool:
        """Whether it is in one of the networks that the settings name."""
        address = ip_address(text.partition("%")[0])
        return any(_inside(address) in network for network in self.networks)


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, however it is wrapped; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _MAPPED or address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address
