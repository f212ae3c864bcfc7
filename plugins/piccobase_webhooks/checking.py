"""What is wrong with a subscription, by field. Pure, but for the filter, which is read against the collections."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from piccobase.extending import FieldError, InvalidQuery, Records, check_filter
from piccobase_webhooks.settings import WebhookSettings
from piccobase_webhooks.signing import InvalidSecret, key_of
from piccobase_webhooks.tables import TABLES
from piccobase_webhooks.urls import InvalidURL, parse_url

OWN = frozenset(table._meta.tablename for table in TABLES)  # which tell of themselves what would lead to more of it
_MOST_HEADERS, _LONGEST_HEADER = 20, 2048
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
_SET_BY_US = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


def mistakes_in(values: Mapping[str, Any], records: Records, settings: WebhookSettings) -> dict[str, FieldError]:
    """By the wire name of the field. What has another type is left to the validation of all records."""
    checks = (
        ("url", _url(values.get("url"), settings)),
        ("collections", _collections(_read(values.get("collections")), records)),
        ("filter", _filter(values.get("filter"), _read(values.get("collections")), records)),
        ("headers", _headers(_read(values.get("headers")))),
    )
    return {name: FieldError("validation_invalid_webhook", text) for name, text in checks if text}


def secret_mistake(secret: object) -> FieldError | None:
    """Whether messages can be signed with it."""
    try:
        key_of(secret if isinstance(secret, str) else "")
    except InvalidSecret as error:
        return FieldError("validation_invalid_webhook", str(error))
    return None


def collections_of(names: Any, records: Records) -> list[Any]:
    """The collections that a subscription is about: where it names none all but the system's and our own."""
    everything = records.registry.collections.items()
    named = names or [name for name, one in everything if one.kind != "view" and not one.system]
    return [found for name in named if (found := records.registry.find(name)) and found.name not in OWN]


def _url(url: Any, settings: WebhookSettings) -> str:
    if not isinstance(url, str) or not url:
        return ""
    try:
        target = parse_url(url)
    except InvalidURL as error:
        return str(error)
    if target.scheme == "http" and not settings.plain_http and not settings.allowed_networks:
        return "Use https://. The settings can allow plainHttp, and networks of your own where it is enough."
    return ""


def _collections(names: Any, records: Records) -> str:
    for name in names if isinstance(names, list) else ():
        found = records.registry.find(name) if isinstance(name, str) else None
        if found is None:
            return f'There is no collection "{name}".'
        if found.kind == "view":
            return f"{found.name} is a view: its records are not written, so nothing happens to them."
        if found.name in OWN:
            return f"{found.name} is one of the webhooks' own: a message of it would lead to the next."
    return ""


def _filter(text: Any, names: Any, records: Records) -> str:
    if not isinstance(text, str) or not text:
        return ""
    for collection in collections_of(names if isinstance(names, list) else (), records):
        try:
            check_filter(records, collection, text)
        except InvalidQuery as error:
            return f"{collection.name}: {error.message}"
    return ""


def _headers(headers: Any) -> str:
    if not isinstance(headers, dict):
        return ""
    if len(headers) > _MOST_HEADERS:
        return f"There are at most {_MOST_HEADERS} headers."
    return next(iter(_header_mistakes(headers)), "")


def _header_mistakes(headers: Mapping[str, Any]) -> Iterator[str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield f"{name!r} is no name of a header."
        elif name.lower() in _SET_BY_US or name.lower().startswith("webhook-"):
            yield f"{name} is set by the server."
        elif isinstance(value, str) and not (len(value) <= _LONGEST_HEADER and _HEADER_VALUE.fullmatch(value)):
            yield f"The value of {name} is empty, too long ({_LONGEST_HEADER}), or has characters that no header takes."
    if len({name.lower() for name in headers}) < len(headers):
        yield "A header stands there twice."


def _read(value: Any) -> Any:
    """A value of JSON, which a form sends as a text."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
