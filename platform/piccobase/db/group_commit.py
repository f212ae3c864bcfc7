"""Group commit: transactions that end while others wait for the write lock are committed with theirs, all at once.

One that has done its work hands the lock on with SQLite's transaction still open, and waits. The next one runs in a
savepoint, so that it can be undone without the others. The last of them, when nobody waits any more or the group has
become large or old, sends COMMIT to the writer's thread: while the disk is at work, the next group gathers.

Where no disk is waited for, a commit costs little time but as much work as the rest of a small write, for pages that
the next one writes again. There it is shared by the brief transactions of requests that have come together: while some
of these have not begun yet, the lock is left parked for them, and the last one commits on the spot; if that does not
write, the turn of the event loop ends the group.
"""

import asyncio
import copy
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from piccobase.base.company import COMPANY
from piccobase.base.errors import PiccobaseError
from piccobase.base.observing import acting
from piccobase.db.errors import DatabaseFailed, GroupUndone
from piccobase.db.write_lock import running_loop

if TYPE_CHECKING:
    from piccobase.db.writing import Writer

MOST = 64  # transactions that share a commit
OLDEST = 0.005  # seconds that the first of them waits for the others, unless one of these takes longer
_SAVEPOINT = '"of the group"'  # no name that Piccolo lets a savepoint have


class Member:
    """A transaction that has done its work, and waits for what becomes of its group."""

    __slots__ = ("_failure", "_is_behind", "_told", "is_over", "loop")

    def __init__(self, *, is_behind: bool) -> None:
        self._is_behind = is_behind  # others of its group
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
            if self.is_over and self._is_behind:
                await asyncio.sleep(0)  # it has committed itself; they were told before it, and go on before it
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
        self._turn_of: asyncio.AbstractEventLoop | None = None  # at whose end it ends
        self.members: list[Member] = []  # those that wait; as long as there are any, SQLite's transaction is open

    @property
    def is_wanted(self) -> bool:
        """Whether the transaction that ends now is to share its commit, or at least to leave it to the thread."""
        return self._writer.waits_for_disk or COMPANY.waiting > 0 or self._writer.lock.next_joins

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
        member = Member(is_behind=bool(self.members))
        self.members.append(member)
        self._closed = closing
        if not writer.waits_for_disk:
            self.let_go()
        elif not self._pass_on():
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
        elif self._pass_on() or self._park():
            pass
        elif writer.waits_for_disk:
            writer.workers.post(lambda _: self._release_after(self.commit))
        else:
            self._release_after(self.commit_here)

    def commit(self) -> None:
        """In the writer's thread. The lock stays with whoever holds it."""
        self._commit(self._writer.commit_beside)

    def commit_here(self) -> None:
        """The same in the event loop, where no disk is waited for."""
        self._commit(self._writer.commit_now)

    def _commit(self, commit: Callable[[], None]) -> None:
        failure: BaseException | None = None
        try:
            commit()
        except BaseException as error:
            failure = error
            self._writer.roll_back()
        self._end(failure)

    @property
    def _may_grow(self) -> bool:
        return not self._closed and len(self.members) < MOST and time.monotonic() - self._begun < OLDEST

    def _pass_on(self) -> bool:
        """Lets the next one join, if that may be."""
        return self._may_grow and self._writer.lock.pass_on()

    def _park(self) -> bool:
        """Leaves the lock to those who have come and not begun yet, if that may be; for this turn of the loop."""
        if self._writer.waits_for_disk or COMPANY.waiting <= 0 or not self._may_grow or not self._writer.lock.park():
            return False
        loop = asyncio.get_running_loop()
        if self._turn_of is not loop:
            self._turn_of = loop
            loop.call_soon(self._end_with_turn)
        return True

    def _end_with_turn(self) -> None:
        self._turn_of = None
        if self.members and self._writer.lock.unpark():  # without any it is left by a writer that was opened since
            self._release_after(self.commit_here)

    def _release_after(self, commit: Callable[[], None]) -> None:
        try:
            commit()
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
    here = running_loop()
    for loop, theirs in by_loop.items():
        if loop is here:
            _tell_here(theirs, failure)
            continue
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
