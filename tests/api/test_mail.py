"""Mails as an app has them: written at once, sent by a job, from templates that superusers edit; on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import App, AuthCollection, AuthOptions, FieldRules, MailTemplate, Rules
from piccobase.base.clock import now
from piccobase.base.errors import InvalidDeclaration
from piccobase.mail.collecting import Collector
from piccobase.mail.console import NoMailer
from piccobase.mail.errors import InvalidMail, MailFailed, MailRefused
from piccobase.schema.collections import CollectionInfo
from piccobase.testing import Caller, TestApp, frozen

SECTIONS = "/api/settings/sections"
TEST = "/api/settings/test/email"
MAILS = {
    "order": MailTemplate(
        "Order {{ order.number }}",
        "<p>Dear {{ name }},</p>{% for item in order.lines %}<p>{{ item }}</p>{% endfor %}{{ app_name }}",
    )
}


class Member(
    AuthCollection,
    tablename="members",
    auth=AuthOptions(mails={"otp": MailTemplate("{OTP} is your code", "<p>{RECORD:name}: {OTP} ({OTP_ID})</p>")}),
):
    name = Varchar()
    note = Varchar(secret=True)
    remark = Varchar()
    rules = Rules(create="", fields={"remark": FieldRules(read=None)})


@pytest.fixture
async def guest(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApp]:
    async with serving([Member], [], database_url, tmp_path, mails=MAILS) as api:
        yield api


@pytest.fixture
async def api(guest: TestApp) -> Caller:
    return await guest.superuser()


@pytest.fixture
def sent(api: Caller) -> Collector:
    """Where the mails of this test go."""
    collector = Collector()
    api.services.mail.mailer = lambda: collector
    return collector


@pytest.fixture
def members(api: Caller) -> CollectionInfo:
    return api.services.registry.collections["members"]


ADA = {"id": "ada000000000000", "email": "ada@example.com", "name": "<Ada>", "note": "hidden", "remark": "kept"}


async def edit(api: Caller, **template: str) -> Any:
    return await api.ask("PATCH", SECTIONS, {"mail": {"templates": [template]}})


async def job_of(api: Caller, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.ask("GET", f"/api/jobs/{job_id}")).json()
    return found


async def test_a_mail_about_an_account_is_written_at_once_and_sent_by_a_job(
    api: Caller, sent: Collector, members: CollectionInfo
) -> None:
    await api.ask("PATCH", "/api/settings", {"meta": {"appName": "A & B", "appURL": "https://a.example/"}})
    job = await api.services.mail.send("verification", members, ADA, "the.token")
    assert sent.sent == []
    stored = await job_of(api, job)
    assert (stored["arguments"]["about"], stored["arguments"]["to"]) == ("members, verification", ["ada@example.com"])
    # Tokens are no reading matter for whoever sees jobs, nor for whoever finds a backup.
    assert "the.token" not in str(stored)
    await api.services.work.worker.drain()
    (mail,) = sent.sent
    link = "https://a.example/_/#/auth/confirm-verification/the.token"
    assert mail.to == ("ada@example.com",)
    assert mail.subject == "Verify your A & B email"
    assert f'href="{link}"' in mail.html
    assert "A &amp; B" in mail.html
    assert f"Verify: {link}" in mail.text
    assert (await job_of(api, job))["state"] == "done"


async def test_every_kind_of_mail_has_a_template(api: Caller, sent: Collector) -> None:
    superusers = api.services.registry.collections["_superusers"]
    root = {"id": "r", "email": "root@example.com"}
    send = api.services.mail.send
    await send("password-reset", superusers, root, "TOK1")
    await send("email-change", superusers, root, "TOK2", to="new@example.com")
    await send("otp", superusers, root, otp="12345678", otp_id="o1")
    await send("login-alert", superusers, root, alert="198.51.100.7\n<Firefox>")
    await api.services.work.worker.drain()
    by_subject = {mail.subject: mail for mail in sent.sent}
    assert "/confirm-password-reset/TOK1" in by_subject["Reset your Acme password"].text
    changed = by_subject["Confirm your Acme new email address"]
    assert changed.to == ("new@example.com",)
    assert "/confirm-email-change/TOK2" in changed.text
    assert "12345678" in by_subject["Your code for Acme"].text
    alert = by_subject["Login from a new location"]
    assert "198.51.100.7<br>\n&lt;Firefox&gt;" in alert.html
    assert "198.51.100.7\n<Firefox>" in alert.text


async def test_a_superusers_template_comes_before_the_declared_one(
    api: Caller, sent: Collector, members: CollectionInfo
) -> None:
    await api.services.mail.send("otp", members, ADA, otp="111", otp_id="o1")
    body = "<b>{RECORD:name} {RECORD:collectionName} {OTP} {WHAT}</b>"
    edited = await edit(api, collection="members", template="otp", subject="Code {OTP}", body=body, text="= {OTP}")
    assert edited.status_code == 200, edited.text
    assert (await api.ask("GET", SECTIONS)).json()["mail"]["templates"][0]["subject"] == "Code {OTP}"
    await api.services.mail.send("otp", members, ADA, otp="222")
    await api.services.work.worker.drain()
    declared, by_hand = sorted(sent.sent, key=lambda mail: mail.subject)
    assert (declared.subject, declared.text) == ("111 is your code", "<Ada>: 111 (o1)")
    assert (by_hand.subject, by_hand.text) == ("Code 222", "= 222")
    assert "<b>&lt;Ada&gt; members 222 {WHAT}</b>" in by_hand.html


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({}, "template", "Cannot be blank."),
    (
        {"template": "otp", "collection": "member", "subject": "s", "body": "{OTP}"},
        "collection",
        'There is no such auth collection. Did you mean "members"?',
    ),
    (
        {"template": "opt", "collection": "members", "subject": "s", "body": "{OTP}"},
        "template",
        'There is no such mail. Did you mean "otp"?',
    ),
    ({"template": "otp", "collection": "members", "subject": "s", "body": "x"}, "body", "Must contain {OTP}."),
    (
        {"template": "verification", "collection": "members", "subject": "s", "body": "{ACTION_URL}", "text": "x"},
        "text",
        "Must contain {TOKEN} or {ACTION_URL}.",
    ),
    ({"template": "login-alert", "collection": "members", "body": "x"}, "subject", "Cannot be blank."),
    (
        {"template": "login-alert", "collection": "members", "subject": "{RECORD:nam}", "body": "x"},
        "subject",
        'members has no field nam that a mail may show. Did you mean "name"?',
    ),
    (
        {"template": "ordre", "subject": "s", "body": "b"},
        "template",
        'The app has no mail "ordre". Did you mean "order"?',
    ),
    (
        {"template": "order", "subject": "s", "body": "{{ nmae }}"},
        "body",
        'The mail is not given any nmae. Did you mean "name"?',
    ),
    (
        {"template": "order", "subject": "s", "body": "a\n{% include 'b' %}"},
        "body",
        "Line 2 of the template: templates of mails have no include.",
    ),
]


async def test_an_edited_template_that_would_be_of_no_use_is_refused(api: Caller) -> None:
    for template, place, message in REFUSED:
        answer = await edit(api, **template)
        assert answer.status_code == 400, template
        assert answer.json()["data"]["mail"]["templates"]["0"][place]["message"] == message


async def test_the_apps_own_mails_are_filled_with_plain_data(api: Caller, sent: Collector) -> None:
    values = {"name": "<Bo>", "order": {"number": 7, "lines": ["a tea", "a cup"]}}
    await api.services.mail.send_own("order", ["bo@example.com", "cy@example.com"], values, reply_to="shop@example.com")
    assert (await edit(api, template="order", subject="Again {{ order.number }}", body="{{ name }}")).status_code == 200
    await api.services.mail.send_own("order", "bo@example.com", values)
    # What an edited template asks for and this mail does not have, the app's own template need not have.
    assert (await edit(api, template="order", subject="{{ order.nothing }}", body="x")).status_code == 200
    await api.services.mail.send_own("order", "bo@example.com", values)
    await api.services.work.worker.drain()
    first, *others = sorted(sent.sent, key=lambda mail: len(mail.to), reverse=True)
    assert (first.to, first.reply_to) == (("bo@example.com", "cy@example.com"), "shop@example.com")
    assert (first.subject, first.text) == ("Order 7", "Dear <Bo>,\n\na tea\n\na cup\n\nAcme")
    assert "Dear &lt;Bo&gt;," in first.html
    assert sorted(mail.subject for mail in others) == ["Again 7", "Order 7"]
    with pytest.raises(InvalidMail, match='No mail "ordr" is declared'):
        await api.services.mail.send_own("ordr", "bo@example.com", {})
    with pytest.raises(InvalidMail, match="'name' is undefined"):
        await api.services.mail.send_own("order", "bo@example.com", {"order": {"number": 1}})
    with pytest.raises(InvalidMail, match="'nobody' is no mail address"):
        await api.services.mail.send_own("order", "nobody", values)


async def test_a_mail_is_sent_exactly_if_the_transaction_commits(
    api: Caller, sent: Collector, members: CollectionInfo
) -> None:
    with pytest.raises(RuntimeError):
        async with api.services.engine.transaction():
            await api.services.mail.send("verification", members, ADA, "t1")
            raise RuntimeError
    async with api.services.engine.transaction():
        await api.services.mail.send("verification", members, ADA, "t2")
    await api.services.work.worker.drain()
    assert ["t2" in mail.html for mail in sent.sent] == [True]


async def test_what_fails_is_tried_again_as_the_same_mail_and_what_is_refused_is_not(
    api: Caller, sent: Collector, members: CollectionInfo
) -> None:
    sent.failing = [MailFailed("The server is away.")]
    job = await api.services.mail.send("verification", members, ADA, "t1")
    await api.services.work.worker.drain()
    tried = await job_of(api, job)
    assert (tried["state"], tried["attempt"], sent.sent) == ("delayed", 1, [])
    assert "The server is away." in tried["error"]
    with frozen(now() + timedelta(minutes=1)):
        await api.services.work.worker.drain()
    assert len(sent.sent) == 1
    sent.failing = [MailRefused("No such mailbox.")]
    job = await api.services.mail.send("verification", members, ADA, "t2")
    await api.services.work.worker.drain()
    refused = await job_of(api, job)
    assert (refused["state"], refused["attempt"]) == ("dead", 1)
    assert "No such mailbox." in refused["error"]


async def test_a_link_that_has_expired_is_no_longer_sent(api: Caller, sent: Collector, members: CollectionInfo) -> None:
    job = await api.services.mail.send("password-reset", members, ADA, "t1")  # which lives for half an hour
    with frozen(now() + timedelta(minutes=31)):
        await api.services.work.worker.drain()
    assert ((await job_of(api, job))["state"], sent.sent) == ("dead", [])
    assert "has expired" in (await job_of(api, job))["error"]


async def test_without_a_server_mail_is_refused_and_the_reason_told(api: Caller, members: CollectionInfo) -> None:
    api.services.mail.mailer = NoMailer
    job = await api.services.mail.send("verification", members, ADA, "t1")
    await api.services.work.worker.drain()
    assert "Mail is off: set the SMTP server in the settings" in (await job_of(api, job))["error"]
    answer = await api.ask("POST", TEST, {"email": "a@example.com", "template": "otp"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Failed to send the test email. Raw error: \nMail is off")
    assert answer.json()["data"] == {}


async def test_a_test_mail_is_sent_at_once(guest: Caller, api: Caller, sent: Collector) -> None:
    body = {"email": "a@example.com", "template": "verification"}
    assert (await guest.ask("POST", TEST, body)).status_code == 401
    assert (await api.ask("POST", TEST, body)).status_code == 204
    form = "email=a%40example.com&template=otp&collection=MEMBERS"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await api.ask("POST", TEST, content=form, headers=headers)).status_code == 204
    assert [mail.subject for mail in sent.sent] == ["Verify your Acme email", "123456 is your code"]
    assert "/_/#/auth/confirm-verification/TEST_TOKEN" in sent.sent[0].text
    sent.failing = [MailFailed("It is away.")]
    answer = await api.ask("POST", TEST, body)
    assert answer.json()["message"] == "Failed to send the test email. Raw error: \nIt is away."


INCOMPLETE: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {"email": "validation_required", "template": "validation_required"}),
    ({"email": "a@b", "template": "other"}, {"email": "validation_is_email", "template": "validation_in_invalid"}),
    (
        {"email": "a@example.com", "template": "otp", "collection": "nothing"},
        {"collection": "validation_invalid_auth_collection"},
    ),
]


async def test_a_test_mail_names_what_is_wrong_with_it(api: Caller) -> None:
    for body, codes in INCOMPLETE:
        answer = await api.ask("POST", TEST, body)
        assert answer.status_code == 400, body
        assert answer.json()["message"] == "Failed to send the test email."
        assert {field: error["code"] for field, error in answer.json()["data"].items()} == codes


def test_mistakes_in_declared_templates_are_found_at_start() -> None:
    class Wrong(
        AuthCollection,
        tablename="wrongs",
        auth=AuthOptions(
            mails={"verification": MailTemplate("s", "no link"), "opt": MailTemplate("s", "b")}  # type: ignore[dict-item]
        ),
    ):
        pass

    app = App(collections=[Wrong], mails={"order": MailTemplate("Hi", "{{ order.total() }}")})
    with pytest.raises(InvalidDeclaration) as error:
        app.check()
    assert [str(problem) for problem in error.value.problems] == [
        'mail.E001 App, mails["order"], body: Line 1 of the template: templates of mails have no call.',
        'mail.E002 wrongs, AuthOptions, mails["opt"]: there is no such mail. Did you mean "otp"?',
        'mail.E003 wrongs, AuthOptions, mails["verification"], body: Must contain {TOKEN} or {ACTION_URL}.',
    ]
