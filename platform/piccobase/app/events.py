"""The hook points of a server as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from piccobase.hooks.point import HookEvent
from piccobase.records.acting import RecordService

if TYPE_CHECKING:
    from piccobase.app.services import Services


@dataclass(slots=True, kw_only=True)
class StartingApp(HookEvent):
    """The services of the server are there, and no request is answered yet. There is no result.

    An error keeps the server from starting, and is told with the name of the hook. `records` has the rights of nobody.
    """

    services: "Services"
    records: RecordService


@dataclass(slots=True, kw_only=True)
class StoppingApp(HookEvent):
    """No request is answered any more, and what the server has opened is about to be closed. There is no result.

    What a hook raises stands in the log, and the server ends all the same.
    """

    services: "Services"
    records: RecordService


@dataclass(slots=True, kw_only=True)
class ChangingSchema(HookEvent):
    """The schema of the database is about to be changed: at start, or by `piccobase migrate`. There is no result.

    `migrations` are the ids of those that are applied, in order, `statements` what is done to tables that follow the
    code. Tables may be missing, so hooks should not ask for records. An error keeps everything as it is.
    """

    migrations: Sequence[str]
    statements: Sequence[str]
