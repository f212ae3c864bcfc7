"""Whatever two schemas there are: a change between them keeps what both can hold, and ends where a fresh one begins.

`scripts/prove-migrations 1000` tries many more of them.
"""

import asyncio
import os
from pathlib import Path

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from tests.postgres_server import PostgresServer
from tests.unit.migrations.migrating import Fresh
from tests.unit.migrations.pairs import Pair, check_pair, pairs

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine

EXAMPLES = int(os.environ.get("PROVE_MIGRATIONS", "30"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="PROVE_MIGRATIONS" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.generate],  # to make a pair smaller takes minutes: a change for each attempt
)


@SETTINGS
@given(pair=pairs(), restore=st.booleans())
def test_sqlite_keeps_what_both_schemas_can_hold(tmp_path_factory: object, pair: Pair, restore: bool) -> None:
    asyncio.run(_on_sqlite(tmp_path_factory.mktemp("law"), pair, restore))  # type: ignore[attr-defined]


async def _on_sqlite(folder: Path, pair: Pair, restore: bool) -> None:
    engine, fresh = (EmbeddedEngine(folder / name, synchronous="OFF") for name in ("data.db", "fresh.db"))
    try:
        event(await check_pair(pair, engine, Fresh(fresh), restore=restore))
    finally:
        await engine.close()
        await fresh.close()


@settings(SETTINGS, max_examples=max(EXAMPLES // 2, 1))
@given(pair=pairs(), restore=st.booleans())
def test_postgresql_keeps_what_both_schemas_can_hold(
    postgres_server: PostgresServer, pair: Pair, restore: bool
) -> None:
    with postgres_server.empty_database() as one, postgres_server.empty_database() as other:
        asyncio.run(_on_postgres(one, other, pair, restore))


async def _on_postgres(url: str, fresh_url: str, pair: Pair, restore: bool) -> None:
    engine, fresh = PostgresEngine(url), PostgresEngine(fresh_url)
    try:
        event(await check_pair(pair, engine, Fresh(fresh), restore=restore))
    finally:
        await engine.close()
        await fresh.close()
