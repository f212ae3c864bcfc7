"""Pages from templates. Every value is escaped; a name that a template uses and nobody gave is an error.

A page's template extends `base.html` and fills its blocks: `title`, `content`, and where need be `head` (more files),
`actions` (beside the heading) and `main_class` ("wide"). `docs/explanations/dashboard.md` says more.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Response

from piccobase import __version__
from piccobase.extending import Actor, ms_text
from piccobase_admin import assets
from piccobase_admin.navigation import ENTRIES, api_address, entry_at, records_address
from piccobase_admin.wording import ago, ahead, arguments, grouped, lasted

environment = Environment(
    loader=PackageLoader("piccobase_admin"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters.update(
    ago=ago,
    ahead=ahead,
    arguments=arguments,
    grouped=grouped,
    instant=ms_text,
    lasted=lasted,
    records_address=records_address,
    api_address=api_address,
)
environment.globals.update(asset=assets.address, version=__version__)


def render(template: str, scope: Any, templates: Environment = environment, **values: Any) -> str:
    """The page's HTML. `scope` is the request's: the navigation shows where it is and who has signed in."""
    user = scope.get("user")
    navigation = scope.get("navigation", ENTRIES)
    return templates.get_template(template).render(
        here=entry_at(scope["path"], navigation),
        navigation=navigation,
        signed_in_as=user.values["email"] if isinstance(user, Actor) else "",
        **values,
    )


def page(
    template: str, scope: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> Response[str]:
    """`render` as a handler's answer. `templates=` is another place for templates than the dashboard's own."""
    return Response(
        render(template, scope, **values), status_code=status, media_type=MediaType.HTML, headers=dict(headers or {})
    )


def go_to(path: str, cookie: str = "") -> Response[str]:
    """Sends the browser on, to a path of this site; `cookie` is a value of `Set-Cookie`."""
    headers = {"location": path, "set-cookie": cookie} if cookie else {"location": path}
    return Response("", status_code=303, media_type=MediaType.TEXT, headers=headers)
