"""Migrations in Piccolo's format, on SQLite and on PostgreSQL."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.conf.apps import AppConfig
from piccolo.engine import engine_finder

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import plan_setup
from piccobase.db.shape import read_shape
from piccobase.jobs.tables import JOB_TABLES
from piccobase.migrations.piccolo_finds import piccolo_finds
from piccobase.migrations.running import apply, pending
from piccobase.schema.system import SYSTEM_TABLES
from piccobase_migrations.core.piccolo_app import APP_CONFIG as CORE

FIRST = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import Varchar
from piccolo.table import Table

ID = "2026-01-01T00:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "bands"

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="music", description=DESCRIPTION)
    manager.add_table(class_name="Band", tablename="band", schema=None, columns=None)
    manager.add_column(
        table_class_name="Band", tablename="band", column_name="name", db_column_name="name",
        column_class_name="Varchar", column_class=Varchar, params={"length": 50, "default": "", "unique": True},
    )
    return manager
"""

SECOND = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import ForeignKey, Integer, Serial, Varchar
from piccolo.table import Table

ID = "2026-01-02T00:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "concerts, and how many come"

class Band(Table, tablename="band"):
    id = Serial(primary_key=True)
    name = Varchar()

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="music", description=DESCRIPTION)
    manager.add_table(class_name="Concert", tablename="concert", schema=None, columns=None)
    manager.add_column(
        table_class_name="Concert", tablename="concert", column_name="band", db_column_name="band",
        column_class_name="ForeignKey", column_class=ForeignKey, params={"references": Band, "null": True},
    )
    manager.add_column(
        table_class_name="Band", tablename="band", column_name="size", db_column_name="size",
        column_class_name="Integer", column_class=Integer, params={"default": 4},
    )
    manager.add_column(  # asks Piccolo how the table looked before
        table_class_name="Band", tablename="band", column_name="leader", db_column_name="leader",
        column_class_name="ForeignKey", column_class=ForeignKey, params={"references": "self", "null": True},
    )

    async def run():
        await Band.insert(Band(name="Pythonistas"))

    manager.add_raw(run)
    return manager
"""

FAILING = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-01-03T00:00:00:000003"
VERSION = "1.38.0"
DESCRIPTION = ""

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="music", description=DESCRIPTION)

    async def run():
        raise RuntimeError("no")

    manager.add_raw(run)
    return manager
"""

MANUAL = """
from piccolo.engine import engine_finder

ID = "2026-01-03T00:00:00:000003"

async def forwards():
    await engine_finder().run_ddl("CREATE TABLE by_hand (x INTEGER)")
"""

