"""The process that `serve --reload` replaces: it serves the app on a socket that it was handed, or says why not."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from piccobase.app.loading import load_app
from piccobase.base.errors import PiccobaseError
from piccobase.cli.mistakes import Mistake, check_app, mistakes_of
from piccobase.cli.proposing import Decision, Proposal, propose
from piccobase.cli.running import run_server

# Seconds for requests in flight when the process is replaced; whoever saved a file waits for them.
LONGEST_END = 2.0


@dataclass(frozen=True)
class Work:
    """What the process is to do. Travels to it by pickle, the socket as the handle of the same one."""

    target: str  # the argument APP
    options: Mapping[str, Any]  # of the command, for the config
    migrate: bool | None
    listener: socket.socket
    report: Path  # where it is written why it ended; a file: a pipe that nobody reads yet would block when full
    decision: Decision = field(default_factory=Decision)  # about what it has proposed before


class Report(msgspec.Struct):
    """Why a process has ended by itself: mistakes, or something to decide first. Neither: what was decided is done."""

    mistakes: tuple[Mistake, ...] = ()
    proposal: Proposal | None = None


def serve_once(work: Work) -> None:
    """What the process runs. Ends with status 1 after it has written and printed why the app does not start."""
    _prepare()
    tables: tuple[Any, ...] = ()
    try:
        app = load_app(work.target)
        tables = app.collections
        # Who develops may send SQL, unless the environment says otherwise.
        options = work.options if "PICCOBASE_SQL" in os.environ else {**work.options, "sql": True}
        config = app.config(options)
        for warning in check_app(app, config):
            click.echo(f"warning: {warning}", err=True)
        migrate = work.migrate is not False  # on PostgreSQL too: whoever develops has a database of their own
        proposal = asyncio.run(propose(app, config, work.decision)) if migrate else None
        if proposal is not None or work.decision.apply:
            work.report.write_bytes(msgspec.json.encode(Report(proposal=proposal)))
            return
        run_server(app, config, work.listener, migrate=migrate, longest_end=LONGEST_END)
    except Exception as error:
        mistakes = mistakes_of(error, tables)
        work.report.write_bytes(msgspec.json.encode(Report(mistakes=tuple(mistakes))))
        if not isinstance(error, PiccobaseError):
            traceback.print_exc()
        for mistake in mistakes:
            click.echo(f"piccobase: {mistake}", err=True)
        sys.exit(1)


def read_report(report: Path) -> Report | None:
    """What a process has written, and removes it; None if it has not."""
    if not report.exists():
        return None
    read = msgspec.json.decode(report.read_bytes(), type=Report)
    report.unlink()
    return read


def _prepare() -> None:
    # Ctrl+C goes to every process of a terminal; when this one is to end, its parent says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # multiprocessing has put nothing in its place, but a breakpoint() wants the terminal.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (open as long as the process)
    # Bytecode is told apart by the second and the size: of two saves within a second the first would stay.
    sys.dont_write_bytecode = True
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """Nobody else would end this process if its parent was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
