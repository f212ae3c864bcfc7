"""All rules, parsed once; and what each becomes in a statement."""

from dataclasses import replace
from typing import Final, Literal

from piccobase.base.errors import Problem
from piccobase.filters.closing import Condition, closed
from piccobase.filters.compiler import compile_filter, open_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.dialects.base import Dialect
from piccobase.filters.errors import InvalidFilter, LockedRelation
from piccobase.filters.fragments import Fragment
from piccobase.filters.joins import Joins, Listed
from piccobase.filters.names import CollectionNames
from piccobase.filters.own_functions import NO_FUNCTIONS, Functions, RuleFunction
from piccobase.filters.parser import RULE_LIMITS, parse
from piccobase.filters.tree import Filter
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.registry import Registry

Open = Literal["open"]
OPEN: Final[Open] = "open"
Rule = Filter | Open | None
"""A parsed rule, everyone, or None: superusers only."""


class RuleBook:
    """The rules of every collection and verb."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._rules: dict[tuple[str, Verb], Rule] = {}
        for collection in registry.collections.values():
            for verb, text in collection.rules.items():
                self._rules[collection.name, verb] = _parsed(text)

    def rule(self, collection: CollectionInfo, verb: Verb) -> Rule:
        return self._rules.get((collection.name, verb))

    def compile(
        self,
        rule: Filter,
        collection: CollectionInfo,
        joins: Joins,
        alias: str,
        *,
        signed_in_as: CollectionInfo | None = None,
        draft: bool = False,
        optional: bool = False,
    ) -> Fragment:
        """The condition for the row `alias`. Rows that it looks at are added to `joins`."""
        condition = self.open(rule, collection, joins, alias, signed_in_as=signed_in_as, draft=draft, optional=optional)
        return closed([condition])

    def open(
        self,
        rule: Filter,
        collection: CollectionInfo,
        joins: Joins,
        alias: str,
        *,
        signed_in_as: CollectionInfo | None = None,
        draft: bool = False,
        optional: bool = False,
    ) -> Condition:
        """The same, to be closed together with other conditions on the same row (`filters.closing`)."""
        names = CollectionNames(
            collection=collection,
            find=self.registry.find,
            joins=joins,
            alias=alias,
            draft=draft,
            optional=optional,
            signed_in_as=signed_in_as,
        )
        return open_filter(rule, names, joins.dialect, constants=True)

    def passage(self, target: CollectionInfo, signed_in_as: CollectionInfo | None) -> Listed | None:
        """What a client may see of `target` when its path goes there: what the list rule lets through (§3.9)."""
        rule = self.rule(target, "list")
        if rule is None:
            raise LockedRelation(f"{target.name} cannot be listed, so no filter or sort can go through it.")
        if rule == OPEN:
            return None

        def listed(alias: str, joins: Joins) -> Fragment:
            return self.compile(rule, target, joins, alias.strip('"'), signed_in_as=signed_in_as, optional=True)

        return listed


def _parsed(text: str | None) -> Rule:
    if text is None:
        return None
    return parse(text, limits=RULE_LIMITS) if text.strip() else OPEN


def check_rules(registry: Registry, functions: Functions = NO_FUNCTIONS) -> list[Problem]:
    """Every mistake in a rule's text: syntax, unknown fields, what is not supported."""
    problems = []
    dialect = dialect_of("sqlite", {one.name: _anywhere(one) for one in functions.values()})
    for collection in registry.collections.values():
        for verb, text in collection.rules.items():
            if problem := _mistake(registry, collection, text, dialect):
                problems.append(Problem("rule.E005", f"{collection.name}, {verb}", problem))
    return problems


def _anywhere(function: RuleFunction) -> RuleFunction:
    """The same with some SQL for every database: whether the one that is used knows it is asked at the start."""
    return replace(function, sqlite="NULL", postgres="NULL")


def _mistake(registry: Registry, collection: CollectionInfo, text: str | None, dialect: Dialect) -> str:
    if not text:
        return ""
    if not text.strip():
        return 'There are only blanks in it: give "" for everyone, or None for superusers only.'
    try:
        parsed = parse(text, limits=RULE_LIMITS)
        for who in _askers(registry):
            names = CollectionNames(
                collection=collection, find=registry.find, joins=Joins(dialect), alias="r", signed_in_as=who
            )
            compile_filter(parsed, names, dialect, constants=True)
    except InvalidFilter as error:
        return error.message
    return ""


def _askers(registry: Registry) -> list[CollectionInfo | None]:
    """Guests, and the auth collections whose records rules are asked for."""
    auth = [one for one in registry.collections.values() if one.kind == "auth" and one.name != "_superusers"]
    return [None, *auth]


def warn_of_rules(registry: Registry) -> list[Problem]:
    """Rules that say something else than they seem to: true for guests where a relation is empty (both are empty)."""
    problems = []
    for collection in registry.collections.values():
        for verb, text in collection.rules.items():
            for field in _guest_holes(collection, text or ""):
                problems.append(
                    Problem(
                        "rule.W001",
                        f"{collection.name}, {verb}",
                        f'"{field} = @request.auth.id" is true for a guest where {field} is empty; '
                        f"use owner(\"{field}\"), or add @request.auth.id != ''",
                    )
                )
    return problems


def _guest_holes(collection: CollectionInfo, text: str) -> list[str]:
    if "@request.auth.id !=" in text or "@request.auth.id!=" in text:
        return []
    squeezed = text.replace(" ", "")
    return [
        field.name
        for field in collection.fields
        if field.target
        and (field.nullable or not field.required)
        and (f"{field.name}=@request.auth.id" in squeezed or f"@request.auth.id={field.name}" in squeezed)
    ]
