"""A filter's shape: filters of one shape compile to the same SQL, with their literals at the same places."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piccobase.filters.compiler import compile_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.errors import FilterTooLong, InvalidFilter
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.shape import shape_of
from piccobase.schema.registry import Registry

SAME = [
    ("a = 'x'", 'a = "y z"'),
    ("a = 1", "a = -20"),
    ("a = 1.5", "a = -.25"),
    ("a = '1'", "a = ' 2.5e3 '"),
    ("a > '2024-01-01 00:00:00.000Z'", "a > '1999-12-31 23:59:59.999Z'"),
    ("a > '2024-01-01'", "a > '2024-01-01T10:00:00+02:00'"),
    ("a1 = 'it\\'s' && b = 2 // 'x'", "a1 = '' && b = 3 // 'x'".replace("''", "'z'")),
]
OTHER = [
    ("a = 'x'", "a = ''"), ("a = 'x'", "b = 'x'"), ("a = 'x'", "a = 5"), ("a = 'x'", "a = '5'"), ("a = 1", "a = 1.5"),
    ("a = 1", "a = 99999999999999999999"), ("a = 'x'", "a = '2024-01-01'"), ("a1 = 'x'", "a2 = 'x'"),
    ("a = '2024-01-01'", "a = '2024-01-01 00:00:00.000Z'"), ("a = 1", "a ?= 1"), ("a = 1", "a = 1 // 'x'"),
    ("a = 'x'", "a = '@request.'"), ("a = 'text'", "a = text"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_literals_of_one_kind_share_a_shape(one: str, other: str) -> None:
    assert shape_of(one).key == shape_of(other).key


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_anything_else_makes_another_shape(one: str, other: str) -> None:
    assert shape_of(one).key != shape_of(other).key


def test_a_long_literal_does_not_slip_through_in_the_shape_of_a_short_one() -> None:
    with pytest.raises(FilterTooLong):
        shape_of("a='" + "x" * 3500 + "'", limits=CLIENT_LIMITS)


names = st.sampled_from(
    ["title", "num", "whole", "dt", "flag", "js.a", "cat.name", "price", "uid", "day", "body:lower"]
)
texts = st.one_of(
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=6),
    st.sampled_from(["5", "1e3", "2024-01-01", "2024-01-01 00:00:00.000Z", "it's", 'a"b', "a\\", "//x", "%a_"]),
).map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
numbers = st.one_of(st.integers(-(2**70), 2**70).map(str), st.decimals(-1000, 1000, places=2).map(str))
operators = st.sampled_from(["=", "!=", "<", ">=", "~", "!~", "?="])
comparisons = st.tuples(names, operators, st.one_of(texts, numbers)).map(" ".join)
filters = st.recursive(
    comparisons,
    lambda inner: st.tuples(inner, st.sampled_from([" && ", "||", "\n&& // it's\n"]), inner).map(
        lambda p: f"({p[0]}{p[1]}{p[2]})"
    ),
    max_leaves=5,
)


@given(filters)
def test_a_shape_has_the_literals_that_the_parser_finds(text: str) -> None:
    assert shape_of(text).literals == parse(text).literals


@given(st.lists(comparisons, min_size=2, max_size=2))
def test_equal_shapes_compile_to_equal_sql(registry: Registry, pair: list[str]) -> None:
    for name in ("sqlite", "postgres"):
        found = {}
        for text in pair:
            joins = Joins(dialect_of(name))
            things = CollectionNames(
                collection=registry.collections["things"], find=registry.find, joins=joins, alias="r"
            )
            sql = compile_filter(parse(text), things, joins.dialect).sql
            assert found.setdefault(shape_of(text).key, sql) == sql


@given(st.text(max_size=40))
def test_any_text_has_a_shape_or_one_of_our_errors(text: str) -> None:
    with suppress(InvalidFilter):
        shape_of(text)
