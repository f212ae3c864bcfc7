"""Webhooks on the dashboard: how each of them fares, what was sent, and what can be done about it."""

import json
from typing import Any

from piccobase.extending import NotFound, PageRequest, RequestError, SentOn, ShownPage, text_literal
from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.running import running
from piccobase_webhooks.subscribing import KEEP_OLD_HOURS, replace_secret_of
from piccobase_webhooks.tables import STATES, Delivery, Webhook

PER_PAGE = 50
MOST_SHOWN = 500  # webhooks on one page
HOOKS, DELIVERIES = Webhook._meta.tablename, Delivery._meta.tablename
_IN_A_LIST = "id,created,type,collection,record,state,attempts,status,duration,error"


@plugin.page(title="Webhooks", icon="outside")
async def all_of_them(asked: PageRequest) -> ShownPage:
    """What is told to whom, and how that went on the last day."""
    found = await asked.records.list(HOOKS, sort="name,id", per_page=MOST_SHOWN)
    return asked.show("webhooks.html", hooks=found.items, counts=await running().deliveries.counts_of_the_day())


@plugin.page("hook/{id}", title="A webhook", methods=["GET", "POST"])
async def one_of_them(asked: PageRequest) -> ShownPage | SentOn:
    """One webhook and its deliveries. Forms send an `action`."""
    id_ = asked.parameters["id"]
    hook = await asked.records.view(HOOKS, id_)
    secret, problem, status = "", "", 200
    if asked.method == "POST":
        try:
            done = await _act(asked, id_)
        except RequestError as error:
            problem, status = error.message, error.status
        else:
            if done is not None:
                return done
            secret = await replace_secret_of(id_)  # shown in the answer itself, since no address may have it
    state = asked.query.get("state", "")
    wanted = f" && state = {text_literal(state)}" if state in STATES else ""
    number = _page_number(asked)
    found = await asked.records.list(
        DELIVERIES,
        filter=f"webhook = {text_literal(id_)}{wanted}",
        sort="-created,-id",
        fields=_IN_A_LIST,
        page=number,
        per_page=PER_PAGE,
    )
    return asked.show(
        "webhook.html",
        status=status,
        hook=hook,
        deliveries=found.items,
        total=found.total_items,
        number=number,
        last=found.total_pages,
        state=state,
        states=STATES,
        secret=secret,
        kept_hours=KEEP_OLD_HOURS,
        problem=problem,
        told=asked.query.get("told", ""),
        tried=await _tried(asked),
    )


@plugin.page("delivery/{id}", title="A delivery", methods=["GET", "POST"])
async def one_delivery(asked: PageRequest) -> ShownPage | SentOn:
    """A message, and all that is known of it. A form sends it once more."""
    delivery = await asked.records.view(DELIVERIES, asked.parameters["id"])
    hook = await asked.records.view(HOOKS, delivery["webhook"])
    if asked.method == "POST":
        await running().deliveries.replay(hook["id"], delivery["id"])
        return asked.go_to(f"delivery/{delivery['id']}?told=replayed")
    body = json.dumps(json.loads(delivery["body"]), indent=2, ensure_ascii=False)
    return asked.show("webhook_delivery.html", delivery=delivery, hook=hook, body=body, told=asked.query.get("told"))


async def _act(asked: PageRequest, id_: str) -> SentOn | None:
    """Does what a form asks for. None where a new secret is asked for. Raises RequestError."""
    deliveries = running().deliveries
    match asked.form.get("action"):
        case "test":
            tried = await deliveries.ping(id_)
            return asked.go_to(f"hook/{id_}?tried={tried['id']}")
        case "replay":
            await deliveries.replay(id_, asked.form.get("delivery", ""))
            return asked.go_to(f"hook/{id_}?told=replayed")
        case "replay-failed":
            await deliveries.replay_failed(id_)
            return asked.go_to(f"hook/{id_}?told=replayed")
        case "switch":
            await asked.records.update(HOOKS, id_, {"active": asked.form.get("active") == "yes"})
            return asked.go_to(f"hook/{id_}")
        case "secret":
            return None
        case _:
            raise NotFound


async def _tried(asked: PageRequest) -> dict[str, Any] | None:
    """The message for a try that was sent a moment ago."""
    if not (tried := asked.query.get("tried")):
        return None
    try:
        return await asked.records.view(DELIVERIES, tried)
    except NotFound:
        return None


def _page_number(asked: PageRequest) -> int:
    text = asked.query.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else 1
