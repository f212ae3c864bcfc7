"""What can be asked of a collection: route, parameters, an example, and how it may be refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from piccobase.extending import (
    SUPERUSERS_ID,
    BadRequest,
    CollectionInfo,
    FieldError,
    Forbidden,
    InvalidQuery,
    InvalidRecord,
    NotFound,
    Registry,
    RequestError,
    SignInFailed,
    StillReferenced,
    Unauthorized,
    Verb,
    auth_methods,
)
from piccobase_admin.api_pages.literals import ME
from piccobase_admin.api_pages.reading import shortened, without_hidden
from piccobase_admin.api_pages.samples import EMAIL, PASSWORD, Samples

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
ID = "{id}"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"  # noqa: S105  what an example shows of one
_LOCKED = "Only superusers can perform this action."


@dataclass(frozen=True, slots=True)
class Parameter:
    """Of the query. `example` fills in the form for trying, "" leaves it empty."""

    name: str
    meaning: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error."""

    error: RequestError
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request that the collection answers. In `path` stands `{id}` for a record's; None as answer is 204."""

    key: str  # "list", "auth-refresh": as the page's address has it
    title: str
    method: Method
    path: str
    verb: Verb | None = None  # whose rule decides
    summary: str
    parameters: Sequence[Parameter] = ()
    query: Mapping[str, str] = field(default_factory=dict)  # of the example
    body: Mapping[str, Any] | None = None
    answer: Any = None
    refusals: Sequence[Refusal] = ()
    record_id: Any = ""  # of the example: a text, or ME

    def path_of(self, record_id: str) -> str:
        return self.path.replace(ID, record_id)

    @property
    def writes(self) -> bool:
        return self.method != "GET" and self.key not in ("auth-with-password", "auth-refresh")


_EXPAND = Parameter("expand", "Relations whose records come along, such as author or comments_via_post.author.")
_FIELDS = Parameter("fields", "Only these fields, with commas between them; * for all others.")


def operations_of(collection: CollectionInfo, registry: Registry, samples: Samples) -> list[Operation]:
    """Every operation, in the order of the tabs."""
    base = f"/api/collections/{collection.name}"
    records, one = f"{base}/records", f"{base}/records/{ID}"
    record = shortened(without_hidden(collection, dict(samples.record)))
    found = [_list(collection, records, record), _view(collection, one, record)]
    if collection.kind != "view":
        found += [
            _create(collection, records, record, samples),
            _update(collection, one, record, samples),
            _delete(collection, one, registry),
        ]
    if collection.auth is not None:
        found += _auth_operations(collection, registry, base, record)
    return [_addressed(operation, samples, collection) for operation in found]


def _addressed(operation: Operation, samples: Samples, collection: CollectionInfo) -> Operation:
    """With the id of the example: one's own where the rule says that only that can be meant."""
    if ID not in operation.path:
        return operation
    rule = (collection.rules.get(operation.verb) or "") if operation.verb else ""
    own = operation.verb is not None and collection.kind == "auth" and "id = @request.auth.id" in rule
    return replace(operation, record_id=ME if own else samples.record_id)


def _list(collection: CollectionInfo, path: str, record: Mapping[str, Any]) -> Operation:
    sort = "-created" if "created" in collection.by_name else "-id"
    texts = [one for one in collection.fields if one.type == "text" and not (one.key or one.hidden or one.system)]
    example = next((f"{one.name} != ''" for one in texts if one.read_rule == "" and one.value.family == "text"), "")
    return Operation(
        key="list",
        title="List",
        method="GET",
        path=path,
        verb="list",
        summary="Records a page at a time. What the rule does not let through is left out, and not an error.",
        parameters=[
            Parameter("page", "Which page, from 1."),
            Parameter("perPage", "Records on a page, at most 1000 (30)."),
            Parameter("sort", "Fields with commas between them, - before one for descending.", sort),
            Parameter("filter", "A condition such as title ~ 'abc' && created > @yesterday.", example),
            Parameter("skipTotal", "true: totalItems and totalPages are -1, and nothing has to be counted."),
            _EXPAND,
            _FIELDS,
        ],
        query={"sort": sort} | ({"filter": example} if example else {}),
        answer={"items": [record], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1},
        refusals=[
            *_locked(collection, "list"),
            Refusal(InvalidQuery('There is no field "nope".'), "filter, sort or fields cannot be read"),
        ],
    )


def _view(collection: CollectionInfo, path: str, record: Mapping[str, Any]) -> Operation:
    return Operation(
        key="view",
        title="View",
        method="GET",
        path=path,
        verb="view",
        summary="One record by its id.",
        parameters=[_EXPAND, _FIELDS],
        answer=record,
        refusals=[
            *_locked(collection, "view"),
            Refusal(NotFound(), "There is no such record, or the rule hides it"),
        ],
    )


def _create(collection: CollectionInfo, path: str, record: Mapping[str, Any], samples: Samples) -> Operation:
    rule = collection.rules.get("create")
    refusals = [*_locked(collection, "create")]
    if rule:
        refusals.append(Refusal(InvalidRecord("Failed to create record."), "The rule refuses; nothing more is told"))
    refusals += _invalid_fields(collection, samples.create, "Failed to create record.")
    return Operation(
        key="create",
        title="Create",
        method="POST",
        path=path,
        verb="create",
        summary="A new record, from a JSON object or a form. It is answered as its creator may see it.",
        parameters=[_EXPAND, _FIELDS],
        body=samples.create,
        answer=record,
        refusals=refusals,
    )


