"""What is asked of a request before anything else: may a superuser come from there, and were there too many?"""

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from typing import Any

import msgspec

from piccobase.base.errors import Forbidden, PiccobaseError, TooManyRequests
from piccobase.db.engine import Database
from piccobase.http.addresses import Addresses, AddressList, network_of
from piccobase.http.counting import MEMORY, Counter, make_counter, sweep
from piccobase.http.incoming import ADMITTED
from piccobase.http.limits import AUTH_AUDIENCE, GUEST_AUDIENCE, SIGN_IN_TAG, Asked, LimitRules, what_is_asked
from piccobase.identity.actors import Actors
from piccobase.schema.actor import GUEST, Actor, note_actor
from piccobase.schema.registry import Registry
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.settings.sections import RateLimitSettings
from piccobase.settings.service import SettingsService

log = logging.getLogger("piccobase.http")
SWEEP_EVERY = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class _Limits:
    """The rate limits that hold, with their counts."""

    settings: RateLimitSettings
    rules: LimitRules
    counters: list[Counter]
    excluded: AddressList


class Guard:
    """`armed` says whether there is anything to ask: with the default settings there is not."""

    def __init__(self, settings: SettingsService, db: Database, registry: Registry, actors: Actors) -> None:
        self.armed = False
        self.addresses = Addresses()
        self._settings, self._db, self._registry, self._actors = settings, db, registry, actors
        self._allowed = AddressList(())
        self._limits: _Limits | None = None
        settings.listen(self._follow)

    def _follow(self) -> None:
        """Takes over the settings. Counts begin anew when the rate limits have changed, and not for anything else."""
        current = self._settings.current
        self.addresses.trust(current.trusted_proxy)
        self._allowed = AddressList(current.superuser_ips)
        if not current.rate_limits.enabled:
            self._limits = None
        elif self._limits is None or self._limits.settings != current.rate_limits:
            self._limits = self._compiled(current.rate_limits)
        self.armed = bool(self._allowed) or self._limits is not None

    def _compiled(self, settings: RateLimitSettings) -> _Limits:
        # The same in all processes, and another one as soon as a rule is another.
        version = hashlib.blake2b(msgspec.json.encode(settings), digest_size=8).hexdigest()
        memory = max(100, MEMORY // max(1, len(settings.rules)))
        counters = [
            make_counter(self._db, f"rule {version} {number}", rule.max_requests, rule.duration, memory=memory)
            for number, rule in enumerate(settings.rules)
        ]
        return _Limits(
            settings, LimitRules(settings.rules, self._registry), counters, AddressList(settings.excluded_ips)
        )

    async def admit(self, scope: Any) -> None:
        """Lets the request go on. Raises Forbidden or TooManyRequests.

        Leaves the actor in the scope, where it had to be looked for.
        """
        address = self.addresses.of(scope)
        actor = await self._actor(scope)
        asked = what_is_asked(scope, self._registry)
        if (actor.superuser or self._opens_to_superusers(asked)) and not self.lets_superusers_in(address):
            raise Forbidden
        if self.limits(scope, actor) and await self.is_over(scope, actor, asked):
            raise TooManyRequests

    def limits(self, scope: Any, actor: Actor) -> bool:
        """Whether anything is counted of whoever asks."""
        limits = self._limits
        if limits is None or actor.superuser:
            return False
        return not limits.excluded or self.addresses.of(scope) not in limits.excluded

    async def is_over(self, scope: Any, actor: Actor, asked: Asked) -> bool:
        """Counts one request, or one part of it. Whether it is more than the rate limits allow.

        Not to be called inside a transaction: what was counted stays so, whatever becomes of the request.
        """
        limits = self._limits
        if limits is None:
            return False
        number = limits.rules.find(asked, GUEST_AUDIENCE if actor.guest else AUTH_AUDIENCE)
        if number is None:
            return False
        key = f"{asked.route}\0{network_of(self.addresses.of(scope))}"
        return await limits.counters[number].take(key, exact=SIGN_IN_TAG in asked.tags) > 0

    def lets_superusers_in(self, address: str) -> bool:
        """Whether superusers may come from this address (the setting `superuserIPs`). For whoever reads cookies."""
        return not self._allowed or address in self._allowed

    def _opens_to_superusers(self, asked: Asked) -> bool:
        """Whether it is the sign-in of superusers, to be refused whatever the password: nobody may learn if it fits."""
        return SIGN_IN_TAG in asked.tags and self._registry.collections[asked.collection].id == SUPERUSERS_ID

    async def _actor(self, scope: Any) -> Actor:
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not authorization:
            return GUEST
        actor: Actor = await self._actors.actor(authorization.decode("latin-1"))
        scope[ADMITTED] = actor
        note_actor(actor)
        return actor

    async def keep_tidy(self) -> None:
        """Deletes once a minute what is shared and over, until cancelled. On SQLite nothing is shared."""
        while self._db.dialect != "sqlite":
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await sweep(self._db)
            except PiccobaseError:
                log.warning(
                    "Rate limits of the past could not be deleted; another try comes in a minute.", exc_info=True
                )
