"""A copy of a database to try migrations on: a SQLite file in a folder, PostgreSQL by a template."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import apsw
import asyncpg

from piccobase.base.errors import StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine

_PAGES = 1000  # copied at a time, so that writers get in between


@asynccontextmanager
async def copy_of(
    engine: EmbeddedEngine | PostgresEngine, folder: Path
) -> "AsyncIterator[EmbeddedEngine | PostgresEngine]":
    """An engine on a copy, which is removed afterwards. `folder` is where a SQLite file is copied to.

    Raises StartError where no copy can be made, and says why.
    """
    making = _copy_of_file(engine, folder) if isinstance(engine, EmbeddedEngine) else _copy_of_postgres(engine)
    async with making as copy:
        try:
            yield copy
        finally:
            await copy.close()


@asynccontextmanager
async def _copy_of_file(engine: EmbeddedEngine, folder: Path) -> AsyncIterator[EmbeddedEngine]:
    try:
        place = await asyncio.to_thread(_folder_in, folder)
    except OSError as error:
        raise StartError(f"No copy can be made in {folder}: {error.strerror}.") from error
    with place as made:
        path = Path(made) / "data.db"
        try:
            await asyncio.to_thread(_copy, str(engine.path), str(path))
        except apsw.Error as error:
            raise StartError(f"No copy can be made in {folder}: {error}") from error
        yield EmbeddedEngine(path)


def _folder_in(folder: Path) -> "tempfile.TemporaryDirectory[str]":
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="migrate-", dir=folder)


def _copy(source: str, target: str) -> None:
    here, there = apsw.Connection(source), apsw.Connection(target)
    try:
        with there.backup("main", here, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
    finally:
        there.close()
        here.close()


@asynccontextmanager
async def _copy_of_postgres(engine: PostgresEngine) -> AsyncIterator[PostgresEngine]:
    url = engine.config["dsn"]
    [[name]] = await engine.rows("SELECT current_database()")
    await engine.close()  # a template must have no connections, not even ours
    copy = f"{name[:40]}_try_{token_hex(4)}"
    try:
        connection = await asyncpg.connect(url, database="postgres")
    except (OSError, asyncpg.PostgresError) as error:
        raise StartError(
            f'No copy can be made: the database "postgres", from which another one is made, cannot be entered: {error}'
        ) from error
    try:
        try:
            await connection.execute(f"CREATE DATABASE {_quoted(copy)} TEMPLATE {_quoted(name)}")
        except asyncpg.ObjectInUseError as error:
            raise StartError(
                "No copy can be made as long as others are connected to the database, which PostgreSQL demands of a "
                "template. Stop the servers for the moment, or try it on a database restored from a backup."
            ) from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise StartError(
                "No copy can be made: the database's role may not create databases (CREATEDB). Try it on a database "
                "restored from a backup."
            ) from error
        except asyncpg.PostgresError as error:
            raise StartError(f"No copy can be made: {error}") from error
        try:
            yield PostgresEngine(urlsplit(url)._replace(path=f"/{copy}").geturl())
        finally:
            with suppress(asyncpg.PostgresError):
                await connection.execute(f"DROP DATABASE {_quoted(copy)} WITH (FORCE)")
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
