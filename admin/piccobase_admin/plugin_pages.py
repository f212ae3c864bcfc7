"""Pages that plugins and the app bring: their functions asked, their templates filled, within the dashboard's layout.

They stand behind the same door as all others (`entrance.py`). A template extends `plugin_page.html` and fills its
blocks `title` and `content`; it may use whatever `base.html` and the dashboard's styles have, and files of the folder
`static` beside it by `{{ file("name.css") }}`.
"""

import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from litestar import HttpMethod, Request, Response, get, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from piccobase.extending import Bringing, DashboardPage, NotFound, PageRequest, SentOn, Services
from piccobase_admin.navigation import pages_address
from piccobase_admin.rendering import environment, go_to, page

AnyRequest = Request[Any, Any, Any]
_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def plugin_pages(services: Services) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    return [handler for one in services.assembly.bringing if one.pages for handler in _pages_of(one, services)]


def _pages_of(bringing: Bringing, services: Services) -> Iterator[HTTPRouteHandler]:
    base = pages_address(bringing)
    folder = bringing.file.parent if bringing.file else None
    templates = _templates(folder)
    listed = [(f"{base}/{one.path}" if one.path else base, one.title) for one in bringing.pages if one.in_navigation]

    def shown(declared: DashboardPage) -> Callable[[AnyRequest], Any]:
        async def answer(request: AnyRequest) -> Response[str]:
            asked = await _asked(request, bringing, services)
            given = await declared.function(asked)
            if isinstance(given, SentOn):
                return go_to(given.path)
            return page(
                given.template,
                request.scope,
                status=given.status,
                templates=templates,
                pages=listed,
                at=request.scope["path"].rstrip("/"),
                address=asked.address,
                file=lambda name: f"{base}/static/{name}",
                **given.values,
            )

        return answer

    for number, declared in enumerate(bringing.pages):
        path = "/".join(filter(None, [base, _PARAMETER.sub(r"{\1:str}", declared.path)]))
        methods = [HttpMethod(method) for method in declared.methods]
        yield route(path, http_method=methods, name=f"{base} {number}", status_code=200)(shown(declared))
    yield _files(base, folder)


def _templates(folder: Path | None) -> Environment:
    """The plugin's own templates first, then the dashboard's."""
    own = [FileSystemLoader(folder / "templates")] if folder else []
    assert environment.loader is not None
    return environment.overlay(loader=ChoiceLoader([*own, environment.loader]))


async def _asked(request: AnyRequest, bringing: Bringing, services: Services) -> PageRequest:
    query = {name: str(value) for name, value in request.query_params.items()}
    form = {name: str(value) for name, value in (await request.form()).items()} if request.method == "POST" else {}
    context = services.records.context(request.user, str(request.method), query, {})
    return PageRequest(
        actor=request.user,
        records=services.records.acting(context, bringing.whose.capitalize()),
        services=services,
        method="POST" if request.method == "POST" else "GET",
        base=pages_address(bringing),
        query=query,
        form=form,
        parameters={name: str(value) for name, value in request.path_params.items()},
    )


def _files(base: str, folder: Path | None) -> HTTPRouteHandler:
    """The files of the folder `static`, from a list made once, so that no path leads out of it."""
    static = folder / "static" if folder else None
    known: Mapping[str, Path] = (
        {found.relative_to(static).as_posix(): found for found in static.rglob("*") if found.is_file()}
        if static is not None
        else {}
    )

    @get(f"{base}/static/{{name:path}}", name=f"{base} files")
    async def file(name: FromPath[str]) -> Response[bytes]:
        found = known.get(name.lstrip("/"))
        if found is None:
            raise NotFound
        media_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return Response(found.read_bytes(), media_type=media_type, headers={"cache-control": "no-cache"})

    return file
