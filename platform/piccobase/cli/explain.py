"""`piccobase explain`: how a list request is answered, and what would make it faster."""

import asyncio
from pathlib import Path
from typing import Any

import rich_click as click

from piccobase.app.declared import App
from piccobase.app.loading import load_app
from piccobase.app.services import Services
from piccobase.base.errors import RequestError, StartError
from piccobase.cli.options import database_options
from piccobase.records.asking import ListQuery
from piccobase.records.explaining import Explanation, explain_list
from piccobase.schema.actor import GUEST, Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.system import SUPERUSERS_ID

_MOMENT = 60  # seconds that the token lives by which somebody else is asked for


@click.command()
@click.argument("collection")
@click.argument("app", default=".", metavar="[APP]")
@click.option("--filter", "filter_", default="", metavar="FILTER", help="as in the request")
@click.option("--sort", default="", help="as in the request: -created,name")
@click.option("--page", default=1, type=click.IntRange(1))
@click.option("--per-page", default=30, type=click.IntRange(1, 1000))
@click.option("--fields", default="", help="as in the request")
@click.option(
    "--as", "who", default="guest", metavar="WHO", help="guest (the default), superuser, or users/ID of an auth record"
)
@database_options
def explain(
    collection: str,
    app: str,
    filter_: str,
    sort: str,
    page: int,
    per_page: int,
    fields: str,
    who: str,
    data_dir: Path | None,
    database_url: str | None,
) -> None:
    """Show how a list of COLLECTION is answered: conditions, SQL, indexes, time, and advice.

    The statement is run once, as whoever asks. Nothing is changed.
    """
    asked = ListQuery(page=page, per_page=per_page, skip_total=True, filter=filter_, sort=sort, fields=fields)
    options = {"data_dir": data_dir, "database_url": database_url}
    loaded = load_app(app)
    found = asyncio.run(_explain(loaded, options, collection, asked, who))
    click.echo("\n".join(_lines(found)))


async def _explain(app: App, options: dict[str, Any], name: str, asked: ListQuery, who: str) -> Explanation:
    services = await app.start(app.config(options), migrate=False)
    try:
        collection = _collection(services, name)
        context = services.records.context(await _actor(services, who), "GET", {}, {})
        return await explain_list(services.records, context, collection, asked)
    except RequestError as error:
        raise StartError(
            f"{error.message} (the request would be answered with {error.status}, {error.code})"
        ) from error
    finally:
        await app.stop()


def _collection(services: Services, name: str) -> CollectionInfo:
    found = services.registry.find(name)
    if found is None:
        there = ", ".join(services.registry.collections)
        raise StartError(f"There is no collection {name}; there are {there}.")
    return found


async def _actor(services: Services, who: str) -> Actor:
    if who == "guest":
        return GUEST
    if who == "superuser":
        superusers = services.registry.find(SUPERUSERS_ID)
        return Actor(collection=superusers, id="explained", values={}, roles=frozenset(), superuser=True)
    name, _, record_id = who.partition("/")
    if not record_id:
        raise StartError(f"--as takes guest, superuser, or a collection and an id such as users/ID, not {who}.")
    token = await services.impersonation.token(_collection(services, name), record_id, _MOMENT)
    return await services.actors.actor(token)


def _lines(found: Explanation) -> list[str]:
    lines = []
    for title, block in (
        ("Rule", found.rule),
        ("Filter", found.filter),
        ("SQL", [found.sql]),
        ("Parameters", [f"{number}: {value!r}" for number, value in enumerate(found.parameters, 1)]),
        ("Plan", found.plan.lines),
        ("Indexes", [", ".join(dict.fromkeys(found.plan.indexes)) or "none"]),
        ("Found", [f"{found.found} records in {found.milliseconds:.2f} ms"]),
        ("Advice", found.advice),
    ):
        if block:
            lines += [f"{title}:", *(f"  {line}" for line in block)]
    return lines
