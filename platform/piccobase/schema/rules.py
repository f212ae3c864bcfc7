"""Declared access: rules of the verbs, rules of single fields, and roles. Values that compose and have a filter text.

Nothing here decides anything: the room `rules` turns the texts into filters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from piccobase.schema.building import RuleSubject

RuleLike = Union["Rule", str, None]


class Rule:
    """Part of a rule. `a & b` and `a | b` compose; a plain text stands for itself on either side."""

    def text(self, subject: "RuleSubject") -> str:
        """The filter text for the collection that declares it. Raises CannotSay when it makes no sense there."""
        raise NotImplementedError

    def __and__(self, other: "Rule | str") -> "Rule":
        return _Both(self, _as_rule(other))

    def __rand__(self, other: "Rule | str") -> "Rule":
        return _Both(_as_rule(other), self)

    def __or__(self, other: "Rule | str") -> "Rule":
        return _Either(self, _as_rule(other))

    def __ror__(self, other: "Rule | str") -> "Rule":
        return _Either(_as_rule(other), self)


class CannotSay(Exception):
    """A composed rule makes no sense for the collection or field it was given."""


def _as_rule(part: object) -> Rule:
    if isinstance(part, Rule):
        return part
    if isinstance(part, str) and part.strip():
        return Expression(part)
    raise TypeError(
        f"{part!r} cannot be part of a composed rule. None (superusers only) and '' (everyone) stand alone; "
        "compose signed_in, owner, role(...), rule(...) and filter texts."
    )


@dataclass(frozen=True)
class Expression(Rule):
    """A filter text."""

    expression: str

    def text(self, subject: "RuleSubject") -> str:
        return self.expression


@dataclass(frozen=True)
class _Both(Rule):
    left: Rule
    right: Rule

    def text(self, subject: "RuleSubject") -> str:
        return f"({self.left.text(subject)}) && ({self.right.text(subject)})"


@dataclass(frozen=True)
class _Either(Rule):
    left: Rule
    right: Rule

    def text(self, subject: "RuleSubject") -> str:
        return f"({self.left.text(subject)}) || ({self.right.text(subject)})"


@dataclass(frozen=True)
class SignedIn(Rule):
    """Whoever has signed in, in any collection."""

    def text(self, subject: "RuleSubject") -> str:
        return "@request.auth.id != ''"


@dataclass(frozen=True)
class Owner(Rule):
    """In an auth collection the record itself; `owner("author")` whoever the relation `author` points to.

    Unlike the bare text `author = @request.auth.id` it is never true for a guest, nor for a record of another
    collection that happens to have the same id.
    """

    relation: str = ""

    def __call__(self, relation: str) -> "Owner":
        return Owner(relation)

    def text(self, subject: "RuleSubject") -> str:
        if not self.relation:
            if not subject.is_auth:
                raise CannotSay('owner alone is for auth collections; name the relation: owner("author")')
            return f"@request.auth.id != '' && id = @request.auth.id && @request.auth.collectionName = '{subject.name}'"
        target, multiple = subject.relation(self.relation)
        # Of many, one is enough: the ids stand one by one, and some id must be mine.
        mine = f"{self.relation}:each ?= @request.auth.id" if multiple else f"{self.relation} = @request.auth.id"
        return f"@request.auth.id != '' && {mine} && @request.auth.collectionName = '{target}'"


@dataclass(frozen=True)
class HasRole(Rule):
    """Whoever has the role, directly or through one that includes it."""

    name: str

    def text(self, subject: "RuleSubject") -> str:
        subject.need_role(self.name)
        return f"@request.roles ?= '{self.name}'"


signed_in = SignedIn()
owner = Owner()


def rule(text: str) -> Rule:
    """A filter text as a value that composes: `rule("published = true") | role("editor")`."""
    return Expression(text)


def role(name: str) -> Rule:
    """Whoever has the role `name`."""
    return HasRole(name)


@dataclass(frozen=True, kw_only=True)
class FieldRules:
    """Who may read and write one field. Decided by the actor alone, before any query.

    "" = everyone, None = superusers only. May use
    `signed_in`, `role(…)`, and comparisons of `@request.auth.…` and `@request.roles` with literals.
    A field that may not be read is absent from answers and unusable in filter and sort; one that may not be written
    is dropped from what was sent.
    """

    read: RuleLike = ""
    write: RuleLike = ""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Who may do what: five verbs, for auth collections also `manage` and `auth`.

    Not given or None = superusers only, "" = everyone, else a filter (a text or a composed value). `auth` is the
    condition for signing in and defaults to everyone; `manage` may not be "".
    """

    list: RuleLike = None
    view: RuleLike = None
    create: RuleLike = None
    update: RuleLike = None
    delete: RuleLike = None
    manage: RuleLike = None
    auth: RuleLike = ""
    fields: Mapping[str, FieldRules] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """A role. `includes` names roles that come with it, `may_grant` those its holders may give and take away."""

    name: str
    includes: Sequence[str] = ()
    may_grant: Sequence[str] = ()
