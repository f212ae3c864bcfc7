"""What must hold for a process to be sent requests."""

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.http.ready import Check
from piccobase.migrations.files import load_files
from piccobase.migrations.projects import Project
from piccobase.migrations.record import recorded_names, refuse_newer
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM_MIGRATIONS


def readiness_of(engine: EmbeddedEngine | PostgresEngine, project: Project) -> Check:
    """The check of `/api/ready`: the database answers, and has all migrations of this version."""
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
            refuse_newer(app, names, done)
            if waiting := [name for name in names if name not in done]:
                return f"{len(waiting)} migration(s) {words}are pending."
        return ""

    return check
