"""Runs `piccobase …` to its end, in a process of its own that need not import everything anew.

A process beside the tests has imported the command, and forks for each call: that takes some milliseconds instead of
more than a second. That `python -m piccobase` is the same command, the tests of servers show, which begin with it.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["piccobase.cli"])
PATIENCE = 60.0  # seconds


def command(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs `piccobase …` in a folder, without colours."""
    with tempfile.TemporaryDirectory() as told:
        out, err = Path(told, "out"), Path(told, "err")
        given = {**os.environ, "NO_COLOR": "1", **environment}
        process = _FORKING.Process(target=_run, args=(arguments, folder, given, out, err))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, PATIENCE)
        words = ["piccobase", *arguments]
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text(), err.read_text())


def _run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    """In the new process."""
    from piccobase.cli import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    # Nothing of the tests' own surroundings: the folder comes first, as it does for `python -m`.
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["piccobase", *arguments]
    sys.path.insert(0, str(folder))
    main()
