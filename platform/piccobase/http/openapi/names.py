"""What generated clients call things: a name for each collection's types and operations, stable and never twice."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from piccobase.schema.collections import CollectionInfo

# What a collection's types add to the name of its records.
CREATE, UPDATE, PAGE, SIGNED_IN = "Create", "Update", "Page", "SignedIn"
_SUFFIXES = ("", CREATE, UPDATE, PAGE, SIGNED_IN)
# What a type cannot be called in one language or the other.
_NUMBER_TYPES = ("Double", "Float", "Float32", "Float64", "Int", "Int32", "Int64", "Integer", "Long", "Number")
_OTHER_TYPES = (
    "Array",
    "Bool",
    "Boolean",
    "Date",
    "Error",
    "File",
    "List",
    "Map",
    "Object",
    "Promise",
    "Record",
    "Set",
)
_TAKEN = (*_NUMBER_TYPES, *_OTHER_TYPES, "String", "Time")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Names:
    """`one` is a record's type (`Post`, `PostCreate`, `viewPost`), `many` stands for all of them (`listPosts`)."""

    one: str
    many: str


def name_collections(
    collections: Iterable[CollectionInfo], is_public: Callable[[CollectionInfo], bool], reserved: Iterable[str]
) -> Mapping[str, Names]:
    """Names by collection. `reserved` types have been given away already.

    A type is named after the declared class where that is free, else after the table, else it is that table's record.
    Those that everybody may know of choose first: by no name can it be seen that there are others.
    """
    types = {
        name.lower() for name in (*_TAKEN, *reserved)
    }  # letter case does not tell files of a generated client apart
    many: set[str] = set()
    names: dict[str, Names] = {}
    for collection in sorted(collections, key=lambda one: (not is_public(one), one.name)):
        plural = _first_free(many, [_camel(collection.name)], [""])
        declared = collection.table.__name__
        wanted = [_camel(declared)] if _PLAIN.fullmatch(declared) else []
        single = _first_free(types, [*wanted, _camel(collection.name), f"{plural}Record"], _SUFFIXES)
        names[collection.name] = Names(single, plural)
    return names


def _first_free(taken: set[str], wanted: list[str], suffixes: Iterable[str]) -> str:
    """The first of `wanted` that is free with all of its suffixes, with a number behind it if need be; now taken."""
    numbered = (f"{wanted[-1]}{number}" for number in range(2, len(taken) + 3))
    for name in (*wanted, *numbered):
        derived = {f"{name}{suffix}".lower() for suffix in suffixes}
        if not derived & taken:
            taken |= derived
            return name
    raise AssertionError("there are more numbers than names")


def _camel(name: str) -> str:
    """`city_lists` to `CityLists`."""
    return "".join(part[0].upper() + part[1:] for part in name.split("_") if part)
