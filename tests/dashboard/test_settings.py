"""The pages of settings: every section has one, what is wrong stands at its field, and secrets are not shown."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from tests.asking import SUPERUSER
from tests.dashboard.entering import Visitor, visiting

from piccobase.extending import FieldError, SecretText, Section, says
from piccobase.settings.section import Mistakes
from piccobase_admin.settings.pages import SUBJECTS, subjects

Form = dict[str, str]


class Step(Section, frozen=True):
    from_: int = msgspec.field(default=0, name="from")

    def check(self) -> Mistakes:
        return {"from": FieldError("validation_invalid_value", "Too little.")} if self.from_ < 0 else {}


class Shop(Section, frozen=True):
    """What the shop charges."""

    currency: Annotated[str, says("Currency", "Three letters.")] = "EUR"
    api_token: SecretText = ""
    rate: float = 1.5
    open: bool = True
    days: tuple[str, ...] = ("mon",)
    mode: Literal["a", "b"] = "a"
    steps: tuple[Step, ...] = ()
    extra: dict[str, int] = msgspec.field(default_factory=dict)

    def check(self) -> Mistakes:
        if len(self.currency) == 3:
            return {}
        return {"currency": FieldError("validation_length_invalid", "Must have three letters.")}


@pytest.fixture
async def visitor(database_url: str | None, tmp_path: Path) -> AsyncIterator[Visitor]:
    async with visiting(tmp_path, database_url=database_url) as visitor:
        visitor.api.services.settings.section("shopPrices", Shop)
        await visitor.sign_in()
        yield visitor


async def form(visitor: Visitor, subject: str) -> Form:
    """What a browser would send of a page, unchanged."""
    page = await visitor.get(f"/admin/settings/{subject}")
    assert page.status_code == 200, page.text
    html = re.sub(r"<template>.*?</template>|<noscript>.*?</noscript>", "", page.text, flags=re.DOTALL)
    html = html[html.index('<form class="settings"') :]
    fields: Form = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            fields[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>', html, re.DOTALL):
        fields[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', html, re.DOTALL):
        fields[name] = re.findall(r'<option value="([^"]*)" selected', options)[0]
    return fields


async def test_every_page_saved_as_it_is_changes_nothing(visitor: Visitor) -> None:
    services = visitor.api.services
    before, own = services.settings.current, services.settings.own_sections["shopPrices"].value
    assert (await visitor.get("/admin/settings")).headers["location"] == "/admin/settings/app"
    assert [subject.path for subject in subjects(services)] == [
        *(one.path for one in SUBJECTS),
        *(f"of-{name}" for name in services.settings.own_sections if name != "mail"),
    ]
    for subject in subjects(services):
        saved = await visitor.post(f"/admin/settings/{subject.path}", await form(visitor, subject.path))
        assert saved.status_code == 200, saved.text
        assert "Saved." in saved.text
    assert (services.settings.current, services.settings.own_sections["shopPrices"].value) == (before, own)
    assert (await visitor.get("/admin/settings/nope")).status_code == 404


async def test_what_is_saved_holds_at_once(visitor: Visitor) -> None:
    settings = visitor.api.services.settings
    limits = await form(visitor, "limits")
    rules = {"rateLimits.rules.10000.label": "GET /x/", "rateLimits.rules.10000.maxRequests": "7"}
    rules |= {"rateLimits.rules.10000.duration": "60", "rateLimits.rules.10000.audience": "@guest"}
    limits |= {"rateLimits.excludedIPs": "10.0.0.1, 10.0.0.2\n::1", "rateLimits.rules.0.label": "*:list"}
    empty = {f"rateLimits.rules.10001.{name}": "" for name in ("label", "maxRequests", "duration", "audience")}
    assert (await visitor.post("/admin/settings/limits", limits | rules | empty)).status_code == 200
    changed = settings.current.rate_limits
    assert changed.excluded_ips == ("10.0.0.1", "10.0.0.2", "::1")
    assert [rule.label for rule in changed.rules] == ["*:list", "*:create", "/api/batch", "/api/", "GET /x/"]
    assert (changed.rules[-1].max_requests, changed.rules[-1].audience, changed.enabled) == (7, "@guest", False)
    prices = await form(visitor, "of-shopPrices")
    del prices["shopPrices.open"]
    prices |= {"shopPrices.currency": "CHF", "shopPrices.rate": "2.25", "shopPrices.mode": "b"}
    assert (await visitor.post("/admin/settings/of-shopPrices", prices)).status_code == 200
    shop = settings.own_sections["shopPrices"].value
    assert shop == Shop(currency="CHF", rate=2.25, open=False, mode="b")


async def test_secrets_are_kept_replaced_and_removed_but_never_shown(visitor: Visitor) -> None:
    settings = visitor.api.services.settings
    for page, name, read in (
        ("mail", "smtp.password", lambda: settings.current.smtp.password),
        ("of-shopPrices", "shopPrices.apiToken", lambda: settings.own_sections["shopPrices"].value.api_token),
    ):
        fields = await form(visitor, page)
        saved = await visitor.post(f"/admin/settings/{page}", fields | {name: "hush-hush"})
        assert read() == "hush-hush"
        assert "hush-hush" not in saved.text
        fields = await form(visitor, page)
        assert fields[name] == ""
        await visitor.post(f"/admin/settings/{page}", fields)
        assert read() == "hush-hush"
        refused = await visitor.post(f"/admin/settings/{page}", {"smtp.port": "x", name: "typed-secret"})
        assert "typed-secret" not in refused.text
        await visitor.post(f"/admin/settings/{page}", fields | {f"{name}-remove": "true"})
        assert read() == ""


async def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(visitor: Visitor) -> None:
    before = visitor.api.services.settings.current
    for page, wrong, told in (
        ("app", {"meta.appName": "", "meta.senderName": "<b>"}, ["Cannot be blank.", "&lt;b&gt;"]),
        ("mail", {"smtp.port": "many"}, ["Must be a whole number."]),
        ("access", {"superuserIPs": "127.0.0.1 nope"}, ["Entry 2: Invalid IP or CIDR subnet."]),
        ("access", {"superuserIPs": "10.0.0.1"}, ["Your own address, 127.0.0.1, is not among these"]),
        ("limits", {"rateLimits.rules.0.label": "a b"}, ["Must be in a valid format.", 'value="a b"']),
        ("limits", {"rateLimits.rules.1.duration": "x"}, ["Must be a whole number.", 'value="x"']),
        ("backups", {"backups.cron": "* * *"}, ["Invalid cron expression."]),
        ("of-shopPrices", {"shopPrices.currency": "€"}, ["Must have three letters."]),
        ("of-shopPrices", {"shopPrices.mode": "c"}, ["shopPrices.mode must be of its type"]),
        ("of-shopPrices", {"shopPrices.extra": "{"}, ["This is no JSON"]),
        ("of-shopPrices", {"shopPrices.steps": '[{"from": 1}, {"from": -1}]'}, ["Entry 2, from: Too little."]),
        ("of-shopPrices", {"shopPrices.rate": "x"}, ["Must be a number."]),
    ):
        fields = await form(visitor, page)
        answer = await visitor.post(f"/admin/settings/{page}", fields | wrong)
        assert answer.status_code == 400, (page, wrong)
        for text in told:
            assert text in answer.text, (page, wrong, text)
        part = await visitor.post(f"/admin/settings/{page}", fields | wrong, **{"HX-Request": "true"})
        assert part.status_code == 200  # which htmx shows
        assert part.text.lstrip().startswith('<form class="settings"')
    assert visitor.api.services.settings.current == before


async def test_where_superusers_may_not_come_from_the_dashboard_says_so_and_nothing_else(visitor: Visitor) -> None:
    await visitor.api.services.settings.update({"superuserIPs": ["10.0.0.0/8"]})
    for path in ("/admin", "/admin/settings/app", "/admin/sign-in"):
        answer = await visitor.get(path)
        assert answer.status_code == 403
        assert "from your address, 127.0.0.1" in answer.text
    assert (await visitor.sign_in(*SUPERUSER)).status_code == 403
    assert (await visitor.get("/admin/static/dashboard.css")).status_code == 200


async def test_no_limit_of_the_api_locks_a_superuser_out_of_the_dashboard(visitor: Visitor) -> None:
    rules = [{"label": "/", "maxRequests": 1, "duration": 60}]
    await visitor.api.services.settings.update({"rateLimits": {"enabled": True, "rules": rules}})
    assert [(await visitor.get("/admin")).status_code for _ in range(3)] == [200, 200, 200]
