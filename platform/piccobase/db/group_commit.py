"""Group commit: transactions that end while others wait for the write lock are committed with theirs, all at once.

One that has done its work hands the lock on with SQLite's transaction still open, and waits. The next one runs in a
savepoint, so that it can be undone without the others. The last of them, when nobody waits any more or the group has
become large or old, sends COMMIT to the writer's thread: while the disk is at work, the next group gathers.
"""

import asyncio
import copy
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from piccobase.base.errors import PiccobaseError
from piccobase.base.observing import acting
from piccobase.db.errors import DatabaseFailed, GroupUndone

if TYPE_CHECKING:
    from piccobase.db.writing import Writer

MOST = 64  # transactions that share a commit
OLDEST = 0.005  # seconds that the first of them waits for the others, unless one of these takes longer
_SAVEPOINT = '"of the group"'  # no name that Piccolo lets a savepoint have


class Member:
    """A transaction that has done its work, and waits for what becomes of its group."""

    __slots__ = ("_failure", "_told", "is_over", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._told: asyncio.Future[None] = self.loop.create_future()
        self._failure: PiccobaseError | None = None
        self.is_over = False

    @property
    def is_kept(self) -> bool:
        return self.is_over and self._failure is None

    async def wait(self) -> None:
        """Returns when it is kept, and raises why it is not. Cancelled, it waits all the same, and raises that then."""
        try:
            await self._told
        except asyncio.CancelledError:
            while not self.is_over:
                self._told = self.loop.create_future()
                with suppress(asyncio.CancelledError):
                    await self._told
            raise
        if self._failure is not None:
            raise self._failure

    def tell(self, failure: PiccobaseError | None) -> None:
        """In its loop. A future that was cancelled has been replaced by whoever still wants to know."""
        self.is_over, self._failure = True, failure
        if not self._told.done():
            self._told.set_result(None)


class GroupCommit:
    """The group of one writer. Whoever calls it holds the write lock; while COMMIT runs, the writer's thread does."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._begun = 0.0
        self._closed = False
        self.members: list[Member] = []  # those that wait; as long as there are any, SQLite's transaction is open

    @property
    def is_wanted(self) -> bool:
        """Whether the transaction that ends now is to share its commit, or at least to leave it to the thread."""
        return self._writer.waits_for_disk

    def join(self) -> None:
        """Begins a transaction within the one that is open."""
        self._writer.control_now(f"SAVEPOINT {_SAVEPOINT}")
        self._writer.actor = acting()

    def keep(self, *, joined: bool, closing: bool) -> Member:
        """The transaction that runs has done its work: it becomes a member, and lets go of the lock.

        The last one of its group where it is `closing`. Raises what is wrong with it alone, and is to be undone then.
        """
        writer = self._writer
        if not writer.in_transaction:  # a statement that only read may end one, too, when the disk fails
            writer.lost = True
            raise GroupUndone
        if writer.violates_deferred_keys:
            writer.commit_now()  # which SQLite refuses, leaving everything open
        if joined:
            writer.control_now(f"RELEASE {_SAVEPOINT}")
        if not self.members:
            self._begun = time.monotonic()
        member = Member()
        self.members.append(member)
        self._closed = closing
        if not self._pass_on():
            # Not before those have had their turn that were woken together with this one.
            member.loop.call_soon(self.let_go)
        return member

    def undo(self) -> None:
        """Undoes what has joined, and nothing else."""
        writer = self._writer
        if writer.lost or not writer.in_transaction:
            return  # with all the others
        try:
            writer.control_now(f"ROLLBACK TO {_SAVEPOINT}")
            writer.control_now(f"RELEASE {_SAVEPOINT}")
        except BaseException:
            writer.lost = True  # nobody knows what the rest is worth
            writer.roll_back()
            raise

    def let_go(self) -> None:
        """Gives the lock to the next: within the group where that may be, otherwise after the group's commit."""
        writer = self._writer
        if not self.members:
            writer.lock.release()
        elif writer.lost or not writer.in_transaction:
            self._end(GroupUndone())
            writer.lock.release()
        elif not self._pass_on():
            writer.workers.post(lambda _: self._commit_and_release())

    def commit(self) -> None:
        """In the writer's thread. The lock stays with whoever holds it."""
        failure: BaseException | None = None
        try:
            self._writer.commit_beside()
        except BaseException as error:
            failure = error
            self._writer.roll_back()
        self._end(failure)

    def _pass_on(self) -> bool:
        """Lets the next one join, if that may be."""
        may_grow = not self._closed and len(self.members) < MOST and time.monotonic() - self._begun < OLDEST
        return may_grow and self._writer.lock.pass_on()

    def _commit_and_release(self) -> None:
        try:
            self.commit()
        finally:
            self._writer.lock.release()

    def _end(self, failure: BaseException | None) -> None:
        members, self.members = self.members, []
        if self._closed:
            self._closed = False
            self._writer.schema_settled(undone=failure is not None)
        _tell(members, failure)


def _tell(members: Iterable[Member], failure: BaseException | None) -> None:
    """Tells each in its loop, in their order."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Member]] = {}
    for member in members:
        by_loop.setdefault(member.loop, []).append(member)
    for loop, theirs in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody is waiting
            loop.call_soon_threadsafe(_tell_here, theirs, failure)


def _tell_here(members: Iterable[Member], failure: BaseException | None) -> None:
    for member in members:
        member.tell(None if failure is None else _own(failure))


def _own(failure: BaseException) -> PiccobaseError:
    """The failure for one member, who may add to it where it came from."""
    if not isinstance(failure, PiccobaseError):
        failure = DatabaseFailed()
    own = copy.copy(failure)
    own.__cause__ = failure.__cause__
    return own
