"""What create and update share: the caller's rights to fields, the submitted values as rules see them, questions to the
database about a draft, and database errors as field errors."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

from piccobase.base.errors import FieldError, InvalidRecord
from piccobase.base.json import parse_json
from piccobase.db.errors import ConstraintFailed, NotUnique, StillReferenced
from piccobase.filters.deciding import Decision
from piccobase.filters.fragments import Binder, Fragment, Statement, compose, join, quoted, render, slot
from piccobase.filters.joins import Joins
from piccobase.records.binding import bind_all, bind_value
from piccobase.records.drafting import MISSING_TARGETS, REQUIRED, Draft
from piccobase.records.planning import ROW, Asked
from piccobase.records.service import Records
from piccobase.rules.context import RequestContext
from piccobase.rules.draft import DRAFT, draft_table
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.values.base import Convert

Row = Sequence[Any]
Lock = Literal["update", "delete"]
LOCKS: Mapping[Lock, str] = {"update": "FOR NO KEY UPDATE", "delete": "FOR UPDATE"}
Refusal = NotUnique | StillReferenced | ConstraintFailed
_NOT_UNIQUE = FieldError("validation_not_unique", "Value must be unique.")


def asked_of_draft(context: RequestContext, body: Mapping[str, Any], **own: Any) -> Asked:
    """What a question about a write is bound from: the request, and the submitted values."""
    return Asked(
        actor=context.actor,
        body=body,
        query=context.query,
        headers=context.headers,
        method=context.method,
        context=context.context,
        **own,
    )


class Submitted(Mapping[str, Any]):
    """`@request.body.*`: what was sent, modifiers resolved, fields cleaned, and without what the caller cannot write.

    A rule must not see a hidden field that will be dropped anyway (protocol.md §3.8), and sees a value as it would be
    stored. What could not be cleaned is there as it was sent. It is put together when somebody looks: few rules do.
    """

    __slots__ = ("_collection", "_sent", "_values", "_values_of_draft", "_writable")

    def __init__(
        self, collection: CollectionInfo, sent: Mapping[str, Any], draft: Draft, writable: Collection[str]
    ) -> None:
        self._collection, self._sent, self._writable = collection, sent, writable
        self._values_of_draft = draft.values.copy()  # as they are now, before passwords are hashed
        self._values: dict[str, Any] | None = None

    def _seen(self) -> dict[str, Any]:
        if self._values is None:
            self._values = dict(self._put_together())
        return self._values

    def _put_together(self) -> Iterator[tuple[str, Any]]:
        cleaned = self._values_of_draft
        for name, value in self._sent.items():
            field = self._collection.by_name.get(name)
            if field is None or field.key:
                yield name, value
            elif name in self._writable:
                yield name, _as_sent(field, cleaned[name]) if name in cleaned else value

    def __getitem__(self, name: str) -> Any:
        return self._seen()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen())

    def __len__(self) -> int:
        return len(self._seen())


def _as_sent(field: FieldInfo, value: Any) -> Any:
    """A cleaned value in the form that rules compare: the wire's."""
    convert = _to_sent(field)
    return value if value is None or convert is None else convert(value)


@lru_cache(1024)
def _to_sent(field: FieldInfo) -> Convert | None:
    """None for what is on the wire as it is in Python."""
    bind, read = field.value.bind("sqlite"), field.value.read("sqlite")
    match field.family:
        case "json" | "geo":
            return parse_json
        case "list" | "array":
            return parse_json if bind is None else lambda value: parse_json(bind(value))
        case "integer" | "number" | "decimal":
            return bind
    if bind is None or read is None:
        return bind or read
    return lambda value: read(bind(value))


async def hash_passwords(records: Records, collection: CollectionInfo, draft: Draft) -> None:
    """Every password of the draft becomes its hash; off the event loop, and before any transaction."""
    for name in password_fields(collection):
        if draft.values.get(name):
            draft.values[name] = await records.hasher.hash(draft.values[name])


@lru_cache(1024)
def password_fields(collection: CollectionInfo) -> tuple[str, ...]:
    """Their names."""
    return tuple(field.name for field in collection.fields if field.type == "password")


async def draft_satisfies(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    verb: Verb,
    draft: Draft,
    body: Mapping[str, Any],
) -> bool:
    """Whether a rule holds for the record as it would be stored (protocol.md §2.1); a new auth record is unverified.

    Raises Forbidden where the rule lets nobody through.
    """
    question = records.planner.remembered(
        ("draft", verb, collection.name, context.kind), lambda: _draft_question(records, context, collection, verb)
    )
    if question.statement is None:
        return True
    as_stored = draft.as_meant | {"verified": False} if collection.kind == "auth" else draft.as_meant
    if question.decision is not None:
        fields, decide = question.decision
        values = [bind_value(field, as_stored.get(field.name), records.db.dialect) for field in fields]
        verdict = decide(asked_of_draft(context, body), values)
        if verdict is not None:
            return verdict
    asked = asked_of_draft(context, body, draft=bind_all(collection, as_stored, records.db.dialect))
    return bool(await records.db.rows(question.statement.sql, question.statement.bind(asked)))


