"""Where the log is kept: a database of its own, so that it neither slows nor fills the one with the data."""

import secrets as randomness
import string
from datetime import timedelta

from piccobase.base.clock import instant_text, now, unix_time
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.placeholders import in_dialect
from piccobase.db.postgres import PostgresEngine
from piccobase.logs.table import creation, log_collection

Engine = EmbeddedEngine | PostgresEngine

BATCH = 500  # entries; their place in it is part of the id
DEFAULT_DATA_SIZE = 16 << 10  # bytes of one entry's data, where the settings set no limit
_TRUNCATED = '{"__pb_truncated__":true}'  # as the reference has it
_DROPPED = 0.1  # the share of the oldest entries that goes when the log is too large
_LETTERS = string.digits + string.ascii_lowercase
_LOCK = 0x7069636C  # of PostgreSQL, around the creation of the table

_INSERT = {
    "sqlite": "INSERT INTO logs (id, created, level, message, data)"
    " SELECT ?1 || printf('%03x', key), strftime('%Y-%m-%d %H:%M:%fZ', (value ->> 0) / 1000.0, 'unixepoch'),"
    f" value ->> 1, value ->> 2, iif(length(value -> 3) > ?3, '{_TRUNCATED}', value -> 3)"
    " FROM json_each(?2) WHERE TRUE ON CONFLICT DO NOTHING",
    "postgres": "INSERT INTO piccobase_logs.logs (id, created, level, message, data)"
    " SELECT $1 || lpad(to_hex(place - 1), 3, '0'), to_timestamp((value ->> 0)::bigint / 1000.0),"
    " (value ->> 1)::int, value ->> 2,"
    f" CASE WHEN length((value -> 3)::text) > $3 THEN '{_TRUNCATED}'::jsonb ELSE value -> 3 END"
    " FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS entry (value, place) ON CONFLICT DO NOTHING",
}


class LogStore:
    """The log's table, in an engine of its own that `close` gives back. `max_size` is in bytes."""

    def __init__(self, engine: Engine, *, max_size: int) -> None:
        self.engine = engine
        self.collection = log_collection(engine.dialect)
        self._max_size = max_size
        self._made = False

    async def insert(self, entries: str, max_data_size: int) -> None:
        """Keeps a batch (`entries.encode_entries`), whose entries' data has at most `max_data_size` bytes."""
        await self._make()
        args = (_new_batch(), entries, max_data_size or DEFAULT_DATA_SIZE)
        await self.engine.rows(_INSERT[self.engine.dialect], args)

    async def prepare(self) -> None:
        """Makes the table where there is none; a reader may come before the first entry."""
        await self._make()

    async def _make(self) -> None:
        if self._made:
            return
        async with self.engine.transaction():
            if self.engine.dialect == "postgres":  # which makes nothing twice, but complains of two at once
                await self.engine.rows("SELECT pg_advisory_xact_lock($1)", (_LOCK,))
            for statement in creation(self.engine.dialect):
                await self.engine.rows(statement)
        self._made = True

    async def drop_older_than(self, days: int) -> None:
        """Deletes what is older than so many days."""
        await self._make()
        oldest = now() - timedelta(days=days)
        limit = oldest if self.engine.dialect == "postgres" else instant_text(oldest)
        sql = in_dialect(f"DELETE FROM {self.collection.source} WHERE created < ?", self.engine.dialect)
        await self.engine.rows(sql, (limit,))

    async def shrink(self) -> bool:
        """Deletes the oldest tenth of the entries where the log is larger than it may be; says whether it was."""
        await self._make()
        count, size = await self._extent()
        if size <= self._max_size:
            return False
        last = max(0, int(count * _DROPPED) - 1)
        source = self.collection.source
        sql = f"DELETE FROM {source} WHERE id <= (SELECT id FROM {source} ORDER BY id LIMIT 1 OFFSET ?)"  # ids go up
        await self.engine.rows(in_dialect(sql, self.engine.dialect), (last,))
        return True

    async def _extent(self) -> tuple[int, int]:
        """How many entries there are, and the bytes that they take.

        PostgreSQL gives no room back before it has cleaned up, so its file says nothing: there a sample is weighed.
        """
        source = self.collection.source
        if self.engine.dialect == "sqlite":
            [(used,)] = await self.engine.rows(
                "SELECT (page_count - freelist_count) * page_size"
                " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
            )
            if used <= self._max_size:
                return 0, used  # which is all that matters, and the entries need not be counted
            [(count,)] = await self.engine.rows(f"SELECT COUNT(*) FROM {source}")
            return count, used
        [(count,)] = await self.engine.rows(f"SELECT COUNT(*) FROM {source}")
        [(weight,)] = await self.engine.rows(
            "SELECT COALESCE(AVG(pg_column_size(sample.*)), 0)::float8"
            f" FROM (SELECT * FROM {source} ORDER BY id DESC LIMIT 1000) AS sample"
        )
        return count, int(count * weight)

    async def clear(self) -> None:
        """Deletes everything, and gives the room back."""
        await self._make()
        if self.engine.dialect == "postgres":
            await self.engine.rows(f"TRUNCATE {self.collection.source}")
        else:
            await self.engine.rows(f"DELETE FROM {self.collection.source}")
            await self.engine.rows("VACUUM")

    async def close(self) -> None:
        """Gives back threads and connections; what comes later opens them again."""
        self._made = False
        await self.engine.close()


def _new_batch() -> str:
    """The first twelve characters of a batch's ids: the time, so that ids go up and an index grows at its end, and
    some chance, so that two processes make no id twice."""
    milliseconds = int(unix_time() * 1000)
    digits = ""
    for _ in range(8):
        milliseconds, digit = divmod(milliseconds, 36)
        digits = _LETTERS[digit] + digits
    return digits + "".join(randomness.choice(_LETTERS) for _ in range(4))
