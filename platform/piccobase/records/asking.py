"""What is asked of the record service: the list parameters as texts and numbers, already normalised."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A list request (protocol.md §1.7). `page` counts from 1; the last four are still text."""

    page: int = 1
    per_page: int = 30
    skip_total: bool = False
    filter: str = ""
    sort: str = ""
    expand: str = ""
    fields: str = ""
