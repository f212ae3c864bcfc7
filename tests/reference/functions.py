"""The two functions of the language (protocol.md §3.4)."""

from math import acos, cos, radians, sin

from tests.reference.storage import Value, as_number_if_possible, ask_sqlite

EARTH_RADIUS = 6371.0  # kilometres


def great_circle(*degrees: Value) -> float | None:
    """The distance in kilometres between (lonA, latA) and (lonB, latB), None where one of them is no number.

    A text that is a number counts as one: the reference was seen to take `geoDistance(title, …)` of the title `5`.
    """
    numbers = [as_number_if_possible(each) for each in degrees]
    if any(not isinstance(each, int | float) for each in numbers):
        return None
    lon_a, lat_a, lon_b, lat_b = (radians(float(each or 0)) for each in numbers)
    cosine = sin(lat_a) * sin(lat_b) + cos(lat_a) * cos(lat_b) * cos(lon_b - lon_a)
    return EARTH_RADIUS * acos(min(1.0, max(-1.0, cosine)))


def sqlite_strftime(pattern: str, time: Value, *modifiers: str) -> str | None:
    marks = ", ".join("?" * (2 + len(modifiers)))
    found: str | None = ask_sqlite(f"strftime({marks})", pattern, time, *modifiers)
    return found
