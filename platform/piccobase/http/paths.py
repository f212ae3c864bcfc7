"""Paths below `/api/collections`, taken apart."""

from urllib.parse import unquote

PREFIX = "/api/collections"
_PREFIX_PARTS = PREFIX.split("/")[1:]


def path_parts(raw_path: bytes) -> list[str]:
    """What follows the prefix, by segments; each is decoded by itself. A trailing or doubled slash matches nothing."""
    parts = raw_path.decode("latin-1").split("/")[1:]
    if b"%" in raw_path:
        parts = [unquote(part) for part in parts]
    # The path as a whole was found to begin with the prefix; with %2F in it, its segments may not.
    return parts[2:] if parts[:2] == _PREFIX_PARTS else []
