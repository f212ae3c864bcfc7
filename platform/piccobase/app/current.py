"""The request that is being answered, for code that notes where something comes from. Nothing is decided by it."""

from dataclasses import dataclass

from piccobase.app.services import Services
from piccobase.base.observing import ACTOR, current_scope, request_id


@dataclass(frozen=True, slots=True)
class CurrentRequest:
    """`id` is what `X-Request-Id` and the request log say, `ip` is empty where the settings keep no addresses.

    `collection` and `record` are of the auth record that has made it, by name and by id; both are empty for a guest.
    """

    id: str
    ip: str
    collection: str
    record: str


def current_request(services: Services) -> CurrentRequest | None:
    """The request in whose course this code runs; None in jobs, schedules and commands."""
    scope = current_scope.get()
    if scope is None:
        return None
    collection, record, _ = scope.get(ACTOR, ("", "", ""))
    ip = services.guard.addresses.of(scope) if services.settings.current.logs.log_ip else ""
    return CurrentRequest(request_id(scope), ip, collection, record)
