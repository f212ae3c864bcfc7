"""The dashboard's main navigation, and where things of an app are found in it."""

from dataclasses import dataclass
from urllib.parse import quote

from piccobase.extending import CollectionInfo, Services


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
    Entry("/admin/jobs", "Jobs", "jobs"),
    Entry("/admin/logs", "Logs", "logs"),
    Entry("/admin/sql", "SQL", "sql"),
    Entry("/admin/settings", "Settings", "settings"),
)


def entries_for(services: Services) -> tuple[Entry, ...]:
    """The entries that lead somewhere on this server."""
    return tuple(entry for entry in ENTRIES if entry.path != "/admin/sql" or services.sql_console is not None)


def entry_at(path: str) -> Entry | None:
    """The entry that a page belongs to."""
    if path.rstrip("/") == "/admin":
        return ENTRIES[0]
    return next((entry for entry in ENTRIES[1:] if (path + "/").startswith(entry.path.rstrip("/") + "/")), None)


def records_address(collection: CollectionInfo, record_id: str = "") -> str:
    """Where the records of a collection are edited, or one of them; those of a view are only read, over the API."""
    if collection.kind == "view":
        return api_address(collection)
    path = f"/admin/tables/#/{quote(collection.name, safe='')}/"
    return f"{path}{quote(record_id, safe='')}/" if record_id else path


def api_address(collection: CollectionInfo) -> str:
    """The page about the collection's API."""
    return f"/admin/collections/{quote(collection.name, safe='')}"
