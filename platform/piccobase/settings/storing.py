"""Where settings are stored: a row of `_settings` for each group, and their secrets, encrypted, beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect

_COUNTER = ""  # the row that counts the changes
_PREFIX = "setting."  # of the secrets' names


class Vault(Protocol):
    """Whoever keeps secrets encrypted."""

    async def load_under(self, prefix: str) -> Mapping[str, str]:
        """All secrets whose names begin with `prefix`."""
        ...

    async def store(self, name: str, secret: str) -> None: ...

    async def forget(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that is stored: rows by their names, secrets by their paths, and the number of the last change."""

    revision: int
    rows: Mapping[str, Any]
    secrets: Mapping[tuple[str, ...], str]


class SettingsStore:
    """Reads and writes; knows nothing of sections and what they can hold."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.db = db
        self._vault = vault
        self._upsert = in_dialect(
            'INSERT INTO "_settings" ("name", "value", "revision") VALUES (?, ?, ?) ON CONFLICT ("name") '
            'DO UPDATE SET "value" = excluded."value", "revision" = excluded."revision"',
            db.dialect,
        )

    async def revision(self) -> int:
        """The number of the last change, 0 before the first."""
        found = await self.db.rows('SELECT "revision" FROM "_settings" WHERE "name" = \'\'')
        return int(found[0][0]) if found else 0

    async def read(self) -> Stored:
        """All rows and secrets. What is changed meanwhile by somebody else has a later revision."""
        rows = await self.db.rows('SELECT "name", "value", "revision" FROM "_settings"')
        revision = next((number for name, _, number in rows if name == _COUNTER), 0)
        values = {name: msgspec.json.decode(value) for name, value, _ in rows if name != _COUNTER}
        secrets = await self._vault.load_under(_PREFIX)
        paths = {tuple(name.removeprefix(_PREFIX).split(".")): secret for name, secret in secrets.items()}
        return Stored(int(revision), values, paths)

    async def begin_change(self) -> int:
        """The number of the change that begins. Until the transaction ends nobody else can begin another."""
        [(revision,)] = await self.db.rows(
            'INSERT INTO "_settings" ("name", "value", "revision") VALUES (\'\', \'null\', 1) ON CONFLICT ("name") '
            'DO UPDATE SET "revision" = "_settings"."revision" + 1 RETURNING "revision"'
        )
        return int(revision)

    async def write(self, before: Stored, after: Stored) -> None:
        """Stores what differs, within the transaction of `begin_change`."""
        for name, value in after.rows.items():
            if name not in before.rows or before.rows[name] != value:
                await self.db.rows(self._upsert, (name, msgspec.json.encode(value).decode(), after.revision))
        for path in {*before.secrets, *after.secrets}:
            secret = after.secrets.get(path, "")
            if secret == before.secrets.get(path, ""):
                continue
            name = _PREFIX + ".".join(path)
            await (self._vault.store(name, secret) if secret else self._vault.forget(name))
