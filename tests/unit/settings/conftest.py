"""Settings on an empty database, as one process sees them, and as another does."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.signing_in import Engine

from piccobase.identity.key import load_master_key
from piccobase.identity.secrets import SecretStore
from piccobase.schema.system import Secret, StoredSetting
from piccobase.settings.service import SettingsService
from piccobase.settings.storing import SettingsStore

Process = Callable[[], SettingsService]


@pytest.fixture
async def process(engine: Engine, tmp_path: Path) -> AsyncIterator[Process]:
    """Makes the settings of one more process on the same database, not loaded yet."""
    for table in (Secret, StoredSetting):
        table._meta.db = engine
        await table.create_table()
    key = load_master_key(tmp_path)
    yield lambda: SettingsService(SettingsStore(engine, SecretStore(engine, key)))
    for table in (Secret, StoredSetting):
        table._meta._db = None
