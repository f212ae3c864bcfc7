"""Sends fuzz to the lexer, the parser and the list endpoint, and tells what should not have happened."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from random import Random
from urllib.parse import quote_from_bytes

from tests.postgres_server import running_postgres
from tests.reference.agreement import new_world
from tests.reference.fuzzing import Fuzz
from tests.reference.serving import Served, served
from tests.reference.watching import PostgresLog, log_statements, unplanned, watched_sqlite
from tests.reference.world import World

from piccobase.filters.errors import InvalidFilter
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.shape import shape_of

BATCH = 200  # requests between two looks at the statements
SLOWEST = 5.0  # seconds that an answer may take
WORLD_SEED = 29  # strict and lenient, open and ruled, with relations of all kinds

Statements = Callable[[], list[str]]  # those since the last call


class Report:
    """What was sent, what was answered, and what should not have been."""

    def __init__(self) -> None:
        self.sent, self.answers, self.problems = 0, Counter[str](), list[str]()

    def add(self, other: "Report") -> None:
        self.sent += other.sent
        self.answers += other.answers
        self.problems += other.problems


async def besiege(database_url: str | None, data_dir: Path, statements: Statements, seed: int, inputs: int) -> Report:
    """Sends `inputs` texts to a server on one database, as a guest, as one of the people and as a superuser."""
    _, world, drafts = new_world(WORLD_SEED)
    report = Report()
    async with served(world, database_url, data_dir) as server:
        await server.fill(drafts)
        person = await server.api.signed_in("people", "u0@example.com", "12345678")
        tokens = ["", person.token, server.root.token, server.root.token]
        dice = Random(seed)
        fuzz = Fuzz(dice, world)
        statements()
        while report.sent < inputs:
            batch = [await _send(server, world, fuzz, dice, tokens, report) for _ in range(min(BATCH, inputs))]
            if wrong := unplanned(statements()):
                report.problems.append(f"unplanned statement {wrong[0]!r} after one of {batch}")
    return report


async def _send(server: Served, world: World, fuzz: Fuzz, dice: Random, tokens: list[str], report: Report) -> str:
    collection = dice.choice(list(world.collections))
    text = fuzz.text(collection)
    report.sent += 1
    for read in (shape_of, parse):
        try:
            read(text, limits=CLIENT_LIMITS)
        except InvalidFilter:
            pass
        except Exception as error:
            report.problems.append(f"{read.__name__} of {text!r}: {error!r}")
    parameter = dice.choice(["filter"] * 6 + ["sort"])
    path = f"{server.api.records(collection)}?{parameter}={quote_from_bytes(_octets(text))}"
    started = time.monotonic()
    try:
        answer = await server.api.client.get(path, headers={"Authorization": dice.choice(tokens)})
    except Exception as error:
        report.problems.append(f"{parameter} {text!r} of {collection}: {error!r}")
        return text
    code = answer.headers.get("x-error-code", "answered")
    report.answers[code] += 1
    expected = answer.status_code == 200 or (answer.status_code in (400, 403) and answer.json()["data"] == {})
    if not expected or time.monotonic() - started > SLOWEST:
        report.problems.append(f"{parameter} {text!r} of {collection}: {answer.status_code} {answer.text[:200]}")
    return text


def _octets(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


async def besiege_sqlite(seed: int, inputs: int, data_dir: Path) -> Report:
    with watched_sqlite() as seen:

        def statements() -> list[str]:
            since = [each for each in seen if each != "PRAGMA data_version"]  # asked whether something changed
            seen.clear()
            return since

        return await besiege(None, data_dir, statements, seed, inputs)


async def besiege_postgres(seed: int, inputs: int, url: str, log: PostgresLog, data_dir: Path) -> Report:
    await log_statements(url)
    return await besiege(url, data_dir, log.statements, seed, inputs)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz-filters", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="texts to send on SQLite (1000000)")
    parser.add_argument("--postgres", type=int, default=50_000, help="texts to send on PostgreSQL (50000)")
    parser.add_argument("--seed", type=int, default=1, help="of the first text (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    asked = parser.parse_args(arguments)
    each = asked.inputs // asked.jobs, asked.postgres // asked.jobs
    shares = [(asked.seed + 1000 * job, *each) for job in range(asked.jobs)]
    total = Report()
    started = time.monotonic()
    with ProcessPoolExecutor(asked.jobs) as processes:
        for report in processes.map(_run, shares):
            total.add(report)
    print(f"{total.sent} texts in {time.monotonic() - started:.0f} s: {dict(total.answers.most_common())}")
    for problem in total.problems[:20]:
        print(problem)
    return 1 if total.problems else 0


def _run(share: tuple[int, int, int]) -> Report:
    seed, inputs, of_postgres = share
    with tempfile.TemporaryDirectory() as folder:
        total = asyncio.run(besiege_sqlite(seed, inputs, Path(folder) / "sqlite"))
        with running_postgres() if of_postgres else nullcontext() as server:
            if server is not None:
                with server.empty_database() as url:
                    log = PostgresLog(server)
                    total.add(asyncio.run(besiege_postgres(seed, of_postgres, url, log, Path(folder) / "postgres")))
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
