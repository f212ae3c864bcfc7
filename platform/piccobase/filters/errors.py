"""What can be wrong with a filter or a sort. Each says where and what; hints name only what the caller may read.

InvalidQuery
└── InvalidFilter               the root of the room's errors
    ├── FilterSyntax            filter.syntax           the text is no filter
    ├── FilterTooLong           filter.too_long         more bytes than allowed
    ├── TooManyComparisons      filter.too_many         more comparisons, or deeper parentheses, than allowed
    ├── TooManyRows             filter.too_many_rows    paths that lead to more rows at once than a database joins
    ├── UnknownField            filter.unknown_field    a name that leads nowhere, or to what the caller may not read
    ├── UnsupportedFilter       filter.unsupported      a part of the language that this server does not answer
    ├── LockedRelation          filter.locked_relation  a path into a collection the caller may not list
    └── InvalidSort             sort.invalid            a sort item that is none
Forbidden
└── ReservedWords               filter.reserved         @request. and @collection. are for rules and superusers
"""

from typing import Self

from piccobase.base.errors import Forbidden, InvalidQuery

EXCERPT_LENGTH = 40


class InvalidFilter(InvalidQuery):
    """`at` is the offset in the text, counted from 0 (messages: from 1); `problem` is the message without the place."""

    code = "filter.invalid"

    def __init__(self, problem: str, at: int = 0, text: str = "") -> None:
        super().__init__(problem)
        self.problem, self.at = problem, at
        if text:
            self.within(text)

    def within(self, text: str) -> Self:
        """Adds the place to the message, as soon as somebody knows the whole text."""
        excerpt = text[self.at : self.at + EXCERPT_LENGTH] or "the end"
        self.message = f"{self.problem} (at {self.at + 1}: {excerpt})"
        self.args = (self.message,)
        return self


class FilterSyntax(InvalidFilter):
    code = "filter.syntax"


class FilterTooLong(InvalidFilter):
    code = "filter.too_long"


class TooManyComparisons(InvalidFilter):
    code = "filter.too_many"


class TooManyRows(InvalidFilter):
    code = "filter.too_many_rows"


class UnknownField(InvalidFilter):
    code = "filter.unknown_field"


class UnsupportedFilter(InvalidFilter):
    code = "filter.unsupported"


class LockedRelation(InvalidFilter):
    code = "filter.locked_relation"


class InvalidSort(InvalidFilter):
    code = "sort.invalid"


class ReservedWords(Forbidden):
    code = "filter.reserved"
