"""One workload on all contestants: are the answers alike, and how fast do they come."""

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.workloads import Workload
from benchmarks.wrk import Figures, measured
from tests.process.client import Client

ROUNDS = 2
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measurement:
    """A workload on one server. `cpu` is the server's processor time in microseconds for each request."""

    workload: str
    server: str
    connections: int
    rounds: list[Figures]
    cpu: float
    load: float  # of the machine before the first round

    @property
    def rate(self) -> float:
        """Requests per second, the mean of the rounds."""
        return sum(figures.rate for figures in self.rounds) / len(self.rounds)

    @property
    def p50(self) -> float:
        """Milliseconds, of the best round: the other one tells more about the machine's neighbours."""
        return min(figures.p50 for figures in self.rounds)

    @property
    def p99(self) -> float:
        return min(figures.p99 for figures in self.rounds)

    @property
    def failures(self) -> int:
        """Answers with an error status, and connections that broke or took too long."""
        return sum(figures.refused + figures.broken for figures in self.rounds)


def measure(workload: Workload, contestants: Sequence[Contestant], connections: int, seconds: int) -> list[Measurement]:
    """Rounds by turns (A B A B), so that what else goes on in the machine meets all of them."""
    load = os.getloadavg()[0]
    rounds: dict[str, list[Figures]] = {each.name: [] for each in contestants}
    before = {each.name: processor_seconds(each.server.pid) for each in contestants}
    for _ in range(ROUNDS):
        for each in contestants:
            rounds[each.name].append(measured(workload, each.server.url, each.draws, connections, seconds))
    found = []
    for each in contestants:
        spent = processor_seconds(each.server.pid) - before[each.name]
        requests = sum(figures.requests for figures in rounds[each.name])
        cpu = 1e6 * spent / max(1, requests)
        found.append(Measurement(workload.name, each.name, connections, rounds[each.name], cpu, load))
    return found


def check_shapes(workload: Workload, contestants: Sequence[Contestant]) -> None:
    """Asks every server the same once. Raises where an answer is no success or has other keys or kinds of values."""
    shapes = {each.name: _shape(_sample(workload, each)) for each in contestants}
    if any(shape != next(iter(shapes.values())) for shape in shapes.values()):
        raise RuntimeError(f"{workload.name}: the answers differ in shape: {json.dumps(shapes, indent=1)}")


def _sample(workload: Workload, contestant: Contestant) -> Any:
    chance = random.Random(1)
    drawn = {name: chance.choice(_lines(contestant.draws / name)) for name in workload.draws}
    token = _lines(contestant.draws / "token")[0] if workload.signed_in else ""
    body = _lines(contestant.draws / workload.body)[0].encode() if workload.body else None
    headers = {"Content-Type": "application/json"} if body else {}
    client = Client(contestant.server.url, token)
    answer = client.send(workload.method, workload.path.format(**drawn), body, headers)
    if answer.status != 200:
        raise RuntimeError(f"{workload.name}: {contestant.name} answers {answer.status} {answer.body}")
    return answer.body


def _shape(body: Any) -> Any:
    match body:
        case dict():
            return {key: _shape(body[key]) for key in sorted(body)}
        case list():
            return [len(body), *(_shape(each) for each in body[:1])]
        case bool() | None:
            return type(body).__name__
        case int() | float():
            return "number"
        case _:
            return "text"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def processor_seconds(pid: int) -> float:
    # proc(5): the name of the program, field 2, is in brackets and may hold blanks; user and system time are 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_megabytes(pid: int) -> float:
    """The memory a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
