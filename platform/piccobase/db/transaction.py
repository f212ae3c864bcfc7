"""What a transaction leaves to be done once it is over: the callbacks of `on_commit` and `on_rollback`."""

import asyncio
import inspect
import logging
from collections.abc import Sequence

from piccobase.db.engine import Callback

log = logging.getLogger("piccobase.db")


class Aftermath:
    """The callbacks of one transaction or savepoint. The engine says how it ended, exactly once, by one of four calls.

    A savepoint that is kept hands its callbacks to the transaction around it (`kept_in`). One that is undone drops what
    waited for the commit, and leaves what waited for the rollback to the transaction around it too (`undone_in`): it is
    called when that one is over, whatever becomes of it, since while a write lock is held nothing may be awaited but
    the database.
    """

    __slots__ = ("_after_commit", "_after_rollback", "_owed")

    def __init__(self) -> None:
        self._after_commit: list[Callback] = []
        self._after_rollback: list[Callback] = []
        self._owed: list[Callback] = []  # of savepoints that were undone: called in any case

    def on_commit(self, callback: Callback) -> None:
        self._after_commit.append(callback)

    def on_rollback(self, callback: Callback) -> None:
        self._after_rollback.append(callback)

    def kept_in(self, parent: "Aftermath") -> None:
        """This savepoint was released: what it waits for is now decided by `parent`."""
        parent._after_commit += self._after_commit
        parent._after_rollback += self._after_rollback
        parent._owed += self._owed

    def undone_in(self, parent: "Aftermath") -> None:
        """This savepoint was rolled back inside `parent`, which goes on."""
        parent._owed += self._owed + self._after_rollback

    async def committed(self) -> None:
        """The outermost transaction has committed, is released, and is no longer the current one."""
        if self._owed or self._after_commit:
            await _call_all((*self._owed, *self._after_commit))

    async def rolled_back(self) -> None:
        """The outermost transaction was rolled back, is released, and is no longer the current one."""
        if self._owed or self._after_rollback:
            await _call_all((*self._owed, *self._after_rollback))


async def _call_all(callbacks: Sequence[Callback]) -> None:
    """Calls them in order. One that fails is logged: it stops neither the others nor the caller, whose work is done.

    Cancellation is kept until all have been called, then raised.
    """
    cancelled: asyncio.CancelledError | None = None
    for callback in callbacks:
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:
            log.exception("A callback failed after the end of its transaction: %r", callback)
    if cancelled is not None:
        raise cancelled
