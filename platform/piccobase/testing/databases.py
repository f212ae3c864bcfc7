"""PostgreSQL databases for one test each."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """The URL of a new, empty database on a PostgreSQL server, dropped at the end with whoever is still connected.

    `server_url` is that of any database there, as somebody who may create others.

    `async with fresh_database(url) as database_url, TestApp(app, database_url=database_url) as api:`
    """
    name = f"piccobase_test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server_url)
    try:
        # From template0, since nobody may be connected to the template, and somebody may be to the other one.
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
