"""`piccobase worker`: a process that works on jobs and schedules, and serves nothing. Ends cleanly on SIGTERM."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from piccobase.app.declared import App
from piccobase.app.loading import load_app
from piccobase.base.config import Config
from piccobase.cli.mistakes import check_app
from piccobase.cli.options import app_argument, database_options, plugin_option
from piccobase.cli.running import loop_factory
from piccobase.logs.lines import set_up_logging


@click.command()
@app_argument
@database_options
@click.option("--concurrency", type=int, metavar="N", help="jobs at once (default: 10)")
@plugin_option
def worker(
    app: str,
    data_dir: Path | None,
    database_url: str | None,
    concurrency: int | None,
    disabled_plugins: Sequence[str],
) -> None:
    """Work on an app's jobs and schedules, beside servers or without one.

    Servers do so themselves unless they are started with --no-worker.
    """
    loaded = load_app(app)
    config = loaded.config(
        {
            "data_dir": data_dir,
            "database_url": database_url,
            "job_concurrency": concurrency,
            "run_jobs": True,
            "disabled_plugins": disabled_plugins or None,
        }
    )
    for warning in check_app(loaded, config):
        click.echo(f"warning: {warning}", err=True)
    set_up_logging(config.log_level, config.log_format)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_work(loaded, config))


async def _work(app: App, config: Config) -> None:
    try:
        services = await app.start(config)
        async with app.working():
            click.echo(f"Working on jobs, {services.work.worker.concurrency} at once. Press Ctrl+C to stop.")
            await _asked_to_stop()
    finally:
        await app.stop()


async def _asked_to_stop() -> None:
    """Returns at the first SIGTERM or SIGINT. The second does what it does to any process."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, asked.set)
    try:
        await asked.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
