"""`piccobase settings`: the settings, seen and changed on the server itself, whoever is locked out of it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.base.errors import BadRequest, FieldError, StartError
from piccobase.base.json import NotJSON, encode_json, parse_whole_json
from piccobase.cli.options import app_argument, database_options
from piccobase.settings.service import shown


@click.group()
def settings() -> None:
    """The settings that superusers have over the API and on the dashboard."""


@settings.command()
@app_argument
@database_options
def show(app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Print the settings as JSON, without their secrets."""
    _print(asyncio.run(_changed(app, {"data_dir": data_dir, "database_url": database_url}, {})))


@settings.command(name="set")
@click.argument("change")
@app_argument
@database_options
def set_(change: str, app: str, data_dir: Path | None, database_url: str | None) -> None:
    """Change settings. CHANGE is JSON, as the API takes it: '{"superuserIPs": []}'.

    A running server goes by it within a second.
    """
    try:
        parsed = parse_whole_json(change)
    except NotJSON as error:
        raise StartError(f"CHANGE is no JSON: {error}. Put it in single quotes: '{{\"superuserIPs\": []}}'") from error
    if not isinstance(parsed, dict):
        raise StartError("CHANGE must be an object, such as '{\"superuserIPs\": []}'.")
    _print(asyncio.run(_changed(app, {"data_dir": data_dir, "database_url": database_url}, parsed)))


async def _changed(target: str, options: dict[str, object], change: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after the change."""
    app = load_app(target)
    services = await app.start(app.config(options), migrate=None)
    try:
        return shown(await services.settings.update(change))
    except BadRequest as error:
        mistakes = "".join(f"\n  {place}: {mistake}" for place, mistake in _places(error.data))
        raise StartError(f"{error.message}{mistakes}") from error
    finally:
        await app.stop()


def _places(data: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, mistake in data.items():
        if isinstance(mistake, FieldError):
            found.append((f"{path}{name}", mistake.message))
        else:
            found += _places(mistake, f"{path}{name}.")
    return found


def _print(settings: Mapping[str, Any]) -> None:
    click.echo(json.dumps(json.loads(encode_json(settings)), indent=2, ensure_ascii=False))
