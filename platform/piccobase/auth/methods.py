"""Which ways to sign in a collection offers (protocol.md §5.3)."""

from typing import Any

from piccobase.auth.signed_in import auth_options
from piccobase.schema.collections import CollectionInfo


def auth_methods(collection: CollectionInfo) -> dict[str, Any]:
    """The answer in its full shape; what is not offered is off. The last three keys serve old SDKs.

    Raises NotFound where the collection is no auth collection.
    """
    options = auth_options(collection)
    identity_fields = list(options.identity) if options.password else []
    return {
        "password": {"identityFields": identity_fields, "enabled": options.password},
        "oauth2": {"providers": [], "enabled": False},
        "mfa": {"enabled": False, "duration": 0},
        "otp": {"enabled": False, "duration": 0},
        "authProviders": [],
        "usernamePassword": "username" in identity_fields,
        "emailPassword": "email" in identity_fields,
    }
