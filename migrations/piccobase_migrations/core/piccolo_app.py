"""The Piccolo app of the core's tables. A new migration: `piccolo migrations new piccobase --auto`."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from piccobase.jobs.tables import JOB_TABLES
from piccobase.schema.system import SYSTEM_TABLES

APP_CONFIG = AppConfig(
    app_name="piccobase",
    migrations_folder_path=Path(__file__).parent / "piccolo_migrations",
    table_classes=[*SYSTEM_TABLES, *JOB_TABLES],
)
