"""Runs a loaded app as a server until it is asked to stop."""

import asyncio
import gc
import socket
import sys
from collections.abc import Callable

import uvicorn

from piccobase.app.declared import App
from piccobase.base.config import Config, ConfigError
from piccobase.cli.listening import address_of
from piccobase.cli.server import LONGEST_END, Connection, Server
from piccobase.logs.lines import set_up_logging


def refuse_workers(config: Config) -> None:
    """Raises ConfigError for more than one worker."""
    if config.workers != 1:
        raise ConfigError(
            "Only one worker for now: realtime messages do not yet travel between processes. "
            "Start several servers on one PostgreSQL database behind a proxy if you need none."
        )


def run_server(
    app: App, config: Config, listener: socket.socket, *, migrate: bool | None, longest_end: float = LONGEST_END
) -> None:
    """Starts the app and serves it on `listener`, which is closed at the end.

    `longest_end` is how many seconds requests in flight may take when the server is asked to stop. Raises StartError.
    """
    set_up_logging(config.log_level, config.log_format)
    with listener, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(app, config, listener, migrate, longest_end))


async def _serve(app: App, config: Config, listener: socket.socket, migrate: bool | None, longest_end: float) -> None:
    services = await app.start(config, migrate=migrate)
    # Modules, tables and rules live as long as the process: the collector need not look at them again and again.
    gc.collect()
    gc.freeze()
    try:
        server = Server(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",  # the app is started already: a mistake in it is one line, no traceback
                log_config=None,  # its messages are ours to print
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,  # whoever sends one could claim any address
                timeout_graceful_shutdown=int(longest_end) + 5,
            )
        )
        server.longest_end = longest_end
        server.address = address_of(listener)
        server.set_up_token = await services.first_superuser.token()
        services.work.worker.grace = min(services.work.worker.grace, longest_end)
        async with app.working():
            await server.serve(sockets=[listener])
    finally:
        await app.stop()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where there is one (not on Windows): it answers about twice as many requests a second."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
