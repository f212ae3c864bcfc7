"""What the dashboard and plugins build on: the running server's services, and the types that these speak in.

An entry point of the group `piccobase.plugins` names a function that takes the `Services` of a started server and
returns `Mount`s, ASGI applications that answer below a path of their own beside the API.
"""

from piccobase.app.mounts import Mount
from piccobase.app.services import Services
from piccobase.base.clock import unix_time
from piccobase.base.errors import (
    BadRequest,
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
from piccobase.base.json import encode_json
from piccobase.http.collections import unexpected
from piccobase.records.asking import ListQuery
from piccobase.records.listing import Page, list_records
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.system import SUPERUSERS_ID

__all__ = [
    "SUPERUSERS_ID",
    "Actor",
    "BadRequest",
    "CollectionInfo",
    "FieldInfo",
    "Forbidden",
    "InvalidRecord",
    "ListQuery",
    "Mount",
    "NotFound",
    "Page",
    "RequestError",
    "Services",
    "SignInFailed",
    "TooLarge",
    "TooManyRequests",
    "Unauthorized",
    "Unexpected",
    "encode_json",
    "list_records",
    "unexpected",
    "unix_time",
]
