"""What is ready to be sent in one turn of the event loop leaves together, behind the last of its requests.

A packet wakes whoever waits for it, on this machine or through the network card, and where answers leave one by one,
each has a sleeper to wake. Sent in a row, the first wakes the receiver for all of them.
"""

import asyncio
from collections.abc import Sized
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

LONGEST = 0.002  # seconds that the first of them waits for the others, unless one of these takes longer
LARGEST = 64 << 10  # bytes of one connection that wait; more would get around the protocol's flow control


class Turn:
    """The connections of one event loop that have something to send when its turn is over."""

    def __init__(self) -> None:
        self._waiting: list[Sender] = []
        self._since = 0.0

    def wait(self, sender: "Sender") -> None:
        """Sends what `sender` has together with the others."""
        self._waiting.append(sender)
        if len(self._waiting) == 1:
            self._since = perf_counter()
            asyncio.get_running_loop().call_soon(self.end)
        elif perf_counter() - self._since > LONGEST:
            self.end()

    def end(self) -> None:
        """Sends it now."""
        waiting, self._waiting = self._waiting, []
        for sender in waiting:
            sender.flush()


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turn] = WeakKeyDictionary()


def turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    """The one of a loop, for all its connections."""
    turn = _turns.get(loop)
    if turn is None:
        turn = _turns[loop] = Turn()
    return turn


class Sender:
    """A connection's transport, which holds back what is written until the turn is over.

    Where only one of `requests` is being answered there is nobody to wait for, and it is sent at once. What was written
    before `close` is sent before it.
    """

    __slots__ = ("_held", "_requests", "_transport", "_turn", "is_closing")

    def __init__(self, transport: asyncio.Transport, turn: Turn, requests: Sized) -> None:
        self._transport = transport
        self._turn = turn
        self._requests = requests
        self._held = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._held:
            self._held += data
            if len(self._held) > LARGEST:
                self.flush()
        elif len(self._requests) > 1 and len(data) <= LARGEST:
            self._held = bytes(data)
            self._turn.wait(self)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Sends what is held back."""
        held, self._held = self._held, b""
        if held:
            self._transport.write(held)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def writelines(self, lines: Any) -> None:
        self.write(b"".join(lines))

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        return len(self._held) + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
