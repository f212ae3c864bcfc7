"""The dashboard: where superusers look at an app's data and rules, at `/admin/`. A plugin like any other."""

from litestar.types import ASGIApp, Receive, Scope, Send

from piccobase import Plugin, __version__
from piccobase.extending import Services

plugin = Plugin("admin", __version__)


@plugin.mount("/admin", guarded=False)
def dashboard(services: Services) -> ASGIApp:
    """The dashboard. Nothing of it is imported before the first page is asked for."""
    application: ASGIApp | None = None

    async def admin(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal application
        if application is None:
            from piccobase_admin.application import make_application

            application = make_application(services)
        await application(scope, receive, send)

    return admin


@plugin.mount("/api/docs")
def docs(services: Services) -> ASGIApp:
    """The explorer of the API."""

    async def explore(scope: Scope, receive: Receive, send: Send) -> None:
        from piccobase_admin.explorer.application import explorer

        await explorer(scope, receive, send)

    return explore
