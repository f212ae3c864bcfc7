"""The embedded database when processes die in the middle of it, or share it."""

import itertools
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.process import writing

WRITING = str(Path(writing.__file__))


def start_writing(path: Path, name: str, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, WRITING, str(path), name, str(rounds)]
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


def test_a_process_that_is_killed_loses_nothing_it_was_promised(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    promised = 0
    for round in range(30):
        process = start_writing(path, "a", 1_000_000)
        assert process.stdout is not None
        with process.stdout as lines:
            # Killed after some 0 to 1500 transactions, in whatever it is doing at that moment: a checkpoint, too.
            for line in itertools.islice(lines, 1 + round * 50):
                promised = int(line)
            process.kill()
            for line in lines:  # what it had still said
                if line.endswith("\n"):
                    promised = int(line)
        process.wait()
        assert check_whole(path)["a"] >= promised
    assert promised > 30 * 29 // 2 * 50


def test_two_processes_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    processes = [start_writing(path, name, 300) for name in ("a", "b", "c")]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.splitlines()[-1] == "300"
    assert check_whole(path) == {"a": 300, "b": 300, "c": 300}


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
        assert (process.returncode, out.splitlines()[-1]) == (0, "200")
    last = check_whole(path)
    assert last.pop("victim") >= 20
    assert last == {f"other{number}": 200 for number in range(survivors)}
