"""Databases of earlier versions, opened by today's: brought up to date once, with everything in them, or left alone."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.asking import serving
from tests.kept.app import app
from tests.kept.making import READER, SETTINGS, SUPERUSER
from tests.process.test_serve import address_of

from piccobase.app.services import Engine
from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import SetupPlan, plan_setup
from piccobase.db.shape import Shape, TableShape, read_shape
from piccobase.migrations.running import apply
from piccobase.schema.system import SYSTEM_TABLES
from piccobase.testing import Caller
from piccobase_migrations.core.piccolo_app import APP_CONFIG as SYSTEM

HERE = Path(__file__).parent
VERSIONS = sorted(folder.name for folder in HERE.iterdir() if (folder / "told.json").exists())
PATIENCE = 30.0  # seconds


@pytest.fixture
def version() -> str:
    """Which one is kept: the oldest, unless a test says so."""
    return VERSIONS[0]


@pytest.fixture
async def kept(version: str, database_url: str | None, tmp_path: Path) -> Path:
    """The data dir of a copy; on PostgreSQL the database is the copy."""
    folder, data = HERE / version, tmp_path / "data"
    data.mkdir()
    if database_url is None:
        shutil.copy(folder / "data.db", data)
    else:
        connection = await asyncpg.connect(database_url)
        await connection.execute((folder / "postgres.sql").read_text())
        await connection.close()
    shutil.copy(folder / ("postgres.key" if database_url else "secret.key"), data / "secret.key")
    (data / "secret.key").chmod(0o600)
    return data


def told(version: str, database_url: str | None) -> Any:
    return json.loads((HERE / version / "told.json").read_text())["postgres" if database_url else "sqlite"]


@asynccontextmanager
async def opened(database_url: str | None, data: Path) -> AsyncIterator[Engine]:
    engine: Engine = PostgresEngine(database_url) if database_url else EmbeddedEngine(data / "data.db")
    try:
        yield engine
    finally:
        await engine.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_database_of_an_earlier_version_is_served_with_all_that_is_in_it(
    kept: Path, version: str, database_url: str | None, tmp_path: Path
) -> None:
    then = told(version, database_url)
    async with serving(app.collections, app.roles, database_url, kept) as api:
        root = await api.signed_in("_superusers", *SUPERUSER)
        for name, records in then["records"].items():
            now = (await root.ask("GET", api.records(name), query={"sort": "id"})).json()["items"]
            assert [_answered_then(*pair) for pair in zip(now, records, strict=True)] == records
        [reader] = then["records"]["members"]
        path = f"/api/collections/members/records/{reader['id']}/roles"
        assert (await root.ask("GET", path)).json() == then["roles"]
        if then["settings"] is not None:
            settings = (await root.ask("GET", "/api/settings")).json()
            assert settings["meta"]["appName"] == SETTINGS["meta"]["appName"]
            assert api.services.settings.current.smtp.password == SETTINGS["smtp"]["password"]  # decrypted
        await _is_in_use(await api.signed_in("members", READER["email"], READER["password"]), root, then)
        shape = await read_shape(api.services.engine)
        assert plan_setup(SYSTEM_TABLES, shape) == SetupPlan()
    if database_url is None:
        assert _system(shape) == _system(await _fresh_shape(tmp_path))


def _answered_then(now: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """What is added to an answer breaks nobody; what was there stays."""
    return {name: value for name, value in now.items() if name in then}


async def _is_in_use(reader: Caller, root: Caller, then: Any) -> None:
    """Records of then are changed by whom the roles of then allow, and new ones stand beside them."""
    [book, *_] = then["records"]["books"]
    answer = await reader.ask("PATCH", reader.records("books", book["id"]), {"pages+": 1})
    assert answer.json()["pages"] == book["pages"] + 1, answer.text
    assert (await root.create("shelves", label="bottom"))["id"] == "3"
    twice = await root.ask("POST", root.records("shelves"), {"label": "top"})
    assert twice.json()["data"]["label"]["code"] == "validation_not_unique"


async def _fresh_shape(folder: Path) -> Shape:
    engine = EmbeddedEngine(folder / "fresh.db")
    try:
        await apply(engine, SYSTEM)
        return await read_shape(engine)
    finally:
        await engine.close()


def _system(shape: Shape) -> dict[str, Any]:
    """What has to be the same wherever a database has begun. Earlier versions gave constraints other names."""
    return {name: _of(table) for name, table in shape.tables.items() if name.startswith("_")}


def _of(table: TableShape) -> tuple[Any, ...]:
    columns = [(it.name, it.type, it.nullable, _or_none(it.default)) for it in table.columns.values()]
    return columns, table.key, {(it.columns, it.unique) for it in table.indexes}, table.foreign_keys


def _or_none(default: str | None) -> str | None:
    return None if default == "null" else default


FAILS_IN_THE_MIDDLE = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2999-01-01T00:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = ""

async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="piccobase", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        await engine.run_ddl('CREATE TABLE "_half" ("x" INTEGER)')
        await engine.run_ddl("DELETE FROM _superusers")
        await engine.run_ddl("DROP TABLE _roles")
        raise RuntimeError("the machine is full")

    manager.add_raw(run)
    return manager
"""


async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    kept: Path, database_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = Path(shutil.copytree(SYSTEM.resolved_migrations_folder_path, tmp_path / "migrations"))
    (migrations / "piccobase_2999.py").write_text(FAILS_IN_THE_MIDDLE)
    monkeypatch.setattr(SYSTEM, "migrations_folder_path", migrations)
    async with opened(database_url, kept) as engine:
        before = await _content(engine)
    with pytest.raises(StartError, match="the machine is full"):
        async with serving(app.collections, app.roles, database_url, kept):
            pass
    async with opened(database_url, kept) as engine:
        assert await _content(engine) == before


async def _content(engine: Engine) -> tuple[Shape, dict[str, list[Any]]]:
    shape = await read_shape(engine)
    return shape, {name: await engine.rows(f'SELECT * FROM "{name}" ORDER BY 1') for name in shape.tables}


async def test_servers_that_start_at_once_on_an_old_database_bring_it_up_to_date_once(
    kept: Path, database_url: str | None
) -> None:
    with ExitStack() as stack:
        if database_url is None:
            servers = [stack.enter_context(closing(_Started("serve", kept, "--port", "0"))) for _ in range(3)]
            for server in servers:
                assert address_of(server.process).startswith("http://")
        else:
            where = ("--database-url", database_url)
            runs = [stack.enter_context(closing(_Started("migrate", kept, *where))) for _ in range(3)]
            assert [run.process.wait(PATIENCE) for run in runs] == [0, 0, 0]
    names = sorted(re.findall(r'^ID = "(.+)"', file.read_text(), re.MULTILINE)[0] for file in _migration_files())
    async with opened(database_url, kept) as engine:
        done = await engine.rows("SELECT name FROM migration WHERE app_name = 'piccobase' ORDER BY name")
    assert [name for (name,) in done] == names


def _migration_files() -> Iterator[Path]:
    return Path(SYSTEM.resolved_migrations_folder_path).glob("piccobase_*.py")


class _Started:
    """A command of ours as a process of its own."""

    def __init__(self, name: str, data: Path, *options: str) -> None:
        words = [sys.executable, "-m", "piccobase", name, str(HERE / "app.py"), "--data-dir", str(data), *options]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)
