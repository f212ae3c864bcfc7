"""Reading and setting the roles of an auth record: who may do it, and what then holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.auth.forms import REQUIRED, invalid_form
from piccobase.auth.signed_in import auth_options
from piccobase.base.errors import BadRequest, FieldError, Forbidden, NotFound, Unauthorized
from piccobase.db.engine import Database
from piccobase.db.placeholders import in_dialect
from piccobase.filters.fragments import quoted
from piccobase.identity.roles import Grants
from piccobase.identity.statements import can_be_stored
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.naming import nearest
from piccobase.schema.registry import Roles
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.schema.values.base import InvalidValue


@dataclass(frozen=True, slots=True)
class RoleService:
    """`GET` and `PUT /api/collections/{c}/records/{id}/roles`.

    Superusers grant every role, others what their own roles `may_grant`, and take away likewise. What is set holds from
    the record's next request on.
    """

    db: Database
    roles: Roles
    grants: Grants

    async def read(self, collection: CollectionInfo, record_id: str, actor: Actor) -> dict[str, list[str]]:
        """The roles of a record: for superusers, the record itself, and whoever may grant any role.

        Raises Unauthorized for guests, Forbidden for others, NotFound without such a record, or where the collection
        is no auth collection.
        """
        auth_options(collection)
        is_self = actor.collection is not None and (actor.collection.id, actor.id) == (collection.id, record_id)
        if not is_self:
            self._check_may_grant(actor)
        await self._check_record(collection, record_id)
        return self._answer(await self.grants.granted(collection, record_id))

    async def set(
        self, collection: CollectionInfo, record_id: str, body: Mapping[str, Any], actor: Actor
    ) -> dict[str, list[str]]:
        """Puts the roles in `body["roles"]` in the place of those granted before; answers as `read` does.

        1. Who may grant nothing is refused before anything is looked at: Unauthorized for guests, Forbidden for others.
           Superusers have no roles: BadRequest.
        2. The body must name declared roles: else BadRequest with the mistakes by place, and the nearest name.
        3. In one transaction, with the record locked: NotFound without a record; Forbidden where a role is added or
           taken away that the actor may not grant. Roles that are no longer declared only superusers take away.
        """
        auth_options(collection)
        self._check_may_grant(actor)
        if collection.id == SUPERUSERS_ID:
            raise BadRequest("Superusers pass all rules and have no roles.")
        wanted = self._wanted(body, actor)
        async with self.db.transaction():
            await self._check_record(collection, record_id, lock=True)
            before = await self.grants.granted(collection, record_id)
            if not actor.superuser:
                before &= self.roles.closure.keys()
                if refused := (wanted ^ before) - self._grantable(actor):
                    raise Forbidden(f"You may not grant or take away: {', '.join(sorted(refused))}.")
            await self.grants.take(collection, record_id, before - wanted)
            await self.grants.grant(collection, record_id, wanted - before)
        return self._answer(wanted)

    def _check_may_grant(self, actor: Actor) -> None:
        if actor.guest:
            raise Unauthorized
        if not actor.superuser and not self._grantable(actor):
            raise Forbidden

    def _grantable(self, actor: Actor) -> frozenset[str]:
        return frozenset(self.roles.closure) if actor.superuser else self.roles.grantable(actor.roles)

    def _wanted(self, body: Mapping[str, Any], actor: Actor) -> frozenset[str]:
        names = body.get("roles")
        if names is None:
            raise invalid_form({"roles": REQUIRED})
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise invalid_form({"roles": FieldError("validation_invalid_value", "Must be a list of names of roles.")})
        known = self._grantable(actor)  # of the others' names it need not tell
        errors = {
            str(place): FieldError("validation_in_invalid", f'No role "{name}" is declared.{nearest(name, known)}')
            for place, name in enumerate(names)
            if name not in self.roles.closure
        }
        if errors:
            raise invalid_form({"roles": errors})
        return frozenset(names)

    async def _check_record(self, collection: CollectionInfo, record_id: str, *, lock: bool = False) -> None:
        """Raises NotFound without such a record; with `lock` it cannot go away before the transaction ends."""
        value = collection.key.value
        try:
            key = value.clean(record_id) if can_be_stored(record_id) else None
        except InvalidValue:
            key = None
        if key is None:
            raise NotFound
        bind = value.bind(self.db.dialect)
        sql = f"SELECT 1 FROM {collection.source} WHERE {quoted(collection.key.column)} = ?"
        if lock and self.db.dialect == "postgres":  # on SQLite whoever writes is alone anyway
            sql += " FOR UPDATE"
        if not await self.db.rows(in_dialect(sql, self.db.dialect), (bind(key) if bind else key,)):
            raise NotFound

    def _answer(self, granted: frozenset[str]) -> dict[str, list[str]]:
        """Those granted to the record itself, then all it has. One that is no longer declared counts for nothing."""
        return {
            "roles": sorted(granted & self.roles.closure.keys()),
            "effective": sorted(self.roles.of(granted)),
        }
