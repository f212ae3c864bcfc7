"""Asks the cases of a server, and compares its answers with those recorded of the real PocketBase.

    python -m tests.process.conformance.comparing             ours against the record
    python -m tests.process.conformance.comparing --record    asks the real PocketBase and writes the record anew

What differs from run to run is replaced before: times, generated ids, tokens, and the wording of messages.
"""

import base64
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.process.client import Answer, Client
from tests.process.conformance.asking import Ask, Case
from tests.process.conformance.cases import CASES
from tests.process.conformance.world import fill, prepare_pocketbase
from tests.process.reference import running_pocketbase
from tests.process.serving import RunningServer, running_piccobase

RECORD = Path(__file__).parents[1] / "recorded" / "pocketbase.json"
APP = Path(__file__).parents[1] / "apps" / "lenient.py"

# Of all headers those the protocol promises (§1.5, §1.10) or promises never to send, with what most answers have.
HEADERS = {
    "access-control-allow-headers": None,
    "access-control-allow-methods": None,
    "access-control-allow-origin": None,
    "allow": None,
    "content-type": "application/json",
    "cross-origin-opener-policy": "same-origin",
    "location": None,
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
}
TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$")

Json = dict[str, Any]


def send(sent: Ask, url: str, tokens: Mapping[str, str]) -> Answer:
    """One request, with the tokens of its actors put in."""
    headers = {name: _with_tokens(value, tokens) for name, value in sent.headers.items()}
    return Client(url).send(sent.method, sent.path, sent.content, headers)


def answers(case: Case, url: str, tokens: Mapping[str, str]) -> list[Json]:
    """What a server says to a case, ready to be compared."""
    return [_comparable(send(each, url, tokens)) for each in case.asks]


def recorded() -> dict[str, list[Json]]:
    """What the real PocketBase said, by the names of the cases."""
    known: dict[str, list[Json]] = json.loads(RECORD.read_text())
    return known


def differences(case: Case, ours: list[Json], theirs: list[Json]) -> list[str]:
    """A line for each request that was answered differently."""
    found = []
    for sent, mine, real in zip(case.asks, ours, theirs, strict=True):
        parts = [part for part in real.keys() | mine.keys() if mine.get(part) != real.get(part)]
        told = "; ".join(
            f"{part} {_short(mine.get(part))} instead of {_short(real.get(part))}" for part in sorted(parts)
        )
        if parts:
            found.append(f"{sent.method} {sent.path[:200]} {_short(sent.content)}: {told}")
    return found


def claims(token: str) -> Json:
    """What a JSON Web Token says."""
    payload = token.split(".")[1]
    said: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def _with_tokens(text: str, tokens: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: tokens[found[1]], text)


def _comparable(answer: Answer) -> Json:
    headers = {name: answer.headers.get(name) for name in HEADERS if answer.headers.get(name) != HEADERS[name]}
    return {"status": answer.status, "headers": headers, "body": _steady(answer.body)}


def _steady(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _steady(part, name) for name, part in value.items()}
        case list():
            return [_steady(part) for part in value]
        case str() if key in ("created", "updated") and TIME.match(value):
            return "<time>"
        case str() if key == "id" and len(value) == 15 and not value.startswith("fix"):
            return "<id>"
        case str() if key == "message" and value:
            return "<message>"
        case str() if key == "token" and value.count(".") == 2:
            return claims(value) | {"exp": "<time>"}
    return value


def _short(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
    return text if len(text) < 400 else text[:400] + "…"


def _record(server: RunningServer) -> None:
    prepare_pocketbase(server)
    tokens = fill(server)
    known = {str(case): answers(case, server.url, tokens) for case in CASES}
    RECORD.write_text(_a_line_each(known))
    print(f"{len(CASES)} cases, {sum(len(case.asks) for case in CASES)} requests: {RECORD}")


def _a_line_each(known: dict[str, list[Json]]) -> str:
    """JSON with a line for each answer, so that a change of one is a change of one line."""
    lines = {
        name: ",\n  ".join(json.dumps(answer, ensure_ascii=False, sort_keys=True) for answer in said)
        for name, said in known.items()
    }
    cases = (f" {json.dumps(name, ensure_ascii=False)}: [\n  {said}\n ]" for name, said in lines.items())
    return "{\n" + ",\n".join(cases) + "\n}\n"


def _compare(server: RunningServer) -> int:
    tokens, known, wrong = fill(server), recorded(), 0
    for case in CASES:
        for line in differences(case, answers(case, server.url, tokens), known[str(case)]):
            wrong += 1
            print(f"{case}: {line}")
    print(f"{wrong} of {sum(len(case.asks) for case in CASES)} requests are answered differently.")
    return 1 if wrong else 0


def _main() -> int:
    with tempfile.TemporaryDirectory(prefix="piccobase-conformance-") as name:
        folder = Path(name)
        if "--record" in sys.argv[1:]:
            with running_pocketbase(folder) as server:
                _record(server)
            return 0
        with running_piccobase(APP, folder) as server:
            return _compare(server)


if __name__ == "__main__":
    sys.exit(_main())
