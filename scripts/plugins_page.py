"""The page of plugins: what is said by hand, and the table of what one may bring."""

from collections.abc import Iterator
from pathlib import Path

from piccobase.plugins.brought import KINDS, Kind

_WRITTEN = Path(__file__).with_suffix(".md")

# How each kind is brought, and where it is told more of. A kind that is not here is a KeyError, and no stale page.
_BROUGHT = {
    "collection": "`Plugin(collections=[…])`, with [migrations](../how-to/plugins.md#collections-and-their-migrations)",
    "role": "`Plugin(roles=[…])`: [roles](declaration.md#role)",
    "hook": "`@plugin.hook(CreatingRecord)`: [hooks](hooks.md)",
    "listener": "`@plugin.listen(RecordCreated)`: [listeners](hooks.md#listeners)",
    "route": "`plugin.routes`, handlers of Litestar below `/api/`: [endpoints](../how-to/own-endpoints.md)",
    "rule function": "`plugin.functions`, for rules and filters: [functions](filters.md#functions-of-your-own)",
    "job": "`@plugin.job()`: [jobs](../how-to/jobs.md)",
    "schedule": '`@plugin.schedule("0 3 * * *")`: [schedules](../how-to/jobs.md)',
    "settings section": '`plugin.settings("name", SectionClass)`: [settings](settings.md)',
    "mail template": "`Plugin(mails={…})`: [mails](../how-to/mail.md)",
    "mount": '`@plugin.mount("/path")`: [mounts](#mounts)',
    "dashboard page": '`@plugin.page(title="Orders")`: [pages](../how-to/dashboard-pages.md)',
    "command": "`@plugin.command()`: [commands](#commands)",
}


def plugins_page() -> str:
    """The whole page: the written one, with the table where it asks for it."""
    return _WRITTEN.read_text().replace("<!-- kinds -->", "\n".join(_table()))


def _table() -> Iterator[str]:
    yield "| kind | how | only one may have a name |\n|---|---|---|"
    for kind in KINDS:
        yield f"| {kind.many} | {_BROUGHT[kind.one]} | {_alone(kind)} |"


def _alone(kind: Kind) -> str:
    taken = ", ".join(f"`{name}`" for name in sorted(kind.taken))
    return ("yes" + (f"; taken are {taken}" if taken else "")) if kind.alone else ""
