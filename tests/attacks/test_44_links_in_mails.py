"""44: a link that resets a password leads where the request's Host header says, to the attacker's page."""

from pathlib import Path

from tests.asking import serving

from piccobase import AuthCollection
from piccobase.mail.collecting import Collector


class Member(AuthCollection, tablename="members"):
    pass


CLAIMS = [
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"Host": "shop.example:evil.example@evil.example"},
    {"Origin": "https://evil.example", "Referer": "https://evil.example/", "X-Original-Host": "evil.example"},
]


async def test_links_in_mails_begin_with_what_the_settings_say(tmp_path: Path) -> None:
    async with serving([Member], [], None, tmp_path) as guest:
        api = await guest.superuser()
        outbox = Collector()
        api.services.mail.mailer = lambda: outbox
        for claimed in CLAIMS:
            await api.ask("PATCH", "/api/settings", {"meta": {"appURL": "https://shop.example"}}, headers=claimed)
            for kind in ("verification", "password-reset", "email-change"):
                body = {"email": "a@example.com", "template": kind, "collection": "members"}
                answer = await api.ask("POST", "/api/settings/test/email", body, headers=claimed)
                assert answer.status_code == 204, answer.text
        assert len(outbox.sent) == 3 * len(CLAIMS)
        for mail in outbox.sent:
            assert "https://shop.example/_/#/auth/confirm-" in mail.html
            assert "evil.example" not in mail.html + mail.text + mail.subject
