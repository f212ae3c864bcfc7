"""What was expected held against what is there: every difference in words, with its place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def differences(expected: Any, got: Any, place: str) -> Iterator[str]:
    """How a JSON value is not as expected; nothing where it is.

    `...` stands for any value and `[...]` for any list; an object that has `...: ...` may have more than what it names.
    A type stands for any value of it, and a function says whether the value will do.

    >>> list(differences({"id": ..., "views": 1}, {"id": "abc", "views": 2, "title": "x"}, "body"))
    ['body.views: expected 1, was 2', 'body.title: is there, and was not expected: "x"']
    """
    if expected is ...:
        return
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        yield from _in_objects(expected, got, place)
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        yield from _in_lists(expected, got, place)
    elif isinstance(expected, type):
        if not isinstance(got, expected) or (expected is int and isinstance(got, bool)):
            yield f"{place}: expected any {expected.__name__}, was {shown(got)}"
    elif callable(expected):
        if not expected(got):
            yield f"{place}: {getattr(expected, '__name__', 'the function')} says no to {shown(got)}"
    elif expected != got or isinstance(expected, bool) is not isinstance(got, bool):
        yield f"{place}: expected {shown(expected)}, was {shown(got)}"


def _in_objects(expected: Mapping[Any, Any], got: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, value in expected.items():
        if name is ...:
            continue
        if name in got:
            yield from differences(value, got[name], f"{place}.{name}")
        else:
            yield f"{place}.{name}: expected {shown(value)}, is not there"
    if ... not in expected:
        for name in got:
            if name not in expected:
                yield f"{place}.{name}: is there, and was not expected: {shown(got[name])}"


def _in_lists(expected: Sequence[Any], got: Sequence[Any], place: str) -> Iterator[str]:
    if list(expected) == [...]:
        return
    if len(expected) != len(got):
        yield f"{place}: expected {len(expected)} entries, there are {len(got)}: {shown(list(got))}"
        return
    for index, (wanted, one) in enumerate(zip(expected, got, strict=True)):
        yield from differences(wanted, one, f"{place}[{index}]")


def differing_sets(expected: Sequence[Mapping[str, Any]] | int, got: Sequence[Any], place: str) -> Iterator[str]:
    """How a set of rows, mails or entries is not as expected, in whatever order: a number of them, or what each has.

    Of each only what is named is compared, and told.
    """
    if isinstance(expected, int):
        if len(got) != expected:
            yield f"{place}: expected {expected}, there are {len(got)}: {shown(list(got))}"
        return
    left, missing = list(got), []
    for wanted in expected:
        found = next((one for one in left if not any(differences({**wanted, ...: ...}, one, ""))), None)
        if found is None:
            missing.append(wanted)
        else:
            left.remove(found)
    named = {name for wanted in expected for name in wanted}
    others = [{name: one[name] for name in one if name in named} or one for one in left]
    if missing:
        yield f"{place}: expected {shown(missing)}, not there; there are {shown(others) if others else 'no others'}"
    elif others:
        yield f"{place}: expected {len(expected)}, there are {len(got)}; not expected: {shown(others)}"


def shown(value: Any, most: int = 500) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= most else text[:most] + f" … ({len(text)} characters)"


def _plain(value: Any) -> str:
    if value is ...:
        return "..."
    return value.__name__ if isinstance(value, type) else str(value)
