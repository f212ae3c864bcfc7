"""The folder of a built frontend: which file answers a path, and what its headers say. Looks at the disk; no HTTP."""

import hashlib
import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from mimetypes import MimeTypes
from pathlib import Path, PurePosixPath

from starlette.staticfiles import StaticFiles

from piccobase.extending import StartError

ENCODINGS = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}  # the best first, each with the ending of a sibling
LARGEST_HASHED = 8 * 1024 * 1024  # bytes
LARGEST_KEPT, MOST_KEPT = 128 * 1024, 512  # bytes of a file, and files: 64 MiB at most
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_ANEW = "no-cache"

_TYPES = MimeTypes()  # Python's own, so that no file of the machine makes text of a script
for _ending, _type in {
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}.items():
    _TYPES.add_type(_type, _ending)
_COMPRESSED = {"gzip": "application/gzip"}  # what is asked for by its own name is unpacked by nobody


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file within the folder, and what to say of it. `encoding` is of its bytes, empty for plain."""

    path: str
    stat: os.stat_result
    media_type: str
    encoding: str
    cache_control: str
    etag: str
    content: bytes | None  # of a small one


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by their paths relative to it, written with slashes. `immutable` are patterns of such paths."""

    path: Path
    immutable: Sequence[str]
    _files: StaticFiles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_files", StaticFiles(directory=self.path, check_dir=False))

    def check(self, fallback: str | None) -> None:
        """Raises StartError where the folder or the page to fall back to is not there."""
        way_out = "Build the frontend first (npm run build), or change the folder given to static()."
        if not self.path.is_dir():
            raise StartError(f"There is no folder {self.path} to serve. {way_out}")
        if fallback is not None and self._lookup(fallback) is None:
            raise StartError(
                f"There is no {fallback} in {self.path}. {way_out} A site without such a page has fallback=None."
            )

    def find(self, name: str, encodings: Collection[str] = ()) -> FoundFile | None:
        """The file called so, or a sibling of it, compressed in one of these ways; None where there is none."""
        if not is_servable(name) or (plain := self._lookup(name)) is None:
            return None
        path, about, encoding = *plain, ""
        for accepted, ending in ENCODINGS.items():
            if accepted in encodings and (sibling := self._lookup(name + ending)) is not None:
                path, about, encoding = *sibling, accepted
                break
        try:
            etag, content = _read(path, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        except OSError:  # it may not be read, or is gone by now
            return None
        return FoundFile(path, about, media_type(name), encoding, self._cache_control(name), etag, content)

    def is_immutable(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.immutable)

    def _cache_control(self, name: str) -> str:
        return FOR_GOOD if self.is_immutable(name) and not name.endswith(".html") else ASK_ANEW

    def _lookup(self, name: str) -> tuple[str, os.stat_result] | None:
        """A regular file that is really within the folder: Starlette follows links and looks where they end."""
        try:
            path, about = self._files.lookup_path(name)
        except (OSError, ValueError):  # too long, no right to look, a NUL, another drive
            return None
        return (path, about) if about is not None and stat.S_ISREG(about.st_mode) else None


def is_servable(name: str) -> bool:
    """Whether a path may name a file at all: no way up, nothing hidden, nothing that only some systems take apart."""
    parts = name.split("/")
    if not all(parts) or "\\" in name or "\0" in name:
        return False
    return not any(part.startswith(".") for part in (parts[1:] if parts[0] == ".well-known" else parts))


def is_file_name(name: str) -> bool:
    """Whether a path looks like that of a file: `app.js` and `photo.jpeg` do, `users/ada.lovelace` does not."""
    return any(_TYPES.guess_type(PurePosixPath(name).name, strict=False))


def media_type(name: str) -> str:
    """What its ending says; compressed files are just bytes when they are asked for by name."""
    known, encoding = _TYPES.guess_type(name)
    if encoding is not None:
        return _COMPRESSED.get(encoding, "application/octet-stream")
    return known or "application/octet-stream"


@lru_cache(maxsize=MOST_KEPT)
def _read(path: str, size: int, modified: int, changed: int) -> tuple[str, bytes | None]:
    """Its tag, in quotes, and its bytes if they are few.

    The tag is of the content: builds set the time of all files to the same instant, and pages of two builds are often
    of the same size.
    """
    if size > LARGEST_HASHED:
        with open(path, "rb"):  # it may be read
            return f'"{size:x}-{modified:x}"', None
    content = Path(path).read_bytes()
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"', content if size <= LARGEST_KEPT else None
