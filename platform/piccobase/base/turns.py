"""Long work in the event loop, which lets everybody else have a turn now and then."""

import asyncio
from time import perf_counter

LONGEST = 0.005  # seconds; what waits for a turn waits about as long


class Turns:
    """One for each piece of long work. `pass_on` between its steps costs next to nothing while it is short."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = perf_counter()

    async def pass_on(self) -> None:
        """Lets the event loop do what waits there, if this work has kept it for 5 milliseconds."""
        if perf_counter() - self._since >= LONGEST:
            await asyncio.sleep(0)
            self._since = perf_counter()
