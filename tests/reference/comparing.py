"""The long run of the comparison: many worlds, on SQLite, PostgreSQL and, if wanted, the real PocketBase."""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.postgres_server import running_postgres
from tests.reference.agreement import Question, Tally, compare, expected, new_world, questions, settle
from tests.reference.pocketbase import Reference, reference
from tests.reference.trial import trial
from tests.reference.world import Asking

# What the reference answers by accident, and no text promises: a function on the right of `~` is taken as it is,
# never as "contains"; a modifier after `relation.id` brings a join; `:lower` makes what is absent from a body the empty
# text; seconds pass while it is asked. Once in some thousand filters there is one more: among the values of a plain
# operator JSON is not compared null-safe.
ACCIDENTS = re.compile(
    r"~\s*(strftime|geoDistance|@request.body.*:each)|\.id:lower|@request.body.*:lower|@second|@minute"
)


def main(arguments: list[str]) -> int:
    asked = _arguments(arguments)
    seeds = range(asked.first, asked.first + asked.schemas)
    slices = [seeds[number :: asked.jobs] for number in range(asked.jobs)]
    started = time.monotonic()
    with ProcessPoolExecutor(asked.jobs) as processes:
        runs = [
            processes.submit(_run, list(part), asked.filters, asked.postgres, asked.pocketbase)
            for part in slices
            if part
        ]
        totals = _added(run.result() for run in runs)
    for database, tally in totals.items():
        print(f"{database}: {tally}")
    print(f"{asked.schemas} schemas in {time.monotonic() - started:.0f} s")
    return 1 if any(tally.disagreements for tally in totals.values()) else 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/compare-filters", description=__doc__)
    parser.add_argument("--schemas", type=int, default=200, help="how many worlds (200)")
    parser.add_argument("--filters", type=int, default=1000, help="filters for each on SQLite (1000)")
    parser.add_argument("--postgres", type=int, default=20, help="filters for each on PostgreSQL (20)")
    parser.add_argument("--pocketbase", type=int, default=0, help="filters for each on PocketBase, if installed (0)")
    parser.add_argument("--first", type=int, default=1, help="seed of the first world (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    return parser.parse_args(arguments)


def _run(seeds: list[int], filters: int, of_postgres: int, of_pocketbase: int) -> dict[str, Tally]:
    """What one process asks, one world after the other."""
    totals = {"SQLite": Tally(), "PostgreSQL": Tally(), "PocketBase": Tally()}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres()) if of_postgres else None
        pocketbase = stack.enter_context(reference(folder)) if of_pocketbase else None
        for seed in seeds:
            if filters:
                _note(totals["SQLite"], asyncio.run(trial(seed, filters, None, folder / str(seed))))
            if postgres:
                with postgres.empty_database() as url:
                    _note(totals["PostgreSQL"], asyncio.run(trial(seed, of_postgres, url, folder / f"{seed}-postgres")))
            if pocketbase:
                _note(totals["PocketBase"], asyncio.run(_trial_of_pocketbase(seed, of_pocketbase, pocketbase)))
            print(f"seed {seed} is done", flush=True)
    return totals


def _note(total: Tally, found: Tally) -> None:
    for disagreement in found.disagreements:
        print(f"\n{disagreement}\n", flush=True)
    total.add(found)


async def _trial_of_pocketbase(seed: int, filters: int, pocketbase: Reference) -> Tally:
    """Only lenient collections, and only fields that it has."""
    dice, world, drafts = new_world(seed, strict=False, whole=False)
    made = pocketbase.take(world, drafts)
    ids = {name: pocketbase.root.ask("GET", f"/api/collections/{name}")["id"] for name in world.collections}
    superuser = pocketbase.root.ask("GET", "/api/collections/_superusers/records")["items"][0]
    settle(world, made, ids, superuser)
    tally = Tally()

    asked = questions(dice, world, filters, datetime.now(UTC))  # its clock cannot be stopped

    def sensible() -> Iterator[Question]:
        return (each for each in asked if not ACCIDENTS.search(each.text))

    async def ask(collection: str, text: str, asking: Asking) -> frozenset[str] | str:
        return pocketbase.ask(collection, text, asking)

    await compare(world, sensible(), ask, partial(expected, as_reference=True), tally)
    return tally


def _added(results: Iterator[dict[str, Tally]]) -> dict[str, Tally]:
    totals: dict[str, Tally] = {}
    for result in results:
        for name, tally in result.items():
            totals.setdefault(name, Tally()).add(tally)
    return totals


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
