"""The request log of a server: where it is kept, and what it listens to."""

import logging

from piccobase.base.config import Config
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.logs.recording import KeepingHandler, RequestLog
from piccobase.logs.store import LogStore
from piccobase.settings.service import SettingsService

MEGABYTE = 1 << 20


def open_request_log(config: Config, settings: SettingsService) -> RequestLog:
    """The log, in a database of its own that is opened with the first entry.

    The program's messages are kept too where somebody has set up Python's logging, as `serve` does.
    """
    engine = (
        EmbeddedEngine(config.data_dir / "logs.db")
        if config.embedded
        else PostgresEngine(config.database_url, min_size=0, max_size=2)  # apart: a log never waits for a request
    )
    request_log = RequestLog(LogStore(engine, max_size=config.logs_max_size * MEGABYTE), lambda: settings.current.logs)
    settings.listen(request_log.follow)
    root = logging.getLogger()
    if root.handlers:  # a first one would silence what Python prints by itself
        root.addHandler(KeepingHandler(request_log))
    return request_log


async def close_request_log(request_log: RequestLog) -> None:
    """Keeps what is still waiting, and takes no more messages."""
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler, KeepingHandler) and handler.request_log is request_log:
            root.removeHandler(handler)
    await request_log.close()
