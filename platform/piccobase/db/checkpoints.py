"""Moves the write-ahead log into the database file, beside the event loop: a checkpoint waits for the disk.

SQLite would do it inside the COMMIT that happens to make the log long enough.
"""

import logging
import threading

import apsw

from piccobase.db.connections import Connect
from piccobase.db.write_lock import WriteLock

log = logging.getLogger("piccobase.db")

PAGES = 4000  # of 4 KiB: each time the log has grown by so much it is moved. A page written often is moved once.
TOO_MANY_PAGES = 4 * PAGES  # writers kept adding to it all the time, so that it could not start again from its head
_PAUSE = 0.05  # seconds until it is tried again after one that could not finish


class Checkpoints:
    """A thread that is woken when a commit has left the log long. `watch` tells it of a connection's commits."""

    def __init__(self, connect: Connect, lock: WriteLock) -> None:
        self._connect = connect
        self._lock = lock
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._length = 0  # of the log in pages, at the last commit
        self._due = PAGES  # the length at which it is moved next

    def watch(self, connection: apsw.Connection) -> None:
        connection.set_wal_hook(self._committed)

    def _committed(self, connection: apsw.Connection, database: str, pages: int) -> int:
        if pages < self._length:  # the log has started again at its head
            self._due = PAGES
        self._length = pages
        if pages >= self._due and not self._wanted.is_set():
            self._due = pages + PAGES
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="piccobase-checkpoints", daemon=True)
                self._thread.start()
        return apsw.SQLITE_OK

    def _run(self) -> None:
        connection = self._connect()
        try:
            while not self._stopping.is_set():
                self._wanted.wait()
                self._wanted.clear()
                if not self._stopping.is_set() and not self._checkpoint(connection):
                    self._stopping.wait(_PAUSE)
                    self._due = 0  # again with the next commit
        finally:
            connection.close()

    def _checkpoint(self, connection: apsw.Connection) -> bool:
        """Passive, so it waits for nobody. The log starts again at its head when a write finds that all was moved.

        While there is always somebody writing there is no such moment, and the log would grow for ever: when it has
        become long, the rest is moved with the write lock held. False when a reader still needs what is in the log.
        """
        try:
            pages, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if pages >= TOO_MANY_PAGES and self._lock.acquire_in_thread(seconds=1):
                try:
                    pages, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                finally:
                    self._lock.release()
        except apsw.BusyError:
            return False  # another process is at it
        except apsw.Error:
            log.exception("The write-ahead log could not be moved into the database file.")
            return False
        return moved >= pages

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
