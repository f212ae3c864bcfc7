"""The dashboard is a client as any other: its lists and forms pass the hooks, whatever these leave of a record."""

from typing import Any

from tests.asking import SUPERUSER
from tests.dashboard.entering import Visitor
from tests.hooks.blog import posts_app
from tests.hooks.conftest import Start

from piccobase import CreatingRecord, EnrichingRecords
from piccobase.auth.superusers import upsert_superuser

ROWS = "/admin/tables/api/tables/posts/"


async def test_records_that_hooks_have_changed_are_listed_opened_and_saved(started: Start) -> None:
    app = posts_app()

    @app.hook(EnrichingRecords, collection="posts")
    def hide(event: EnrichingRecords) -> None:
        for item in event.items:
            item["more"] = item.pop("views")

    @app.hook(CreatingRecord, collection="posts")
    def stamp(event: CreatingRecord) -> None:
        event.draft["slug"] = f"by {event.actor.collection.name if event.actor.collection else 'a guest'}"

    api = await started(app)
    await upsert_superuser(api.services.engine, api.services.hasher, *SUPERUSER)
    visitor = Visitor(api)
    await visitor.sign_in()
    made: Any = await api.client.post(ROWS, json={"title": "New"}, headers=visitor.headers)
    assert made.status_code == 201, made.text
    (listed,) = (await visitor.get(ROWS)).json()["rows"]
    assert (listed["title"], listed["slug"], listed["views"]) == ("New", "by _superusers", None)
    path = f"{ROWS}{listed['id']}/"
    assert (await visitor.get(path)).status_code == 200
    saved = await api.client.patch(path, json={"title": "Newer"}, headers=visitor.headers)
    assert (saved.status_code, saved.json()["title"]) == (200, "Newer")
    assert (await api.rows("posts"))[0]["title"] == "Newer"