def _update(collection: CollectionInfo, path: str, record: Mapping[str, Any], samples: Samples) -> Operation:
    summary = "Changes the fields that are sent and leaves the others."
    if collection.kind == "auth":
        summary += " A new password comes with passwordConfirm, and with oldPassword unless a manager sets it."
    return Operation(
        key="update",
        title="Update",
        method="PATCH",
        path=path,
        verb="update",
        summary=summary,
        parameters=[_EXPAND, _FIELDS],
        body=samples.update,
        answer=dict(record) | samples.update,
        refusals=[
            *_locked(collection, "update"),
            Refusal(NotFound(), "There is no such record, or the rule refuses"),
            *_invalid_fields(collection, samples.update, "Failed to update record."),
        ],
    )


def _delete(collection: CollectionInfo, path: str, registry: Registry) -> Operation:
    refusals = [*_locked(collection, "delete"), Refusal(NotFound(), "There is no such record, or the rule refuses")]
    if pointing := registry.relations_to(collection):
        names = ", ".join(sorted({f"{other.name}.{relation.name}" for other, relation in pointing}))
        told = "Failed to delete record. Make sure that the record is not part of a required relation reference."
        refusals.append(Refusal(StillReferenced(told), f"Other records need it: {names}"))
    return Operation(
        key="delete",
        title="Delete",
        method="DELETE",
        path=path,
        verb="delete",
        summary="Takes the record away. The answer is empty.",
        refusals=refusals,
    )


def _locked(collection: CollectionInfo, verb: Verb) -> list[Refusal]:
    """A verb without a rule: told before anything is looked at."""
    if collection.rules.get(verb) is not None:
        return []
    return [Refusal(Forbidden(_LOCKED), "Anybody but a superuser asks")]


def _invalid_fields(collection: CollectionInfo, body: Mapping[str, Any], message: str) -> list[Refusal]:
    names = [name for name in body if name in collection.by_name]
    required = [name for name in names if collection.by_name[name].required]
    name = next(iter(required or names), "")
    if not name:
        return []
    blank = FieldError("validation_required", "Cannot be blank.")
    wrong = FieldError("validation_invalid_value", "Invalid value.")
    data = {name: blank if required else wrong}
    return [Refusal(InvalidRecord(message, data), "Fields are missing or wrong: each has an entry in data")]


def _auth_operations(
    collection: CollectionInfo, registry: Registry, base: str, record: Mapping[str, Any]
) -> list[Operation]:
    assert collection.auth is not None
    signed_in = {"record": record, "token": TOKEN}
    refused = Refusal(
        Forbidden("The request doesn't satisfy the collection requirements to authenticate."),
        "The auth rule does not hold for this record",
    )
    unruled = collection.rules.get("auth") == ""
    found = []
    if collection.auth.password:
        identity = EMAIL if "email" in collection.auth.identity else "USERNAME"
        found.append(
            Operation(
                key="auth-with-password",
                title="Sign in",
                method="POST",
                path=f"{base}/auth-with-password",
                verb="auth",
                summary=f"Signs in by {' or '.join(collection.auth.identity)} and password, and answers a token.",
                parameters=[_EXPAND, _FIELDS],
                body={"identity": identity, "password": PASSWORD},
                answer=signed_in,
                refusals=[
                    Refusal(SignInFailed(), "Nobody is called that, or the password is wrong: both are the same"),
                    *([] if unruled else [refused]),
                ],
            )
        )
    found += [
        Operation(
            key="auth-refresh",
            title="Refresh",
            method="POST",
            path=f"{base}/auth-refresh",
            verb="auth",
            summary="A new token for the one that came along, and the record as it is now.",
            parameters=[_EXPAND, _FIELDS],
            answer=signed_in,
            refusals=[
                Refusal(Unauthorized(), "No token came along, or it no longer holds"),
                Refusal(
                    Forbidden(f"The request requires auth record from {collection.name} collection."),
                    "The token is of another collection",
                ),
                *([] if unruled else [refused]),
            ],
        ),
        Operation(
            key="auth-methods",
            title="Methods",
            method="GET",
            path=f"{base}/auth-methods",
            summary="The ways to sign in that the collection offers. Everyone may ask.",
            parameters=[_FIELDS],
            answer=auth_methods(collection),
        ),
    ]
    if collection.id != SUPERUSERS_ID and registry.roles.closure:
        found += _role_operations(registry, base)
    return found


def _role_operations(registry: Registry, base: str) -> list[Operation]:
    names = sorted(registry.roles.closure)
    granted = max(names, key=lambda name: (len(registry.roles.closure[name]), name))
    answer = {"roles": [granted], "effective": sorted(registry.roles.closure[granted])}
    nobody = [
        Refusal(Unauthorized(), "A guest asks"),
        Refusal(NotFound(), "There is no such record"),
    ]
    return [
        Operation(
            key="roles",
            title="Roles",
            method="GET",
            path=f"{base}/records/{ID}/roles",
            summary="The roles granted to a record, and with those that they include. "
            "For superusers, the record itself, and whoever may grant a role.",
            answer=answer,
            refusals=[*nobody, Refusal(Forbidden(), "Somebody else asks")],
        ),
        Operation(
            key="set-roles",
            title="Set roles",
            method="PUT",
            path=f"{base}/records/{ID}/roles",
            summary="Puts these roles in the place of those granted before; they hold from the next request on. "
            "Superusers grant every role, others what their own roles may grant.",
            body={"roles": [granted]},
            answer=answer,
            refusals=[
                *nobody,
                Refusal(Forbidden(f"You may not grant or take away: {granted}."), "A role is not theirs to grant"),
                Refusal(
                    BadRequest(
                        "An error occurred while validating the submitted data.",
                        {"roles": {"0": FieldError("validation_in_invalid", 'No role "nope" is declared.')}},
                    ),
                    "A role is not declared",
                ),
            ],
        ),
    ]
