"""A filter's tree as lines."""

import pytest

from piccobase.filters.parser import parse
from piccobase.filters.printing import tree_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1", ["a = 1"]),
        ("a:lower ?~ 'x\\'y'", ['a:lower ?~ "x\'y"']),
        ("a = 1 && b.c != null", ["all of", "  a = 1", "  b.c != null"]),
        ("a = 1 || b = 2 && c = @now", ["any of", "  a = 1", "  all of", "    b = 2", "    c = @now"]),
        ("geoDistance(a.lon, a.lat, 1.5, -2) < 10", ["geoDistance(a.lon, a.lat, 1.5, -2) < 10"]),
    ],
)
def test_a_tree_reads_as_its_filter(text: str, lines: list[str]) -> None:
    assert tree_lines(parse(text)) == lines
