"""API pages: what they say of a collection, samples that are accepted, and requests tried as somebody else."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import SUPERUSER, serving
from tests.dashboard.entering import Visitor
from tests.dashboard.shop import ROLES, TABLES

from piccobase import Collection, Rules
from piccobase.schema.actor import Actor
from piccobase.testing import Caller
from piccobase_admin.api_pages.operations import operations_of
from piccobase_admin.api_pages.samples import take_samples

PASSWORD = "correct horse battery"


@pytest.fixture
async def visitor(database_url: str | None, tmp_path: Path) -> AsyncIterator[Visitor]:
    async with serving(TABLES, ROLES, database_url, tmp_path) as api:
        visitor = Visitor(await api.superuser())
        await visitor.sign_in()
        yield visitor


async def new_customer(api: Caller, nick: str) -> dict[str, Any]:
    draft = {"email": f"{nick}@example.com", "nick": nick, "password": PASSWORD, "passwordConfirm": PASSWORD}
    return await api.create("customers", name=f"Miss {nick}", **draft)


async def new_thing(visitor: Visitor, buyer: str, **values: Any) -> dict[str, Any]:
    """A thing made of the page's own sample, after kinds enough to point to."""
    for kind in ("AA", "BB"):
        await visitor.api.ask("POST", visitor.api.records("kinds"), {"id": kind, "name": kind})
    sample = (await sample_of(visitor, "things")).create
    return await visitor.api.create("things", **(sample | {"buyer": buyer, "public": False} | values))


async def actor_of(visitor: Visitor) -> Actor:
    return await visitor.api.services.actors.actor(visitor.api.token)


async def sample_of(visitor: Visitor, name: str) -> Any:
    services = visitor.api.services
    return await take_samples(services, await actor_of(visitor), services.registry.collections[name])


