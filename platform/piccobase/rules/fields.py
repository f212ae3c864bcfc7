"""Rules of single fields: who may read and write them. Decided by the actor alone, before any query."""

from collections.abc import Callable

from piccobase.base.errors import Problem
from piccobase.filters.bindings import Bindings
from piccobase.filters.conditions import ActorNames, condition
from piccobase.filters.errors import InvalidFilter
from piccobase.filters.parser import RULE_LIMITS, parse
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

_ALL = -1  # as a key: all bits set


class FieldAccess:
    """Answers whether an actor may read or write a field. An actor's answers to all field rules are one number, a bit
    a rule, so that they can be part of a plan's key."""

    def __init__(self, registry: Registry) -> None:
        texts = {
            text
            for collection in registry.collections.values()
            for field in collection.fields
            for text in (field.read_rule, field.write_rule)
            if text
        }
        self._bits = {text: 1 << index for index, text in enumerate(sorted(texts))}
        self._conditions: list[tuple[int, Callable[[Bindings], bool]]] = [
            (bit, condition(parse(text, limits=RULE_LIMITS), ActorNames())) for text, bit in self._bits.items()
        ]
        self._visible: dict[tuple[str, int], tuple[FieldInfo, ...]] = {}
        self._writable: dict[tuple[str, int], frozenset[str]] = {}

    def key(self, actor: Actor) -> int:
        """Which field rules the actor satisfies."""
        if actor.superuser:
            return _ALL
        if not self._conditions:
            return 0
        bindings = Bindings(actor=actor)
        return sum(bit for bit, holds in self._conditions if holds(bindings))

    def may_read(self, field: FieldInfo, key: int) -> bool:
        return key == _ALL or (not field.hidden and self._holds(field.read_rule, key))

    def may_write(self, field: FieldInfo, key: int) -> bool:
        # A password is hidden from everyone's eyes, and still everyone writes their own.
        hidden = field.hidden and field.type != "password"
        return key == _ALL or (not hidden and self._holds(field.write_rule, key))

    def _holds(self, text: str | None, key: int) -> bool:
        if text is None:
            return False
        return not text or bool(key & self._bits[text])

    def visible(self, collection: CollectionInfo, key: int) -> tuple[FieldInfo, ...]:
        """The fields of a record's JSON (protocol.md §2.2).

        Nobody sees the password and the token key of an auth record; elsewhere a password shows as an empty text.
        """
        cached = self._visible.get((collection.name, key))
        if cached is None:
            cached = self._visible[collection.name, key] = tuple(
                field
                for field in collection.fields
                if (self.may_read(field, key) or (field.type == "password" and self._holds(field.read_rule, key)))
                and not (collection.kind == "auth" and field.name in ("password", "tokenKey"))
            )
        return cached

    def writable(self, collection: CollectionInfo, key: int) -> frozenset[str]:
        """The names of the fields that may be written."""
        cached = self._writable.get((collection.name, key))
        if cached is None:
            cached = self._writable[collection.name, key] = frozenset(
                field.name for field in collection.fields if self.may_write(field, key)
            )
        return cached


def check_field_rules(registry: Registry) -> list[Problem]:
    """Mistakes in field rules: syntax, and whatever asks for more than the actor."""
    problems = []
    for collection in registry.collections.values():
        for field in collection.fields:
            for verb, text in (("read", field.read_rule), ("write", field.write_rule)):
                if not text:
                    continue
                try:
                    condition(parse(text, limits=RULE_LIMITS), ActorNames())
                except InvalidFilter as error:
                    problems.append(Problem("rule.E006", f"{collection.name}.{field.name}, {verb}", error.message))
    return problems
