"""The demo as `./scripts/serve` starts it: loaded once, whatever happens on the way, and served under its rules."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.process.client import Answer, Client
from tests.process.serving import running_piccobase

ROOT = Path(__file__).parents[2]
BERLIN = "2950159"
LOADED = "cities: 34006 of 34006"


def start_load(data_dir: Path, *arguments: str) -> "subprocess.Popen[str]":
    """The load as a process of its own, its output a pipe."""
    command = [sys.executable, "-m", "examples.atlas.load", "--data-dir", str(data_dir), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def load(data_dir: Path, *arguments: str) -> str:
    """Loads, and returns what was printed."""
    loading = start_load(data_dir, *arguments)
    told, _ = loading.communicate()
    assert loading.returncode == 0, told
    return told


@dataclass(frozen=True)
class Atlas:
    """The demo, served. `passwords` by the first part of the address, as the file `accounts` has them."""

    guest: Client
    accounts: Path
    passwords: dict[str, str]

    def signed_in(self, name: str) -> tuple[Client, str]:
        """A client that has signed in, and its record's id."""
        draft = {"identity": f"{name}@atlas.example", "password": self.passwords[name]}
        answer = self.guest.ask("POST", "/api/collections/users/auth-with-password", draft)
        return Client(self.guest.base_url, answer["token"]), answer["record"]["id"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def atlas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    folder = tmp_path_factory.mktemp("atlas")
    if request.param == "sqlite":
        yield from serve(folder, None)
        return
    with request.getfixturevalue("postgres_server").empty_database() as url:
        yield from serve(folder, url)


def serve(folder: Path, database_url: str | None) -> Iterator[Atlas]:
    """Loads and serves the atlas, on the embedded database or the given one."""
    load(folder / "data", *(["--database-url", database_url] if database_url else []))
    accounts = folder / "data" / "atlas-accounts.txt"
    lines = [line.split() for line in accounts.read_text().splitlines()]
    with running_piccobase(ROOT / "examples" / "atlas", folder, database_url) as server:
        yield Atlas(server.guest(), accounts, {line[0].partition("@")[0]: line[1] for line in lines})


def attempt(client: Client, method: str, path: str, body: Any) -> Answer:
    """A JSON request that may be refused."""
    return client.send(method, path, json.dumps(body).encode(), {"Content-Type": "application/json"})


def records(collection: str, **query: str) -> str:
    """The path of a collection's records with query parameters."""
    asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return f"/api/collections/{collection}/records?{asked}"


def items(client: Client, collection: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", records(collection, **query))["items"]
    return found


def test_an_interrupted_load_leaves_nothing_behind_and_the_next_one_finishes_it(tmp_path: Path) -> None:
    with start_load(tmp_path) as interrupted:
        assert interrupted.stdout is not None
        for line in interrupted.stdout:
            if line.startswith("cities: 10000 "):
                interrupted.kill()
    assert interrupted.returncode < 0  # by the signal

    assert LOADED in load(tmp_path)
    assert "cities:" not in load(tmp_path)


def test_only_the_owner_of_the_data_can_read_the_passwords(atlas: Atlas) -> None:
    assert atlas.accounts.stat().st_mode & 0o777 == 0o600


def test_guests_read_every_country_and_city(atlas: Atlas) -> None:
    totals = {
        name: atlas.guest.ask("GET", records(name, perPage="1"))["totalItems"]
        for name in ("continents", "countries", "cities")
    }
    assert totals == {"continents": 7, "countries": 252, "cities": 34006}


def test_cities_are_found_by_their_name_in_any_script(atlas: Atlas) -> None:
    for name in ("Berlin", "Берлин", "柏林", "برلين", "บอร์ลิน"):
        found = items(atlas.guest, "cities", filter=f"other_names ~ '{name}'", sort="-population", fields="id")
        assert found[0] == {"id": BERLIN}, name


def test_largest_cities_of_a_continent_are_two_relations_away(atlas: Atlas) -> None:
    found = items(
        atlas.guest,
        "cities",
        filter="country.continent.code = 'SA'",
        sort="-population",
        perPage="3",
        fields="name,country",
    )
    assert found == [
        {"country": "BR", "name": "São Paulo"},
        {"country": "PE", "name": "Lima"},
        {"country": "CO", "name": "Bogotá"},
    ]


def test_an_integer_key_is_a_text_on_the_wire_in_relations_too(atlas: Atlas) -> None:
    austria = atlas.guest.ask("GET", "/api/collections/countries/records/AT")
    continent = atlas.guest.ask("GET", f"/api/collections/continents/records/{austria['continent']}")
    assert (continent["id"], continent["name"]) == ("6255148", "Europe")


def test_decimals_and_points_are_compared_as_what_they_are(atlas: Atlas) -> None:
    largest = items(atlas.guest, "countries", filter="area > 9999999.99", sort="-area", fields="id")
    northernmost = items(atlas.guest, "cities", filter="location.lat > 75", fields="name")
    assert [country["id"] for country in largest] == ["RU", "AQ"]
    assert northernmost == [{"name": "Longyearbyen"}]


@pytest.mark.parametrize("collection", ["visits", "places", "users"])
def test_guests_see_nothing_of_what_is_for_travellers(atlas: Atlas, collection: str) -> None:
    assert items(atlas.guest, collection) == []


def test_private_notes_places_and_lists_are_seen_by_their_author(atlas: Atlas) -> None:
    jonas, _ = atlas.signed_in("jonas")
    noor, _ = atlas.signed_in("noor")  # an editor, who reads all notes
    seen = {
        "guest": [len(items(atlas.guest, name)) for name in ("notes", "places", "lists")],
        "jonas": [len(items(jonas, name)) for name in ("notes", "places", "lists")],
        "noor": [len(items(noor, name)) for name in ("notes", "places", "lists")],
    }
    assert seen == {"guest": [3, 0, 1], "jonas": [3, 2, 1], "noor": [4, 1, 2]}


def test_travellers_write_visits_of_their_own_and_cannot_give_them_away(atlas: Atlas) -> None:
    jonas, jonas_id = atlas.signed_in("jonas")
    noor, noor_id = atlas.signed_in("noor")
    draft = {"traveller": jonas_id, "city": BERLIN, "day": "2026-03-01", "stars": 4, "spent": 12.34}
    visit = jonas.ask("POST", records("visits"), draft | {"went_by": ["train", "on foot"]})
    path = f"/api/collections/visits/records/{visit['id']}"
    assert (visit["day"], visit["spent"]) == ("2026-03-01 00:00:00.000Z", 12.34)
    assert visit["went_by"] == ["train", "on foot"]

    again = attempt(jonas, "POST", records("visits"), draft)
    assert {error["code"] for error in again.body["data"].values()} == {"validation_not_unique"}
    too_good = attempt(jonas, "PATCH", path, {"stars": 6})
    assert too_good.body["data"]["stars"]["code"] == "validation_invalid_value"
    assert attempt(noor, "PATCH", path, {"stars": 1}).status == 404
    assert attempt(jonas, "PATCH", path, {"traveller": noor_id}).status == 404
    assert jonas.ask("PATCH", path, {"stars+": 1})["stars"] == 5
    assert jonas.send("DELETE", path).status == 204


def test_editors_curate_and_keep_their_notes_to_themselves(atlas: Atlas) -> None:
    jonas, _ = atlas.signed_in("jonas")
    noor, _ = atlas.signed_in("noor")
    path = f"/api/collections/cities/records/{BERLIN}"
    told = {"description": "<p>Built on sand and swamp.</p>", "curation_note": "Ask for the source."}
    assert attempt(jonas, "PATCH", path, told).status == 404
    assert noor.ask("PATCH", path, told)["curation_note"] == "Ask for the source."

    seen = jonas.ask("GET", path)
    assert seen["description"] == told["description"]
    assert "curation_note" not in seen
    assert jonas.send("GET", records("cities", filter="curation_note != ''")).status == 400
    assert [city["id"] for city in items(noor, "cities", filter="curation_note ~ 'source'")] == [BERLIN]


def test_an_admin_makes_editors_and_suspends_but_gives_no_more_than_that(atlas: Atlas) -> None:
    ada, _ = atlas.signed_in("ada")
    jonas, jonas_id = atlas.signed_in("jonas")
    roles = f"/api/collections/users/records/{jonas_id}/roles"
    city = f"/api/collections/cities/records/{BERLIN}"
    ada.ask("PUT", roles, {"roles": ["editor"]})
    assert attempt(jonas, "PATCH", city, {"website": "https://www.berlin.de"}).status == 200
    assert attempt(ada, "PUT", roles, {"roles": ["admin"]}).status == 403
    ada.ask("PUT", roles, {"roles": []})
    assert attempt(jonas, "PATCH", city, {"website": ""}).status == 404

    account = f"/api/collections/users/records/{jonas_id}"
    sign_in = {"identity": "jonas", "password": atlas.passwords["jonas"]}
    ada.ask("PATCH", account, {"suspended": True})
    assert attempt(atlas.guest, "POST", "/api/collections/users/auth-with-password", sign_in).status == 403
    ada.ask("PATCH", account, {"suspended": False})
    assert attempt(atlas.guest, "POST", "/api/collections/users/auth-with-password", sign_in).status == 200
