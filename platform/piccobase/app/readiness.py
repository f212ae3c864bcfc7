"""What must hold for a process to be sent requests."""

from collections.abc import Callable, Collection

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
    known = [
        (app, words, [file.id for file in load_files(app)])
        for app, words in [
            (SYSTEM_MIGRATIONS, "of the system "),
            *((app, f"of {app.app_name} ") for app in project.with_history),
        ]
    ]

    async def check() -> str:
        await engine.rows("SELECT 1")
        for app, words, names in known:
            done = await recorded_names(engine, app)
            if waiting := [name for name in names if name not in done]:
                return f"{len(waiting)} migration(s) {words}are pending."
        # Migrations that this version does not know are no obstacle by themselves: while new processes take the place
        # of old ones, these go on as long as they can.
        return f"The tables of {', '.join(sorted(changed()))} have changed." if changed() else ""

    return check
