"""`serve --reload`: one process keeps the listening socket, another serves on it and is replaced at every change.

While there is nobody to serve, because the process is being replaced, requests wait in the socket's queue. When the app
does not start, this process answers them itself and says why, until a file is saved; and when the code wants other
tables than the database has, it asks whether they are to be changed. For development only.
"""

import asyncio
import importlib.util
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import rich_click as click
import watchfiles

from piccobase.app.loading import app_file
from piccobase.base.config import Config, load_config
from piccobase.base.errors import StartError
from piccobase.cli.asking import Asking
from piccobase.cli.listening import address_of, bind
from piccobase.cli.mistakes import Mistake
from piccobase.cli.proposing import Decision, Proposal
from piccobase.cli.reloaded import Report, Work, read_report, serve_once
from piccobase.cli.running import refuse_workers
from piccobase.cli.standing_in import MistakesPage, ProposalPage, StandIn
from piccobase.plugins.finding import sources_of_installed

PATIENCE = 6.0  # seconds that a process may take to end when it is asked to, before it is killed


class SourceFilter(watchfiles.PythonFilter):
    """Python files that are somebody's own: not those of environments, nor what the app stores."""

    ignore_dirs = (*watchfiles.PythonFilter.ignore_dirs, "venv", "site-packages", ".nox", ".ruff_cache")


def serve_again_and_again(target: str, options: Mapping[str, Any], *, migrate: bool | None) -> None:
    """Serves until SIGINT or SIGTERM. Raises StartError where that cannot even begin: a port in use, no such file."""
    folders = watched_folders(target)
    # Where to listen is no matter of the App, which need not be loadable here.
    config = load_config(options, os.environ, {})
    refuse_workers(config)
    with bind(config) as listener, tempfile.TemporaryDirectory(prefix="piccobase-") as folder:
        work = Work(target, options, migrate, listener, Path(folder) / "mistakes.json")
        names = ", ".join(map(str, folders))
        click.echo(f"Watching the Python files in {names}. For development only.")
        asyncio.run(_Reloading(work, config, folders).run())


def watched_folders(target: str) -> list[Path]:
    """The folder of the app's file; for a module the working directory, and its package's folder if it lies elsewhere.

    And the sources of installed plugins that somebody works on. Raises AppNotFound where nothing of that name is there.
    """
    file = app_file(target)
    folder = Path.cwd() if file is None else file.resolve().parent
    elsewhere = [*sources_of_installed()]
    if file is None:
        spec = importlib.util.find_spec(target.partition(":")[0].partition(".")[0])
        elsewhere = [*(Path(place).resolve() for place in (spec and spec.submodule_search_locations) or ()), *elsewhere]
    return [folder, *(place for place in dict.fromkeys(elsewhere) if not place.is_relative_to(folder))]


class _Process:
    """One life of the app. Starts with the value; `ended` is done when it has gone, whoever ended it."""

    def __init__(self, work: Work) -> None:
        self._report = work.report
        process = _CONTEXT.Process(target=serve_once, args=(work,))
        # Inherited: Ctrl+C, which goes to every process of a terminal, shall not meet it while it is being started.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        self._process = process
        self.ended = asyncio.ensure_future(asyncio.to_thread(process.join))

    def report(self) -> Report:
        """Why it has ended by itself."""
        status = self._process.exitcode or 0
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        told = "The process that served the app " + how + ", and did not say why."
        return read_report(self._report) or Report(mistakes=(Mistake("ended", told),))

    async def end(self) -> None:
        """Asks it to end, and kills it when it does not."""
        if not self.ended.done():
            self._process.terminate()
            await asyncio.wait([self.ended], timeout=PATIENCE)
        if not self.ended.done():
            click.echo(f"The process did not end within {PATIENCE:.0f} seconds and is killed.", err=True)
            self._process.kill()
        await self.ended
        read_report(self._report)


class _Reloading:
    """Waits for what happens (a signal, a saved file, the end of the process) and acts on it, one step at a time."""

    def __init__(self, work: Work, config: Config, folders: Sequence[Path]) -> None:
        self._work, self._config, self._folders = work, config, folders
        self._address = address_of(work.listener)
        self._news = asyncio.Event()
        self._stopping = False
        self._changed = False
        self._decision: Decision | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stop))
        watching = asyncio.create_task(self._watch())
        watching.add_done_callback(lambda _: self._stop())  # which it is only by an error
        try:
            while not self._stopping:
                await self._live_once()
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        if not watching.cancelled():
            raise StartError(f"The files cannot be watched any longer: {watching.exception()}")

    async def _live_once(self) -> None:
        """Starts the app and stays with it until it is to be started anew."""
        self._changed = False
        decision, self._decision = self._decision, None
        work = replace(self._work, decision=decision or Decision())
        process = _Process(work)
        process.ended.add_done_callback(lambda _: self._news.set())
        try:
            if work.decision.apply:  # the migrations that it writes are changed files too, and must not end it
                await self._until(process.ended.done)
                self._changed = False
            await self._until(lambda: self._changed or process.ended.done())
            if process.ended.done() and not self._changed and not self._stopping:
                report = process.report()
                if report.mistakes:
                    async with self._standing_in(report.mistakes):
                        await self._until(lambda: self._changed)
                elif report.proposal is not None:
                    async with self._asking(report.proposal, work.decision):
                        await self._until(lambda: self._changed or self._decision is not None)
                else:
                    click.echo("The tables are changed, and the migrations written.", err=True)
        finally:
            await process.end()

    async def _until(self, happened: Callable[[], bool]) -> None:
        while not (self._stopping or happened()):
            await self._news.wait()
            self._news.clear()

    @asynccontextmanager
    async def _standing_in(self, mistakes: Sequence[Mistake]) -> AsyncIterator[None]:
        click.echo(
            f"The app does not start. {self._address}/admin/ says why, and so do the lines above. "
            "The next change of a Python file starts it again.",
            err=True,
        )
        async with StandIn(MistakesPage(mistakes), self._config.host).answering(self._work.listener):
            yield

    @asynccontextmanager
    async def _asking(self, proposal: Proposal, before: Decision) -> AsyncIterator[None]:
        def decided(decision: Decision) -> None:
            self._decision = decision
            self._news.set()

        asking = Asking(proposal, before, decided)
        with asking.in_terminal(f"{self._address}/admin/"):
            async with StandIn(ProposalPage(asking), self._config.host).answering(self._work.listener):
                yield

    async def _watch(self) -> None:
        async for changes in watchfiles.awatch(*self._folders, watch_filter=SourceFilter()):
            click.echo(f"{_names(changes)} changed, starting anew.", err=True)
            self._changed = True
            self._decision = None  # it was about the code as it was
            self._news.set()

    def _stop(self) -> None:
        self._stopping = True
        self._news.set()


def _names(changes: Iterable[watchfiles.main.FileChange]) -> str:
    names = sorted({os.path.relpath(path) for _, path in changes})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _context() -> Any:
    """Processes are forked from one that has imported us already, where that can be: it saves most of each start."""
    if "forkserver" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["piccobase.cli.reloaded"])
    return context


_CONTEXT = _context()
