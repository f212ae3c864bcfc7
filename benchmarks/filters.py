"""What it costs to compile a filter that has not been seen before, from its text to its SQL.

.venv/bin/python -m benchmarks.filters     # a few seconds
"""

import statistics
import time
from collections.abc import Sequence

from piccolo.columns import Boolean, DoublePrecision, ForeignKey, Text, Timestamptz
from piccolo.table import Table

from piccobase.columns import MultiSelect, Relations
from piccobase.filters.closing import closed, restrictions
from piccobase.filters.compiler import open_filter
from piccobase.filters.dialects import dialect_of
from piccobase.filters.fragments import render
from piccobase.filters.joins import Joins
from piccobase.filters.names import CollectionNames, not_hidden
from piccobase.filters.parser import CLIENT_LIMITS, parse
from piccobase.filters.shape import shape_of
from piccobase.schema.building import build_registry
from piccobase.schema.declaration import AuthCollection, Collection
from piccobase.schema.registry import Registry
from piccobase.schema.values.base import Dialect

ROUNDS = 500


class Author(AuthCollection, tablename="authors"):
    name = Text()


class Tag(Collection, tablename="tags"):
    name = Text()


class Post(Collection, tablename="posts"):
    title = Text()
    views = DoublePrecision()
    live = Boolean()
    at = Timestamptz(null=True, default=None)
    kinds = MultiSelect(["a", "b"])
    author = ForeignKey(Author)
    tags = Relations(Tag)


class Comment(Collection, tablename="comments"):
    text = Text()
    post = ForeignKey(Post)


TABLES: Sequence[type[Table]] = [Author, Tag, Post, Comment]
FILTERS = [
    "title ~ 'x' && views > 5",
    "live = true && (title ~ 'x' || author.name ~ 'x')",
    "live = true && at >= '2026-01-01' && at < '2026-02-01' && author = 'abc'",
    "tags.name ?= 'red' && views > 1",
    "tags.name = 'red'",
    "comments_via_post.text ?~ 'yes' && kinds:each ?= 'a'",
    "strftime('%Y', at) = '2026' && comments_via_post.text = ''",
]


def main() -> None:
    registry = build_registry(TABLES)
    for dialect in ("sqlite", "postgres"):
        for text in FILTERS:
            times = [_compiled(registry, dialect, text) for _ in range(ROUNDS)]
            print(f"{dialect:8} {statistics.median(times) * 1e6:6.0f} µs  {text}")


def _compiled(registry: Registry, dialect: Dialect, text: str) -> float:
    """Seconds."""
    began = time.perf_counter()
    shape_of(text, limits=CLIENT_LIMITS)
    joins = Joins(dialect_of(dialect))
    names = CollectionNames(
        collection=registry.collections["posts"],
        find=registry.find,
        joins=joins,
        alias="r",
        readable=not_hidden,
        passage=lambda collection: None,
        private_email=True,
    )
    conditions = [open_filter(parse(text, limits=CLIENT_LIMITS), names, joins.dialect)]
    render(closed([*conditions, *restrictions(joins)]), dialect)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
