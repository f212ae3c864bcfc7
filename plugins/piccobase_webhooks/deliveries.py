"""What is on its way to receivers, and what became of it: each message a row of the log and a job."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Protocol

from piccolo.query.functions.aggregate import Count

from piccobase import TryAgain
from piccobase.extending import Database, GiveUp, Jobs, NotFound, instant_text, now, unix_time
from piccobase_webhooks.answers import Answer, NotSent
from piccobase_webhooks.messages import TEST, Message, message_of
from piccobase_webhooks.sealing import Seal
from piccobase_webhooks.settings import WebhookSettings
from piccobase_webhooks.signing import ID, SIGNATURE, TIMESTAMP, InvalidSecret, sign
from piccobase_webhooks.tables import Delivery, Webhook

log = logging.getLogger("piccobase.webhooks")

JOB = "webhooks.deliver"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
RESTS = 30.0  # seconds that a receiver is left alone which has taken long, and then did not answer
_LONG = 500  # milliseconds
_KEPT = 20  # attempts that are known of one delivery
_GONE = 410  # the receiver wants no more of it
_INSERTED = 100  # rows of one statement
_AT_ONCE = 1_000  # rows that are deleted in one transaction, or replayed by one request


class NotDelivered(TryAgain):
    """An attempt has failed. The job is tried again."""


class Posts(Protocol):
    """Sends a request, as `sending.Sender` does. Raises NotSent where no answer came."""

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went. `status` is 0 where no answer came; an empty `error` says that it was accepted."""

    at: datetime
    status: int
    ms: int
    error: str = ""
    answer: str = ""


@dataclass(slots=True)
class _Receiver:
    """What is known in this process of a subscription's receiver."""

    turns: asyncio.Semaphore
    limit: int
    rests_until: float = 0.0

    @property
    def rests(self) -> bool:
        return monotonic() < self.rests_until


