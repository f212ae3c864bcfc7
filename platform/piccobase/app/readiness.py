"""What must hold for a process to be sent requests."""

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.http.ready import Check
from piccobase.migrations.running import pending
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS


def readiness_of(engine: EmbeddedEngine | PostgresEngine) -> Check:
    """The check of `/api/ready`: the database answers, and has all migrations of this version."""

    async def check() -> str:
        await engine.rows("SELECT 1")
        waiting = await pending(engine, SYSTEM_MIGRATIONS)
        return f"{len(waiting)} migration(s) of the system are pending." if waiting else ""

    return check
