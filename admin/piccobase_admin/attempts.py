"""Failed sign-ins, counted, so that guessing passwords is slow.

Ten failures from one address for one account, or fifty from one address for whatever accounts, close the door for
that address for a quarter of an hour. The count is this process's own and gone with it; behind a proxy all visitors
have the proxy's address, so there the second limit is shared by all. It slows guessing at the dashboard's door only:
the API's own sign-in does not pass here.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from math import ceil

from piccobase.extending import TooManyRequests, unix_time

PERIOD = 15 * 60  # seconds
MOST_FOR_ONE_ACCOUNT = 10
MOST_IN_ALL = 50
_MEMORY = 10_000  # counts at most; the oldest go first, so nobody can fill the memory

_Key = tuple[str, ...]


class Attempts:
    """The failures of the last quarter of an hour."""

    def __init__(self) -> None:
        self._counts: OrderedDict[_Key, tuple[int, float]] = OrderedDict()  # -> failures, and when they are forgotten

    def begin(self, address: str, identity: str) -> None:
        """Counts an attempt as a failure until `succeed` says otherwise. Raises TooManyRequests where it may not be."""
        for key, most in self._keys(address, identity):
            count, until = self._count(key)
            if count >= most:
                minutes = ceil((until - unix_time()) / 60)
                raise TooManyRequests(
                    f"Too many failed attempts to sign in. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
                )
        # All at once before any of them is checked: else a burst of guesses would pass before the first has failed.
        for key, _ in self._keys(address, identity):
            count, until = self._count(key)
            self._counts[key] = (count + 1, until)
        while len(self._counts) > _MEMORY:
            self._counts.popitem(last=False)

    def succeed(self, address: str, identity: str) -> None:
        """It was no failure: forgets those before it too, for this account, and this one for the address."""
        (account, _), (all_, _) = self._keys(address, identity)
        self._counts.pop(account, None)
        count, until = self._count(all_)
        self._counts[all_] = (max(0, count - 1), until)

    def _count(self, key: _Key) -> tuple[int, float]:
        count, until = self._counts.get(key, (0, 0.0))
        if until <= unix_time():
            self._counts.pop(key, None)
            return 0, unix_time() + PERIOD
        return count, until

    def _keys(self, address: str, identity: str) -> tuple[tuple[_Key, int], tuple[_Key, int]]:
        network = _network(address)
        return ((network, identity[:255].casefold()), MOST_FOR_ONE_ACCOUNT), ((network,), MOST_IN_ALL)


def _network(address: str) -> str:
    """The address, or of IPv6 the half that one household has: the rest of it can be changed at will."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or parsed.exploded[:19])
    return address
