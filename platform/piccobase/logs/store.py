"""Where the log is kept: a database of its own, so that it neither slows nor fills the one with the data."""

import secrets as randomness
import string
from datetime import timedelta

from piccobase.base.clock import now, unix_time
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.placeholders import in_dialect
from piccobase.db.postgres import PostgresEngine
from piccobase.logs.table import DATA, MOMENT, SCHEMA, STORED, TRUNCATED, creation, first_id, log_collection, renewal

Engine = EmbeddedEngine | PostgresEngine

BATCH = 2000  # entries, at most 4096: on PostgreSQL their place in it is part of the id
DEFAULT_DATA_SIZE = 16 << 10  # bytes of one entry's data, where the settings set no limit
_DROPPED = 0.1  # the share of the oldest entries that goes when the log is too large
_LETTERS = string.digits + string.ascii_lowercase
_LOCK = 0x7069636C  # of PostgreSQL, around the creation of the table

# The names of data's members have about 200 letters. (An AND would work both sides out.)
_TOO_LONG = f"iif(octet_length(value) > ?4 - 300, octet_length({DATA.format('value')}) > ?4, FALSE)"
_INSERT = {
    "sqlite": f"""
        INSERT INTO noted (id, epoch, entry)
        SELECT ?1 + key, ?2, CASE
            WHEN NOT {_TOO_LONG} THEN value
            WHEN value ->> 1 IS NULL THEN json_array(value ->> 0, NULL, value ->> 2, value ->> 3)
            ELSE json_array(value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4)
        END
        FROM json_each(?3)""",
    "postgres": f"""
        INSERT INTO {SCHEMA}.logs (id, created, level, message, data)
        SELECT
            $1 || lpad(to_hex(place - 1), 3, '0'), date_trunc('milliseconds', to_timestamp($2::float8 + moment)),
            level, message, CASE WHEN octet_length(data::text) > $4 THEN '{TRUNCATED}'::jsonb ELSE data END
        FROM (
            SELECT
                place, (v ->> 0)::float8 AS moment,
                CASE WHEN v ->> 1 IS NULL THEN (v ->> 2)::int WHEN (v ->> 4)::int >= 400 THEN 8 ELSE 0 END AS level,
                CASE WHEN v ->> 1 IS NULL THEN v ->> 3 ELSE concat(v ->> 2, ' ', v ->> 3) END AS message,
                CASE WHEN v ->> 1 IS NULL THEN v -> 4 ELSE jsonb_strip_nulls(jsonb_build_object(
                    'auth', v -> 9, 'authId', nullif(v ->> 10, ''), 'details', v -> 13, 'error', v -> 12,
                    'execTime', round((v ->> 1)::numeric * 1000, 6), 'method', v -> 2, 'referer', v -> 5,
                    'remoteIP', v -> 8, 'requestId', v -> 11, 'status', v -> 4, 'type', 'request', 'url', v -> 3,
                    'userAgent', v -> 6, 'userIP', v -> 7
                )) END AS data
            FROM jsonb_array_elements($3::text::jsonb) WITH ORDINALITY AS entry (v, place)
        ) AS entries
        ORDER BY place ON CONFLICT DO NOTHING""",
}


class LogStore:
    """The log's table, in an engine of its own that `close` gives back. `max_size` is in bytes."""

    def __init__(self, engine: Engine, *, max_size: int) -> None:
        self.engine = engine
        self.collection = log_collection(engine.dialect)
        self._max_size = max_size
        self._made = False

    async def insert(self, entries: str, max_data_size: int = 0, *, epoch: float = 0.0) -> None:
        """Keeps a batch (`entries.encode_entries`), whose times are seconds since `epoch`, itself seconds since 1970.

        Data of more than `max_data_size` bytes is not kept, only that there was some; 0 stands for 16 KiB.
        """
        await self._make()
        limit = max_data_size or DEFAULT_DATA_SIZE
        if self.engine.dialect == "postgres":
            await self.engine.rows(_INSERT["postgres"], (_new_batch(), epoch, entries, limit))
            return
        async with self.engine.transaction():
            [(last,)] = await self.engine.rows("SELECT MAX(id) FROM noted")
            first = max(first_id(unix_time()), (last or 0) + 1)
            await self.engine.rows(_INSERT["sqlite"], (first, epoch, entries, limit))

    async def prepare(self) -> None:
        """Makes the table where there is none; a reader may come before the first entry."""
        await self._make()

    async def _make(self) -> None:
        if self._made:
            return
        async with self.engine.transaction():
            if self.engine.dialect == "postgres":  # which makes nothing twice, but complains of two at once
                await self.engine.rows("SELECT pg_advisory_xact_lock($1)", (_LOCK,))
            before = await self._form_before()
            for statement in renewal(before) if before else creation(self.engine.dialect):
                await self.engine.rows(statement)
        self._made = True

    async def _form_before(self) -> str:
        """The table of an earlier version, if that is what there is."""
        if self.engine.dialect == "postgres":
            return ""
        found = await self.engine.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('logs', 'entries')"
        )
        return str(found[0][0]) if found else ""

    async def drop_older_than(self, days: int) -> None:
        """Deletes what is older than so many days."""
        await self._make()
        oldest = now() - timedelta(days=days)
        if self.engine.dialect == "postgres":
            await self.engine.rows(f"DELETE FROM {STORED['postgres']} WHERE created < $1", (oldest,))
            return
        # They stand in the order of their time: up to the first that is young enough, others are not looked at.
        await self.engine.rows(
            "DELETE FROM noted WHERE id < COALESCE("
            f"(SELECT id FROM noted WHERE epoch + {MOMENT.format('entry')} >= ? ORDER BY id LIMIT 1), 1 << 62)",
            (oldest.timestamp(),),
        )

    async def shrink(self) -> bool:
        """Deletes the oldest tenth of the entries where the log is larger than it may be; says whether it was."""
        await self._make()
        count, size = await self._extent()
        if size <= self._max_size:
            return False
        last = max(0, int(count * _DROPPED) - 1)
        source = STORED[self.engine.dialect]
        sql = f"DELETE FROM {source} WHERE id <= (SELECT id FROM {source} ORDER BY id LIMIT 1 OFFSET ?)"  # ids go up
        await self.engine.rows(in_dialect(sql, self.engine.dialect), (last,))
        return True

    async def _extent(self) -> tuple[int, int]:
        """How many entries there are, and the bytes that they take.

        PostgreSQL gives no room back before it has cleaned up, so its file says nothing: there a sample is weighed.
        """
        source = STORED[self.engine.dialect]
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
            await self.engine.rows(f"TRUNCATE {STORED[self.engine.dialect]}")
        else:
            await self.engine.rows(f"DELETE FROM {STORED[self.engine.dialect]}")
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
