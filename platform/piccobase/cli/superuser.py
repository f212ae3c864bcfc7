"""`piccobase superuser`: accounts that pass all rules."""

import asyncio
from pathlib import Path

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.auth.superusers import upsert_superuser
from piccobase.base.errors import InvalidRecord, StartError
from piccobase.cli.options import database_options


@click.group()
def superuser() -> None:
    """Accounts that pass all rules."""


@superuser.command()
@click.argument("email")
@click.argument("password")
@click.argument("app", default=".", metavar="[APP]")
@database_options
def upsert(email: str, password: str, app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Create a superuser, or give an existing one a new password (which ends all its sessions).

    Creates the data dir and the system's tables if need be.
    """
    outcome = asyncio.run(_upsert(email, password, app, {"data_dir": data_dir, "database_url": database_url}))
    click.echo(f"Superuser {email} {outcome}.")


async def _upsert(email: str, password: str, target: str, options: dict[str, object]) -> str:
    app = load_app(target)
    services = await app.start(app.config(options), migrate=True)
    try:
        return await upsert_superuser(services.engine, services.hasher, email, password)
    except InvalidRecord as error:
        mistakes = [f"{name}: {mistake.message}" for name, mistake in error.data.items()]
        raise StartError("; ".join(mistakes) or error.message) from error
    finally:
        await app.stop()