FIRST_ID, SECOND_ID, THIRD_ID = (
    "2026-01-01T00:00:00:000001",
    "2026-01-02T00:00:00:000002",
    "2026-01-03T00:00:00:000003",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "music" / "piccolo_migrations"
    found.mkdir(parents=True)
    (found / "__init__.py").touch()
    (found / "music_first.py").write_text(FIRST)
    return found


@pytest.fixture
def music(folder: Path) -> AppConfig:
    return AppConfig(app_name="music", migrations_folder_path=folder)


async def tables(engine: Any) -> set[str]:
    return set((await read_shape(engine)).tables)


async def test_what_is_pending_is_run_once_and_recorded(engine: Any, music: AppConfig, folder: Path) -> None:
    assert await pending(engine, music) == [FIRST_ID]
    assert await tables(engine) == set()  # looking changes nothing
    assert await apply(engine, music) == [FIRST_ID]
    assert await tables(engine) == {"band", "migration"}
    assert await pending(engine, music) == []
    assert await apply(engine, music) == []
    (folder / "music_second.py").write_text(SECOND)
    assert await pending(engine, music) == [SECOND_ID]
    assert await apply(engine, music) == [SECOND_ID]
    assert await engine.rows("SELECT name, app_name FROM migration ORDER BY name") == [
        (FIRST_ID, "music"),
        (SECOND_ID, "music"),
    ]
    assert await engine.rows("SELECT name, size, leader FROM band") == [("Pythonistas", 4, None)]
    shape = (await read_shape(engine)).tables
    assert shape["concert"].foreign_keys["band"].table == "band"
    assert shape["band"].foreign_keys["leader"].table == "band"


async def test_several_are_run_in_their_order(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "a_name_that_comes_before.py").write_text(SECOND)
    assert await apply(engine, music) == [FIRST_ID, SECOND_ID]


async def test_a_migration_can_do_its_work_itself(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "music_third.py").write_text(MANUAL)
    assert await apply(engine, music) == [FIRST_ID, THIRD_ID]
    assert "by_hand" in await tables(engine)


async def test_nothing_is_left_behind_in_the_process(
    engine: Any, music: AppConfig, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICCOLO_CONF", "the_projects_own")
    (folder / "music_second.py").write_text(SECOND)
    path, modules = sys.path[:], set(sys.modules)
    await apply(engine, music)
    assert capsys.readouterr() == ("", "")
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if "music" in name}
    assert os.environ["PICCOLO_CONF"] == "the_projects_own"


async def test_a_failing_migration_undoes_all_that_ran_with_it(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "music_third.py").write_text(FAILING)
    with pytest.raises(StartError, match=f"{THIRD_ID} of music failed: no"):
        await apply(engine, music)
    assert await tables(engine) == set()
    (folder / "music_third.py").write_text(MANUAL)
    assert await apply(engine, music) == [FIRST_ID, THIRD_ID]


async def test_the_reason_of_the_database_is_told(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "music_third.py").write_text(MANUAL.replace("by_hand", "band"))
    with pytest.raises(StartError, match=r"band.* already exists"):
        await apply(engine, music)


async def test_a_file_that_cannot_be_loaded_is_named(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "music_broken.py").write_text("ID = 'x'\nimport nothing_of_that_name")
    for step in (pending, apply):
        with pytest.raises(StartError, match=r"music_broken\.py.*nothing_of_that_name"):
            await step(engine, music)


async def test_a_database_of_a_newer_version_is_refused(engine: Any, music: AppConfig, folder: Path) -> None:
    (folder / "music_second.py").write_text(SECOND)
    await apply(engine, music)
    (folder / "music_second.py").unlink()
    for step in (pending, apply):
        with pytest.raises(StartError, match=f"newer version.*{SECOND_ID}"):
            await step(engine, music)


async def test_apps_are_recorded_apart(engine: Any, music: AppConfig) -> None:
    await apply(engine, music)
    assert await apply(engine, CORE)
    assert await pending(engine, music) == await pending(engine, CORE) == []


async def test_two_at_once_run_them_once(
    engine: Any, music: AppConfig, database_url: str | None, tmp_path: Path
) -> None:
    other = EmbeddedEngine(str(tmp_path / "data.db")) if database_url is None else PostgresEngine(database_url)
    done = await asyncio.gather(*(apply(one, music) for one in (engine, other, engine, other)))
    assert sorted(done) == [[], [], [], [FIRST_ID]]
    await other.close()


async def test_two_databases_at_once_get_their_own(engine: Any, music: AppConfig, tmp_path: Path) -> None:
    other = EmbeddedEngine(str(tmp_path / "other.db"))
    await asyncio.gather(apply(engine, music), apply(other, music), apply(engine, CORE), apply(other, CORE))
    assert await tables(engine) == await tables(other)
    assert "PICCOLO_CONF" not in os.environ
    await other.close()


async def test_piccolo_finds_the_engine_only_inside(engine: Any, music: AppConfig) -> None:
    with piccolo_finds(engine, music):
        assert engine_finder() is engine
    with pytest.raises(ModuleNotFoundError):
        engine_finder("piccolo_conf_that_is_not_there")


TABLES = (*SYSTEM_TABLES, *JOB_TABLES)


async def test_the_cores_migrations_make_the_cores_tables(engine: Any) -> None:
    await apply(engine, CORE)
    for table in TABLES:
        table._meta.db = engine
    plan = plan_setup(TABLES, await read_shape(engine))
    assert (plan.problems, plan.statements) == ((), ())


async def test_the_cores_migrations_are_complete(postgres_engine: PostgresEngine) -> None:
    """Piccolo finds no difference between the migrations and the tables. If it does: `piccolo migrations new`."""
    for table in TABLES:
        table._meta.db = postgres_engine
    with piccolo_finds(postgres_engine, CORE):
        changes = await AutoMigrationManager().get_alter_statements(CORE)
    assert [statement for change in changes for statement in change.statements] == []


CONF = """
import os
from piccolo.conf.apps import AppRegistry
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine

url = os.environ["URL"]
DB = PostgresEngine(url) if url.startswith("postgres") else EmbeddedEngine(url)
APP_REGISTRY = AppRegistry(apps=["music.piccolo_app", "piccobase_migrations.core.piccolo_app"])
"""

APP = """
from pathlib import Path
from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(app_name="music", migrations_folder_path=Path(__file__).parent / "piccolo_migrations")
"""


async def piccolo(*command: str, project: Path, url: str) -> str:
    """Runs Piccolo's own command in a project, and returns what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "piccolo.main", *command),
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(project), *sys.path]), "URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_piccolos_own_command_and_ours_share_files_and_record(
    engine: Any, music: AppConfig, folder: Path, database_url: str | None, tmp_path: Path
) -> None:
    url = database_url or str(tmp_path / "data.db")
    (tmp_path / "piccolo_conf.py").write_text(CONF)
    (folder.parent / "__init__.py").touch()
    (folder.parent / "piccolo_app.py").write_text(APP)
    said = await piccolo("migrations", "forwards", "all", project=tmp_path, url=url)
    assert "ok!" in said
    assert await pending(engine, music) == await pending(engine, CORE) == []
    (folder / "music_second.py").write_text(SECOND)
    assert await apply(engine, music) == [SECOND_ID]
    said = await piccolo("migrations", "forwards", "music", project=tmp_path, url=url)
    assert "No migrations need to be run" in said
    assert await engine.rows("SELECT name FROM band") == [("Pythonistas",)]
