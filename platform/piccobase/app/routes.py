"""The routes on Litestar that stand beside the collections' API, a line for each group."""

from collections.abc import Iterable, Sequence

from litestar import Router
from litestar.handlers import HTTPRouteHandler

from piccobase.app.readiness import readiness_of
from piccobase.app.services import Services
from piccobase.base.errors import InvalidDeclaration
from piccobase.http.batch import batch_routes
from piccobase.http.crons import cron_routes
from piccobase.http.jobs import job_routes
from piccobase.http.logs import log_routes
from piccobase.http.mail import mail_routes
from piccobase.http.own_checks import shadowed
from piccobase.http.own_routes import own_routers
from piccobase.http.ready import ready_route
from piccobase.http.settings import settings_routes
from piccobase.http.sql import sql_routes


def built_in_routes(services: Services) -> Sequence[HTTPRouteHandler]:
    """Batches, and what superusers run a server with."""
    return [
        *batch_routes(services.collections_api, services.settings, services.guard),
        *settings_routes(services.settings, services.actors),
        *mail_routes(services.mail, services.registry, services.actors),
        ready_route(readiness_of(services.engine, services.project, lambda: services.collections_api.changed)),
        *log_routes(services.request_log.store, services.actors),
        *sql_routes(services.sql_console, services.actors),
        *cron_routes(services.work.schedules, services.work.book, services.actors),
        *job_routes(services.work.book, services.actors),
    ]


def routes_of_their_own(services: Services, mounts: Iterable[str]) -> Sequence[Router]:
    """What the app and its plugins add. Raises InvalidDeclaration where a mount would take their requests."""
    groups = services.assembly.routes
    if problems := [*shadowed(groups, mounts)]:
        raise InvalidDeclaration(problems)
    return own_routers(groups, services.records, services.actors, {"services": services})
