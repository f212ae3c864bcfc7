"""Metrics and traces, where the config asks for them."""

from collections.abc import Iterable
from typing import Any

from piccobase.app.services import Services
from piccobase.http.measuring import Templates, measured, traced
from piccobase.http.own_routes import paths_of


def observed(app: Any, services: Services, mounts: Iterable[str]) -> Any:
    """The application, measured and traced as the config says, and the same one where that says nothing.

    Raises StartError where what it takes is not installed.
    """
    config = services.config
    if not config.metrics_token and not config.tracing:
        return app
    routes = {path for handler in services.documents.handlers for path in paths_of(handler)}
    templates = Templates(services.registry.collections, [*routes, *mounts])
    if config.metrics_token:
        app = measured(app, templates, config.metrics_token)
    if config.tracing:
        app = traced(app, templates)
    return app
