"""The pages of webhooks on the dashboard."""

import re

from tests.dashboard.entering import Visitor
from tests.plugins.webhooks.telling import SECRET, deliver, deliveries, shop, subscribe
from tests.receiving import Receiver

from piccobase.testing import TestApp
from piccobase_webhooks import verify

BASE = "/admin/plugins/webhooks"


async def signed_in(app: TestApp) -> Visitor:
    await app.superuser()
    visitor = Visitor(app)
    assert (await visitor.sign_in()).status_code == 303
    return visitor


async def test_the_pages_show_what_was_sent_and_how_it_went(database_url: str | None) -> None:
    async with shop(database_url) as app, Receiver() as receiver, Receiver(usual=410) as gone:
        visitor = await signed_in(app)
        assert "Nobody is told anything yet" in (await visitor.get(BASE)).text
        hook = await subscribe(app, receiver, name="<b>Accounting</b>", headers={"X-Key": "of-news"})
        await subscribe(app, gone, name="Gone", collections=["orders"])
        order = await app.create("orders", title="<script>Tea</script>")
        await deliver(app)
        page = (await visitor.get(BASE)).text
        assert "&lt;b&gt;Accounting&lt;/b&gt;" in page
        assert re.search(r"delivered</span>\s*1", page)
        assert "answered 410" in page
        page = (await visitor.get(f"{BASE}/hook/{hook['id']}")).text
        assert order["id"] in page
        assert "of-news" not in page
        assert SECRET not in page
        assert order["id"] not in (await visitor.get(f"{BASE}/hook/{hook['id']}?state=failed")).text
        [delivery] = [one for one in await deliveries(await app.superuser()) if one["webhook"] == hook["id"]]
        page = (await visitor.get(f"{BASE}/delivery/{delivery['id']}")).text
        assert delivery["message"] in page
        assert "<script>Tea" not in page
        for path in ("hook", "delivery"):
            assert (await visitor.get(f"{BASE}/{path}/nothing")).status_code == 404


async def test_what_can_be_done_is_done_by_forms() -> None:
    async with shop(None) as app, Receiver() as receiver:
        visitor = await signed_in(app)
        hook = await subscribe(app, receiver)
        path = f"{BASE}/hook/{hook['id']}"
        tried = await visitor.post(path, {"action": "test"})
        assert "was accepted" in (await visitor.get(tried.headers["location"])).text
        receiver.usual = 500
        tried = await visitor.post(path, {"action": "test"})
        assert "has answered 500" in (await visitor.get(tried.headers["location"])).text
        receiver.usual = 204

        failed = [one for one in await deliveries(await app.superuser()) if one["state"] == "failed"]
        for form in ({"action": "replay", "delivery": failed[0]["id"]}, {"action": "replay-failed"}):
            answer = await visitor.post(path, form)
            assert "sent again" in (await visitor.get(answer.headers["location"])).text
        assert (await visitor.post(f"{BASE}/delivery/{failed[0]['id']}")).status_code == 303
        await app.run_jobs()
        assert {one["state"] for one in await deliveries(await app.superuser())} == {"delivered"}

        answer = await visitor.post(path, {"action": "secret"})
        [shown] = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text)
        await visitor.post(path, {"action": "test"})
        sent = receiver.received[-1]
        assert verify(sent.body, sent.headers, shown)["type"] == "webhook.test"

        await visitor.post(path, {"action": "switch", "active": "no"})
        assert "Switch on" in (await visitor.get(path)).text
        await visitor.post(path, {"action": "switch", "active": "yes"})
        assert "Switch off" in (await visitor.get(path)).text
        assert (await visitor.post(path, {"action": "dance"})).status_code == 404
