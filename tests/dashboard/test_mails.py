"""The pages of mail templates: what is there, editing, looking, sending a test, and going back to the app's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving
from tests.dashboard.entering import Visitor

from piccobase import AuthCollection, MailTemplate
from piccobase.mail.collecting import Collector
from piccobase.mail.errors import MailFailed

PATH = "/admin/settings/mails"
MAILS = {"order": MailTemplate("Order {{ number }}", "<p>Dear {{ name }}</p>")}
FORM = {"subject": "Code", "body": "<p>{RECORD:name}: {OTP}</p>\r\n<script>alert(1)</script>", "text": "{OTP}"}


class Member(AuthCollection, tablename="members"):
    name = Varchar()


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with serving([Member], [], None, tmp_path, mails=MAILS) as api:
        await api.superuser()
        visitor = Visitor(api)
        await visitor.sign_in()
        yield visitor


async def test_every_mail_has_a_page_and_an_edited_one_holds_until_it_is_given_up(visitor: Visitor) -> None:
    mail, members = visitor.api.services.mail, visitor.api.services.registry.collections["members"]
    listed = (await visitor.get(PATH)).text
    places = [*(f"members/{kind}" for kind in ("verification", "password-reset", "email-change", "otp", "login-alert"))]
    places += ["_superusers/password-reset", "-/order"]
    for place in places:
        assert f'href="{PATH}/{place}"' in listed
        assert (await visitor.get(f"{PATH}/{place}")).status_code == 200
    assert f"{PATH}/_superusers/verification" not in listed
    for place in ("members/other", "_superusers/verification", "-/other", "nothing/otp", "_settings/otp"):
        assert (await visitor.get(f"{PATH}/{place}")).status_code == 404
    assert "edited" not in (await visitor.get(f"{PATH}/members/otp")).text

    saved = await visitor.post(f"{PATH}/members/otp", FORM)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{PATH}/members/otp?told=saved")
    assert mail.template("otp", members) == MailTemplate("Code", FORM["body"].replace("\r\n", "\n"), "{OTP}")
    assert (await visitor.post(f"{PATH}/-/order", {"subject": "Again {{ number }}", "body": "b"})).status_code == 303
    page = (await visitor.get(f"{PATH}/members/otp?told=saved")).text
    assert "Saved." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert (await visitor.post(f"{PATH}/members/otp/reset")).headers["location"] == f"{PATH}/members/otp?told=reset"
    assert mail.template("otp", members) == mail.declared("otp", members)
    # To type the app's own anew is to give the edited one up.
    await visitor.post(f"{PATH}/-/order", {"subject": "Order {{ number }}", "body": "<p>Dear {{ name }}</p>"})
    assert mail.edited(None, "order") is None


async def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(visitor: Visitor) -> None:
    await visitor.post(f"{PATH}/members/otp", FORM)
    for place, form, told in (
        ("members/verification", {"subject": "s", "body": "no link"}, "Must contain {TOKEN} or {ACTION_URL}."),
        ("members/otp", {"subject": "", "body": "{OTP}"}, "Cannot be blank."),
        ("-/order", {"subject": "s", "body": "{{ nam }}"}, "Did you mean &#34;name&#34;?"),
    ):
        refused = await visitor.post(f"{PATH}/{place}", form)
        assert refused.status_code == 400
        assert "Nothing was saved" in refused.text
        assert told in refused.text
        assert refused.text.count('aria-invalid="true"') == 1
    [kept] = visitor.api.services.settings.own_sections["mail"].value.templates
    assert kept.subject == "Code"


async def test_a_preview_is_the_mail_with_made_up_values_and_can_do_nothing(visitor: Visitor) -> None:
    shown = await visitor.get(f"{PATH}/members/verification/preview")
    assert "http://localhost:8090/_/#/auth/confirm-verification/TEST_TOKEN" in shown.text
    typed = await visitor.post(f"{PATH}/members/otp/preview", FORM)
    assert "<p>name: 123456</p>" in typed.text
    assert "<p>Dear {{ name }}</p>" in (await visitor.get(f"{PATH}/-/order/preview")).text
    policy = typed.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none';")  # no scripts, no forms, and an origin of nobody
    assert "frame-ancestors 'self'" in policy
    assert typed.headers["x-frame-options"] == "SAMEORIGIN"
    page = await visitor.get(f"{PATH}/members/otp")
    assert 'sandbox=""' in page.text
    assert page.headers["content-security-policy"].endswith("frame-src 'self'")


async def test_a_test_mail_tells_how_it_went(visitor: Visitor) -> None:
    outbox = Collector(failing=[MailFailed("The server is <away>.")])
    visitor.api.services.mail.mailer = lambda: outbox
    failed = await visitor.post(f"{PATH}/members/otp/test", {"to": "me@example.com"})
    assert failed.status_code == 400
    assert "The server is &lt;away&gt;." in failed.text
    assert "no mail address" in (await visitor.post(f"{PATH}/members/otp/test", {"to": "me"})).text
    assert "Shown in the server" in (await visitor.post(f"{PATH}/members/otp/test", {"to": "me@example.com"})).text
    await visitor.api.services.settings.update({"smtp": {"enabled": True}})
    assert "Sent to me@example.com." in (await visitor.post(f"{PATH}/members/otp/test", {"to": "me@example.com"})).text
    assert [mail.to for mail in outbox.sent] == [("me@example.com",)] * 2
    assert (await visitor.post(f"{PATH}/-/order/test", {"to": "me@example.com"})).status_code == 404
