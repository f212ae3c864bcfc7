"""Which ways to sign in a collection offers, in the shape the SDKs read."""

from typing import Any

import pytest
from tests.signing_in import TABLES

from piccobase.auth.methods import auth_methods
from piccobase.base.errors import NotFound
from piccobase.schema.building import build_registry

REGISTRY = build_registry(TABLES)
OFF: dict[str, Any] = {
    "password": {"identityFields": [], "enabled": False},
    "oauth2": {"providers": [], "enabled": False},
    "mfa": {"enabled": False, "duration": 0},
    "otp": {"enabled": False, "duration": 0},
    "authProviders": [],
    "usernamePassword": False,
    "emailPassword": False,
}


@pytest.mark.parametrize(
    ("collection", "differs"),
    [
        ("robots", {}),
        ("drivers", {"password": {"identityFields": ["email"], "enabled": True}, "emailPassword": True}),
        ("_superusers", {"password": {"identityFields": ["email"], "enabled": True}, "emailPassword": True}),
        (
            "users",
            {
                "password": {"identityFields": ["username", "email"], "enabled": True},
                "emailPassword": True,
                "usernamePassword": True,
            },
        ),
    ],
)
def test_what_is_on_is_shown_and_the_rest_is_off(collection: str, differs: dict[str, Any]) -> None:
    assert auth_methods(REGISTRY.collections[collection]) == OFF | differs


def test_a_base_collection_offers_none() -> None:
    with pytest.raises(NotFound, match="Missing or invalid auth collection context"):
        auth_methods(REGISTRY.collections["notes"])
