"""What must hold for a process to be sent requests."""

from collections.abc import Callable, Collection

from piccolo.conf.apps import AppConfig

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.http.ready import Check
from piccobase.migrations.files import load_files
from piccobase.migrations.projects import Project
from piccobase.migrations.record import recorded_names
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS


def readiness_of(
    engine: EmbeddedEngine | PostgresEngine, project: Project, changed: Callable[[], Collection[str]]
) -> Check:
    """The check of `/api/ready`: the database answers, has all migrations of this version, and tables that fit it.

    `changed` tells the collections whose tables no longer do.
    """
    known: list[tuple[AppConfig, list[str]]] = []

    async def check() -> str:
        await engine.rows("SELECT 1")
        if not known:  # files do not change while a process lives
            apps = (SYSTEM_MIGRATIONS, *project.with_history)
            known.extend((app, [file.id for file in load_files(app)]) for app in apps)
        for app, names in known:
            done = await recorded_names(engine, app)
            if waiting := [name for name in names if name not in done]:
                whose = "the system" if app is SYSTEM_MIGRATIONS else app.app_name
                return f"{len(waiting)} migration(s) of {whose} are pending."
        # Migrations that this version does not know are no obstacle by themselves: while new processes take the place
        # of old ones, these go on as long as they can.
        return f"The tables of {', '.join(sorted(changed()))} have changed." if changed() else ""

    return check
