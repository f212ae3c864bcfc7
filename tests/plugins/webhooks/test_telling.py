"""Who is told what: whatever was written, by whomever, once and with what is in it, as far as it was asked for."""

import asyncio
from datetime import UTC, datetime

from tests.plugins.webhooks.telling import Customer, Order, deliver, deliveries, said, shop, short, subscribe
from tests.receiving import Receiver

from piccobase.changes.pruning import prune
from piccobase.testing import frozen
from piccobase_webhooks.running import running


async def test_a_message_says_what_was_done_by_whom_and_what_is_there_now(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        await subscribe(app, receiver, collections=["orders"])
        ann = await app.user("customers", name="Ann")
        order = await ann.create(
            "orders", title="Tea", number=3, price=1.5, tags=["new"], extra={"a": [1]}, due="2026-01-02 03:04:05.678Z"
        )
        await deliver(app)
        await ann.patch(app.records("orders", order["id"]), {"title": "Coffee"})
        await deliver(app)
        await ann.delete(app.records("orders", order["id"]))
        await deliver(app)
        created, updated, deleted = [said(one) for one in receiver.received]
    actor = {"collection": "customers", "id": ann.id}
    assert created["type"] == "record.created"
    assert created["data"] == {
        "collection": "orders",
        "recordId": order["id"],
        "record": order,
        "changed": [],
        "actor": actor,
    }
    assert (updated["type"], updated["data"]["changed"], updated["data"]["actor"]) == (
        "record.updated",
        ["title", "updated"],
        actor,
    )
    assert updated["data"]["record"]["title"] == "Coffee"
    assert (deleted["type"], deleted["data"]["actor"]) == ("record.deleted", actor)
    assert deleted["data"]["record"] == updated["data"]["record"]
    assert "note" not in created["data"]["record"]
    assert len({created["id"], updated["id"], deleted["id"]}) == 3


async def test_whatever_writes_is_told_of(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        await subscribe(app, receiver)
        root = await app.superuser()
        await app.superuser("second@example.com")  # of whom nothing is told unless somebody names their collection
        await app.create("orders", title="by the API")
        await Order(title="by Piccolo").save()
        await Order.insert(Order(title="one of many"), Order(title="the other of many"))
        await app.services.engine.rows("""UPDATE orders SET title = 'by SQL' WHERE title = 'by Piccolo'""")
        batch = {"requests": [{"method": "POST", "url": app.records("orders"), "body": {"title": "in a batch"}}]}
        await root.patch("/api/settings", {"batch": {"enabled": True}})
        assert (await root.post("/api/batch", batch)).status_code == 200
        await deliver(app)
        assert short(receiver) == [
            "record.created orders by SQL",  # as it is by now
            "record.created orders by the API",
            "record.created orders in a batch",
            "record.created orders one of many",
            "record.created orders the other of many",
            "record.updated orders by SQL",
        ]
        await deliver(app)
        assert len(receiver.received) == 6


async def test_a_subscription_is_told_of_what_it_is_about(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver, Receiver() as other:
        await subscribe(app, receiver, collections=["orders"], verbs=["create", "delete"])
        await subscribe(app, other, collections=["orders"], fields=["title", "number"], verbs=["update"])
        order = await app.create("orders", title="Tea")
        await app.make("customers", name="Ann")
        await app.patch(app.records("orders", order["id"]), {"paid": True})
        await app.patch(app.records("orders", order["id"]), {"number": 4})
        await app.delete(app.records("orders", order["id"]))
        await deliver(app)
        assert short(receiver) == ["record.created orders Tea", "record.deleted orders Tea"]
        [update] = [said(one)["data"] for one in other.received]
        assert update["changed"] == ["number"]
        assert update["record"] == {
            "collectionId": order["collectionId"],
            "collectionName": "orders",
            "id": order["id"],
            "number": 4,
            "title": "Tea",
        }
        if database_url:  # where TRUNCATE is told of as one change of all
            await app.services.engine.rows("TRUNCATE orders")
            await deliver(app)
            for one in (receiver, other):
                told = said(one.received[-1])
                assert (told["type"], told["data"]["collection"]) == ("collection.changed", "orders")
                assert told["data"]["record"] is None


async def test_a_filter_is_asked_of_the_record_and_of_what_was_deleted(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        wanted = (
            "paid = true && customer.name = 'Ann' && price > 1.25 && tags:each ?= 'big' && due > '2026-01-01 00:00:00Z'"
        )
        await subscribe(app, receiver, collections=["orders"], filter=wanted)
        ann, bob = [await app.make("customers", name=name) for name in ("Ann", "Bob")]
        fitting = {"paid": True, "price": 1.5, "tags": ["big"], "due": "2026-05-05 00:00:00Z", "customer": ann["id"]}
        orders = [
            await app.create("orders", **(fitting | values))
            for values in (
                {"title": "right"},
                {"title": "unpaid", "paid": False},
                {"title": "cheap", "price": 1.25},
                {"title": "Bob's", "customer": bob["id"]},
                {"title": "small", "tags": ["new"]},
                {"title": "early", "due": "2025-05-05 00:00:00Z"},
            )
        ]
        await deliver(app)
        for order in orders:
            await app.patch(app.records("orders", order["id"]), {"number": 1})
        await deliver(app)
        for order in orders:
            await app.delete(app.records("orders", order["id"]))
        await deliver(app)
        assert short(receiver) == [
            "record.created orders right",
            "record.deleted orders right",
            "record.updated orders right",
        ]


async def test_what_was_created_and_is_gone_by_now_is_told_with_its_last_row(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        await subscribe(app, receiver, collections=["orders"], filter="title = 'Tea'")
        order = await app.create("orders", title="Tea")
        await app.delete(app.records("orders", order["id"]))
        await Order.insert(*(Order(title=f"{number}") for number in range(250)))
        await deliver(app)
        assert short(receiver) == ["record.created orders Tea", "record.deleted orders Tea"]


async def test_several_readers_make_one_delivery_of_each_change(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        await subscribe(app, receiver, collections=["orders"])
        await Order.insert(*(Order(title=f"{number:03}") for number in range(30)))
        await asyncio.gather(*(running().reader.read() for _ in range(5)))
        await deliver(app)
        assert short(receiver) == [f"record.created orders {number:03}" for number in range(30)]


async def test_a_new_subscription_is_told_what_comes_from_now_on(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        root = await app.superuser()
        await app.create("orders", title="before")
        hook = await subscribe(app, receiver, collections=["orders"])
        await app.create("orders", title="now")
        await deliver(app)
        await root.patch(f"/api/collections/webhooks/records/{hook['id']}", {"active": False})
        await app.create("orders", title="meanwhile")
        await deliver(app)
        await root.patch(f"/api/collections/webhooks/records/{hook['id']}", {"active": True})
        await app.create("orders", title="again")
        await deliver(app)
        assert short(receiver) == ["record.created orders again", "record.created orders now"]


async def test_who_has_missed_part_of_the_log_is_told_to_load_everything_anew(database_url: str | None) -> None:
    with frozen(datetime.now(UTC)) as clock:  # near the database's own
        async with shop(database_url) as app, Receiver() as receiver:
            await subscribe(app, receiver, collections=["orders", "customers"])
            await app.make_many("orders", 3)
            clock.move(days=30)
            await Order(title="not missed").save()
            await prune(app.services.engine, 7, 0)
            await deliver(app)
            await Order(title="from there on").save()
            await deliver(app)
            told = [said(one) for one in receiver.received]
    assert sorted((one["type"], one["data"]["collection"]) for one in told) == [
        ("collection.changed", "customers"),
        ("collection.changed", "orders"),
        ("record.created", "orders"),
    ]


async def test_messages_are_sent_by_themselves_soon_after_the_commit(database_url: str | None) -> None:
    async with shop(database_url, by_itself=True) as app, Receiver() as receiver, app.declared.working():
        await subscribe(app, receiver, collections=["orders"])
        await app.create("orders", title="Tea")
        async with asyncio.timeout(10):
            await receiver.came.wait()
        assert short(receiver) == ["record.created orders Tea"]


async def test_records_of_accounts_are_told_without_what_they_sign_in_with(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver:
        await subscribe(app, receiver, collections=[Customer._meta.tablename])
        ann = await app.make("customers", name="Ann")
        await app.delete(app.records("customers", ann["id"]))
        await deliver(app)
        for one in receiver.received:
            record = said(one)["data"]["record"]
            assert record["email"] == ann["email"]
            assert record.keys().isdisjoint({"password", "tokenKey"})
        root = await app.superuser()
        assert {one["state"] for one in await deliveries(root)} == {"delivered"}
