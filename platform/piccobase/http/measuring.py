"""Metrics for Prometheus and traces for OpenTelemetry: Litestar's own middleware, around the whole application.

It stands outside of the router, so that the collections' API, which the router does not see, is counted as well. Both
need an extra that is not installed with Piccobase itself.
"""

import os
from collections.abc import Awaitable, Callable, Iterable
from hmac import compare_digest
from typing import Any

from litestar.exceptions import MissingDependencyException

from piccobase.base.errors import StartError, Unauthorized
from piccobase.base.version import __version__
from piccobase.http.answers import SECURITY_HEADERS, Send, send_error
from piccobase.http.body import Receive
from piccobase.http.paths import PREFIX
from piccobase.logs.masking import masked_text

ASGIApp = Callable[[Any, Receive, Send], Awaitable[None]]
METRICS_PATH = "/metrics"
# Anybody can think of any path and any method; each that is counted by itself takes memory for good.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_OTHER = "other"
_WHOLE = "piccobase.scope"  # the scope as it came
_FIXED = frozenset(
    {
        "aggregate",
        "auth-methods",
        "auth-refresh",
        "auth-with-oauth2",
        "auth-with-otp",
        "auth-with-password",
        "bulk",
        "confirm-email-change",
        "confirm-password-reset",
        "confirm-verification",
        "impersonate",
        "records",
        "request-email-change",
        "request-otp",
        "request-password-reset",
        "request-verification",
        "roles",
        "truncate",
    }
)


class Templates:
    """Paths by their form: `/api/collections/posts/records/{id}`. There are no more than an app has collections for."""

    def __init__(self, collections: Iterable[str], routes: Iterable[str]) -> None:
        self._collections = frozenset(collections)
        # "/api/logs/{entry_id:str}" and "/admin" both count as their first two parts at most.
        self._beginnings = frozenset("/".join(route.split("/")[:3]).partition("/{")[0] for route in routes)

    def of(self, path: str) -> str:
        """The form of a path; "other" for one that leads nowhere."""
        parts = path.split("/")
        if path.startswith(PREFIX + "/"):
            name, rest = parts[3], parts[4:]
            if name not in self._collections or len(rest) > 3:
                return f"{PREFIX}/{_OTHER}"
            known = [part if part in _FIXED else "{id}" for part in rest]
            return "/".join([PREFIX, name, *known])
        for beginning in ("/".join(parts[:3]), "/".join(parts[:2])):
            if beginning in self._beginnings:
                return beginning
        return _OTHER


def measured(app: ASGIApp, templates: Templates, token: str) -> ASGIApp:
    """Counts and times requests, and answers `/metrics` to whoever bears the token. Raises StartError."""
    try:
        from litestar.plugins.prometheus import PrometheusConfig, PrometheusMiddleware
        from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector
    except (MissingDependencyException, ImportError):
        raise StartError(
            "There is a PICCOBASE_METRICS_TOKEN, but metrics need an extra: pip install 'piccobase[prometheus]'"
        ) from None
    counting: Any = PrometheusMiddleware(
        app,
        PrometheusConfig(app_name="piccobase", prefix="piccobase", group_path=True),
    )
    expected = f"Bearer {token}".encode()
    headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), *SECURITY_HEADERS]

    async def answer_metrics(scope: Any, send: Send) -> None:
        if not compare_digest(dict(scope["headers"]).get(b"authorization", b""), expected):
            refused = Unauthorized("Send the value of PICCOBASE_METRICS_TOKEN as a bearer token.")
            await send_error(send, refused, cors=False, head=scope["method"] == "HEAD")
            return
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # where several processes put their numbers together
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        body = generate_latest(registry)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})

    async def count(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await app(scope, receive, send)
        elif scope["path"] == METRICS_PATH and scope["method"] in ("GET", "HEAD"):
            await answer_metrics(scope, send)
        else:
            scope["path_template"] = templates.of(scope["path"])
            await counting(scope, receive, send)

    return count


def traced(app: ASGIApp, templates: Templates) -> ASGIApp:
    """Makes a span of every request, and sends it where OpenTelemetry's own variables say. Raises StartError.

    A provider that somebody has set up before (`opentelemetry-instrument`) is used as it is.
    """
    try:
        from litestar.plugins.opentelemetry import OpenTelemetryConfig
        from litestar.plugins.opentelemetry.middleware import OpenTelemetryInstrumentationMiddleware
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except (MissingDependencyException, ImportError):
        raise StartError("PICCOBASE_TRACING is on, but traces need an extra: pip install 'piccobase[otel]'") from None
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        about = {"service.version": __version__}
        if "OTEL_SERVICE_NAME" not in os.environ:
            about["service.name"] = "piccobase"
        provider = TracerProvider(resource=Resource.create(about))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)

    def span_of(scope: Any) -> tuple[str, dict[str, Any]]:
        route = templates.of(scope["path"])
        return f"{scope['method']} {route}", {"http.route": route}

    config = OpenTelemetryConfig(
        scope_span_details_extractor=span_of, exclude_spans=["receive", "send"], exclude_urls_env_key="PICCOBASE"
    )

    async def answer(shown: Any, receive: Receive, send: Send) -> None:
        await app(shown[_WHOLE], receive, send)

    tracing: Any = OpenTelemetryInstrumentationMiddleware(answer, config)

    async def trace_request(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        # A span tells the URL to whoever keeps it: without the query, which may have tokens in it.
        shown = {**scope, "query_string": b"", "path": masked_text(scope["path"]), _WHOLE: scope}
        await tracing(shown, receive, send)

    return trace_request
