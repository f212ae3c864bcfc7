"""The console blocks of a page: `$ curl …` lines, and the answers shown below them."""

import json
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from piccobase import App

ADDRESS = "http://127.0.0.1:8090"
ANY = "..."


@dataclass(frozen=True)
class Call:
    """What one curl line asks for."""

    method: str
    url: str
    headers: dict[str, str]
    json: Any


def read_curl(command: str, variables: dict[str, str]) -> Call:
    """Reads the few options of curl that pages use; any other one is an error, not overlooked.

    `$TOKEN` and `$ID` become what `variables` says, inside single quotes too: pages write JSON as "$ID" in '…'.
    """
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command)
    assert words.pop(0) == "curl"
    method, url, headers, body = "GET", "", dict[str, str](), None
    while words:
        word = words.pop(0)
        match word:
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(":")
                headers[name] = value.strip()
            case "--json":
                body = json.loads(words.pop(0))
                method = "POST" if method == "GET" else method
            case "-s":
                pass
            case _ if word.startswith(ADDRESS):
                url = word.removeprefix(ADDRESS)
            case _:
                raise ValueError(f"{word!r} in {command!r}: pages use curl with -s, -X, -H, --json and {ADDRESS}")
    return Call(method, url, headers, body)


@asynccontextmanager
async def open_app(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which is started in the working directory without a server."""
    await app.start(app.config(environment={}))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as client:
            yield client
    finally:
        await app.stop()


async def ask(client: httpx.AsyncClient, call: Call) -> Any:
    """The answer's JSON, None where there is no body."""
    answer = await client.request(call.method, call.url, headers=call.headers, json=call.json)
    return json.loads(answer.text) if answer.text else None


def matches(shown: Any, got: Any) -> bool:
    """Whether an answer is the one shown: "..." stands for any value, [...] for any list."""
    if shown == ANY or (shown == [ANY] and isinstance(got, list)):
        return True
    if isinstance(shown, dict) and isinstance(got, dict):
        return list(shown) == list(got) and all(matches(shown[key], got[key]) for key in shown)
    if isinstance(shown, list) and isinstance(got, list):
        return len(shown) == len(got) and all(map(matches, shown, got))
    return bool(shown == got) and type(shown) is type(got)


def remembered(answer: Any) -> dict[str, str]:
    """What later lines may call `$TOKEN` and `$ID`: an answer's token, and the id of its record."""
    if not isinstance(answer, dict):
        return {}
    record = answer.get("record", answer)
    return {name: value for name, value in {"TOKEN": answer.get("token"), "ID": record.get("id")}.items() if value}


async def play(block: str, client: httpx.AsyncClient, variables: dict[str, str], place: str) -> None:
    """Asks each curl line of the app and compares what is shown below it. Other `$` lines are only shown."""
    command, shown = "", ""
    for row in [*block.splitlines(), "$"]:
        if not row.startswith("$ ") and row != "$":
            # A command goes on behind a backslash; everything else is the answer, perhaps over several lines.
            if command.endswith("\\"):
                command = command.removesuffix("\\") + row.strip()
            else:
                shown += row + os.linesep
            continue
        if command.startswith("curl"):
            got = await ask(client, read_curl(command, variables))
            variables |= remembered(got)
            if shown.strip():
                expected = json.loads(shown.replace("[...]", f'["{ANY}"]'))
                assert matches(expected, got), f"{place}: {command}\nshown {shown}got   {json.dumps(got)}"
        command, shown = row.removeprefix("$").strip(), ""
