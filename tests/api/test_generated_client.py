"""A client that a public generator makes of the document, and no warning on the way: it can be imported and used."""

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from examples.atlas.app import app as atlas
from tests.api.test_openapi import described
from tests.api.test_values import COLLECTIONS
from tests.asking import SUPERUSER, serving

from piccobase.testing import TestApp


def generate(document: dict[str, Any], folder: Path, name: str) -> ModuleType:
    """Writes the package `name`, every module of which is imported."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.json").write_text('{"post_hooks": []}')  # it would format the files
    options = ("--path", "openapi.json", "--config", "config.json", "--output-path", name, "--meta", "none")
    command = [sys.executable, "-m", "openapi_python_client", "generate", *options, "--fail-on-warning"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    finally:
        sys.path.remove(str(folder))
    return package


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving(atlas.collections, atlas.roles, None, tmp_path / "data") as guest:
        yield guest


async def test_a_generated_client_signs_in_creates_lists_and_tells_errors(api: TestApp, tmp_path: Path) -> None:
    root = await api.superuser()
    document = (await root.ask("GET", "/api/openapi.json")).json()
    made: Any = generate(document, tmp_path, "atlas_client")
    of: Any = importlib.import_module("atlas_client.models")

    def operation(tag: str, name: str) -> Any:
        return importlib.import_module(f"atlas_client.api.{tag}.{name}").asyncio

    transport = {"transport": httpx.ASGITransport(app=api.declared)}
    guest = made.Client(base_url="http://test", httpx_args=transport)
    form = of.SignInSuperuserBody(identity=SUPERUSER[0], password=SUPERUSER[1])
    signed_in = await operation("tagsuperusers", "sign_in_superuser")(client=guest, body=form)
    client = made.AuthenticatedClient(base_url="http://test", token=signed_in.token, httpx_args=transport)

    await root.create("continents", id="1", code="EU", name="Europe")
    draft = of.CountryCreate(id="FR", name="France", iso3="FRA", continent="1", area=643801.5, languages=["fr"])
    country = await operation("countries", "create_country")(client=client, body=draft)
    assert (country.id, country.area, country.languages) == ("FR", 643801.5, ["fr"])
    page = await operation("countries", "list_countries")(client=guest, filter_="name ~ 'ran'", sort="-name")
    assert [one.name for one in page.items] == ["France"]

    # What is no property of the type: a modifier.
    change = of.CountryUpdate()
    change["population+"] = 7
    assert (await operation("countries", "update_country")("FR", client=client, body=change)).population == 7

    wrong = await operation("countries", "create_country")(client=client, body=draft)
    assert (wrong.status, wrong.data["iso3"].code) == (400, "validation_not_unique")
    assert (await operation("countries", "view_country")("XX", client=guest)).status == 404


def test_every_kind_of_field_can_be_generated(tmp_path: Path) -> None:
    generate(described(list(COLLECTIONS), [], superuser=True), tmp_path, "kinds_client")
