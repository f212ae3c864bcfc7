"""A changed `auth` rule: whoever signed in under the old one signs in again (protocol.md §5.10)."""

from pathlib import Path

import pytest
from tests.asking import serving

from piccobase import AuthCollection, Rules
from piccobase.identity.secrets import SecretStore


class Member(AuthCollection, tablename="members"):
    rules = Rules(create="", auth="")


class StrictMember(AuthCollection, tablename="members"):
    rules = Rules(create="", auth="email != 'x@y.zz'")


FORM = {"email": "a@b.co", "password": "12345678", "passwordConfirm": "12345678"}
REFRESH = "/api/collections/members/auth-refresh"


async def test_a_restart_keeps_tokens_and_a_changed_rule_ends_them(database_url: str | None, tmp_path: Path) -> None:
    async with serving([Member], [], database_url, tmp_path) as api:
        await api.create("members", **FORM)
        token = (await api.signed_in("members", "a@b.co", "12345678")).token
    async with serving([Member], [], database_url, tmp_path) as api:
        assert (await api.with_token(token).ask("POST", REFRESH)).status_code == 200
    async with serving([StrictMember], [], database_url, tmp_path) as api:
        assert (await api.with_token(token).ask("POST", REFRESH)).status_code == 401
        again = await api.signed_in("members", "a@b.co", "12345678")
        assert (await again.ask("POST", REFRESH)).status_code == 200


async def test_a_start_that_dies_on_the_way_leaves_the_old_rule_for_the_next(
    database_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving([Member], [], database_url, tmp_path) as api:
        await api.create("members", **FORM)
        token = (await api.signed_in("members", "a@b.co", "12345678")).token

    async def dies(self: SecretStore, name: str) -> str:
        raise ConnectionAbortedError(name)

    with monkeypatch.context() as patched, pytest.raises(ConnectionAbortedError):
        patched.setattr(SecretStore, "replace", dies)
        async with serving([StrictMember], [], database_url, tmp_path):
            pass
    async with serving([StrictMember], [], database_url, tmp_path) as api:
        assert (await api.with_token(token).ask("POST", REFRESH)).status_code == 401
