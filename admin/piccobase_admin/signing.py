"""Who is signed in to the dashboard: a superuser's token in a cookie, and what keeps other sites from using it.

What pages and rooms build on:

- `superuser_of(services, scope)`: the superuser whose cookie came with a request, or None. Whatever stands below
  `/admin` is behind it already (`entrance.py`): there `scope["user"]`, Litestar's and Starlette's `request.user`, is
  that superuser's `Actor`.
- `is_same_origin(scope)`: whether one of our own pages made the request. Asked for all that is not GET or HEAD.
- `safe_next(text)`: where to go after signing in, never out of the dashboard.

The cookie holds an auth token like the SDK's and dies with the superuser's password. It is HttpOnly, SameSite=Strict
and sent below `/admin` only; the API reads no cookies.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from piccobase.extending import SUPERUSERS_ID, Actor, Services

COOKIE = "piccobase_admin"
HOME = "/admin/"
SIGN_IN = "/admin/sign-in"
# Printable ASCII without what a browser reads as a slash; `//` and `..` are looked for beside it.
_INSIDE = re.compile(r"/admin(?:[/?][!-\[\]-~]*)?")


async def superuser_of(services: Services, scope: Any) -> Actor | None:
    """The superuser that the cookie of this request stands for; None for everybody else."""
    token = _cookie(scope)
    if not token:
        return None
    actor = await services.actors.actor(token)
    return actor if actor.superuser else None


async def sign_in(services: Services, scope: Any, email: str, password: str) -> str:
    """The value of `Set-Cookie` that signs in the superuser with this address and password.

    Raises what the API's own sign-in raises: SignInFailed for an unknown address and a wrong password alike, BadRequest
    where one of them is empty or too long, Unavailable when too many passwords are being checked.
    """
    superusers = services.registry.find(SUPERUSERS_ID)
    assert superusers is not None
    assert superusers.auth is not None
    signed_in = await services.password.sign_in(superusers, {"identity": email, "password": password})
    return _cookie_header(scope, signed_in.token, superusers.auth.duration("auth"))


def sign_out(scope: Any) -> str:
    """The value of `Set-Cookie` that takes the cookie away."""
    return _cookie_header(scope, "", 0)


def _cookie_header(scope: Any, token: str, lifetime: int) -> str:
    # Behind a proxy that ends TLS only the browser knows that it speaks https; it says so in Origin.
    secure = scope["scheme"] == "https" or header(scope, b"origin").startswith("https://")
    value = f"{COOKIE}={token}; Path=/admin; Max-Age={lifetime}; HttpOnly; SameSite=Strict"
    return value + "; Secure" if secure else value


def is_same_origin(scope: Any) -> bool:
    """Whether a page of this very site made the request.

    The browser's own word counts, Sec-Fetch-Site, which no page can forge. Over plain http browsers send it to this
    machine only; there the host in Origin must be the one that was asked. With neither of them the answer is no.
    """
    site = header(scope, b"sec-fetch-site")
    if site:
        return site == "same-origin"
    origin, host = header(scope, b"origin"), header(scope, b"host")
    return bool(host) and origin.partition("://")[2].lower() == host.lower()


def safe_next(text: str) -> str:
    """`text` where it is a path below `/admin` of this site, and else the home page."""
    if not _INSIDE.fullmatch(text):
        return HOME
    path = urlsplit(text).path
    return HOME if "//" in path or ".." in path or path in (SIGN_IN, "/admin/sign-out", "/admin/set-up") else text


def header(scope: Any, name: bytes) -> str:
    """A header's first value, "" without one. `name` in lower case."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _cookie(scope: Any) -> str:
    """Our cookie's value. Beside it may stand whatever other servers of this host have set, well formed or not."""
    for part in header(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
