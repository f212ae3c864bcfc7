"""Apps that are made within a test, since its hooks are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from piccobase import App
from piccobase.testing import TestApp

Start = Callable[[App], Awaitable[TestApp]]


@pytest.fixture
async def started(database_url: str) -> AsyncIterator[Start]:
    """Starts an app with its hooks, on each database; it is ended with the test."""
    async with AsyncExitStack() as running:

        async def start(app: App) -> TestApp:
            app.file = None  # beside which there are no migrations of its tables
            return await running.enter_async_context(TestApp(app, database_url=database_url))

        yield start
