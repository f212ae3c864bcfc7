"""The section "webhooks" of the settings."""

from functools import lru_cache
from ipaddress import ip_network
from typing import Annotated

from piccobase.extending import FieldError, Mistakes, Section, says
from piccobase_webhooks.addresses import Allowed
from piccobase_webhooks.answers import Limits


class WebhookSettings(Section, frozen=True):
    """Where webhooks may go, how long a receiver may take, and how long is known what was delivered."""

    allowed_networks: Annotated[
        tuple[str, ...],
        says(
            "Allowed networks",
            "Addresses and subnets that webhooks may go to although they are private, such as 10.1.0.0/16.",
        ),
    ] = ()
    plain_http: Annotated[
        bool, says("Allow http://", "Without encryption. To the networks above it is allowed in any case.")
    ] = False
    timeout: Annotated[int, says("Time limit", "Seconds that a receiver may take to answer, 1 to 30.")] = 10
    max_answer_size: Annotated[int, says("Kept of an answer", "Bytes of its beginning, 0 to 65536.")] = 1024
    concurrency: Annotated[int, says("At once", "Requests to one receiver, from one process, 1 to 100.")] = 4
    max_days: Annotated[int, says("Days", "How long the log of deliveries is kept, 2 to 365.")] = 30

    def check(self) -> Mistakes:
        mistakes: Mistakes = {
            name: mistake
            for name, value, least, most in (
                ("timeout", self.timeout, 1, 30),
                ("maxAnswerSize", self.max_answer_size, 0, 65536),
                ("concurrency", self.concurrency, 1, 100),
                ("maxDays", self.max_days, 2, 365),
            )
            if (mistake := _between(value, least, most))
        }
        listed = enumerate(self.allowed_networks)
        networks = {str(place): _NO_NETWORK for place, text in listed if not _is_network(text)}
        return mistakes | ({"allowedNetworks": networks} if networks else {})


_NO_NETWORK = FieldError("validation_invalid_ip", "Must be an address or a subnet, such as 10.1.0.0/16.")


def _between(value: int, least: int, most: int) -> FieldError | None:
    if least <= value <= most:
        return None
    return FieldError("validation_out_of_range", f"Must be from {least} to {most}.", {"min": least, "max": most})


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8)
def limits_of(settings: WebhookSettings) -> Limits:
    """What a request may reach and take."""
    return Limits(
        allowed=Allowed.besides(settings.allowed_networks),
        plain_http=settings.plain_http,
        timeout=settings.timeout,
        excerpt=settings.max_answer_size,
    )
