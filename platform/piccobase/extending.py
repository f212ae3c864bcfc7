"""What the dashboard and plugins build on: the running server's services, and the types that these speak in.

An entry point of the group `piccobase.plugins` names a function that takes the `Services` of a started server and
returns `Mount`s, ASGI applications that answer below a path of their own beside the API.
"""

from piccobase.app.mounts import Mount
from piccobase.app.services import Services
from piccobase.base.clock import unix_time
from piccobase.base.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    InvalidRecord,
    NotFound,
    RequestError,
    SignInFailed,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unexpected,
)
from piccobase.base.json import NotJSON, encode_json, parse_whole_json
from piccobase.http.collections import unexpected
from piccobase.records.asking import ListQuery
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.listing import Page, list_records
from piccobase.records.updating import update_record
from piccobase.records.viewing import view_record
from piccobase.rules.context import RequestContext
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.system import SUPERUSERS_ID

__all__ = [
    "SUPERUSERS_ID",
    "Actor",
    "BadRequest",
    "CollectionInfo",
    "FieldError",
    "FieldInfo",
    "Forbidden",
    "InvalidRecord",
    "ListQuery",
    "Mount",
    "NotFound",
    "NotJSON",
    "Page",
    "RequestContext",
    "RequestError",
    "Services",
    "SignInFailed",
    "TooLarge",
    "TooManyRequests",
    "Unauthorized",
    "Unexpected",
    "create_record",
    "delete_record",
    "encode_json",
    "list_records",
    "parse_whole_json",
    "unexpected",
    "unix_time",
    "update_record",
    "view_record",
]
