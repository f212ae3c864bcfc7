"""Requests that carry an `Idempotency-Key` are done once, however often they are sent.

The first claims the key in a transaction of its own. Its answer is kept by the transaction that writes: either both are
there or neither, also after a crash. Whoever comes then with the same request is given the answer.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from piccobase.base.clock import unix_time
from piccobase.base.errors import Conflict, PiccobaseError, Unprocessable
from piccobase.base.ids import new_record_id
from piccobase.base.json import dump_json
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.schema.actor import Actor

log = logging.getLogger("piccobase.http")
KEPT = 24 * 3600  # seconds
LONGEST_RUN = 60  # seconds: a claim without an answer that is older was left by a process that has died
SWEEP_EVERY = 600.0  # seconds
_PORTION = 1000  # rows that are deleted in one transaction: others want to write, too


class KeyReused(Unprocessable):
    """The Idempotency-Key came with another request before. Keys are for one request: take a new one."""

    code = "idempotency.key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Take a new key for each request.")


class StillRunning(Conflict):
    """The request with this Idempotency-Key is being done. Its answer can be asked for in a moment."""

    code = "idempotency.running"

    def __init__(self) -> None:
        super().__init__("The request with this Idempotency-Key is still being done. Ask again in a moment.")


Keep = Callable[[bytes | None], Awaitable[None]]
"""Keeps the answer, None for one without a body, in the transaction that is open."""


class Repetitions:
    """Keys and answers, in the table `_repetitions`.

    A key is one actor's, for one path. Of the request only a digest is kept, which nobody can try passwords on who does
    not know the key; of what was refused nothing is, since nothing was done.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def once(
        self,
        key: bytes,
        actor: Actor,
        asked: Sequence[str],
        body: Mapping[str, Any],
        work: Callable[[Keep], Awaitable[bytes | None]],
    ) -> tuple[bytes | None, bool]:
        """The answer of `work`, and whether it is one of before. `work` calls what it is given before it commits.

        `asked` is the path, and what else is part of the request beside the body.

        Raises KeyReused, StillRunning, and what `work` raises.
        """
        who = f"{actor.collection.id}/{actor.id}" if actor.collection else ""
        place = _digest(b"", who.encode(), asked[0].encode(), key)
        request = await asyncio.to_thread(_digest_of_request, key, asked, body)  # which may be large
        claim = new_record_id()
        known = await self._claim(place, request, claim)
        if known is not None:
            return known[0], True

        async def keep(answer: bytes | None) -> None:
            text = None if answer is None else answer.decode()
            kept = await self._run(
                'UPDATE "_repetitions" SET "done" = ?, "answer" = ? WHERE "key" = ? AND "claim" = ? RETURNING 1',
                True,
                text,
                place,
                claim,
            )
            if not kept:  # it took so long that somebody else has begun anew
                raise StillRunning

        try:
            return await work(keep), False
        except PiccobaseError:
            mine = 'DELETE FROM "_repetitions" WHERE "key" = ? AND "claim" = ? AND "done" = ?'
            await self._run(mine, place, claim, False)
            raise

    async def _claim(self, place: str, request: str, claim: str) -> tuple[bytes | None] | None:
        """None where the key is the caller's now, else the answer that is kept. Raises KeyReused, StillRunning."""
        now = int(unix_time())
        stale = 'DELETE FROM "_repetitions" WHERE "key" = ? AND ("created" < ? OR ("done" = ? AND "created" < ?))'
        await self._run(stale, place, now - KEPT, False, now - LONGEST_RUN)
        insert = (
            'INSERT INTO "_repetitions" ("key", "request", "claim", "created", "done", "answer") '
            "VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING RETURNING 1"
        )
        if await self._run(insert, place, request, claim, now, False):
            return None
        found = await self._run('SELECT "request", "done", "answer" FROM "_repetitions" WHERE "key" = ?', place)
        if not found:  # given back in this moment
            raise StillRunning
        [(known, done, answer)] = found
        if known != request:
            raise KeyReused
        if not done:
            raise StillRunning
        return (None if answer is None else answer.encode(),)

    async def keep_tidy(self) -> None:
        """Deletes now and then what is older than a day, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await self.sweep()
            except PiccobaseError:
                log.warning("Old idempotency keys could not be deleted; another try comes later.", exc_info=True)

    async def sweep(self) -> None:
        """Deletes what is older than a day."""
        delete = f"""DELETE FROM "_repetitions" WHERE "key" IN
        (SELECT "key" FROM "_repetitions" WHERE "created" < ? LIMIT {_PORTION}) RETURNING 1"""
        while len(await self._run(delete, int(unix_time()) - KEPT)) == _PORTION:
            pass

    async def _run(self, sql: str, *values: Any) -> list[Any]:
        return await self._db.rows(in_dialect(sql, self._db.dialect), values)


def _digest_of_request(key: bytes, asked: Sequence[str], body: Mapping[str, Any]) -> str:
    return _digest(key, *(part.encode() for part in (*asked, dump_json(dict(body)))))


def _digest(key: bytes, *parts: bytes) -> str:
    digest = hashlib.blake2b(key=key[:64], digest_size=24)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
