"""Rules in plain English: `published = true` is "Records where published is true." Never says what is not so.

What has no good words appears as the filter text itself, within the sentence.
"""

from piccobase.filters.parser import RULE_LIMITS, parse
from piccobase.rules.comparing import Comparing
from piccobase.rules.phrases import Phrases
from piccobase.rules.sentences import Sentence, shared_rows
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.registry import Registry

ONLY_SUPERUSERS = "Only superusers."
EVERYONE = "Everyone, guests too."


def describe(rule: str | None, collection: CollectionInfo, registry: Registry) -> str:
    """A rule's text as a sentence, for a rule of `collection`. Raises InvalidFilter for a text that is no filter.

    Where a guest passes because a relation is empty, as a guest's id is, a second sentence says so.
    """
    if rule is None:
        return ONLY_SUPERUSERS
    if not rule.strip():
        return EVERYONE
    parsed = parse(rule, limits=RULE_LIMITS)
    phrases = Phrases(collection, registry, parsed.literals)
    comparing = Comparing(phrases, shared_rows(parsed.root, phrases))
    said = Sentence(comparing, collection).of(parsed.root)
    holes = dict.fromkeys(comparing.holes)
    return said + "".join(f" A guest passes where {hole} is empty." for hole in holes)


def describe_verb(collection: CollectionInfo, verb: Verb, registry: Registry) -> str:
    """The rule of one verb as a sentence; `auth` is about who may sign in, and binds superusers as well."""
    rule = collection.rules.get(verb)
    if verb == "auth" and rule is None:
        return "Nobody can sign in."
    if verb == "auth" and rule is not None and not rule.strip():
        return "Every record can sign in."
    return describe(rule, collection, registry)


def describe_reading(collection: CollectionInfo, field: FieldInfo, registry: Registry) -> str:
    """Who reads a field of the records they may see."""
    if field.type == "password" or (collection.kind == "auth" and field.name == "tokenKey"):
        return "Nobody."
    if collection.kind == "auth" and field.name == "email":
        return "Superusers, managers, the record itself; others where emailVisibility is true."
    return _of_field(field, field.read_rule, collection, registry)


def describe_writing(collection: CollectionInfo, field: FieldInfo, registry: Registry) -> str:
    """Who writes a field of the records they may create or update."""
    if field.auto:
        return "Nobody: the server sets it."
    if field.key:
        return "Nobody: the database numbers the records." if field.serial else "Whoever creates, and never again."
    if collection.kind == "auth" and field.name in ("verified", "email"):
        others = "; others when they create." if field.name == "email" else "."
        return "Superusers and managers" + others
    if field.type == "password":
        return _of_field(None, field.write_rule, collection, registry)
    return _of_field(field, field.write_rule, collection, registry)


def _of_field(hidden: FieldInfo | None, rule: str | None, collection: CollectionInfo, registry: Registry) -> str:
    if hidden is not None and hidden.hidden:
        return ONLY_SUPERUSERS
    return "Everyone." if rule is not None and not rule.strip() else describe(rule, collection, registry)
