"""`piccobase serve`: the server. Prints its address when it answers; ends cleanly on SIGTERM and SIGINT."""

import asyncio
import errno
import gc
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import rich_click as click
import uvicorn
import watchfiles

from piccobase.app.declared import App
from piccobase.app.loading import app_file, load_app
from piccobase.base.config import Config, ConfigError
from piccobase.base.errors import StartError
from piccobase.cli.options import app_argument, database_options
from piccobase.cli.server import LONGEST_END, Connection, Server


@click.command()
@app_argument
@click.option("--host", help="default: 127.0.0.1")
@click.option("--port", type=int, help="default: 8090")
@database_options
@click.option("--workers", type=int, help="server processes; only 1 for now")
@click.option("--reload", is_flag=True, help="start anew when a Python file beside the app changes")
@click.option("--no-migrate", is_flag=True, help="refuse to start with pending migrations instead of applying them")
def serve(
    app: str,
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    database_url: str | None,
    workers: int | None,
    reload: bool,
    no_migrate: bool,
) -> None:
    """Serve an app."""
    if reload:
        _serve_again_and_again(app)
        return
    loaded = load_app(app)
    config = loaded.config(
        {"host": host, "port": port, "data_dir": data_dir, "database_url": database_url, "workers": workers}
    )
    if config.workers != 1:
        raise ConfigError(
            "Only one worker for now: realtime messages do not yet travel between processes. "
            "Start several servers on one PostgreSQL database behind a proxy if you need none."
        )
    for warning in loaded.check():
        click.echo(f"warning: {warning}", err=True)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(loaded, config, migrate=False if no_migrate else None))


async def _serve(app: App, config: Config, *, migrate: bool | None) -> None:
    """Binds first, so that a port in use is said before anything is touched; opens the database before it listens."""
    bound = _bind(config)
    try:
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
                    log_level="error",
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,  # whoever sends one could claim any address
                    timeout_graceful_shutdown=int(LONGEST_END) + 5,
                )
            )
            host = f"[{config.host}]" if ":" in config.host else config.host
            server.address = f"http://{host}:{bound.getsockname()[1]}"
            server.set_up_token = await services.first_superuser.token()
            await server.serve(sockets=[bound])
        finally:
            await app.stop()
    finally:
        bound.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where there is one (not on Windows): it answers about twice as many requests a second."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _bind(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Named as TCP, so that asyncio switches Nagle's algorithm off; with it each answer would wait 40 ms for an ACK.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((config.host, config.port))
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {config.port} on {config.host} is in use. Choose another with --port, or end what listens there."
            ) from error
        raise StartError(f"Cannot listen on {config.host}:{config.port}: {error.strerror or error}.") from error
    return bound


def _serve_again_and_again(app: str) -> None:
    """Runs the command without --reload in a process of its own, and anew after each change of a Python file.

    A process that ends by a mistake has said so; the next change starts it again.
    """
    file = app_file(app)
    watched = file.resolve().parent if file else Path.cwd()
    arguments = [argument for argument in sys.argv[1:] if argument != "--reload"]
    command = shlex.join([sys.executable, "-m", "piccobase", *arguments])
    click.echo(f"Watching {watched} for changes.")
    watchfiles.run_process(
        watched, target=command, target_type="command", watch_filter=watchfiles.PythonFilter(), sigint_timeout=10
    )
