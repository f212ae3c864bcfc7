"""The embedded database when processes die in the middle of it, or share it."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.process import full_disk, writing

WRITING = str(Path(writing.__file__))
PROVED = int(os.environ.get("PROVE_COMMITS", "0"))
KILLS = range(PROVED or 8)  # of a process that writes


def start_writing(path: Path, name: str, rounds: int, writers: int = 0, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, WRITING, str(path), name, str(rounds), str(writers), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(path: Path) -> dict[str, int]:
    """The number of the last entry of each name, after checking that every transaction is there whole or not at all."""
    connection = apsw.Connection(str(path))
    try:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        entries = connection.execute(
            "SELECT name, number, group_concat(half) FROM entry GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        assert {half for _, _, half in entries} <= {"left,right"}
        last: dict[str, int] = {}
        for name, number, _ in entries:
            assert number == last.get(name, 0) + 1  # none is missing before the last
            last[name] = number
        assert connection.execute("SELECT n FROM counter").get == len(entries)
        return last
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("how", "kills"),
    [((0,), KILLS), ((16,), KILLS), ((16, "brief"), range(PROVED) or range(4, 12, 4))],
    ids=["one writer", "writers that share commits", "brief transactions that share commits"],
)
def test_a_process_that_is_killed_loses_nothing_it_was_promised(tmp_path: Path, how: Any, kills: range) -> None:
    promised: dict[tuple[Path, str], int] = {}
    for kill in kills:
        # A file for thirty kills: else it would take ever longer to look at all of it.
        path = tmp_path / f"{kill // 30}.db"
        process = start_writing(path, "a", 1_000_000, *how)
        assert process.stdout is not None
        with process.stdout as lines:
            # After some 0 to 1500 transactions, in whatever it is doing at that moment: a checkpoint, too.
            said = list(itertools.islice(lines, 1 + kill % 30 * 50))
            process.kill()
            said += [line for line in lines if line.endswith("\n")]  # what it had still said
        process.wait()
        for line in said:
            name, number = line.split()
            promised[path, name] = int(number)
        there = check_whole(path)
        lost = {name: n for (file, name), n in promised.items() if file == path and there.get(name, 0) < n}
        assert not lost, f"after kill {kill}: promised {lost}, there is {there}"
    print(f"{len(kills)} kills, {sum(promised.values())} transactions promised, none lost")
    assert len({name for _, name in promised}) == (how[0] or 1)


@pytest.mark.parametrize("writers", [0, 4])
def test_processes_write_at_the_same_time(tmp_path: Path, writers: int) -> None:
    path = tmp_path / "data.db"
    rounds = 300 // (writers or 1)
    processes = [start_writing(path, name, rounds, writers) for name in ("a", "b", "c")]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.splitlines()[-1].endswith(f" {rounds}")
    names = [f"{name}{place}" for name in "abc" for place in range(writers)] or ["a", "b", "c"]
    assert check_whole(path) == dict.fromkeys(names, rounds)


@pytest.mark.parametrize("survivors", [1, 2])
def test_the_others_go_on_when_one_is_killed(tmp_path: Path, survivors: int) -> None:
    path = tmp_path / "data.db"
    victim = start_writing(path, "victim", 1_000_000)
    others = [start_writing(path, f"other{number}", 200) for number in range(survivors)]
    assert victim.stdout is not None
    with victim.stdout as lines:
        for _ in itertools.islice(lines, 20):
            pass
        victim.kill()
    victim.wait()
    for process in others:
        out, _ = process.communicate(timeout=120)
        assert (process.returncode, out.splitlines()[-1].split()[1]) == (0, "200")
    last = check_whole(path)
    assert last.pop("victim") >= 20
    assert last == {f"other{number}": 200 for number in range(survivors)}


@pytest.mark.parametrize("how", [[], ["brief"]], ids=["FULL", "brief transactions"])
def test_when_the_disk_is_full_everybody_hears_it_and_what_was_promised_is_there(
    tmp_path: Path, how: list[str]
) -> None:
    command = [sys.executable, str(Path(full_disk.__file__)), str(tmp_path / "data.db"), *how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "all is as it was told\n", done.stderr
    connection = apsw.Connection(str(tmp_path / "data.db"))
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    connection.close()
