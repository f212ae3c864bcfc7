"""`/api/webhooks/{id}/…`: what superusers do with a subscription beside reading and writing it as a record."""

from datetime import UTC, datetime

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from piccobase.extending import SUPERUSERS_ONLY
from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.deliveries import BEGINNING
from piccobase_webhooks.running import running
from piccobase_webhooks.subscribing import replace_secret_of

_PATH = "/api/webhooks/{id:str}"


class NewSecret(Struct, rename="camel"):
    """The secret to sign with, made where none is given; the one before it stays valid for so many hours."""

    secret: str = ""
    keep_old_hours: int = 24


class SecretShown(Struct):
    """The secret, which is not shown again."""

    secret: str


class Tried(Struct):
    """How a message for a try went. `status` is 0 where no answer came; an empty `error` says that it was accepted."""

    delivery: str
    state: str
    status: int
    duration: int
    error: str
    answer: str


class Since(Struct):
    """Since when; empty: from the beginning of the log."""

    since: datetime | None = None


class Replayed(Struct):
    """How many messages will be sent again."""

    replayed: int


@post(
    _PATH + "/secret",
    operation_id="replaceWebhookSecret",
    summary="Sign with a new secret",
    opt=SUPERUSERS_ONLY,
    status_code=200,
)
async def replace_secret(id: FromPath[str], data: JSONBody[NewSecret | None] = None) -> SecretShown:  # noqa: A002
    """Signs with a new secret from now on, and beside it with the old one for a while."""
    asked = data or NewSecret()
    secret = await replace_secret_of(id, asked.secret, asked.keep_old_hours)
    return SecretShown(secret)


@post(
    _PATH + "/test", operation_id="tryWebhook", summary="Send a message for a try", opt=SUPERUSERS_ONLY, status_code=200
)
async def try_it(id: FromPath[str]) -> Tried:  # noqa: A002
    """Sends a message for a try, whether the webhook is active or not, and says how that went."""
    tried = await running().deliveries.ping(id)
    names = ("state", "status", "duration", "error", "answer")
    return Tried(delivery=tried["id"], **{name: tried[name] for name in names})


@post(
    _PATH + "/deliveries/{delivery:str}/replay",
    operation_id="replayDelivery",
    summary="Send a message once more",
    opt=SUPERUSERS_ONLY,
    status_code=204,
)
async def replay(id: FromPath[str], delivery: FromPath[str]) -> None:  # noqa: A002
    """Sends a message once more, as it was and with the same id."""
    await running().deliveries.replay(id, delivery)


@post(
    _PATH + "/replay",
    operation_id="replayFailedDeliveries",
    summary="Send again what has failed",
    opt=SUPERUSERS_ONLY,
    status_code=200,
)
async def replay_failed(id: FromPath[str], data: JSONBody[Since | None] = None) -> Replayed:  # noqa: A002
    """Sends once more what has failed or was dropped, the oldest first, at most 1,000 at once."""
    since = (data.since if data else None) or BEGINNING
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return Replayed(await running().deliveries.replay_failed(id, since))


plugin.routes += [replace_secret, try_it, replay, replay_failed]
