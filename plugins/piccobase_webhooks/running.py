"""The webhooks of the running server, put together when it starts."""

from dataclasses import dataclass

from piccobase import __version__
from piccobase.extending import Records, Services, StartError, change_log
from piccobase_webhooks.declaring import section
from piccobase_webhooks.deliveries import Deliveries, Posts
from piccobase_webhooks.reading import Reader
from piccobase_webhooks.sealing import Seal
from piccobase_webhooks.settings import WebhookSettings, limits_of

EXTRA = "Webhooks are sent by httpcore, which is not installed: pip install 'piccobase[webhooks]'."


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Everything that works together."""

    records: Records
    seal: Seal
    deliveries: Deliveries
    reader: Reader

    @property
    def settings(self) -> WebhookSettings:
        """What holds now."""
        return section.value


_running: Webhooks | None = None  # of the server that was started last: tables too belong to one in a process


def running() -> Webhooks:
    """Raises StartError before the start."""
    if _running is None:
        raise StartError("Webhooks are there once the app was started.")
    return _running


def put_together(services: Services, sender: Posts) -> Webhooks:
    """Makes them of the services of a server, and remembers them as those that run."""
    global _running
    seal = Seal(services.secrets)
    deliveries = Deliveries(services.engine, services.work.jobs, seal, sender, section, __version__)
    reader = Reader(services.engine, services.records, change_log(services.engine), deliveries)
    _running = Webhooks(services.records, seal, deliveries, reader)
    return _running


def forget(webhooks: Webhooks) -> None:
    """The server that these are of has stopped."""
    global _running
    if _running is webhooks:
        _running = None


def make_sender() -> Posts:
    """Raises StartError where the extra is missing."""
    try:
        from piccobase_webhooks.sending import Sender
    except ModuleNotFoundError as error:
        raise StartError(EXTRA) from error
    return Sender(lambda: limits_of(section.value))
