"""Registration, signing in, and what a token is worth. By the numbers of protocol.md §10."""

from typing import Any
from urllib.parse import quote

from tests.process.conformance.asking import PASSWORD, PEOPLE, REFRESH, SIGN_IN, Case, ask, fixed, get


def person(name: str, **draft: Any) -> dict[str, Any]:
    """A draft for `people`."""
    return {
        "id": fixed(name),
        "email": f"{name}@example.com",
        "password": PASSWORD,
        "passwordConfirm": PASSWORD,
        "name": name,
    } | draft


AUTH = (
    Case(
        66,
        "unknown or wrong, the same answer",
        (
            ask("POST", SIGN_IN, {"identity": "nobody@example.com", "password": PASSWORD}),
            ask("POST", SIGN_IN, {"identity": "ann@example.com", "password": "wrong password"}),
            ask("POST", SIGN_IN, {"identity": "ANN@example.com", "password": PASSWORD}),
            ask("POST", SIGN_IN, {"identity": "ann", "password": PASSWORD}),
        ),
    ),
    Case(
        66,
        "what a sign-in must hold",
        (
            ask("POST", SIGN_IN, {}),
            ask("POST", SIGN_IN),
            ask("POST", SIGN_IN, {"identity": "ann@example.com"}),
            ask("POST", SIGN_IN, {"identity": "x" * 256, "password": "x" * 256}),
            ask("POST", SIGN_IN, {"identity": "ann@example.com", "password": PASSWORD, "identityField": "name"}),
            ask(
                "POST",
                SIGN_IN,
                {"identity": "ann@example.com", "password": PASSWORD, "identityField": "email", "unknown": 1},
            ),
            ask(
                "POST",
                SIGN_IN,
                f"identity=ann%40example.com&password={quote(PASSWORD)}",
                kind="application/x-www-form-urlencoded",
            ),
            ask("POST", SIGN_IN, [1]),
        ),
    ),
    Case(
        66,
        "an answer to a sign-in is picked from",
        (
            ask(
                "POST",
                f"{SIGN_IN}?fields=record.id,record.email",
                {"identity": "ann@example.com", "password": PASSWORD},
            ),
        ),
    ),
    Case(
        67,
        "a registration without password",
        (
            ask("POST", PEOPLE, {}),
            ask("POST", PEOPLE, {"email": "bad"}),
            ask("POST", PEOPLE, {"password": PASSWORD}),
            ask("POST", PEOPLE, {"password": PASSWORD, "passwordConfirm": "other"}),
            ask("POST", PEOPLE, {"password": PASSWORD, "passwordConfirm": PASSWORD}),
            ask("POST", PEOPLE, person("67", email="bad")),
            ask("POST", PEOPLE, person("67", email="ann@example.com")),
        ),
    ),
    Case(
        68,
        "superusers confirm passwords too",
        (
            ask("POST", PEOPLE, {"id": fixed("68"), "email": "68@example.com", "password": PASSWORD}, actor="root"),
            ask("POST", PEOPLE, person("68"), actor="root"),
            ask("PATCH", f"{PEOPLE}/{fixed('68')}", {"password": "another password"}, actor="root"),
            ask(
                "PATCH",
                f"{PEOPLE}/{fixed('68')}",
                {"password": "another password", "passwordConfirm": "x"},
                actor="root",
            ),
            ask(
                "PATCH",
                f"{PEOPLE}/{fixed('68')}",
                {"password": "another password", "passwordConfirm": "another password"},
                actor="root",
            ),
        ),
    ),
    Case(
        69,
        "a guest who registers sees no address",
        (
            ask("POST", PEOPLE, person("69")),
            ask("POST", PEOPLE, person("69v", emailVisibility=True)),
            ask("POST", PEOPLE, person("69r"), actor="root"),
            get(f"{PEOPLE}/{fixed('ann')}"),
            get(f"{PEOPLE}/{fixed('ann')}", actor="ann"),
            get(f"{PEOPLE}/{fixed('ann')}", actor="bo"),
            get(f"{PEOPLE}/{fixed('ann')}", actor="root"),
        ),
    ),
    Case(
        70,
        "what a guest may not give itself",
        (
            ask("POST", PEOPLE, person("70", verified=True)),
            ask("POST", PEOPLE, person("70k", tokenKey="x" * 50)),
            ask("POST", PEOPLE, person("70r", verified=True), actor="root"),
            ask("PATCH", f"{PEOPLE}/{fixed('ann')}", {"verified": True}, actor="ann"),
            ask("PATCH", f"{PEOPLE}/{fixed('ann')}", {"email": "new@example.com"}, actor="ann"),
            ask("PATCH", f"{PEOPLE}/{fixed('ann')}", {"email": "ann@example.com", "verified": False}, actor="ann"),
        ),
    ),
    Case(
        71,
        "how long a password may be",
        (
            ask("POST", PEOPLE, person("71", password="x" * 72, passwordConfirm="x" * 72)),
            ask("POST", PEOPLE, person("71", password="x" * 7, passwordConfirm="x" * 7)),
            ask("POST", PEOPLE, person("71", password="x" * 71, passwordConfirm="x" * 71)),
        ),
    ),
    Case(
        72,
        "a new password ends all tokens",
        (
            ask(
                "PATCH",
                f"{PEOPLE}/{fixed('changing')}",
                {"password": "new password", "passwordConfirm": "new password"},
                actor="changing",
            ),
            ask(
                "PATCH",
                f"{PEOPLE}/{fixed('changing')}",
                {"password": "new password", "passwordConfirm": "new password", "oldPassword": "wrong"},
                actor="changing",
            ),
            ask("PATCH", f"{PEOPLE}/{fixed('changing')}", {"oldPassword": PASSWORD}, actor="changing"),
            ask(
                "PATCH",
                f"{PEOPLE}/{fixed('changing')}",
                {"password": "new password", "passwordConfirm": "new password", "oldPassword": PASSWORD},
                actor="changing",
            ),
            ask("POST", REFRESH, actor="changing"),
            ask("POST", SIGN_IN, {"identity": "changing@example.com", "password": PASSWORD}),
            ask("POST", SIGN_IN, {"identity": "changing@example.com", "password": "new password"}),
        ),
    ),
    Case(
        72,
        "a new address ends all tokens",
        (
            ask("POST", REFRESH, actor="moving"),
            ask("PATCH", f"{PEOPLE}/{fixed('moving')}", {"email": "moved@example.com"}, actor="root"),
            ask("POST", REFRESH, actor="moving"),
        ),
    ),
    Case(
        73,
        "a token of another collection is not refreshed",
        (
            ask("POST", REFRESH, actor="member"),
            ask("POST", REFRESH, actor="root"),
            ask("POST", REFRESH),
            ask("POST", "/api/collections/_superusers/auth-refresh", actor="ann"),
            ask("POST", "/api/collections/members/auth-refresh", actor="member"),
            ask("POST", "/api/collections/posts/auth-refresh", actor="ann"),
        ),
    ),
)