@dataclass(slots=True)
class Deliveries:
    """Adds messages, sends them, and keeps what became of each."""

    db: Database
    jobs: Jobs
    seal: Seal
    sender: Posts
    section: Any  # whose `value` are the settings that hold now
    version: str
    _receivers: dict[str, _Receiver] = field(default_factory=dict)

    @property
    def settings(self) -> WebhookSettings:
        found: WebhookSettings = self.section.value
        return found

    async def add(self, messages: Sequence[Message]) -> None:
        """Adds deliveries and their jobs, in the open transaction."""
        rows = [_row_of(message) for message in messages]
        for start in range(0, len(rows), _INSERTED):
            some = rows[start : start + _INSERTED]
            await Delivery.insert(*some)
            for delivery in some:
                await self.jobs.add(JOB, {"delivery": delivery.id})

    async def deliver(self, delivery_id: str, *, is_last: bool) -> None:
        """One attempt. Raises NotDelivered, and GiveUp where a further one is of no use."""
        found = await Delivery.select().where(Delivery.id == delivery_id)
        if not found or found[0]["state"] == "delivered":
            return  # it was deleted, or the job was begun twice
        [delivery] = found
        webhook = await self._webhook(delivery["webhook"])
        if webhook is None or not webhook["active"]:
            await _note(delivery, "dropped", None)
            return
        attempt = await self._in_turn(webhook, delivery)
        if not attempt.error:
            await _note(delivery, "delivered", attempt)
            return
        gone = attempt.status == _GONE
        await _note(delivery, "failed" if gone or is_last else "pending", attempt)
        if gone:
            await self.switch_off(webhook["id"], "The receiver has answered 410: it wants no more messages.")
            raise GiveUp(attempt.error)
        if is_last and not await self._has_succeeded_since(webhook["id"], delivery["created"]):
            await self.switch_off(
                webhook["id"], f"Nothing was accepted since {instant_text(delivery['created'])}: {attempt.error}"
            )
        raise NotDelivered(attempt.error)

    async def ping(self, webhook_id: str) -> dict[str, Any]:
        """Sends a message for a try, at once and once. Returns the row of the log. Raises NotFound."""
        webhook = await self._webhook(webhook_id)
        if webhook is None:
            raise NotFound
        data = {"webhook": webhook["name"]}
        row = _row_of(message_of(webhook_id, TEST, now(), data))
        await Delivery.insert(row)
        delivery = row.to_dict()
        attempt = await self._attempt(webhook, delivery)
        await _note(delivery, "failed" if attempt.error else "delivered", attempt)
        return delivery

    async def replay(self, webhook_id: str, delivery_id: str) -> None:
        """Lets a message be sent once more, as it was. Raises NotFound."""
        found = await Delivery.select(Delivery.id).where(
            (Delivery.id == delivery_id) & (Delivery.webhook == webhook_id)
        )
        if not found:
            raise NotFound
        await self._again(delivery_id)

    async def replay_failed(self, webhook_id: str, since: datetime = BEGINNING) -> int:
        """The same for those that have failed or were dropped since then, the oldest first and 1,000 at most.

        Raises NotFound.
        """
        if await self._webhook(webhook_id) is None:
            raise NotFound
        found = (
            await Delivery.select(Delivery.id)
            .where(
                (Delivery.webhook == webhook_id)
                & (Delivery.state.is_in(["failed", "dropped"]))
                & (Delivery.created >= since)
            )
            .order_by(Delivery.created)
            .limit(_AT_ONCE)
        )
        for row in found:
            await self._again(row["id"])
        return len(found)

    async def _again(self, delivery_id: str) -> None:
        async with self.db.transaction():
            await Delivery.update({Delivery.state: "pending", Delivery.ended: None}).where(Delivery.id == delivery_id)
            await self.jobs.add(JOB, {"delivery": delivery_id}, key=f"webhook {delivery_id}")

    async def counts_of_the_day(self) -> dict[str, dict[str, int]]:
        """How many deliveries of the last 24 hours are in which state, by webhook."""
        found = (
            await Delivery.select(Delivery.webhook, Delivery.state, Count())
            .where(Delivery.created >= now() - timedelta(days=1))
            .group_by(Delivery.webhook, Delivery.state)
        )
        counts: dict[str, dict[str, int]] = {}
        for row in found:
            counts.setdefault(row["webhook"], {})[row["state"]] = row["count"]
        return counts

    async def switch_off(self, webhook_id: str, reason: str) -> None:
        """Sends nothing more there, until somebody switches it on again."""
        log.warning("The webhook %s was switched off. %s", webhook_id, reason)
        await Webhook.update({Webhook.active: False, Webhook.inactive_reason: reason[:2000]}).where(
            Webhook.id == webhook_id
        )

    async def clean_up(self) -> None:
        """Deletes what is older than the settings say."""
        oldest = now() - timedelta(days=self.settings.max_days)
        while True:
            found = await Delivery.select(Delivery.id).where(Delivery.created < oldest).limit(_AT_ONCE)
            if not found:
                return
            await Delivery.delete().where(Delivery.id.is_in([row["id"] for row in found]))

    # --- one attempt

    async def _in_turn(self, webhook: Mapping[str, Any], delivery: Mapping[str, Any]) -> Attempt:
        """Attempts it when the receiver has a place free. One that has just not answered is not asked: whatever waits
        for it would hold up all other jobs meanwhile."""
        receiver = self._receiver(webhook["id"])
        async with receiver.turns:
            if receiver.rests:
                raise NotDelivered("Not tried: the receiver did not answer a moment ago.")
            attempt = await self._attempt(webhook, delivery)
            receiver.rests_until = monotonic() + RESTS if attempt.ms >= _LONG and not attempt.status else 0.0
            return attempt

    def _receiver(self, webhook_id: str) -> _Receiver:
        limit = self.settings.concurrency
        known = self._receivers.get(webhook_id)
        if known is None or known.limit != limit:
            if len(self._receivers) >= 10_000:
                self._receivers.clear()
            known = self._receivers[webhook_id] = _Receiver(asyncio.Semaphore(limit), limit)
        return known

    async def _attempt(self, webhook: Mapping[str, Any], delivery: Mapping[str, Any]) -> Attempt:
        at, began = now(), monotonic()
        body = delivery["body"].encode()
        try:
            headers = self._headers(webhook, delivery, body)
            answer = await self.sender.post(webhook["url"], headers, body)
        except (NotSent, InvalidSecret) as error:
            return Attempt(at, 0, _since(began), str(error))
        return Attempt(at, answer.status, _since(began), _refusal(answer), answer.excerpt)

    def _headers(self, webhook: Mapping[str, Any], delivery: Mapping[str, Any], body: bytes) -> list[tuple[str, str]]:
        timestamp = int(unix_time())
        return [
            ("Content-Type", "application/json"),
            ("User-Agent", f"Piccobase-Webhooks/{self.version}"),
            (ID, delivery["message"]),
            (TIMESTAMP, str(timestamp)),
            (SIGNATURE, sign(self.seal.keys(webhook["secret"]), delivery["message"], timestamp, body)),
            ("webhook-attempt", str(delivery["attempts"] + 1)),
            *self.seal.open_headers(webhook["headers"]),
        ]

    async def _webhook(self, webhook_id: str) -> dict[str, Any] | None:
        found: list[dict[str, Any]] = await Webhook.select().where(Webhook.id == webhook_id)
        return found[0] if found else None

    async def _has_succeeded_since(self, webhook_id: str, since: datetime) -> bool:
        accepted = (Delivery.webhook == webhook_id) & (Delivery.state == "delivered") & (Delivery.ended >= since)
        return bool(await Delivery.exists().where(accepted))


def _row_of(message: Message) -> Delivery:
    return Delivery(
        webhook=message.webhook,
        message=message.id,
        type=message.type,
        collection=message.collection,
        record=message.record,
        body=message.body,
    )


async def _note(delivery: dict[str, Any], state: str, attempt: Attempt | None) -> None:
    """Writes down how an attempt went, into the row and into what is known of it here."""
    changes: dict[Any, Any] = {"state": state, "ended": None if state == "pending" else now()}
    if attempt is not None:
        line = {"at": instant_text(attempt.at), "status": attempt.status, "ms": attempt.ms, "error": attempt.error}
        changes |= {
            "attempts": delivery["attempts"] + 1,
            "status": attempt.status,
            "duration": attempt.ms,
            "error": attempt.error,
            "answer": attempt.answer,
            "log": json.dumps([*json.loads(delivery["log"] or "[]"), line][-_KEPT:]),
        }
    delivery |= changes
    await Delivery.update(changes).where(Delivery.id == delivery["id"])


def _refusal(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return f"The receiver has answered {answer.status}: redirects are not followed ({answer.location})."
    return f"The receiver has answered {answer.status}."


def _since(began: float) -> int:
    return round((monotonic() - began) * 1000)
