"""Connections of the server whose other end is within the test."""

import asyncio
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from piccobase.cli.server import Connection

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Wire(asyncio.Transport):
    """Tells in one list, shared among connections, what is done to each."""

    def __init__(self, told: list[tuple[str, Any]], name: str) -> None:
        super().__init__()
        self.told, self.name, self.closed = told, name, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.told.append((self.name, bytes(data)))

    def close(self) -> None:
        self.told.append((self.name, "closed"))
        self.closed = True

    def abort(self) -> None:
        self.told.append((self.name, "aborted"))
        self.closed = True

    def write_eof(self) -> None:
        self.told.append((self.name, "end"))

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 5

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return f"the {name} of {self.name}" if name == "place" else default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def connected(
    application: Any, state: ServerState, told: list[tuple[str, Any]], names: Iterable[str]
) -> list[Connection]:
    """One connection to the application for each name."""
    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None, access_log=False)
    connections = []
    for name in names:
        connection = Connection(config, state, {}, asyncio.get_running_loop())
        connection.connection_made(Wire(told, name))
        connections.append(connection)
    return connections