class _Question(NamedTuple):
    """What a rule asks: nothing, or a statement that finds a row where it holds. Where that can be known of a record in
    hand without the database, `decision` does."""

    statement: Statement | None
    decision: Decision | None = None


def _draft_question(records: Records, context: RequestContext, collection: CollectionInfo, verb: Verb) -> _Question:
    planner = records.planner
    joins = Joins(planner.dialect)
    rule = planner.rule_condition(collection, context, verb, joins, draft=True)
    if rule is None:
        return _Question(None)
    binders = [_of_draft(index) for index in range(len(collection.fields))]
    question = compose(
        draft_table(collection, binders, planner.dialect.name),
        f'SELECT 1 FROM "{DRAFT}" AS "{ROW}"',
        joins.fragment(),
        " WHERE ",
        rule,
    )
    decision = planner.decision(collection, context, verb, draft=True)
    return _Question(render(question, planner.dialect.name), decision)


def _of_draft(index: int) -> Binder:
    return lambda bindings: cast("Asked", bindings).draft[index]


async def stored_satisfies(
    records: Records,
    context: RequestContext,
    collection: CollectionInfo,
    verb: Verb,
    key: Any,
    body: Mapping[str, Any],
    row: Row | None = None,
) -> bool:
    """Whether a verb's rule holds for a stored record. Raises Forbidden where it lets nobody through.

    With `row`, as `load_row` has just given it, the database is asked only where the rule looks at more than that.
    """
    question = _question(records, context, collection, verb)
    if question.statement is None:
        return True
    asked = asked_of_draft(context, body, key=key)
    if row is not None and question.decision is not None:
        fields, decide = question.decision
        verdict = decide(asked, [row[collection.fields.index(field)] for field in fields])
        if verdict is not None:
            return verdict
    return bool(await records.db.rows(question.statement.sql, question.statement.bind(asked)))


def is_decided(records: Records, context: RequestContext, collection: CollectionInfo, verb: Verb) -> bool:
    """Whether a verb's rule looks at nothing but the request and the record itself."""
    question = _question(records, context, collection, verb)
    return question.statement is None or question.decision is not None


def _question(records: Records, context: RequestContext, collection: CollectionInfo, verb: Verb) -> _Question:
    return records.planner.remembered(
        ("rule", verb, collection.name, context.kind), lambda: _stored_question(records, context, collection, verb)
    )


def _stored_question(records: Records, context: RequestContext, collection: CollectionInfo, verb: Verb) -> _Question:
    planner = records.planner
    joins = Joins(planner.dialect)
    rule = planner.rule_condition(collection, context, verb, joins)
    if rule is None:
        return _Question(None)
    condition = join(" AND ", [planner.key_condition(collection), rule])
    question = compose(f'SELECT 1 FROM {collection.source} AS "{ROW}"', joins.fragment(), " WHERE ", condition)
    return _Question(render(question, planner.dialect.name), planner.decision(collection, context, verb))


async def load_row(records: Records, collection: CollectionInfo, key: Any, *, lock: Lock | None = None) -> Row | None:
    """The stored row, all fields in their declared order.

    With `lock`, in a transaction, nobody else changes it meanwhile (on SQLite the transaction itself sees to that).
    Who is going to change it lets others point to it, who is going to delete it does not.
    """
    statement = records.planner.remembered(
        ("row", collection.name, lock), lambda: _row_query(records, collection, lock)
    )
    rows = await records.db.rows(statement.sql, [key])
    return rows[0] if rows else None


def _row_query(records: Records, collection: CollectionInfo, lock: Lock | None) -> Statement:
    planner = records.planner
    columns = ", ".join(f'"{ROW}".{quoted(field.column)}' for field in collection.fields)
    query = compose(f'SELECT {columns} FROM {collection.source} AS "{ROW}" WHERE ', planner.key_condition(collection))
    if lock is not None and planner.dialect.name == "postgres":
        query = compose(query, f" {LOCKS[lock]}")
    return render(query, planner.dialect.name)


async def check_relations(records: Records, collection: CollectionInfo, draft: Draft, actor: Actor) -> None:
    """Every id in a relation must be there: what is missing becomes a field error of the draft."""
    for field in _relations(collection):
        value = draft.values.get(field.name)
        if value is None or value == []:
            continue
        target = records.registry.collections[field.target]
        if target is actor.collection and value == actor.id and not field.multiple:
            continue  # whoever asks is there: this request began with finding that out
        wanted = list(value) if field.multiple else [value]
        keys = [_target_key(target, one) for one in wanted]
        found = await _count_keys(records, target, keys) if None not in keys else -1
        if found != len(keys):
            draft.errors[field.name] = MISSING_TARGETS


