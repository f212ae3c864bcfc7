"""Cases 6, 25, 40 and 48: a request that a superuser tries as somebody else is that person's, and nothing more."""

import base64
import json
import re
from html import unescape
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving
from tests.dashboard.entering import Visitor

from piccobase import AuthCollection, Collection, Rules, owner
from piccobase.auth.impersonation import Impersonation
from piccobase.schema.collections import CollectionInfo

SCRIPT = "</code><script>alert(1)</script>"
TRY = "/admin/collections/-/try"


class Person(AuthCollection, tablename="people"):
    name = Varchar()
    secret = Varchar(secret=True)
    rules = Rules(list=owner, view=owner, update=owner)


class Diary(Collection, tablename="diaries"):
    text = Varchar()
    rules = Rules(list="@request.headers.cookie = ''")


async def test_a_request_tried_as_somebody_has_their_rights_and_leaves_no_token_behind(
    database_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_out: list[str] = []
    issue = Impersonation.token

    async def noting(self: Impersonation, collection: CollectionInfo, record_id: str, duration: int) -> str:
        token = await issue(self, collection, record_id, duration)
        given_out.append(token)
        return token

    async with serving([Person, Diary], [], database_url, tmp_path) as api:
        root = await api.superuser()
        monkeypatch.setattr(Impersonation, "token", noting)
        visitor = Visitor(root)
        await visitor.sign_in()
        ids = [
            (
                await root.create(
                    "people", email=f"{name}@example.com", password="12345678", passwordConfirm="12345678",
                    name=SCRIPT, secret="hush",
                )
            )["id"]
            for name in ("ann", "bob")
        ]  # fmt: skip
        await root.create("diaries", text=SCRIPT)

        async def tried(asker: str, method: str, path: str, **more: str) -> str:
            answer = await visitor.post(TRY, {"asker": asker, "method": method, "path": path, **more})
            assert answer.status_code == 200
            assert SCRIPT not in answer.text
            assert not [token for token in given_out if token in answer.text]
            return unescape(answer.text)

        # the list rule and hidden fields hold, for a guest and for somebody
        as_guest = await tried("guest", "GET", "/api/collections/people/records")
        assert not [one for one in (*ids, "hush") if one in as_guest]
        as_ann = await tried(f"people/{ids[0]}", "GET", "/api/collections/people/records")
        assert [one for one in (*ids, "hush") if one in as_ann] == [ids[0]]
        assert SCRIPT in as_ann
        # the superuser's cookie stays with the dashboard
        assert SCRIPT in await tried("guest", "GET", "/api/collections/diaries/records")
        # the token is never shown, not even where the API answers it; it is short-lived and cannot be prolonged
        refreshed = await tried(f"people/{ids[0]}", "POST", "/api/collections/people/auth-refresh")
        assert "(the token of this request)" in refreshed
        claims = json.loads(base64.urlsafe_b64decode(given_out[-1].split(".")[1] + "=="))
        assert claims["refreshable"] is False
        again = await api.ask(
            "POST", "/api/collections/people/auth-refresh", headers={"Authorization": given_out[-1]}
        )  # what a refresh gives for it is the same token, which ends when it ends
        assert again.json()["token"] == given_out[-1]
        # nothing is written without being asked back, and only by a page of this site
        change = {"asker": f"people/{ids[0]}", "method": "PATCH", "path": f"/api/collections/people/records/{ids[0]}"}
        assert "This changes data" in await tried(**change, body='{"name": "x"}')
        foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        refused = await visitor.post(TRY, {**change, "body": '{"name": "x"}', "confirmed": "yes"}, **foreign)
        assert refused.status_code == 403
        assert SCRIPT in (await root.ask("GET", f"/api/collections/people/records/{ids[0]}")).json()["name"]
        # and nothing for whoever is not signed in to the dashboard
        await visitor.post("/admin/sign-out")
        assert (await visitor.post(TRY, {**change, "confirmed": "yes"})).status_code == 303
        assert (await visitor.get("/admin/collections/-/askers?q=ann")).status_code == 303
        assert (await visitor.get("/admin/collections/people")).status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example/?", 'x"><script>alert(1)</script>', "a b", "$(id)", "user@evil.example", ""]
)
async def test_case_44_a_host_that_can_be_none_is_not_written_into_code(tmp_path: Path, host: str) -> None:
    async with serving([Diary], [], None, tmp_path) as api:
        visitor = Visitor(await api.superuser())
        await visitor.sign_in()
        cookie = "; ".join(f"{name}={value}" for name, value in api.client.cookies.items())
        page = await visitor.get("/admin/collections/diaries/list", Host=host, Cookie=cookie)
        shown = set(re.findall(r'data-base-url="([^"]*)"', page.text))
        # No URL can be made of some of them: then there is no page either.
        assert shown == ({"http://127.0.0.1:8090"} if page.status_code == 200 else set())
        assert page.status_code in (200, 400)
        assert not host or host not in page.text
