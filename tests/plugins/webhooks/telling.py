"""A shop with webhooks, and short ways to say what its tests say often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from piccolo.columns import Boolean, ForeignKey, Integer, Numeric, Text, Timestamptz, Varchar
from tests.receiving import Received, Receiver

from piccobase import App, AuthCollection, Collection, Rules
from piccobase.columns import JSONOf, MultiSelect
from piccobase.testing import Caller, TestApp
from piccobase_webhooks import plugin, verify
from piccobase_webhooks.running import running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOKS = "/api/collections/webhooks/records"
DELIVERIES = "/api/collections/webhook_deliveries/records"


class Customer(AuthCollection, tablename="customers"):
    rules = Rules(list="", view="", create="", update="", delete="")

    name = Varchar()


class Order(Collection, tablename="orders"):
    rules = Rules(list="", view="", create="", update="", delete="")

    title = Text()
    number = Integer(default=0)
    price = Numeric(default=Decimal(0))
    paid = Boolean(default=False)
    due = Timestamptz(null=True, default=None)
    tags = MultiSelect(["new", "big"])
    extra = JSONOf(default="null")
    note = Text(secret=True)
    customer = ForeignKey(Customer, null=True)


@asynccontextmanager
async def shop(database_url: str | None, *, by_itself: bool = False, **settings: Any) -> AsyncIterator[TestApp]:
    """The running shop, whose webhooks may go to this machine. The log is read `by_itself`, or by `deliver` alone."""
    app = App([Customer, Order], plugins=[plugin])
    app.file = None
    async with TestApp(app, database_url=database_url, config={"run_jobs": by_itself}) as opened:
        await change_settings(opened, allowedNetworks=["127.0.0.0/8"], **settings)
        yield opened


async def change_settings(app: TestApp, **settings: Any) -> None:
    root = await app.superuser()
    answer = await root.patch("/api/settings/sections", {"webhooks": settings})
    assert answer.status_code == 200, answer.text


async def subscribe(app: TestApp, receiver: Receiver, **values: Any) -> dict[str, Any]:
    root = await app.superuser()
    given = {"name": "Accounting", "url": receiver.url, "secret": SECRET} | values
    answer = await root.post(HOOKS, given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def deliver(app: TestApp) -> None:
    """Reads the change log and sends what is due."""
    await running().reader.catch_up()
    await app.run_jobs()


def said(received: Received) -> Any:
    """What a message says, whose signature is right."""
    return verify(received.body, received.headers, SECRET, tolerance=10**9)


def short(receiver: Receiver) -> list[str]:
    """`record.created orders Tea` of each message, sorted: they may come in any order."""
    told = [said(one) for one in receiver.received]
    return sorted(
        f"{one['type']} {one['data']['collection']} {(one['data']['record'] or {}).get('title')}" for one in told
    )


async def deliveries(root: Caller) -> list[dict[str, Any]]:
    answer = await root.get(DELIVERIES, query={"sort": "created,id", "perPage": "200"})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found
