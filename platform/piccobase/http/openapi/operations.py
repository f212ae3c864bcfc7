"""The operations of one collection: its records, signing in, and roles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.http.openapi.answers import REPEATED, refusals
from piccobase.http.openapi.names import Names
from piccobase.http.openapi.records import reference, schema_names
from piccobase.schema.collections import VERBS, CollectionInfo, Verb
from piccobase.schema.system import SUPERUSERS_ID

Document = dict[str, Any]
SECURITY_SCHEME = "token"
_SIGNED_IN: list[Document] = [{SECURITY_SCHEME: []}]
_LIST_PARAMETERS = ("page", "perPage", "sort", "filter", "skipTotal", "expand", "fields")
_UNCHANGED: Document = {"description": "Its ETag is among those of `If-None-Match`."}
_ADDITIONS = ("Idempotency-Key", "Dry-Run")
_OPEN_TO_ALL = "Open to everyone."


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything that can be asked of a collection, as far as its reader may know of it."""

    collection: CollectionInfo
    names: Names
    superuser: bool  # who reads the document

    def verbs(self) -> list[Verb]:
        """The verbs that the reader may ever use."""
        verbs: tuple[Verb, ...] = ("list", "view") if self.collection.kind == "view" else VERBS
        return [verb for verb in verbs if self.superuser or self.collection.rules[verb] is not None]

    def paths(self, *, roles: bool) -> Document:
        """Path items by path. `roles` says whether there are any to give out."""
        base = f"/api/collections/{self.collection.name}"
        items: Document = {}
        for path, method, operation in self._operations(base, roles):
            items.setdefault(path, {})[method] = operation
        for path, item in items.items():
            if "{id}" in path:
                item["parameters"] = [{"$ref": "#/components/parameters/id"}]
        return items

    def _operations(self, base: str, roles: bool) -> Iterator[tuple[str, str, Document]]:
        make = {
            "list": ("/records", "get", self._list),
            "create": ("/records", "post", self._create),
            "view": ("/records/{id}", "get", self._view),
            "update": ("/records/{id}", "patch", self._update),
            "delete": ("/records/{id}", "delete", self._delete),
        }
        for verb in self.verbs():
            path, method, operation = make[verb]
            yield base + path, method, self._ruled(verb, operation())
        if {"list"} < {*self.verbs()} & {"list", "update", "delete"}:
            yield f"{base}/bulk", "post", self._bulk()
        auth = self.collection.auth
        if auth is None:
            return
        yield f"{base}/auth-methods", "get", self._auth_methods()
        if self.collection.rules["auth"] is not None:
            if auth.password:
                yield f"{base}/auth-with-password", "post", self._sign_in(auth.identity)
            yield f"{base}/auth-refresh", "post", self._refresh()
        if roles:
            yield f"{base}/records/{{id}}/roles", "get", self._read_roles()
            if self.collection.id != SUPERUSERS_ID:
                yield f"{base}/records/{{id}}/roles", "put", self._set_roles()

    def _ruled(self, verb: Verb, operation: Document) -> Document:
        """The operation with what its rule says. Only superusers read the rule itself: it may name what is hidden."""
        rule = self.collection.rules[verb]
        if rule is None:
            text, operation["security"] = "Superusers only.", _SIGNED_IN
        elif rule == "":
            text = _OPEN_TO_ALL
        else:
            text = f"Rule: `{rule}`" if self.superuser else _RULED[verb]
        operation["description"] = f"{operation['description']} {text}".strip()
        return operation

    def _list(self) -> Document:
        return self._operation(
            f"list{self.names.many}",
            f"List records of {self.collection.name}",
            "A page of records.",
            refusals("BadList", "ForbiddenList"),
            success="page",
            parameters=_LIST_PARAMETERS,
        )

    def _view(self) -> Document:
        return self._operation(
            f"view{self.names.one}",
            f"View a record of {self.collection.name}",
            "",
            {"304": _UNCHANGED, **refusals("BadView", *self._forbidden("view"), "NotFound")},
            success="record",
            parameters=("expand", "fields", "If-None-Match"),
        )

    def _create(self) -> Document:
        text = "" if self.collection.strict else "Values of another type are converted, not refused."
        return self._operation(
            f"create{self.names.one}",
            f"Create a record of {self.collection.name}",
            text,
            refusals("BadRecord", *self._forbidden("create"), "TooLarge", *REPEATED),
            success="record",
            parameters=("expand", "fields", *_ADDITIONS),
            body="create",
        )

    def _update(self) -> Document:
        return self._operation(
            f"update{self.names.one}",
            f"Update a record of {self.collection.name}",
            "What is absent stays as it is.",
            refusals("BadRecord", *self._forbidden("update"), "NotFound", "TooLarge", "Changed", *REPEATED),
            success="record",
            parameters=("expand", "fields", "If-Match", *_ADDITIONS),
            body="update",
        )

    def _delete(self) -> Document:
        return self._operation(
            f"delete{self.names.one}",
            f"Delete a record of {self.collection.name}",
            "",
            refusals("BadDelete", *self._forbidden("delete"), "NotFound", "Changed", *REPEATED),
            parameters=("If-Match", *_ADDITIONS),
        )

    def _bulk(self) -> Document:
        return self._operation(
            f"bulk{self.names.many}",
            f"Update or delete records of {self.collection.name} by a filter",
            "Each record under the rule of its own verb, all of them or none, among those that whoever asks may list.",
            refusals("BadBulk", "ForbiddenList", "TooLarge", *REPEATED),
            success="BulkDone",
            parameters=_ADDITIONS,
            body=reference("Bulk"),
        )

    def _forbidden(self, verb: Verb) -> tuple[str, ...]:
        return ("Forbidden",) if self.collection.rules[verb] is None else ()

    def _auth_methods(self) -> Document:
        return self._operation(
            f"read{self.names.one}AuthMethods",
            f"Ways to sign in to {self.collection.name}",
            "",
            refusals("BadQuery"),
            success="AuthMethods",
            parameters=("fields",),
        )

    def _sign_in(self, identity: tuple[str, ...]) -> Document:
        form: Document = {
            "type": "object",
            "properties": {
                "identity": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "description": f"What stands in {' or '.join(f'`{name}`' for name in identity)}.",
                },
                "password": {"type": "string", "format": "password", "minLength": 1, "maxLength": 255},
                "identityField": {
                    "type": "string",
                    "enum": list(identity),
                    "description": "The only field to look in; all of them without it.",
                },
            },
            "required": ["identity", "password"],
        }
        return self._operation(
            f"signIn{self.names.one}",
            f"Sign in to {self.collection.name} with a password",
            "",
            refusals("BadSignIn", "Forbidden", "TooLarge"),
            success="signed_in",
            parameters=("expand", "fields"),
            body=form,
        )

    def _refresh(self) -> Document:
        return self._operation(
            f"refresh{self.names.one}",
            "A new token for one that still holds",
            "",
            refusals("BadQuery", "Unauthorized", "Forbidden"),
            success="signed_in",
            parameters=("expand", "fields"),
            security=_SIGNED_IN,
        )

    def _read_roles(self) -> Document:
        return self._operation(
            f"read{self.names.one}Roles",
            f"Roles of a record of {self.collection.name}",
            "For the record itself, for who may grant roles, and for superusers.",
            refusals("BadRequest", "Unauthorized", "Forbidden", "NotFound"),
            success="Roles",
            security=_SIGNED_IN,
        )

    def _set_roles(self) -> Document:
        return self._operation(
            f"set{self.names.one}Roles",
            f"Set the roles of a record of {self.collection.name}",
            "For who may grant what is added and taken away, and for superusers.",
            refusals("BadRoles", "Unauthorized", "Forbidden", "NotFound", "TooLarge"),
            success="Roles",
            body=reference("RolesGranted"),
            security=_SIGNED_IN,
        )

    def _operation(
        self,
        operation_id: str,
        summary: str,
        description: str,
        responses: Mapping[str, Any],
        *,
        success: str = "",
        parameters: tuple[str, ...] = (),
        body: str | Document = "",
        security: list[Document] | None = None,
    ) -> Document:
        """`success` and `body` name a schema, one of the collection's or a shared one; without `success` it is 204."""
        own = schema_names(self.names)
        operation: Document = {
            "operationId": operation_id,
            "tags": [self.collection.name],
            "summary": summary,
            "description": description,
        }
        if parameters:
            operation["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
        if body:
            schema = body if isinstance(body, dict) else reference(own[body])
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        if success:
            answer = {"description": "Done.", "content": {"application/json": {"schema": _of(own, success)}}}
            operation["responses"] = {"200": answer, **responses}
        else:
            operation["responses"] = {"204": {"description": "Done."}, **responses}
        if security is not None:
            operation["security"] = security
        return operation


def _of(own: Mapping[str, str], name: str) -> Document:
    return reference(own.get(name, name))


_RULED: Mapping[Verb, str] = {
    "list": "Only those that whoever asks may see.",
    "view": "Under a rule: who may not see it is told that it is not there.",
    "create": "Under a rule: who may not is refused without a reason.",
    "update": "Under a rule: who may not is told that it is not there.",
    "delete": "Under a rule: who may not is told that it is not there.",
}
