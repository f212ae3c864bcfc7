"""Both databases can answer the common comparisons out of an index on the field alone."""

import pytest
from tests.unit.filters.conftest import Database

from piccobase.filters.bindings import Bindings
from piccobase.filters.compiler import compile_filter
from piccobase.filters.fragments import compose, render
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames
from piccobase.filters.parser import parse

SERVED = [
    ("title", "title = 'x'"),
    ("title", "title > 'x'"),
    ("title", "title = @request.query.x"),
    ("title", "title = ''"),
    ("whole", "whole > 5"),
    ("num", "num = 5"),
    ("price", "price >= 10.5"),
    ("dt", "dt > '2024-01-01'"),
    ("dt", "dt <= @now"),
    ("local", "local > '2024-01-01'"),
    ("day", "day > '2024-01-01'"),
    ("uid", "uid = '6f0d1f2e-93cf-4e34-9f3e-0a4b8f6c2d11'"),
    ("cat", "cat = 'c1'"),
    ("cat", "cat = @request.auth.id"),
    ("cat", "cat.name != 'x' && cat = 'c1'"),
]


@pytest.mark.parametrize(("field", "text"), SERVED, ids=[case[1] for case in SERVED])
def test_an_index_serves_a_comparison(database: Database, field: str, text: str) -> None:
    joins = Joins(database.dialect)
    names = CollectionNames(
        collection=database.collection("things"), find=database.registry.find, joins=joins, alias="r"
    )
    parsed = parse(text)
    where = compile_filter(parsed, names, database.dialect)
    statement = render(compose('SELECT "r"."js" FROM things AS "r"', joins.fragment(), " WHERE ", where), database.name)
    args = statement.bind(Bindings(literals=parsed.literals, query={"x": "y"}))
    index = f'CREATE INDEX served ON things ("{field}")'
    if database.name == "sqlite":
        plan = database.tried([index], f"EXPLAIN QUERY PLAN {statement.sql}", args)
        assert any("SEARCH r USING INDEX served" in row[3] for row in plan), plan
    else:
        # Six rows would be read one after the other whatever the index.
        plan = database.tried([index, "SET LOCAL enable_seqscan = off"], f"EXPLAIN {statement.sql}", args)
        assert any("Index Cond:" in row[0] for row in plan), plan
