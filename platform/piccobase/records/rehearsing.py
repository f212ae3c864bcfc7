"""Passwords of writes that share a transaction: no hash is made, and none is checked, while the write lock is held."""

from collections import Counter
from hmac import compare_digest

from piccobase.records.service import Hasher

_STANDING_IN = "rehearsed"  # in the place of a hash that is still to be made; never committed, and fits no password


class RehearsedHasher:
    """Answers from memory. What it does not know it notes, and answers so that the run can go on to its end.

    A run after which something is `missing` was a rehearsal: it is rolled back, `catch_up` does the work, and the next
    run finds everything there. So only passwords of writes that rules and validation let through cost anything.
    """

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._made: dict[str, list[str]] = {}  # by password, a hash for each time it is used
        self._used: Counter[str] = Counter()  # by this run
        self._checked: dict[tuple[str, str], bool] = {}
        self._to_make: list[str] = []
        self._to_check: list[tuple[str, str]] = []

    @property
    def missing(self) -> bool:
        return bool(self._to_make or self._to_check)

    @property
    def guessed(self) -> bool:
        """Whether this run went on with a password that may be wrong: then what it led to is not certain."""
        return bool(self._to_check)

    def begin(self) -> None:
        """Before each run."""
        self._used.clear()
        self._to_make.clear()
        self._to_check.clear()

    async def hash(self, password: str) -> str:
        place = self._used[password]
        self._used[password] += 1
        made = self._made.get(password, [])
        if place < len(made):
            return made[place]
        self._to_make.append(password)
        return _STANDING_IN

    async def verify(self, stored_hash: str, password: str) -> bool:
        for made_of, hashes in self._made.items():
            if stored_hash in hashes:
                return compare_digest(
                    made_of.encode("utf-8", "surrogatepass"), password.encode("utf-8", "surrogatepass")
                )
        known = self._checked.get((stored_hash, password))
        if known is None:
            self._to_check.append((stored_hash, password))
            return True
        return known

    async def catch_up(self) -> None:
        """Does what was missing, one after the other. Raises Unavailable where too many others wait for hashes."""
        for password in self._to_make:
            self._made.setdefault(password, []).append(await self._hasher.hash(password))
        for stored_hash, password in self._to_check:
            if stored_hash != _STANDING_IN:  # that one was made in the meantime
                self._checked[stored_hash, password] = await self._hasher.verify(stored_hash, password)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
