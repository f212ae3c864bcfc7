"""Commands of an app and of its plugins: found when somebody asks for one that is not ours, and run in the app."""

import asyncio
import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import rich_click as click

from piccobase.app.declared import App
from piccobase.cli.options import database_options
from piccobase.cli.plugins import app_of


def commands_of(target: str) -> tuple[App, Mapping[str, click.Command]]:
    """The app, and the commands that it and its plugins have, ready to be run.

    Where not all plugins can be loaded, those of the others are there. Raises StartError where the app cannot.
    """
    app = app_of(target)
    found = {}
    for one in (*app.loaded_plugins().plugins, app):
        for command in one.commands:
            if command.name and command.name not in found:
                whose = f" (plugin {one.plugin})" if one.plugin else ""
                found[command.name] = _ready(app, command)
                found[command.name].short_help = command.get_short_help_str(limit=200).rstrip(".") + f"{whose}."
    return app, found


def _ready(app: App, command: click.Command) -> click.Command:
    """A copy that runs an async function in the started app, and has the options which that takes."""
    ready = copy.copy(command)
    if isinstance(ready, click.Group):
        ready.commands = {name: _ready(app, one) for name, one in ready.commands.items()}
    if ready.callback is not None and inspect.iscoroutinefunction(ready.callback):
        ready.params = [*ready.params, *_database_options()]
        ready.callback = _running(app, ready.callback)
    return ready


def _database_options() -> list[click.Parameter]:
    @database_options
    def carrier() -> None: ...

    options: list[click.Parameter] = carrier.__click_params__[::-1]  # type: ignore[attr-defined]
    return options


def _running(app: App, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*, data_dir: Any, database_url: Any, **arguments: Any) -> Any:
        return asyncio.run(_in_started(app, {"data_dir": data_dir, "database_url": database_url}, function, arguments))

    return run


async def _in_started(
    app: App, options: Mapping[str, Any], function: Callable[..., Any], arguments: Mapping[str, Any]
) -> Any:
    try:
        await app.start(app.config(options))
        return await function(**arguments)
    finally:
        await app.stop()
