"""`piccobase serve`: the server. Prints its address when it answers; ends cleanly on SIGTERM and SIGINT."""

from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from piccobase.app.loading import load_app
from piccobase.cli.listening import bind
from piccobase.cli.mistakes import check_app
from piccobase.cli.options import app_argument, database_options, plugin_option
from piccobase.cli.running import refuse_workers, run_server


@click.command()
@app_argument
@click.option("--host", help="default: 127.0.0.1")
@click.option("--port", type=int, help="default: 8090")
@database_options
@click.option("--workers", type=int, help="server processes; only 1 for now")
@click.option("--reload", is_flag=True, help="start anew when a Python file beside the app changes; for development")
@click.option("--no-worker", is_flag=True, help="leave jobs and schedules to other processes (piccobase worker)")
@click.option("--no-migrate", is_flag=True, help="refuse to start with pending migrations instead of applying them")
@plugin_option
def serve(
    app: str,
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    database_url: str | None,
    workers: int | None,
    reload: bool,
    no_worker: bool,
    no_migrate: bool,
    disabled_plugins: Sequence[str],
) -> None:
    """Serve an app."""
    options: dict[str, object] = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "database_url": database_url,
        "workers": workers,
        "disabled_plugins": disabled_plugins or None,
    }
    options["run_jobs"] = False if no_worker else None
    migrate = False if no_migrate else None
    if reload:
        from piccobase.cli.reloading import serve_again_and_again  # what it needs, a server in production does not

        serve_again_and_again(app, options, migrate=migrate)
        return
    loaded = load_app(app)
    config = loaded.config(options)
    refuse_workers(config)
    for warning in check_app(loaded, config):
        click.echo(f"warning: {warning}", err=True)
    run_server(loaded, config, bind(config), migrate=migrate)
