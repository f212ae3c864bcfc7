"""49: whoever edits or fills a mail's template runs code, reads what it was not given, or writes the page anew."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import AuthCollection, FieldRules, MailTemplate, Rules
from piccobase.mail.accounts import write_account_mail
from piccobase.mail.collecting import Collector
from piccobase.mail.errors import InvalidMail
from piccobase.mail.message import Sender
from piccobase.mail.sandbox import render
from piccobase.testing import Caller

SENDER = Sender("Shop", "shop@example.com", "Shop", "https://shop.example")


class Member(AuthCollection, tablename="members"):
    name = Varchar(length=2000)
    secret_note = Varchar(secret=True)
    remark = Varchar()
    rules = Rules(create="", fields={"remark": FieldRules(read=None)})


VALUES: dict[str, Any] = {
    "user": {"name": "Ada", "items": "kept", "__class__": "a key"},
    "names": ["a"] * 500,
    "long": "x" * 20_000,
    "html": "<script>alert(1)</script>",
}

ESCAPES = [
    # Up to the classes and down to what can be imported.
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ user.__init__.__globals__ }}",
    "{{ user['__init__'] }}",
    "{{ user.items() }}",
    "{{ user.keys }}",
    "{{ user|attr('__class__') }}",
    "{{ user['__cla' ~ 'ss__'] }}",
    "{{ ().__class__ }}",
    "{{ [].append }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ namespace(a=1) }}",
    "{{ joiner }}",
    "{{ names.__getitem__ }}",
    "{% for x in names %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in names %}{{ loop._iterator }}{% endfor %}",
    "{% for x in names %}{{ loop.cycle('a') }}{% endfor %}",
    "{{ '{0.__class__}'.format(user) }}",
    "{{ '%s'|format(user) }}",
    "{{ user|map(attribute='__class__')|list }}",
    "{{ names|sort(attribute='__class__') }}",
    "{{ _steps }}",
    "{{ _counted }}",
    "{{ names|_counted }}",
    # Out of its own bounds.
    "{% include 'secret.key' %}",
    "{% import 'os' as os %}",
    "{% extends layout %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call(x) y() %}{% endcall %}",
    "{% set user = 1 %}",
    "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{{ html|safe }}",
    "{% filter upper %}x{% endfilter %}",
    "{% for x in names recursive %}{{ loop(names) }}{% endfor %}",
    # As much as the machine has.
    "{{ 'a' * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ range(1000000000) }}",
    "{{ names|join(long)|length }}",
    "{{ 1|round(1000000000, 'ceil') }}",
    "{{ long|indent(100000) }}",
    "{{ 'a'|replace('', long) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "-" * 10_000 + "1 }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{% for a in names %}{% for b in names %}{% for c in names %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in names %}{{ long }}{% endfor %}",
    "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
    "x" * 60_000,
]


@pytest.mark.parametrize("source", ESCAPES, ids=lambda source: source[:60])
def test_a_template_that_reaches_beyond_its_values_is_refused_at_once(source: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidMail):
        render(source, VALUES, html=True)
    assert time.process_time() - began < 2


def test_values_are_escaped_and_plain() -> None:
    once = "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert render("{{ html }} {{ html|e }} {{ html|upper|lower }}", VALUES, html=True) == f"{once} {once} {once}"
    assert render("{{ user.items }} {{ user.__class__ }}", VALUES, html=True) == "kept a key"  # which are its keys
    with pytest.raises(InvalidMail, match="plain data"):
        render("{{ x }}", {"x": object()}, html=True)
    with pytest.raises(InvalidMail, match="more than 65536"):
        render("{{ x }}", {"x": "x" * 70_000}, html=True)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Caller]:
    mails = {"order": MailTemplate("Order", "{{ name }}")}
    async with serving([Member], [], None, tmp_path, mails=mails) as guest:
        yield await guest.superuser()


@pytest.fixture
def outbox(api: Caller) -> Collector:
    collector = Collector()
    api.services.mail.mailer = lambda: collector
    return collector


async def edit(api: Caller, **template: str) -> int:
    answer = await api.ask("PATCH", "/api/settings/sections", {"mail": {"templates": [template]}})
    return answer.status_code


async def test_superusers_cannot_save_a_template_that_would_run_code(api: Caller) -> None:
    assert await edit(api, template="order", subject="s", body="{{ name.__class__.mro() }}") == 400
    assert await edit(api, template="order", subject="{% include 'x' %}", body="b") == 400
    assert await edit(api, template="order", subject="s", body="b", text="{{ ().__class__ }}") == 400
    # In the mails about accounts there is no Jinja at all: it stays as it stands.
    assert await edit(api, template="login-alert", collection="members", subject="s", body="{{ 7 * 7 }}") == 200


async def test_whoever_fills_a_record_writes_no_page_and_no_header_and_learns_no_token(
    api: Caller, outbox: Collector
) -> None:
    members = api.services.registry.collections["members"]
    body = '<p title="{RECORD:name}">{RECORD:name}</p>{ACTION_URL}'
    assert await edit(api, template="verification", collection="members", subject="{RECORD:name}", body=body) == 200
    name = '"><script>{TOKEN}</script>\r\nBcc: all@example.com'
    await api.services.mail.send("verification", members, {"email": "a@example.com", "name": name}, "secret.token")
    await api.services.mail.send(
        "verification", members, {"email": "b@example.com", "name": "n" * 2000}, "secret.token"
    )
    await api.services.work.worker.drain()
    evil, long = sorted(outbox.sent, key=lambda mail: mail.to)
    assert "<script>" not in evil.html
    assert 'title="&quot;&gt;&lt;script&gt;{TOKEN}&lt;/script&gt;' in evil.html
    assert evil.html.count("secret.token") == 1  # where the template has it
    assert evil.subject == '"><script>{TOKEN}</script> Bcc: all@example.com'
    assert long.html.count("n" * 499 + "…") == 2  # a field is no mail of its own
    assert "n" * 500 not in long.html


async def test_no_template_shows_what_the_reader_may_not_see(api: Caller) -> None:
    members = api.services.registry.collections["members"]
    for field in ("password", "tokenKey", "secret_note", "remark", "nothing", "__class__"):
        place = f"{{RECORD:{field}}}"
        assert await edit(api, template="login-alert", collection="members", subject="s", body=place) == 400
        # Nor one that was saved before the field was hidden.
        record = {"email": "a@example.com", field: "the secret"}
        written = write_account_mail("login-alert", MailTemplate("s", place), SENDER, members, record, {})
        assert place in written.html
        assert "the secret" not in written.html
