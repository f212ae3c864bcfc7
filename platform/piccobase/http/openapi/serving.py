"""Documents as they are sent: made when first asked for, kept as bytes for each kind of reader, with an ETag."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from litestar.types import ControllerRouterHandler

from piccobase.base.json import encode_json
from piccobase.http.openapi.document import Reader, make_document
from piccobase.http.openapi.routes import describe_routes
from piccobase.rules.fields import FieldAccess
from piccobase.schema.actor import Actor
from piccobase.schema.registry import Registry

_MOST_READERS = 16  # kinds of reader remembered; roles make several, and each document may have a megabyte


@dataclass(frozen=True, slots=True)
class SentDocument:
    """A document as JSON, and its ETag with quotes."""

    body: bytes
    etag: str


@dataclass(slots=True)
class APIDocuments:
    """The OpenAPI documents of a running server. `handlers` are the application's own, known once it was made."""

    registry: Registry
    access: FieldAccess
    handlers: Sequence[ControllerRouterHandler] = ()
    _made: dict[Reader, SentDocument] = field(default_factory=dict)

    async def document_of(self, actor: Actor) -> SentDocument:
        """The document for whoever asks: whose field rules hold alike read the same one."""
        reader = Reader(self.access.key(actor), actor.superuser)
        made = self._made.get(reader)
        if made is None:
            made = await asyncio.to_thread(self._make, reader)  # a large one takes a while
            if len(self._made) >= _MOST_READERS:
                self._made.pop(next(iter(self._made)), None)
            self._made[reader] = made
        return made

    def _make(self, reader: Reader) -> SentDocument:
        routes = describe_routes(self.handlers, superuser=reader.superuser)
        document = make_document(self.registry, self.access, routes, reader)
        body = encode_json(document)
        return SentDocument(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
