"""`/api/settings` (protocol.md §8.2): read and changed by superusers."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Reference, Schema
from msgspec import Struct

from piccobase.auth.apple import LONGEST, client_secret
from piccobase.base.errors import BadRequest, FieldError
from piccobase.http.administering import SUPERUSERS_ONLY, AnyRequest, answered, body_of, is_json, takes, the_superuser
from piccobase.http.body import DEFAULT_BODY_LIMIT
from piccobase.identity.actors import Actors
from piccobase.settings.checks import REQUIRED
from piccobase.settings.merging import nested
from piccobase.settings.sections import Settings
from piccobase.settings.service import SettingsService, shown

_PATH = "/api/settings"
_SETTINGS = {200: ResponseSpec(Settings, description="All settings.", generate_examples=False)}
_SECTIONS = {200: ResponseSpec(dict[str, dict[str, Any]], description="By name.", generate_examples=False)}
_SECONDS = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=LONGEST, description="In seconds.")


class AppleSecret(Struct):
    """What Apple wants in place of a client secret."""

    secret: str


def settings_routes(settings: SettingsService, actors: Actors) -> Sequence[HTTPRouteHandler]:
    """Reading and changing, the sections of plugins, and what the protocol offers besides."""

    @get(
        _PATH,
        operation_id="readSettings",
        summary="The settings, without their secrets",
        opt=SUPERUSERS_ONLY,
        responses=_SETTINGS,
    )
    async def read(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, shown(settings.current))

    @patch(
        _PATH,
        operation_id="updateSettings",
        summary="Change settings: deep for sections, whole for lists",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(Reference("#/components/schemas/Settings")),
        responses=_SETTINGS,
        request_max_body_size=DEFAULT_BODY_LIMIT,
    )
    async def update(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, shown(await settings.update(*await _change(request))))

    @get(
        f"{_PATH}/sections",
        operation_id="readSettingsOfPlugins",
        summary="The sections that plugins have brought, by name",
        opt=SUPERUSERS_ONLY,
        responses=_SECTIONS,
    )
    async def read_sections(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, _sections(settings))

    @patch(
        f"{_PATH}/sections",
        operation_id="updateSettingsOfPlugins",
        summary="Change sections that plugins have brought, by name",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(Schema(type=OpenAPIType.OBJECT)),
        responses=_SECTIONS,
        request_max_body_size=DEFAULT_BODY_LIMIT,
    )
    async def update_sections(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        await settings.update_sections(*await _change(request))
        return answered(request, _sections(settings))

    @post(
        f"{_PATH}/test/s3",
        operation_id="testS3",
        summary="Try a bucket",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(_texts("filesystem")),
        status_code=204,
    )
    async def test_s3(request: AnyRequest) -> None:
        await the_superuser(actors, request)
        _refuse_s3_test((await body_of(request)).get("filesystem"), settings)

    @post(
        f"{_PATH}/apple/generate-client-secret",
        operation_id="generateAppleClientSecret",
        summary="A client secret for signing in with Apple",
        opt=SUPERUSERS_ONLY,
        operation_class=takes(_texts("clientId", "teamId", "keyId", "privateKey", duration=_SECONDS)),
        responses={200: ResponseSpec(AppleSecret, description="The secret.", generate_examples=False)},
        status_code=200,
    )
    async def apple(request: AnyRequest) -> Response[bytes]:
        await the_superuser(actors, request)
        return answered(request, {"secret": client_secret(await body_of(request))})

    return [read, update, read_sections, update_sections, test_s3, apple]


def _texts(*names: str, **others: Schema) -> Schema:
    """An object in which all of these are required."""
    texts = {name: Schema(type=OpenAPIType.STRING) for name in names}
    return Schema(type=OpenAPIType.OBJECT, properties={**texts, **others}, required=[*names, *others])


async def _change(request: AnyRequest) -> tuple[dict[str, Any], bool]:
    """The body, and whether it was a form."""
    body = await body_of(request)
    return (body, False) if is_json(request) else (nested(body), True)


def _sections(settings: SettingsService) -> dict[str, Any]:
    return {name: shown(section.value) for name, section in settings.own_sections.items()}


def _refuse_s3_test(filesystem: Any, settings: SettingsService) -> None:
    """Raises BadRequest: files in buckets are not built yet, so there is nothing that could be tried."""
    message = "Failed to test the S3 filesystem."
    if not filesystem:
        raise BadRequest(message, {"filesystem": REQUIRED})
    places = {"storage": settings.current.s3, "backups": settings.current.backups.s3}
    if filesystem not in places:
        raise BadRequest(message, {"filesystem": FieldError("validation_in_invalid", "Must be a valid value.")})
    if not places[filesystem].enabled:
        raise BadRequest(f"{message} Raw error: \nS3 storage filesystem is not enabled.")
    raise BadRequest(f"{message} Raw error: \nThis version keeps files on the disk only; the settings are stored.")