@lru_cache(1024)
def _relations(collection: CollectionInfo) -> tuple[FieldInfo, ...]:
    return tuple(field for field in collection.fields if field.target)


def _target_key(target: CollectionInfo, value: Any) -> Any:
    """An id in a list of ids is text; the target's key may be a number or a UUID."""
    return target.key.value.coerce(value) if isinstance(value, str) else value


async def _count_keys(records: Records, target: CollectionInfo, keys: list[Any]) -> int:
    # As many slots as a power of two, the last key repeated: a handful of statements serves all lengths.
    size = 1 << (len(keys) - 1).bit_length()
    statement = records.planner.remembered(("keys", target.name, size), lambda: _keys_query(records, target, size))
    bound = [bind_value(target.key, key, records.db.dialect) for key in keys]
    rows = await records.db.rows(statement.sql, bound + bound[-1:] * (size - len(keys)))
    return int(rows[0][0])


def _keys_query(records: Records, target: CollectionInfo, size: int) -> Statement:
    slots = join(", ", [slot(_unbound(index)) for index in range(size)])
    column = quoted(target.key.column)
    query = compose(f"SELECT COUNT(*) FROM {target.source} WHERE {column} IN (", slots, ")")
    return render(query, records.planner.dialect.name)


def _unbound(index: int) -> Binder:
    """A binder for a slot whose value is given by place; each is a function of its own, so that no two slots merge."""
    return lambda bindings: bindings


@dataclass(frozen=True, slots=True)
class RowWrite:
    """A statement that writes these fields of a row and returns the whole of it, and what makes its values."""

    sql: str
    fields: tuple[FieldInfo, ...]
    binders: tuple[Convert | None, ...]

    def bind(self, draft: Draft) -> list[Any]:
        """The driver values of a draft that has just these fields."""
        return [
            value if binder is None or value is None else binder(value)
            for binder, value in zip(self.binders, draft.values.values(), strict=True)
        ]


def row_insert(records: Records, collection: CollectionInfo, draft: Draft) -> RowWrite:
    """How a draft is inserted."""
    return _row_write(records, collection, "insert", draft, _insert_statement)


def row_update(records: Records, collection: CollectionInfo, draft: Draft) -> RowWrite:
    """How a draft changes one record; the key is bound last."""
    return _row_write(records, collection, "update", draft, _update_statement)


def _row_write(
    records: Records,
    collection: CollectionInfo,
    kind: Literal["insert", "update"],
    draft: Draft,
    statement_of: Callable[[Records, CollectionInfo, tuple[FieldInfo, ...]], Statement],
) -> RowWrite:
    names = tuple(draft.values)

    def make() -> RowWrite:
        fields = tuple(collection.by_name[name] for name in names)
        binders = tuple(field.value.bind(records.db.dialect) for field in fields)
        return RowWrite(statement_of(records, collection, fields).sql, fields, binders)

    return records.planner.remembered((kind, collection.name, names), make)


def _insert_statement(records: Records, collection: CollectionInfo, fields: tuple[FieldInfo, ...]) -> Statement:
    returning = ", ".join(quoted(field.column) for field in collection.fields)
    if not fields:
        query = Fragment(f"INSERT INTO {collection.source} DEFAULT VALUES RETURNING {returning}")
    else:
        columns = ", ".join(quoted(field.column) for field in fields)
        slots = join(", ", [slot(_unbound(index)) for index in range(len(fields))])
        query = compose(f"INSERT INTO {collection.source} ({columns}) VALUES (", slots, f") RETURNING {returning}")
    return render(query, records.planner.dialect.name)


def _update_statement(records: Records, collection: CollectionInfo, fields: tuple[FieldInfo, ...]) -> Statement:
    returning = ", ".join(quoted(field.column) for field in collection.fields)
    changes = join(
        ", ", [compose(f"{quoted(field.column)} = ", slot(_unbound(index))) for index, field in enumerate(fields)]
    )
    key = quoted(collection.key.column)
    query = compose(
        f"UPDATE {collection.source} SET ", changes, f" WHERE {key} = ", slot(_unbound(-1)), f" RETURNING {returning}"
    )
    return render(query, records.planner.dialect.name)


def refused(collection: CollectionInfo, error: Refusal, message: str) -> InvalidRecord:
    """What the database refused, by field: a clash names every column of the index that was violated."""
    if isinstance(error, NotUnique):
        by_column = {field.column: field.name for field in collection.fields}
        clashing = [by_column[column] for column in error.columns if column in by_column]
        return InvalidRecord(message, dict.fromkeys(clashing, _NOT_UNIQUE))
    if isinstance(error, StillReferenced):
        return InvalidRecord(message)
    # A column is named for an empty value; a CHECK speaks of the whole row.
    empty = [field.name for field in collection.fields if field.column == error.column]
    return InvalidRecord(message if empty else error.message, dict.fromkeys(empty, REQUIRED))