async def trying(visitor: Visitor, asker: str, method: str, path: str, **more: str) -> str:
    """What the page shows in answer to a request, as text."""
    form = {"asker": asker, "method": method, "path": path, **more}
    answer = await visitor.post("/admin/collections/-/try", form, **{"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.text


def told(fragment: str) -> tuple[int, Any]:
    """Status and body that a fragment shows."""
    status = re.search(r"data-status>(\d+)", fragment)
    body = re.search(r"<pre[^>]*><code>(.*?)</code></pre>", fragment, re.DOTALL)
    assert status, fragment
    return int(status[1]), json.loads(unescape(body[1])) if body else None


async def test_a_sample_body_is_accepted_whatever_the_fields(visitor: Visitor) -> None:
    await new_thing(visitor, (await new_customer(visitor.api, "ann"))["id"])
    for name in ("customers", "kinds", "things", "loose", "old", "numbered"):
        sample = await sample_of(visitor, name)
        assert not sample.missing
        created = await visitor.api.ask("POST", visitor.api.records(name), sample.create)
        assert created.status_code == 200, (name, sample.create, created.text)
        again = await visitor.api.ask("POST", visitor.api.records(name), (await sample_of(visitor, name)).create)
        assert again.status_code == 200, (name, again.text)
        changed = await visitor.api.ask("PATCH", visitor.api.records(name, created.json()["id"]), sample.update)
        assert changed.status_code == 200, (name, sample.update, changed.text)


async def test_a_sample_says_what_has_to_be_there_first(visitor: Visitor) -> None:
    sample = await sample_of(visitor, "things")
    assert set(sample.missing) == {"kinds", "customers"}
    assert (sample.is_real, sample.record_id) == (False, "RECORD_ID")
    page = (await visitor.get("/admin/collections/things/create")).text
    assert "There is no record of kinds, customers to point to yet" in page


async def test_every_page_of_every_collection_is_there(visitor: Visitor) -> None:
    await new_thing(visitor, (await new_customer(visitor.api, "ann"))["id"])
    services, actor = visitor.api.services, await actor_of(visitor)
    for collection in services.registry.collections.values():
        samples = await take_samples(services, actor, collection)
        keys = [one.key for one in operations_of(collection, services.registry, samples)]
        assert ("auth-refresh" in keys) == (collection.kind == "auth")
        for key in ["", *keys]:
            page = await visitor.get(f"/admin/collections/{collection.name}/{key}".rstrip("/"))
            assert page.status_code == 200, (collection.name, key)
            assert "None" not in re.sub(r"<code.*?</code>", "", page.text, flags=re.DOTALL)
    for path in ("nope", "things/nope", "things/auth-refresh", "_superusers/roles"):
        assert (await visitor.get(f"/admin/collections/{path}")).status_code == 404


async def test_the_overview_says_what_a_field_is_and_who_may_what(visitor: Visitor) -> None:
    page = re.sub(r"\s+", " ", (await visitor.get("/admin/collections/things")).text)
    for said in (
        "Whoever has the role clerk.",
        "Records where whoever asks is the record&#39;s buyer, or public is true.",
        "at most 10 characters",
        "one of red, it&#39;s $blue",
        "Nobody&#39;s business",
        'relation to <a href="/admin/collections/kinds">kinds</a>',
    ):
        assert said in page, said
    assert "&lt;b&gt;As on the door&lt;/b&gt;" in (await visitor.get("/admin/collections/customers")).text


async def test_an_example_shows_a_record_that_is_there_without_what_is_hidden(visitor: Visitor) -> None:
    customer = await new_customer(visitor.api, "ann")
    thing = await new_thing(visitor, customer["id"], secret="hush")
    for key in ("list", "view", "create", "update"):
        page = (await visitor.get(f"/admin/collections/things/{key}")).text
        assert thing["id"] in page
        assert "hush" not in page


async def test_a_request_is_answered_as_whoever_was_chosen_would_see_it(visitor: Visitor) -> None:
    ann, bob = [await new_customer(visitor.api, nick) for nick in ("ann", "bob")]
    mine = await new_thing(visitor, ann["id"], title="mine", secret="hush", margin=7)
    open_to_all = await new_thing(visitor, bob["id"], title="open", public=True, secret="hush", margin=7)
    path = "/api/collections/things/records"

    def seen(fragment: str) -> tuple[set[str], set[str]]:
        """Ids, and which of the fields with limits on reading are there."""
        status, page = told(fragment)
        assert status == 200
        return {one["id"] for one in page["items"]}, {"secret", "margin"} & set(page["items"][0])

    assert seen(await trying(visitor, "guest", "GET", path)) == ({open_to_all["id"]}, set())
    assert seen(await trying(visitor, f"customers/{ann['id']}", "GET", path)) == (
        {mine["id"], open_to_all["id"]},
        set(),
    )
    assert seen(await trying(visitor, f"customers/{bob['id']}", "GET", path)) == ({open_to_all["id"]}, set())
    assert seen(await trying(visitor, "me", "GET", path)) == ({mine["id"], open_to_all["id"]}, {"secret", "margin"})
    await visitor.api.ask("PUT", visitor.api.records("customers", bob["id"]) + "/roles", {"roles": ["boss"]})
    assert seen(await trying(visitor, f"customers/{bob['id']}", "GET", path)) == ({open_to_all["id"]}, {"margin"})
    status, _ = told(await trying(visitor, f"customers/{bob['id']}", "GET", f"{path}/{mine['id']}"))
    assert status == 404
    refused = await trying(visitor, "guest", "GET", path, **{"query.filter": "secret != ''"})
    assert told(refused)[0] == 400
    assert "filter.unknown_field" in refused  # the header with the error's code
    assert "A superuser passes all rules. For others:" in await trying(visitor, "me", "GET", path)
    assert "things, list:" in refused


async def test_query_parameters_are_taken_as_they_were_typed(visitor: Visitor) -> None:
    await visitor.api.create("loose", title="a & b=c%+ü", number=1)
    await visitor.api.create("loose", title="other", number=2)
    path = "/api/collections/loose/records"
    answer = await trying(visitor, "me", "GET", path, **{"query.filter": "title = 'a & b=c%+ü'", "query.page": ""})
    assert [one["number"] for one in told(answer)[1]["items"]] == [1]
    given = await trying(visitor, "guest", "GET", path + "?title=other")
    assert [one["number"] for one in told(given)[1]["items"]] == [2]
    assert told(await trying(visitor, "me", "GET", "/api/health"))[1]["code"] == 200


async def test_numbers_are_shown_with_all_their_digits(visitor: Visitor) -> None:
    customer = await new_customer(visitor.api, "ann")
    await new_thing(visitor, customer["id"], price=1.5, big=9007199254740993)
    shown = await trying(visitor, "me", "GET", "/api/collections/things/records")
    assert "9007199254740993" in shown
    assert "1.50" in shown


async def test_a_write_is_asked_back_before_it_is_sent(visitor: Visitor) -> None:
    customer = await new_customer(visitor.api, "ann")
    path = f"/api/collections/customers/records/{customer['id']}"
    request = ("PATCH", path)
    asked = await trying(visitor, f"customers/{customer['id']}", *request, body='{"name": "Anna"}')
    assert "This changes data" in asked
    assert (await visitor.api.ask("GET", path)).json()["name"] == "Miss ann"
    sent = await trying(visitor, f"customers/{customer['id']}", *request, body='{"name": "Anna"}', confirmed="yes")
    assert told(sent)[1]["name"] == "Anna"
    assert told(await trying(visitor, "guest", "DELETE", path, confirmed="yes"))[0] == 404
    assert told(await trying(visitor, f"customers/{customer['id']}", "DELETE", path, confirmed="yes")) == (204, None)


async def test_signing_in_is_tried_without_asking_back_and_the_answer_is_shown(visitor: Visitor) -> None:
    await new_customer(visitor.api, "ann")
    path = "/api/collections/customers/auth-with-password"
    body = json.dumps({"identity": "ann", "password": PASSWORD})
    status, answer = told(await trying(visitor, "guest", "POST", path, body=body))
    assert (status, answer["record"]["nick"]) == (200, "ann")


REFUSED = [
    ("guest", "GET", "/admin/", "", "The path must begin with /api/"),
    ("guest", "GET", "http://elsewhere/api/", "", "The path must begin with /api/"),
    ("guest", "GET", "//elsewhere/api/", "", "The path must begin with /api/"),
    ("guest", "GET", "/api/../admin/", "", "must not lead out of /api/"),
    ("guest", "GET", "/api/%2e%2e/admin/", "", "must not lead out of /api/"),
    ("guest", "GET", "/api//x", "", "must not lead out of /api/"),
    ("guest", "GET", "/api/health?a=b c", "", "must be encoded"),
    ("guest", "TRACE", "/api/health", "", "The method must be one of"),
    ("guest", "POST", "/api/collections/loose/records", "{", "The body is not JSON"),
    ("", "GET", "/api/health", "", "Choose who asks"),
    ("customers/", "GET", "/api/health", "", "Choose who asks"),
    ("things/abcdefghijklmno", "GET", "/api/health", "", "Choose who asks"),
    ("customers/abcdefghijklmno", "GET", "/api/health", "", "There is no such record any more."),
    ("customers/a\x00b", "GET", "/api/health", "", "There is no such record any more."),
    ("guest", "GET", "", "", "Say which path to ask."),
]


async def test_what_cannot_be_sent_says_why(visitor: Visitor) -> None:
    for asker, method, path, body, problem in REFUSED:
        assert problem in await trying(visitor, asker, method, path, body=body, confirmed="yes"), (asker, method, path)


async def test_somebody_is_found_by_address_name_or_id(visitor: Visitor) -> None:
    ann, bob = [await new_customer(visitor.api, nick) for nick in ("ann", "bob")]

    async def found(text: str) -> set[str]:
        answer = await visitor.api.client.get(
            "/admin/collections/-/askers", params={"q": text}, headers=visitor.headers
        )
        return set(re.findall(r'value="customers/([a-z0-9]+)"', answer.text))

    assert await found("") == {ann["id"], bob["id"]}
    assert await found("ann@exam") == await found("Miss ann") == await found(ann["id"]) == {ann["id"]}
    assert await found("%") == await found("_nn") == await found("it's \\") == await found("' || id != '") == set()


async def test_a_hundred_collections_have_their_place(tmp_path: Path) -> None:
    tables = [
        type(
            f"C{number}",
            (Collection,),
            {"name": Varchar(), "rules": Rules(list="")},
            tablename=f"collection_{number:03}",
        )
        for number in range(100)
    ]
    async with serving(tables, [], None, tmp_path) as api:
        visitor = Visitor(await api.superuser())
        await visitor.sign_in(*SUPERUSER)
        index = await visitor.get("/admin/collections")
        assert len(set(re.findall(r"/admin/collections/(collection_\d+)", index.text))) == 100
        one = await visitor.get("/admin/collections/collection_042/list")
        assert one.status_code == 200
        assert 'id="find-collection"' in one.text
