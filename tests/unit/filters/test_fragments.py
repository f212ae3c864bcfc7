"""Pieces of SQL and their slots."""

import pytest

from piccobase.filters.bindings import Bindings
from piccobase.filters.fragments import Fragment, compose, join, quoted, render, slot


def test_slots_keep_their_binders_in_order() -> None:
    first, second = slot(lambda bindings: 1), slot(lambda bindings: 2)
    fragment = compose("a = ", first, " AND ", join(" OR ", [compose("b = ", second), Fragment("TRUE")]))
    assert render(fragment, "sqlite").sql == "a = ? AND b = ? OR TRUE"
    assert render(fragment, "postgres").sql == "a = $1 AND b = $2 OR TRUE"
    for dialect in ("sqlite", "postgres"):
        assert render(fragment, dialect).bind(Bindings()) == [1, 2]


def test_a_binder_that_comes_twice_is_one_parameter_on_postgres_and_two_on_sqlite() -> None:
    twice = slot(lambda bindings: "x")
    fragment = compose("a = ", twice, "::text OR b = ", slot(lambda bindings: "y"), " OR c = ", twice)
    postgres, sqlite = render(fragment, "postgres"), render(fragment, "sqlite")
    assert (postgres.sql, postgres.bind(Bindings())) == ("a = $1::text OR b = $2 OR c = $1", ["x", "y"])
    assert (sqlite.sql, sqlite.bind(Bindings())) == ("a = ?::text OR b = ? OR c = ?", ["x", "y", "x"])


@pytest.mark.parametrize("name", ["a", 'a"b', "a]b", "a b", "select"])
def test_a_quoted_name_is_one_identifier(name: str) -> None:
    assert quoted(name) == '"' + name.replace('"', '""') + '"'
