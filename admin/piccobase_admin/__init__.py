"""The dashboard: where superusers look at an app's data and rules, at `/admin/`."""

from collections.abc import Iterable

from litestar.types import ASGIApp, Receive, Scope, Send

from piccobase.extending import Mount, Services


def dashboard(services: Services) -> Iterable[Mount]:
    """What the server mounts (entry point `piccobase.plugins`). Nothing is imported before the first page is asked."""

    application: ASGIApp | None = None

    async def admin(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal application
        if application is None:
            from piccobase_admin.application import make_application

            application = make_application(services)
        await application(scope, receive, send)

    async def docs(scope: Scope, receive: Receive, send: Send) -> None:
        from piccobase_admin.explorer.application import explorer

        await explorer(scope, receive, send)

    return [Mount("/admin", admin, guarded=False), Mount("/api/docs", docs)]
