"""Three people who use the atlas, and what they have written in it so far. Cities stand by GeoNames' number."""

from typing import Any

LISBON, PORTO, KYOTO, TBILISI, REYKJAVIK = "2267057", "2735943", "1857910", "611717", "3413829"
VIENNA, LJUBLJANA, TRIESTE, VENICE, ZAGREB, SARAJEVO = "2761369", "3196359", "3165185", "3164603", "3186886", "3191281"
SAMARKAND, BUKHARA = "1216265", "1217662"

PEOPLE: list[dict[str, Any]] = [
    {"username": "ada", "name": "Ada", "email": "ada@atlas.example", "home": VIENNA, "roles": ["admin"]},
    {"username": "noor", "name": "Noor", "email": "noor@atlas.example", "home": LISBON, "roles": ["editor"]},
    {"username": "jonas", "name": "Jonas", "email": "jonas@atlas.example", "home": LJUBLJANA, "roles": []},
]

# What editors have told about cities.
CURATED: dict[str, dict[str, Any]] = {
    TRIESTE: {
        "description": "<p>A port of three languages between the Karst and the sea.</p>",
        "facts": {"wind": "bora", "languages spoken": ["Italian", "Slovene", "German"]},
        "curation_note": "Check the number of coffee houses before it is printed.",
    },
    SAMARKAND: {
        "description": "<p>Two and a half thousand years on the Silk Road; its Registan is six hundred years old.</p>",
        "website": "https://whc.unesco.org/en/list/603",
        "facts": {"world heritage": {"since": 2001, "number": 603}},
    },
}

VISITS: list[dict[str, Any]] = [
    {"traveller": "jonas", "city": TRIESTE, "day": "2025-04-12", "stars": 5, "spent": "48.50", "went_by": ["bus"]},
    {"traveller": "jonas", "city": VENICE, "day": "2025-04-13", "stars": 3, "spent": "121.00", "went_by": ["train"]},
    {"traveller": "jonas", "city": ZAGREB, "day": "2025-06-01", "stars": 4, "spent": "39.90", "went_by": ["bicycle"]},
    {"traveller": "jonas", "city": SARAJEVO, "day": "2025-06-05", "stars": 5, "went_by": ["bus", "on foot"]},
    {"traveller": "noor", "city": PORTO, "day": "2025-02-08", "stars": 4, "spent": "63.20", "went_by": ["train"]},
    {
        "traveller": "noor",
        "city": SAMARKAND,
        "day": "2025-09-20",
        "stars": 5,
        "spent": "74.00",
        "went_by": ["plane", "train"],
    },
    {"traveller": "noor", "city": BUKHARA, "day": "2025-09-24", "stars": 5, "spent": "51.75", "went_by": ["train"]},
    {"traveller": "ada", "city": KYOTO, "day": "2024-11-17", "stars": 5, "spent": "96.40", "went_by": ["train"]},
    {"traveller": "ada", "city": REYKJAVIK, "day": "2025-01-03", "stars": 2, "spent": "210.00", "went_by": ["plane"]},
]

NOTES: list[dict[str, Any]] = [
    {
        "author": "jonas",
        "city": TRIESTE,
        "topic": "getting around",
        "text": "The tram to Opicina climbs so steeply that a cable pushes it for half the way.",
        "public": True,
    },
    {
        "author": "noor",
        "city": BUKHARA,
        "topic": "eating",
        "text": "The tea house by the pond fills up at sunset; an hour earlier there is always a table.",
        "public": True,
    },
    {
        "author": "noor",
        "city": SAMARKAND,
        "topic": "sights",
        "text": "Shah-i-Zinda is nearly empty at eight in the morning, and the tiles are brightest then.",
        "public": True,
        "source": "https://whc.unesco.org/en/list/603",
    },
    {"author": "ada", "city": REYKJAVIK, "topic": "weather", "text": "Go in June next time.", "public": False},
]

PLACES: list[dict[str, Any]] = [
    {
        "traveller": "jonas",
        "city": TRIESTE,
        "name": "The end of the Molo Audace, for the evening",
        "location": {"lon": 13.7645, "lat": 45.6512},
        "private": False,
    },
    {
        "traveller": "jonas",
        "city": LJUBLJANA,
        "name": "Where the bicycle is kept",
        "location": {"lon": 14.5098, "lat": 46.0533},
        "private": True,
    },
]

LISTS: list[dict[str, Any]] = [
    {
        "author": "jonas",
        "title": "By bus and bicycle to Sarajevo",
        "cities": [LJUBLJANA, TRIESTE, VENICE, ZAGREB, SARAJEVO],
        "public": True,
    },
    {"author": "noor", "title": "Next winter", "cities": [TBILISI, KYOTO], "public": False},
]


def addresses() -> list[str]:
    return [person["email"] for person in PEOPLE]
