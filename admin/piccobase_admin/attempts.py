"""Failed sign-ins, counted, so that guessing passwords is slow.

Ten failures from one address for one account, or fifty from one address for whatever accounts, close the door for
that address for a quarter of an hour. What an address is, and how it is counted, is as for the API's rate limits: by
trusted proxies' word, IPv6 by /64, and among all processes on one PostgreSQL. It slows guessing at the dashboard's
door only: the API's own sign-in does not pass here.
"""

from math import ceil

from piccobase.extending import Counter, Services, TooManyRequests, make_counter, network_of

PERIOD = 15 * 60  # seconds
MOST_FOR_ONE_ACCOUNT = 10
MOST_IN_ALL = 50
_MEMORY = 10_000  # counts at most, of each kind; the oldest go first, so nobody can fill the memory


class Attempts:
    """The failures of the last quarter of an hour, by account and by address."""

    def __init__(self, by_account: Counter, by_address: Counter) -> None:
        self._by_account, self._by_address = by_account, by_address

    async def begin(self, address: str, identity: str) -> None:
        """Counts an attempt as a failure until `succeed` says otherwise. Raises TooManyRequests where it may not be."""
        # Counted before the password is checked: else a burst of guesses would pass before the first has failed.
        account = _account(address, identity)
        wait = await self._by_account.take(account, exact=True)
        if not wait:
            wait = await self._by_address.take(network_of(address), exact=True)
            if wait:
                await self._by_account.give_back(account)
        if wait:
            minutes = ceil(wait / 60)
            raise TooManyRequests(
                f"Too many failed attempts to sign in. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
            )

    async def succeed(self, address: str, identity: str) -> None:
        """It was no failure: forgets those before it too, for this account, and this one for the address."""
        await self._by_account.forget(_account(address, identity))
        await self._by_address.give_back(network_of(address))


def make_attempts(services: Services) -> Attempts:
    """The count for a running server."""
    return Attempts(
        make_counter(services.engine, "dashboard, account", MOST_FOR_ONE_ACCOUNT, PERIOD, memory=_MEMORY),
        make_counter(services.engine, "dashboard, address", MOST_IN_ALL, PERIOD, memory=_MEMORY),
    )


def _account(address: str, identity: str) -> str:
    return f"{network_of(address)}\0{identity[:255].casefold()}"
