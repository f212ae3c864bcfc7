"""The dashboard's main navigation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in it. `path` is where the link leads; every page below it counts as being there."""

    path: str
    label: str
    icon: str  # the name of a symbol in templates/icons.html


ENTRIES = (
    Entry("/admin/", "Home", "home"),
    Entry("/admin/tables/", "Records", "records"),
    Entry("/admin/collections", "API", "api"),
    Entry("/admin/docs", "Reference", "reference"),
)


def entry_at(path: str) -> Entry | None:
    """The entry that a page belongs to."""
    if path.rstrip("/") == "/admin":
        return ENTRIES[0]
    return next((entry for entry in ENTRIES[1:] if (path + "/").startswith(entry.path.rstrip("/") + "/")), None)
