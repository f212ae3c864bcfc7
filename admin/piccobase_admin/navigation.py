"""The dashboard's main navigation, and where things of an app are found in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from piccobase.extending import Bringing, CollectionInfo, Services


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in it. `path` is where the link leads; every page below it counts as being there."""

    path: str
    label: str
    icon: str  # the name of a symbol in templates/icons.html
    below: str = ""  # where the pages that belong to it begin, if not at its own path

    @property
    def beginning(self) -> str:
        return self.below or self.path


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
    """The entries that lead somewhere on this server: the dashboard's own, then one for each plugin with pages."""
    own = (entry for entry in ENTRIES if entry.path != "/admin/sql" or services.sql_console is not None)
    return (*own, *(entry for one in services.assembly.bringing for entry in _first_of(one)))


def _first_of(bringing: Bringing) -> Sequence[Entry]:
    """The entry for the pages of a plugin, or of the app: none where it has no page that is shown by itself."""
    first = next((page for page in bringing.pages if page.in_navigation), None)
    if first is None:
        return ()
    base = pages_address(bringing)
    return (Entry(f"{base}/{first.path}" if first.path else base, first.title, first.icon, below=base),)


def pages_address(bringing: Bringing) -> str:
    """Where the pages of a plugin, or of the app, are."""
    return f"/admin/plugins/{bringing.plugin}" if bringing.plugin else "/admin/pages"


def entry_at(path: str, entries: Sequence[Entry] = ENTRIES) -> Entry | None:
    """The entry that a page belongs to."""
    if path.rstrip("/") == "/admin":
        return ENTRIES[0]
    return next((entry for entry in entries[1:] if (path + "/").startswith(entry.beginning.rstrip("/") + "/")), None)


def records_address(collection: CollectionInfo, record_id: str = "") -> str:
    """Where the records of a collection are edited, or one of them; those of a view are only read, over the API."""
    if collection.kind == "view":
        return api_address(collection)
    path = f"/admin/tables/#/{quote(collection.name, safe='')}/"
    return f"{path}{quote(record_id, safe='')}/" if record_id else path


def api_address(collection: CollectionInfo) -> str:
    """The page about the collection's API."""
    return f"/admin/collections/{quote(collection.name, safe='')}"
