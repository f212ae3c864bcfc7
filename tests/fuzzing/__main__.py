"""`./scripts/fuzz`: the long run, as a guest, as an account and as a superuser, on both databases."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzzing.running import fuzz
from tests.fuzzing.serving import APPS, serving_fuzzed
from tests.postgres_server import running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="./scripts/fuzz", description=__doc__)
    parser.add_argument("--app", choices=APPS, action="append", help="which app; both without it")
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append", help="both without it")
    parser.add_argument("--seconds", type=int, default=120, help="for each app, database and reader (120)")
    asked = parser.parse_args()
    failed = False
    with running_postgres() as postgres:
        for database in asked.database or ["sqlite", "postgres"]:
            for app in asked.app or list(APPS):
                with postgres.empty_database() as url:
                    failed |= run(app, url if database == "postgres" else None, asked.seconds)
    return int(failed)


def run(app: str, database_url: str | None, seconds: int) -> bool:
    """Asks one app on one database as each reader. Whether something was found."""
    failed = False
    with (
        tempfile.TemporaryDirectory() as name,
        serving_fuzzed(APPS[app], Path(name), database_url) as server,
    ):
        for reader, token in server.tokens.items():
            print(f"{app} on {'PostgreSQL' if database_url else 'SQLite'}, as {reader}: ", end="", flush=True)
            found = fuzz(server.url, token, Path(name), "--generation-database=none", f"--max-time={seconds}")
            print(f"failed\n{found}" if found else "nothing found", flush=True)
            failed |= bool(found)
    return failed


if __name__ == "__main__":
    sys.exit(main())
