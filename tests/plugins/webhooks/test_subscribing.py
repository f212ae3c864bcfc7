"""Subscriptions: what they may say, who may write them, and what nobody gets to see of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.plugins.webhooks.telling import DELIVERIES, HOOKS, SECRET, deliver, said, shop, subscribe
from tests.receiving import Receiver

from piccobase.testing import frozen
from piccobase_webhooks import InvalidSignature, verify
from piccobase_webhooks.tables import Webhook

GIVEN = {"name": "x", "url": "https://hooks.example/x"}


async def test_what_a_subscription_cannot_be_is_said_by_field() -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("url", "ftp://hooks.example/", "http:// or https://"),
        ("url", "https://user:pass@hooks.example/", "user name"),
        ("url", "https://hooks.example:25/", "port"),
        ("url", "", "blank"),
        ("collections", ["nothing"], "no collection"),
        ("collections", ["webhooks"], "own"),
        ("collections", ["webhook_deliveries"], "own"),
        ("filter", "nothing = 1", "nothing"),
        ("filter", "title = ", "Expected a field"),
        ("verbs", ["list"], ""),
        ("headers", {"Host": "other"}, "set by the server"),
        ("headers", {"webhook-signature": "v1,x"}, "set by the server"),
        ("headers", {"X Y": "1"}, "no name"),
        ("headers", {"X": "a\r\nHost: b"}, "no header takes"),
        ("headers", {"X": "1", "x": "2"}, "twice"),
        ("headers", {f"X-{number}": "1" for number in range(21)}, "at most 20"),
        ("secret", "secret", "whsec_"),
        ("secret", "whsec_AAAA", "24 to 64"),
    ]
    async with shop(None) as app, Receiver() as receiver:
        root = await app.superuser()
        hook = await subscribe(app, receiver)
        for field, value, text in wrong:
            created = await root.post(HOOKS, GIVEN | {"collections": ["orders"]} | {field: value})
            changed = await root.patch(f"{HOOKS}/{hook['id']}", {"collections": ["orders"]} | {field: value})
            for answer in (created, changed):
                assert answer.status_code == 400, (field, value, answer.text)
                assert text in answer.json()["data"][field]["message"], (field, value, answer.text)


async def test_plain_http_is_refused_where_no_network_of_ones_own_is_allowed() -> None:
    async with shop(None) as app:
        root = await app.superuser()
        await root.patch("/api/settings/sections", {"webhooks": {"allowedNetworks": []}})
        answer = await root.post(HOOKS, {"name": "x", "url": "http://hooks.example/x"})
        assert "https" in answer.json()["data"]["url"]["message"]
        await root.patch("/api/settings/sections", {"webhooks": {"plainHttp": True}})
        assert (await root.post(HOOKS, {"name": "x", "url": "http://hooks.example/x"})).status_code == 200


async def test_settings_that_make_no_sense_are_refused_by_field() -> None:
    async with shop(None) as app:
        root = await app.superuser()
        wrong = {"allowedNetworks": ["10.0.0.0/8", "x"], "timeout": 31, "maxDays": 1, "concurrency": 0}
        answer = await root.patch("/api/settings/sections", {"webhooks": wrong})
        assert answer.status_code == 400
        assert answer.json()["data"]["webhooks"].keys() == wrong.keys()
        assert answer.json()["data"]["webhooks"]["allowedNetworks"].keys() == {"1"}


async def test_only_superusers_see_and_write_subscriptions() -> None:
    async with shop(None) as app, Receiver() as receiver:
        hook = await subscribe(app, receiver)
        customer = await app.user("customers", name="Ann")
        for caller, refused in ((app, {401, 403, 404}), (customer, {403, 404})):
            for path in (HOOKS, DELIVERIES, f"{HOOKS}/{hook['id']}", "/api/collections/webhook_positions/records"):
                assert (await caller.get(path)).status_code in refused
            assert (await caller.post(HOOKS, GIVEN)).status_code in refused | {400}
            assert (await caller.patch(f"{HOOKS}/{hook['id']}", GIVEN)).status_code in refused
            assert (await caller.delete(f"{HOOKS}/{hook['id']}")).status_code in refused
            for action in ("secret", "test", "replay", "deliveries/x/replay"):
                assert (await caller.post(f"/api/webhooks/{hook['id']}/{action}")).status_code in {401, 403}
        assert receiver.received == []


async def test_secrets_are_encrypted_where_they_are_stored_and_never_answered(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        root = await app.superuser()
        hook = await subscribe(app, receiver, headers={"Authorization": "Bearer of-news", "X-One": "1"})
        path = f"{HOOKS}/{hook['id']}"
        seen = [hook, (await root.get(path)).json(), (await root.get(HOOKS)).json()["items"][0]]
        seen.append((await root.patch(path, {"name": "Other"})).json())
        for one in seen:
            assert one["headers"] == {"Authorization": "******", "X-One": "******"}
            assert "secret" not in one
        [stored] = await Webhook.select()
        assert SECRET not in str(stored)
        assert "of-news" not in str(stored)
        # What a form sends back as it has read it stays, what is new is taken, and what is left out is gone.
        await root.patch(path, {"headers": {"authorization": "******", "X-Two": "2"}, "secret": ""})
        await app.create("orders", title="Tea")
        await deliver(app)
        sent = receiver.received[0].headers
        assert (sent["authorization"], sent["x-two"], sent.get("x-one")) == ("Bearer of-news", "2", None)
        assert said(receiver.received[0])["type"] == "record.created"


async def test_a_secret_is_replaced_without_a_message_that_nobody_can_read() -> None:
    with frozen(datetime.now(UTC)) as clock:
        async with shop(None) as app, Receiver() as receiver:
            root = await app.superuser()
            hook = await subscribe(app, receiver)
            path = f"/api/webhooks/{hook['id']}"
            new = (await root.post(f"{path}/secret", {"keepOldHours": 2})).json()["secret"]
            await root.post(f"{path}/test")
            clock.move(hours=3)
            await root.post(f"{path}/test")
            during, after = receiver.received
            moment = clock.moment.timestamp()
            for secret in (SECRET, new):
                verify(during.body, during.headers, secret, now=moment - 3 * 3600)
            verify(after.body, after.headers, new, now=moment)
            with pytest.raises(InvalidSignature):
                verify(after.body, after.headers, SECRET, now=moment)
            given = await root.post(f"{path}/secret", {"secret": SECRET, "keepOldHours": 0})
            assert given.json() == {"secret": SECRET}
            refused = await root.post(f"{path}/secret", {"secret": "short"})
            assert refused.status_code == 400
            assert "secret" in refused.json()["data"]


async def test_a_filter_that_no_longer_fits_switches_its_subscription_off() -> None:
    async with shop(None) as app, Receiver() as receiver:
        root = await app.superuser()
        hook = await subscribe(app, receiver, collections=["orders"])
        await Webhook.update({Webhook.filter: "gone = 1"}).where(Webhook.id == hook["id"])
        await app.create("orders", title="Tea")
        await deliver(app)
        seen = (await root.get(f"{HOOKS}/{hook['id']}")).json()
        assert (seen["active"], "gone" in seen["inactiveReason"]) == (False, True)
