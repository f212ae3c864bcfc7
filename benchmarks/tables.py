"""The figures as a Markdown table: one line for each workload, a group of columns for each server."""

import os
import platform
from collections.abc import Collection, Mapping, Sequence

from benchmarks.rounds import Measurement

OURS = "piccobase"
COLUMNS = ("req/s", "p50 ms", "p99 ms", "CPU µs", "failed")


def heading(servers: Sequence[str]) -> str:
    """The first two lines. A ratio above 1 says that Piccobase answers more requests than the other."""
    titles = ["workload", "conn.", *(f"{server} {column}" for server in servers for column in COLUMNS)]
    titles += [f"{OURS} / {server}" for server in _others(servers)]
    titles.append("load")
    return _line(titles) + "\n" + _line(["---", *("---:" for _ in titles[1:])])


def row(found: Sequence[Measurement], servers: Sequence[str]) -> str:
    """A workload's line; who took no part has empty cells."""
    by_server = {each.server: each for each in found}
    cells = [found[0].workload, str(found[0].connections)]
    for server in servers:
        each = by_server.get(server)
        if each is None:
            cells += [""] * len(COLUMNS)
        else:
            cells += [f"{each.rate:,.0f}", f"{each.p50:.2f}", f"{each.p99:.2f}", f"{each.cpu:.0f}", str(each.failures)]
    rates = {server: by_server[server].rate if server in by_server else 0.0 for server in servers}
    cells += [f"**{rates[OURS] / rates[server]:.2f}**" if rates[server] else "-" for server in _others(servers)]
    return _line([*cells, f"{found[0].load:.1f}"])


def _others(servers: Collection[str]) -> list[str]:
    """Whom Piccobase is compared with, if it takes part."""
    return [server for server in servers if server != OURS] if OURS in servers else []


def summary(found: Sequence[Measurement], memory: Mapping[str, float], seconds: int) -> str:
    """What the table was made under."""
    rounds = len(found[0].rounds) if found else 0
    held = ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in memory.items())
    return (
        f"\n{rounds} rounds of {seconds} s by turns, wrk with one thread on the same machine "
        f"({os.cpu_count()} processors, {platform.machine()}, Linux {platform.release()}). Memory at the end: {held}."
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
