"""When what is written to a connection leaves, and that nothing of it is lost or overtaken."""

import asyncio
import gc
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.cli.wire import ANSWER, REQUEST, Wire, connected
from uvicorn.server import ServerState

from piccobase.cli.sending import LARGEST, LONGEST, Sender, Turn, turn_of


@pytest.fixture
def told() -> list[tuple[str, Any]]:
    return []


async def in_next_turn() -> None:
    await asyncio.sleep(0)


def senders(told: list[tuple[str, Any]], *names: str, requests: int = 2) -> list[Sender]:
    turn = Turn()
    return [Sender(Wire(told, name), turn, range(requests)) for name in names]


async def test_what_connections_send_in_one_turn_leaves_at_its_end_in_the_order_it_came(told: Any) -> None:
    a, b = senders(told, "a", "b")
    a.write(b"1")
    b.write(b"2")
    a.writelines([b"3", b"4"])
    assert told == []
    await in_next_turn()
    assert told == [("a", b"134"), ("b", b"2")]
    b.write(b"5")
    await in_next_turn()
    assert told[2:] == [("b", b"5")]


@pytest.mark.parametrize("requests", [0, 1])
async def test_with_nobody_to_wait_for_it_leaves_at_once(told: Any, requests: int) -> None:
    [a] = senders(told, "a", requests=requests)
    a.write(b"1")
    assert told == [("a", b"1")]


@pytest.mark.parametrize(
    ("end", "after"),
    [
        (Sender.close, [("a", b"1"), ("a", "closed")]),
        (Sender.write_eof, [("a", b"1"), ("a", "end")]),
        (Sender.abort, [("a", "aborted")]),
    ],
)
async def test_an_end_is_the_end_of_what_was_sent(told: Any, end: Callable[[Sender], None], after: Any) -> None:
    [a] = senders(told, "a")
    a.write(b"1")
    end(a)
    assert told == after
    await in_next_turn()
    assert told == after


@pytest.mark.parametrize("pieces", [[LARGEST + 1], [1, LARGEST], [LARGEST, 1]])
async def test_what_is_large_does_not_wait_and_overtakes_nothing(told: Any, pieces: list[int]) -> None:
    [a] = senders(told, "a")
    for number, size in enumerate(pieces):
        a.write(b"%d" % number * size)
    assert told == [("a", b"".join(b"%d" % number * size for number, size in enumerate(pieces)))]
    assert a.get_write_buffer_size() == 5


async def test_the_first_does_not_wait_long(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.perf_counter()
    monkeypatch.setattr("piccobase.cli.sending.perf_counter", lambda: now)
    a, b, c, d = senders(told, "a", "b", "c", "d")
    a.write(b"1")
    now += LONGEST * 0.9
    b.write(b"2")
    assert told == []
    now += LONGEST * 0.2
    c.write(b"3")
    d.write(b"4")
    assert told == [("a", b"1"), ("b", b"2"), ("c", b"3")]
    await in_next_turn()
    assert told[3:] == [("d", b"4")]


async def test_what_waits_counts_as_not_sent_and_everything_else_is_the_transports(told: Any) -> None:
    [a] = senders(told, "a")
    a.write(b"123")
    assert a.get_write_buffer_size() == 5 + 3
    assert a.get_extra_info("place") == "the place of a"
    assert not a.is_closing()
    a.close()
    assert a.is_closing()


async def test_a_loop_has_one_turn_for_all_its_connections_and_is_not_kept_by_it() -> None:
    loop = asyncio.get_running_loop()
    other = asyncio.new_event_loop()
    assert turn_of(loop) is turn_of(loop)
    assert turn_of(loop) is not turn_of(other)
    other.close()
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None


async def test_answers_of_several_connections_leave_together_and_before_a_connection_is_closed(told: Any) -> None:
    answered = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal answered
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        answered += 1
        if answered < 3:
            assert told == []
        else:
            first.shutdown()  # as the server does with each when it is asked to stop

    state = ServerState()
    first, *_ = connections = connected(application, state, told, "abc")
    for connection in connections:
        connection.data_received(REQUEST)
    await asyncio.gather(*state.tasks)
    await in_next_turn()
    assert told == [("a", ANSWER), ("a", "closed"), ("b", ANSWER), ("c", ANSWER)]
    for connection in connections:
        connection.connection_lost(None)


async def test_a_request_that_is_none_is_refused_after_the_answer_to_the_one_before(told: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        if scope["path"] == "/":
            first.data_received(b"no request\r\n\r\n")

    state = ServerState()
    first, second = connected(application, state, told, "ab")
    first.data_received(REQUEST)
    second.data_received(REQUEST.replace(b"/", b"/other", 1))
    await asyncio.gather(*state.tasks)
    await in_next_turn()
    sent_to_a = [what for name, what in told if name == "a"]
    assert isinstance(sent_to_a[0], bytes)
    assert sent_to_a[0].startswith(ANSWER + b"HTTP/1.1 400 ")
    assert sent_to_a[1:] == ["closed"]
    first.connection_lost(None)
    second.connection_lost(None)
