"""Serves a built frontend beside the API: `App(plugins=[static("frontend/dist")])`."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from piccobase import Plugin, __version__
from piccobase.extending import Services
from piccobase_static.folder import Folder
from piccobase_static.frontend import Frontend

__all__ = ["static"]


def static(
    folder: str | Path,
    path: str = "/",
    fallback: str | None = "index.html",
    immutable: str | Sequence[str] = "assets/*",
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Plugin:
    """A plugin that answers GET and HEAD at `path` and below with the files of a folder.

    `folder` is what a build has made, such as Vite's `dist`; a relative one is looked for beside the file that calls
    this. At `path` "/" (the default) it gets all that is neither the API's nor another mount's, such as `/admin`.

    `fallback` is the page for addresses that the page's own router knows (a browser that opens one gets it, with
    status 200); with None those are not found, and the folder's `404.html` says so where there is one.

    `immutable` are patterns of files with a hash in their name: browsers keep them for a year. They ask anew for all
    others, and mostly hear that nothing has changed. `headers` are sent with every file, in place of ours or besides:
    `{"Content-Security-Policy": "default-src 'self'"}`.

    Several of them stand beside each other at paths of their own. Raises ValueError for a path that is none. The app
    does not start where folder or fallback is missing (StartError).
    """
    if not path.startswith("/") or (path != "/" and path.endswith("/")) or "//" in path:
        raise ValueError(f'path is "/" or like "/docs", with a slash before it and none after, not {path!r}')
    if path == "/api" or path.startswith("/api/"):
        raise ValueError("Below /api is the API: choose another path.")
    files = Folder(_beside_the_caller(Path(folder)), (immutable,) if isinstance(immutable, str) else tuple(immutable))
    plugin = Plugin("-".join(["static", *re.findall(r"[a-z0-9]+", path.lower())]), __version__)

    @plugin.mount(path)
    def frontend(services: Services) -> Frontend:
        files.check(fallback)
        return Frontend(files, path, fallback, headers)

    return plugin


def _beside_the_caller(folder: Path) -> Path:
    file = sys._getframe(2).f_globals.get("__file__")  # of whoever has called `static`
    return folder if file is None else Path(file).resolve().parent / folder
