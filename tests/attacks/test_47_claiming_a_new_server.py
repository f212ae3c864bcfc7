"""Case 47: a new server belongs to whoever reads what it prints, and not to whoever comes first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.dashboard.entering import Visitor, visiting
from tests.signing_in import Superuser

FORM = {"email": "mallory@example.com", "password": "12345678", "confirmation": "12345678"}


@pytest.fixture
async def stranger(tmp_path: Path, database_url: str | None) -> AsyncIterator[Visitor]:
    """A visitor of a server that has no superuser yet."""
    async with visiting(tmp_path, [], database_url, superuser=False) as one:
        yield one


async def printed(stranger: Visitor) -> str:
    """What the server prints at its start, behind the #."""
    token = await stranger.api.services.first_superuser.token()
    assert token is not None
    return token


async def test_without_the_printed_token_nobody_becomes_superuser(stranger: Visitor) -> None:
    token = await printed(stranger)
    expires, _, signature = token.partition(".")
    guesses = [
        "",
        ".",
        "x",
        expires,
        f"{expires}.",
        f".{signature}",
        f"{int(expires, 16) + 1:x}.{signature}",
        f"{expires}.{signature[:-1]}",
        f"{expires}.{signature}é",
        f"{expires.upper()}0.{signature}",
        f"{token}.{token}",
        "\0",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "null",
    ]
    for guess in guesses:
        answer = await stranger.post("/admin/set-up", {"token": guess, **FORM})
        assert answer.status_code == 403, guess
        assert "not the token that the server printed" in answer.text
        assert "set-cookie" not in answer.headers
    assert (await stranger.post("/admin/set-up", FORM)).status_code == 403
    assert (await stranger.post("/admin/sign-in", {"identity": FORM["email"], **FORM})).status_code == 400
    assert not await Superuser.exists()


async def test_nothing_but_the_terminal_tells_the_token(stranger: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = (await printed(stranger)).partition(".")[2]
    for path in ("/admin", "/admin/set-up", "/admin/sign-in", "/api/health", "/admin/static/set-up.js"):
        answer = await stranger.get(path)
        assert secret not in answer.text + str(answer.headers)
    assert secret not in caplog.text
    stored = await stranger.api.services.engine.rows("SELECT name, value FROM _secrets")
    assert "set_up" in [name for name, _ in stored]
    assert secret not in str(stored)


async def test_of_several_with_the_link_one_becomes_superuser(stranger: Visitor) -> None:
    token = await printed(stranger)
    forms = [{**FORM, "token": token, "email": f"racer{place}@example.com"} for place in range(5)]
    answers = await asyncio.gather(*(stranger.post("/admin/set-up", form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403, 403]
    assert await Superuser.count() == 1


async def test_a_link_that_was_used_opens_nothing(stranger: Visitor) -> None:
    token = await printed(stranger)
    used = await stranger.post("/admin/set-up", {**FORM, "token": token})
    assert (used.status_code, used.headers["location"]) == (303, "/admin/")
    stranger.api.client.cookies.clear()
    again = await stranger.post("/admin/set-up", {**FORM, "token": token, "email": "second@example.com"})
    assert again.status_code == 403
    assert "already" in again.text
    assert (await stranger.get("/admin/set-up")).headers["location"] == "/admin/sign-in"
    assert await Superuser.count() == 1


async def test_mistakes_in_the_form_are_told_by_field_and_cost_nothing(stranger: Visitor) -> None:
    token = await printed(stranger)
    for changed, told in (
        ({"confirmation": "12345679"}, "The two passwords differ."),
        ({"email": "nonsense"}, "Must be a valid email address."),
        ({"password": "1234567", "confirmation": "1234567"}, "Must be at least 8 character(s)."),
    ):
        answer = await stranger.post("/admin/set-up", {**FORM, "token": token, **changed})
        assert answer.status_code == 400
        assert told in answer.text
        assert FORM["password"] not in answer.text
    assert (await stranger.post("/admin/set-up", {**FORM, "token": token})).status_code == 303
