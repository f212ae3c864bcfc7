"""Hooks around the start and the end of a server, and around changes of its schema."""

import logging
from collections.abc import Awaitable, Callable

from piccobase.app.events import StartingApp, StoppingApp
from piccobase.app.services import Services
from piccobase.base.errors import StartError
from piccobase.plugins.blaming import told
from piccobase.rules.context import RequestContext

log = logging.getLogger("piccobase")


async def starting(services: Services) -> None:
    """Runs the hooks around StartingApp. Raises StartError, with the name of the hook that failed."""
    if (around := services.hooks.around(StartingApp)) is None:
        return
    event = StartingApp(services=services, records=services.records.acting(RequestContext()))
    try:
        await around.run(event, _nothing)
    except StartError:
        raise
    except Exception as error:
        raise failed(error) from error


async def stopping(services: Services, close: Callable[[], Awaitable[None]]) -> None:
    """Closes the services, inside of the hooks around StoppingApp."""
    if (around := services.hooks.around(StoppingApp)) is None:
        await close()
        return
    closed = False

    async def step() -> None:
        nonlocal closed
        closed = True
        await close()

    event = StoppingApp(services=services, records=services.records.acting(RequestContext()))
    try:
        await around.run(event, step)
    except Exception:
        log.exception("A hook failed while the server ended.")
    finally:
        if not closed:
            await close()


def failed(error: Exception) -> StartError:
    """Why nothing starts, with the place that the error was given on its way."""
    where = " ".join(getattr(error, "__notes__", ()))
    return StartError(f"{where} {told(error)}".strip())


async def _nothing() -> None:
    return None
