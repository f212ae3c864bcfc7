"""What becomes of a message: tried again, given up, sent once more; and what is known of it."""

from datetime import UTC, datetime

import pytest
from tests.plugins.webhooks.telling import HOOKS, change_settings, deliver, deliveries, said, shop, short, subscribe
from tests.receiving import CLOSE, HANG, Answer, Receiver, redirect_to

from piccobase.testing import frozen
from piccobase_webhooks.running import running
from piccobase_webhooks.tables import Delivery
from piccobase_webhooks.working import ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        (500, 500, "has answered 500"),
        (400, 400, "has answered 400"),
        (CLOSE, 0, "connection failed"),
        (redirect_to("http://127.0.0.1:9/"), 302, "redirects are not followed"),
    ],
    ids=["fails", "refuses", "closes", "redirects"],
)
async def test_what_was_not_accepted_is_sent_again_as_it_was(answer: Answer, status: int, why: str) -> None:
    with frozen(datetime.now(UTC)) as clock:
        async with shop(None) as app, Receiver(answers=[answer]) as receiver:
            root = await app.superuser()
            await subscribe(app, receiver)
            await app.create("orders", title="Tea")
            await deliver(app)
            [delivery] = await deliveries(root)
            assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("pending", 1, status)
            assert why in delivery["error"]
            clock.move(seconds=40)
            await deliver(app)
            [delivery] = await deliveries(root)
            first, second = receiver.received
    assert (delivery["state"], delivery["attempts"], delivery["status"], delivery["error"]) == ("delivered", 2, 204, "")
    assert [line["status"] for line in delivery["log"]] == [status, 204]
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["message"]
    assert [one.headers["webhook-attempt"] for one in (first, second)] == ["1", "2"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 40
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert said(second)["data"]["record"]["title"] == "Tea"


async def test_a_receiver_that_never_answers_is_given_up_after_a_day_and_can_be_caught_up_with(
    database_url: str | None,
) -> None:
    with frozen(datetime.now(UTC)) as clock:
        async with shop(database_url) as app, Receiver(usual=503) as receiver:
            hook = await subscribe(app, receiver)
            await app.create("orders", title="Tea")
            await running().reader.catch_up()
            begun = clock.moment
            for _ in range(ATTEMPTS):
                await app.run_jobs()
                ended = clock.moment
                clock.move(hours=2)
            root = await app.superuser("later@example.com")
            [delivery] = await deliveries(root)
            assert (delivery["state"], delivery["attempts"], len(delivery["log"])) == ("failed", ATTEMPTS, 20)
            assert (ended - begun).days >= 1
            [seen] = (await root.get(HOOKS)).json()["items"]
            assert (seen["active"], "503" in seen["inactiveReason"]) == (False, True)
            [dead] = (await root.get("/api/jobs", query={"state": "dead"})).json()["items"]
            assert dead["name"] == "webhooks.deliver"

            receiver.usual = 200
            await root.patch(f"{HOOKS}/{hook['id']}", {"active": True})
            answer = await root.post(f"/api/webhooks/{hook['id']}/replay", {"since": "2026-01-01T00:00:00Z"})
            assert answer.json() == {"replayed": 1}
            await app.run_jobs()
            [delivery] = await deliveries(root)
            assert (delivery["state"], delivery["attempts"]) == ("delivered", ATTEMPTS + 1)
            assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


async def test_a_receiver_that_is_gone_for_good_is_left_alone() -> None:
    async with shop(None) as app, Receiver(usual=410) as receiver:
        root = await app.superuser()
        await subscribe(app, receiver)
        await app.make_many("orders", 3)
        await deliver(app)
        [seen] = (await root.get(HOOKS)).json()["items"]
        assert (seen["active"], "410" in seen["inactiveReason"]) == (False, True)
        assert {one["state"] for one in await deliveries(root)} <= {"failed", "dropped"}


async def test_a_receiver_that_hangs_takes_the_time_of_one_attempt_from_all_others() -> None:
    async with shop(None, timeout=2, concurrency=2) as app, Receiver(usual=HANG) as slow, Receiver() as good:
        root = await app.superuser()
        hook = await subscribe(app, slow)
        await subscribe(app, good)
        await app.make_many("orders", 20)
        await deliver(app)
        assert len(good.received) == 20
        assert len(slow.received) == 2  # what was under way at once; the rest was not even tried
        pending = [one for one in await deliveries(root) if one["webhook"] == hook["id"]]
        assert {one["state"] for one in pending} == {"pending"}
        assert sorted(one["attempts"] for one in pending) == [0] * 18 + [1] * 2


async def test_one_message_can_be_sent_once_more() -> None:
    async with shop(None) as app, Receiver() as receiver:
        root = await app.superuser()
        hook = await subscribe(app, receiver)
        await app.create("orders", title="Tea")
        await deliver(app)
        [delivery] = await deliveries(root)
        path = f"/api/webhooks/{hook['id']}/deliveries/{delivery['id']}/replay"
        assert (await root.post(path)).status_code == 204
        await app.run_jobs()
        assert short(receiver) == ["record.created orders Tea"] * 2
        assert (await root.post(path.replace(delivery["id"], "x" * 15))).status_code == 404
        assert (await root.post(path.replace(hook["id"], "x" * 15))).status_code == 404


async def test_a_message_for_a_try_says_how_it_went() -> None:
    refusal = b"HTTP/1.1 401 X\r\ncontent-length: 7\r\n\r\nno key\0"
    async with shop(None) as app, Receiver(answers=[204, refusal]) as receiver:
        root = await app.superuser()
        hook = await subscribe(app, receiver, active=False)
        path = f"/api/webhooks/{hook['id']}/test"
        tried = (await root.post(path)).json()
        assert (tried["state"], tried["status"], tried["error"]) == ("delivered", 204, "")
        assert said(receiver.received[0])["type"] == "webhook.test"
        tried = (await root.post(path)).json()
        assert (tried["state"], tried["status"], tried["answer"]) == ("failed", 401, "no key\\0")
        await app.run_jobs()
        assert len(receiver.received) == 2  # it is not tried again
        assert (await root.post(path.replace(hook["id"], "x" * 15))).status_code == 404


async def test_what_is_switched_off_or_deleted_gets_nothing_that_still_waits() -> None:
    async with shop(None) as app, Receiver() as receiver:
        root = await app.superuser()
        off, gone = [await subscribe(app, receiver) for _ in range(2)]
        await app.create("orders", title="Tea")
        await running().reader.catch_up()
        await root.patch(f"{HOOKS}/{off['id']}", {"active": False})
        await root.delete(f"{HOOKS}/{gone['id']}")
        await app.run_jobs()
        assert receiver.received == []
        assert [one["state"] for one in await deliveries(root)] == ["dropped"]


async def test_the_log_is_kept_for_as_long_as_the_settings_say(database_url: str | None) -> None:
    with frozen(datetime.now(UTC)) as clock:
        async with shop(database_url) as app, Receiver() as receiver:
            await change_settings(app, maxDays=7)
            await subscribe(app, receiver)
            await app.make_many("orders", 2)
            await deliver(app)
            clock.move(days=6)
            await running().deliveries.clean_up()
            assert await Delivery.count() == 2
            clock.move(days=2)
            await running().deliveries.clean_up()
            assert await Delivery.count() == 0


async def test_a_record_that_is_too_large_is_told_of_without_its_values() -> None:
    async with shop(None) as app, Receiver() as receiver:
        await subscribe(app, receiver)
        order = await app.create("orders", title="x" * 1_100_000)
        await deliver(app)
    told = said(receiver.received[0])["data"]
    assert (told["recordId"], told["record"], told["tooLarge"]) == (order["id"], None, True)
