"""What clients can do to a connection, byte by byte, and how the server ends with some of them in the middle of it."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.process.test_serve import APP, PATIENCE, address_of, served

HEALTH = b"GET /api/health HTTP/1.1\r\nHost: x\r\n"
CREATE = b"POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for all tests that leave it standing."""
    project = tmp_path_factory.mktemp("project")
    (project / "app.py").write_text(APP)
    with served(project) as (_, address):
        yield address


def place_of(address: str) -> tuple[str, int]:
    host, port = address.removeprefix("http://").split(":")
    return host, int(port)


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    with socket.create_connection(place_of(address), PATIENCE) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next answer on the connection: status, headers by lower-case name, and as much body as they announce."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = {}
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, stream.read(int(headers.get("content-length", "0")))


def asked(address: str, request: bytes) -> tuple[int, dict[str, str], Any]:
    """The answer to raw bytes, its body as JSON."""
    with connected(address) as connection:
        connection.sendall(request)
        status, headers, body = answer(connection)
    return status, headers, json.loads(body) if body else None


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"
NOTE = b'{"text": "upgrade: me"}'


@pytest.mark.parametrize("in_pieces", [False, True], ids=["at once", "head and body apart"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_an_offer_of_http_2_is_passed_over_and_the_body_read(server: str, chunked: bool, in_pieces: bool) -> None:
    """As Java's HttpClient makes it with every request."""
    size = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % len(NOTE)
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(NOTE), NOTE) if chunked else NOTE
    with connected(server) as connection:
        for _ in range(2):  # the connection goes on
            connection.sendall(CREATE + OFFER + size + b"\r\n" + (b"" if in_pieces else body))
            if in_pieces:
                connection.sendall(body)
            status, _, answered = answer(connection)
            assert (status, json.loads(answered)["text"]) == (200, "upgrade: me")


RAW: list[tuple[str, bytes, int]] = [
    ("a plain request", HEALTH + b"\r\n", 200),
    ("no host at all", b"GET /api/health HTTP/1.1\r\n\r\n", 200),
    ("HTTP/1.0", b"GET /api/health HTTP/1.0\r\n\r\n", 200),
    ("an absolute URL", b"GET http://elsewhere/api/health HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    ("an upgrade to WebSocket", HEALTH + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
    ("odd bytes in a header", HEALTH + b"X-Odd: \xff\xfe\x80\r\n\r\n", 200),
    ("odd bytes in the token", HEALTH + b"Authorization: \xff\xfe\r\n\r\n", 200),
    ("a thousand headers", HEALTH + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n", 200),
    ("a long token", HEALTH + b"Authorization: " + b"x" * 500_000 + b"\r\n\r\n", 200),
    ("a long query", b"GET /api/collections/notes/records?x=" + b"y" * 500_000 + b" HTTP/1.1\r\n\r\n", 400),
    ("an endless header", HEALTH + b"X-Long: " + b"y" * 2_000_000, 431),
    ("an endless URL", b"GET /" + b"y" * 2_000_000, 431),
    ("no HTTP", b"this is no HTTP\r\n\r\n", 400),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("an unknown method", b"FOO /api/health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("two lengths", CREATE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    ("a length and chunks", CREATE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("a negative length", CREATE + b"Content-Length: -1\r\n\r\n{}", 400),
    ("a path that is no ASCII", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a star", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 204),
    ("chunks", CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200),
    ("an empty stream of chunks", CREATE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("a body larger than allowed, by its length", CREATE + b"Content-Length: 33554433\r\n\r\n", 413),
    ("an expectation", CREATE + b"Expect: 100-continue\r\nContent-Length: 33554433\r\n\r\n", 413),
]


@pytest.mark.parametrize(("request_", "status"), [case[1:] for case in RAW], ids=[case[0] for case in RAW])
def test_a_request_is_answered_in_the_one_shape_whatever_it_is(server: str, request_: bytes, status: int) -> None:
    got, headers, body = asked(server, request_)
    assert got == status
    if status >= 400:
        assert (body["status"], body["data"], bool(body["message"])) == (status, {}, True)
        assert headers["content-type"] == "application/json"
        assert headers["x-content-type-options"] == "nosniff"
    assert asked(server, HEALTH + b"\r\n")[0] == 200


def test_requests_that_follow_each_other_at_once_are_answered_in_their_order(server: str) -> None:
    with connected(server) as connection:
        connection.sendall((HEALTH + b"\r\n") * 2 + b"GET /nope HTTP/1.1\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as stream:
            received = stream.read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"200", b"200", b"404"]


def test_a_head_has_no_body_and_the_connection_goes_on(server: str) -> None:
    with connected(server) as connection:
        connection.sendall(b"HEAD /api/health HTTP/1.1\r\nHost: x\r\n\r\n" + HEALTH + b"Connection: close\r\n\r\n")
        with connection.makefile("rb") as stream:
            head, _, rest = stream.read().partition(b"\r\n\r\n")
    assert b"content-length: 50" in head
    assert rest.startswith(b"HTTP/1.1 200 OK")


def test_a_204_has_neither_a_body_nor_a_length_of_chunks(server: str) -> None:
    made = asked(server, CREATE + b"Content-Length: 2\r\n\r\n{}")[2]
    request = f"DELETE /api/collections/notes/records/{made['id']} HTTP/1.1\r\nHost: x\r\n\r\n"
    status, headers, _ = asked(server, request.encode())
    assert status == 204
    assert not {"content-type", "content-length", "transfer-encoding"} & set(headers)


def test_a_body_that_never_comes_writes_nothing_and_leaves_the_server_standing(server: str) -> None:
    before = asked(server, b"GET /api/collections/notes/records HTTP/1.1\r\nHost: x\r\n\r\n")[2]["totalItems"]
    for sent in (b"Content-Length: 20\r\n\r\n" + b'{"text":"half', b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"):
        with connected(server) as connection:
            connection.sendall(CREATE + sent)
    after = asked(server, b"GET /api/collections/notes/records HTTP/1.1\r\nHost: x\r\n\r\n")[2]["totalItems"]
    assert before == after


STALLED = {
    "before a request": b"",
    "in a head": HEALTH,
    "in a body": CREATE + b'Content-Length: 20\r\n\r\n{"text"',
    "in chunks": CREATE + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
}


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_clients_that_do_not_go_on_hold_up_the_end_for_seconds_and_no_more(tmp_path: Path, stop: int) -> None:
    (tmp_path / "app.py").write_text(APP)
    with served(tmp_path) as (process, address):
        connections = [socket.create_connection(place_of(address), PATIENCE) for _ in STALLED]
        for connection, sent in zip(connections, STALLED.values(), strict=True):
            connection.sendall(sent)
        assert asked(address, HEALTH + b"\r\n")[0] == 200  # what was sent before has been read by now
        process.send_signal(stop)
        begun = time.monotonic()
        told, _ = process.communicate(timeout=PATIENCE)
        for connection in connections:
            connection.close()
    assert process.returncode == 0
    assert told == ""  # no traceback, no warning
    assert time.monotonic() - begun < 8


@pytest.fixture
def both(tmp_path: Path, database_url: str | None) -> Iterator[list[str]]:
    """The addresses of two servers that were started at once on one empty database."""
    (tmp_path / "app.py").write_text(APP)
    place = ["--database-url", database_url] if database_url else []
    if database_url:  # where migrations are applied by a command of their own
        migrating = [start(tmp_path, "migrate", "apply", *place) for _ in range(2)]
        for process in migrating:
            told, _ = process.communicate(timeout=60)
            assert process.returncode == 0, told
    processes = [start(tmp_path, "serve", "--port", "0", *place) for _ in range(2)]
    try:
        yield [address_of(process) for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=PATIENCE)
    assert [process.returncode for process in processes] == [0, 0]


def start(project: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "piccobase", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_servers_that_start_at_once_do_once_what_is_needed(both: list[str]) -> None:
    first, second = both
    for one, other in ((first, second), (second, first)):
        made = asked(one, CREATE + b"Content-Length: 2\r\n\r\n{}")[2]
        path = f"/api/collections/notes/records/{made['id']}"
        assert asked(other, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())[2] == made
