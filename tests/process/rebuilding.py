"""A process whose children make a table anew and stop themselves by SIGKILL at a given moment, for tests.

    python -m tests.process.rebuilding BASE COPY

For each line on stdin, `statement 12`, `row 12` or `write 12`, COPY becomes what BASE is, and a child begins a rebuild
there, to be killed before it runs the 12th statement, in the midst of copying the 12th row, or before it writes to a
file for the 12th time. Answers with a line: `killed`, or `done` when there was no such moment.
"""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import apsw

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.sqlite_rebuild import Rebuild, run_rebuild

CREATE = """
CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL CHECK (title != ''), body TEXT, price INTEGER,
                    parent TEXT REFERENCES posts (id) ON DELETE CASCADE, up AS (upper(title)) STORED, UNIQUE (price));
CREATE INDEX by_title ON posts (title);
CREATE UNIQUE INDEX by_body ON posts (lower(body), price) WHERE body IS NOT NULL;
CREATE TABLE comments (id INTEGER PRIMARY KEY AUTOINCREMENT, post TEXT REFERENCES posts (id) ON DELETE CASCADE);
CREATE TABLE log (line TEXT);
CREATE TRIGGER noted AFTER DELETE ON posts BEGIN INSERT INTO log VALUES (old.id || old.title); END;
CREATE VIEW top AS SELECT id, title FROM posts WHERE price > 100;
"""

REBUILD = Rebuild(
    "posts",
    change={"title": "headline VARCHAR(200) NOT NULL DEFAULT ''", "price": "price NUMERIC NOT NULL"},
    add=["seen INTEGER NOT NULL DEFAULT (1 + 1)"],
    drop=["body"],
    values={"headline": "dying(title)"},
    add_constraints={"few": "CONSTRAINT few CHECK (seen < 100)"},
)


SYSTEM = apsw.vfs_names()[0]  # SQLite's own


class Moment:
    """Counts, and ends the process when it is so far."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind = kind
        self._left = number

    def comes(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingFiles(apsw.VFS):
    """The file system as it is, watched."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        super().__init__("dying", base=SYSTEM, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        return DyingFile(name, flags, self.moment)


class DyingFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], moment: Moment) -> None:
        self.moment = moment
        super().__init__(SYSTEM, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.moment.comes()
        super().xWrite(data, offset)


async def rebuild(path: Path, moment: Moment) -> None:
    files = DyingFiles(moment) if moment.kind == "write" else None
    engine = EmbeddedEngine(path)
    (await engine.take_writer()).lock.release()
    assert engine._writer is not None
    connection = engine._writer.inline.connection

    def dying(value: Any) -> Any:
        if moment.kind == "row":
            moment.comes()
        return value

    def before_statement(*_: Any) -> bool:
        if moment.kind == "statement":
            moment.comes()
        return True

    connection.create_scalar_function("dying", dying, 1)
    connection.pragma("cache_size", 10)  # pages: some of the copy is written long before it is committed
    connection.exec_trace = before_statement
    async with engine.schema_transaction():
        await run_rebuild(engine, REBUILD)
    await engine.close()
    del files


def main(base: Path, copy: Path) -> None:
    for line in sys.stdin:
        kind, number = line.split()
        for suffix in ("-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(base, copy)
        if (child := os.fork()) == 0:
            asyncio.run(rebuild(copy, Moment(kind, int(number))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else "done" if status == 0 else f"failed: {status}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
