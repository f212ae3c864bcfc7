"""Passwords: hashed and checked with argon2id, off the event loop, a bounded number at a time."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from piccobase.base.errors import Unavailable

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one hash costs: memory in KiB, passes over it, lanes. The default is OWASP's first advice for argon2id."""

    memory: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


CHEAPEST = Cost(memory=8, passes=1)  # the least that argon2 takes, for tests that are not about cost


class Hasher:
    """Hashes and checks passwords in threads of its own.

    `threads` work at a time (default 2) and at most `waiting` more stand in the queue (default 64); whoever comes then
    gets Unavailable at once. So a flood of sign-ins takes neither the processor from the other requests nor the memory.
    """

    def __init__(self, cost: Cost | None = None, *, threads: int = 2, waiting: int = 64) -> None:
        self.set_cost(cost or Cost())
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="piccobase-hashing")
        self._places = BoundedSemaphore(threads + waiting)

    def set_cost(self, cost: Cost) -> None:
        """What hashes cost from now on."""
        self._argon2 = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes)
        self._dummy = _dummy_hash(cost)

    async def hash(self, password: str) -> str:
        """The argon2id hash to store, with its salt and its cost in it. Raises Unavailable when the queue is full."""
        return await self._run(lambda: self._argon2.hash(_bytes(password)))

    async def verify(self, stored_hash: str, password: str) -> bool:
        """Whether `password` is the one that was hashed. Raises Unavailable when the queue is full.

        A hash that is empty or broken fits no password, and to find that out takes as long as for any other.
        """
        return await self._run(lambda: self._verify(stored_hash, password))

    async def pretend(self, password: str) -> None:
        """Does the work of `verify` where there is no hash to check, so that the time taken does not tell."""
        await self._run(lambda: self._verify(self._dummy, password))

    def needs_rehash(self, stored_hash: str) -> bool:
        """Whether a hash that has just been verified was made at another cost than today's."""
        return self._argon2.check_needs_rehash(stored_hash)

    def close(self) -> None:
        """Ends the threads; who still waits in the queue is cancelled."""
        self._threads.shutdown(cancel_futures=True)

    def _verify(self, stored_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored_hash, _bytes(password))
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            if stored_hash != self._dummy:
                self._verify(self._dummy, password)
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise Unavailable
        try:
            future = self._threads.submit(work)
        except RuntimeError as closed:
            self._places.release()
            raise Unavailable from closed
        future.add_done_callback(self._leave)  # also when the caller has gone: the work is still being done
        return await asyncio.wrap_future(future)

    def _leave(self, future: "Future[Any]") -> None:
        self._places.release()


def _bytes(password: str) -> bytes:
    # A password from the command line may hold bytes that are no UTF-8, which Python keeps as halves of surrogates.
    return password.encode("utf-8", "surrogatepass")


def _dummy_hash(cost: Cost) -> str:
    """A well-formed hash of no password at all; to check it costs what it costs to check a real one."""

    def random_text(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")

    return f"$argon2id$v=19$m={cost.memory},t={cost.passes},p={cost.lanes}${random_text(16)}${random_text(32)}"
