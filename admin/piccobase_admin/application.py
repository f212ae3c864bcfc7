"""The dashboard as one ASGI application: its pages, its own files, and the rooms below it."""

from litestar import Litestar, get
from litestar.types import ASGIApp

from piccobase.extending import Services


def make_application(services: Services) -> ASGIApp:
    """Everything below `/admin`."""

    @get("/admin")
    async def home() -> str:
        return "Piccobase"

    return Litestar([home], openapi_config=None, logging_config=None)
