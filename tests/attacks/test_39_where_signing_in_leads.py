"""Case 39: signing in to the dashboard leads to a page of the dashboard, whatever the address says."""

from pathlib import Path

import pytest
from tests.dashboard.entering import visiting

from piccobase_admin.signing import safe_next

ELSEWHERE = [
    "//evil.example",
    "///evil.example/admin",
    "/\\evil.example",
    "\\\\evil.example",
    "/admin\\@evil.example",
    "/admin/\\..\\..//evil.example",
    "https://evil.example/admin/",
    "http:/evil.example",
    "http:evil.example",
    "https://test@evil.example/admin/",
    "javascript:alert(1)",
    "JaVaScRiPt://test/%0aalert(1)",
    "data:text/html,x",
    "/admin.evil.example",
    "/adminevil",
    "/administrator/",
    "/api/health",
    "/",
    "",
    "admin/",
    ".evil.example",
    "@evil.example",
    "/admin/../api/health",
    "/admin/..//evil.example",
    "/admin//evil.example",
    "/admin/\r\nSet-Cookie: a=b",
    "/admin/\n",
    "/admin/\t/evil.example",
    "\t//evil.example",
    " /admin/",
    "/admin/ x",
    "/admin/\u2028",
    "/admin/\u00e9",
    "/admin/sign-out",
    "/admin/sign-in?next=/admin/sign-in",
]
INSIDE = [
    "/admin",
    "/admin/",
    "/admin?x=1",
    "/admin/collections/posts?tab=list",
    "/admin/tables/",
    "/admin/a%2Fb?q=//x",
]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_out_of_the_dashboard_nobody_is_sent(path: str) -> None:
    assert safe_next(path) == "/admin/"


@pytest.mark.parametrize("path", INSIDE)
def test_within_it_one_comes_where_one_was_going(path: str) -> None:
    assert safe_next(path) == path


async def test_neither_the_form_nor_the_redirect_takes_an_address_elsewhere(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        for address in ELSEWHERE[::4]:
            form = await visitor.api.client.get("/admin/sign-in", params={"next": address})
            assert 'name="next" value="/admin/"' in form.text
            signed_in = await visitor.sign_in(next=address)
            assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/admin/")
            there_already = await visitor.api.client.get("/admin/sign-in", params={"next": address})
            assert (there_already.status_code, there_already.headers["location"]) == (303, "/admin/")
            visitor.api.client.cookies.clear()
