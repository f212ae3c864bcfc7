"""Values by chance come from here: small pools, so that equal, nearly equal and empty ones are frequent."""

from typing import Any

TEXTS = [
    "", "", "a", "A", "ab", "Ab", "b", "B", "a%", "a_b", "a\\b", "\\", "%", "_", "5", "5.0", "05", "-5", "1e3", " ",
    "é", "É", "ß", "it's", 'say "x"', "line\nfeed", "tab\t", "true", "null", "2024-01-01", "2024-01-01 00:00:00.000Z",
    "😀", "100%", "[\"a\"]", "@now", "red",
]  # fmt: skip
NUMBERS = [0, 0, 1, -1, 5, -5, 5.5, 0.1, 10, 100, 1234567.25, 2024, 0.125]
WHOLE = [0, 0, 1, -1, 5, -5, 10, 100, 2024, 9007199254740992, 9007199254740993, -9007199254740993]
DATES = [
    "", "", "2024-01-01 00:00:00.000Z", "2024-01-01 00:00:00.001Z", "2023-12-31 23:59:59.999Z",
    "2024-02-29 12:30:00.250Z", "2026-11-25 10:20:30.456Z", "2026-11-25 00:00:00.000Z", "1969-12-31 00:00:00.000Z",
]  # fmt: skip
DAYS = [None, *(f"{day} 00:00:00.000Z" for day in ("2024-01-01", "2024-01-02", "2023-12-31", "2026-11-25"))]
CLOCKS = [None, "00:00:00", "09:30:00", "09:30:01", "23:59:59"]
UUIDS = [None, "6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11", "00000000-0000-4000-8000-000000000000"]
DECIMALS = [0, 5, 5.5, -0.01, 0.1, 1234567.25, 10]
DATES_IN_FILTERS = [
    "2024-01-01", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z", "2024-01-01 01:00:00+01:00", "2024", "2024-01",
    "2024-13-01", "2026-11-25",
]  # fmt: skip
CHOICES = ("a", "b", "c", "B")
JSON_VALUES: list[Any] = [
    None, None, 5, 5.5, "5", "", "a", "A", True, False, [], {}, [1, 2], ["a", "b"], {"a": 1, "b": {"c": "x"}},
    {"a": "5", "b": [1, {"c": "x"}]}, {"a": None}, [{"a": 5}], {"a": True, "b": {}}, {"a": 5.5}, "null", "é'",
]  # fmt: skip
PLACES = [{"lon": 0, "lat": 0}, {"lon": 2.25, "lat": 48.5}, {"lon": -122.5, "lat": 37.75}, {"lon": 2.5, "lat": 48.5}]


def quoted(text: str) -> str:
    """A text as a literal, the way the SDKs write it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"


def number(value: float) -> str:
    """A number as a literal: the language has no exponents."""
    return repr(value)
