"""Runs schemathesis against a server, as one who asks."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    # our own, of hooks.py
    "described_answer",
    "coded_error",
    "refused_nonsense",
)


def fuzz(url: str, token: str, folder: Path, *options: str) -> str:
    """What schemathesis has found, with all it said; "" for nothing. `options` are its own."""
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{url}/api/openapi.json",
        f"--checks={','.join(CHECKS)}",
        # Else it soon takes its own token away, or lets in nobody but another network, and goes on as a guest.
        "--exclude-tag=_superusers",
        "--exclude-path=/api/settings",
        "--continue-on-failure",
        "--warnings=off",
        "--no-color",
        *options,
        *([f"--header=Authorization: {token}"] if token else []),
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
