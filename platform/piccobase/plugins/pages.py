"""Pages of the dashboard that apps and plugins bring: what is declared, what a page's function gets and what it gives.

The server itself does not know how to show them; where the dashboard is not loaded, nobody asks for them.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from piccobase.base.errors import Problem
from piccobase.records.acting import RecordService
from piccobase.schema.actor import Actor

Method = Literal["GET", "POST"]
_PATH = re.compile(r"(?:(?:[a-z0-9][a-z0-9-]*|\{[a-z_]+\})(?:/(?!$)|$))*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """A page from a template; `values` are what that may name."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class SentOn:
    """The browser goes on to another page."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a page is asked: by a superuser who has signed in, and from a page of the dashboard where it is a POST.

    `query`, `form` and `parameters` hold texts: those behind the `?`, those of a form that was sent, and those of the
    page's own path. `records` has the superuser's rights. `services` are the running server's.
    """

    actor: Actor
    records: RecordService
    services: Any
    method: Method
    base: str  # "/admin/plugins/shop"
    query: Mapping[str, str]
    form: Mapping[str, str]
    parameters: Mapping[str, str]

    def show(self, template: str, *, status: int = 200, **values: Any) -> ShownPage:
        """The page that a template of the folder `templates` makes of the values."""
        return ShownPage(template=template, values=values, status=status)

    def go_to(self, path: str = "") -> SentOn:
        """Sends the browser to another page: of the same plugin, or with a slash before it of anybody's."""
        return SentOn(self.address(path))

    def address(self, path: str = "") -> str:
        """Where a page is: one of the same plugin, or with a slash before it anybody's."""
        if path.startswith("/"):
            return path
        return f"{self.base}/{path}" if path[:1] not in ("", "?", "#") else self.base + path


PageFunction = Callable[[PageRequest], Awaitable[ShownPage | SentOn]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardPage:
    """A page. `path` is what follows the plugin's own; `icon` is one of the dashboard's."""

    path: str
    title: str
    icon: str
    function: PageFunction
    methods: Sequence[Method]

    @property
    def in_navigation(self) -> bool:
        """Whether it can be shown without being told what of."""
        return "{" not in self.path and "GET" in self.methods


def check_pages(whose: str, pages: Sequence[DashboardPage]) -> Iterator[Problem]:
    """Mistakes in the declaration of somebody's pages."""
    for page in pages:
        place = f"{whose}, page {page.path or page.title}"
        if not _PATH.fullmatch(page.path):
            yield Problem(
                "page.E001",
                place,
                f'the path "{page.path}" must be words of small letters, digits and -, or names in braces, with single '
                "slashes between them",
            )
        if page.path.split("/")[0] == "static":
            yield Problem("page.E001", place, "static is where a plugin's files are: call the page otherwise")
        if not inspect.iscoroutinefunction(page.function):
            yield Problem("page.E002", place, "a page is an async function of a PageRequest")
        if not page.methods or not {*page.methods} <= {"GET", "POST"}:
            yield Problem("page.E003", place, "a page is asked by GET, POST or both")
