"""The query string (protocol.md §1.7): pairs, first values, and the list parameters among them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_plus

from piccobase.base.errors import InvalidQuery
from piccobase.records.asking import ListQuery

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}
MAX_PER_PAGE = 1000
DEFAULT_PER_PAGE = 30
MAX_LENGTH = 64 << 10  # bytes
_LARGEST_PAGE = 2**53
_REMEMBERED = 2048  # bytes; what is longer is seldom asked twice, and would fill the memory


def parse_query(raw: bytes) -> Mapping[str, str]:
    """Names to their first values. A malformed pair (`page=2;perPage=1`, `filter=%zz`) counts as absent.

    Raises InvalidQuery for a query string of more than 64 KiB.
    """
    return _values_remembered(raw) if len(raw) <= _REMEMBERED else _values(raw)


def parse_list_query(raw: bytes) -> ListQuery:
    """The list parameters, normalised: page from 1, perPage 1 to 1000. Raises InvalidQuery for what is no number."""
    return _list_query_remembered(raw) if len(raw) <= _REMEMBERED else _list_query(raw)


def _values(raw: bytes) -> Mapping[str, str]:
    if len(raw) > MAX_LENGTH:
        raise InvalidQuery(f"The query string can have at most {MAX_LENGTH} bytes.")
    values: dict[str, str] = {}
    for pair in raw.decode(errors="replace").split("&"):
        if not pair or ";" in pair or ("%" in pair and _BAD_ESCAPE.search(pair)):
            continue
        name, _, value = pair.partition("=")
        values.setdefault(unquote_plus(name), unquote_plus(value))
    return values


def _list_query(raw: bytes) -> ListQuery:
    values = parse_query(raw)
    page = _whole_number(values.get("page", ""), "page")
    per_page = _whole_number(values.get("perPage", ""), "perPage")
    return ListQuery(
        page=page if page > 0 else 1,
        per_page=min(per_page, MAX_PER_PAGE) if per_page > 0 else DEFAULT_PER_PAGE,
        skip_total=_flag(values.get("skipTotal", ""), "skipTotal"),
        filter=values.get("filter", ""),
        sort=values.get("sort", ""),
        expand=values.get("expand", ""),
        fields=values.get("fields", ""),
    )


_values_remembered = lru_cache(512)(_values)
_list_query_remembered = lru_cache(512)(_list_query)


def _whole_number(text: str, name: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        # 18 digits fit into 64 bits; the reference answers 400 to a number that does not, too.
        if re.fullmatch(r"[+-]?[0-9]{19}", text) and -(2**63) <= int(text) < 2**63:
            return _bounded(int(text))
        raise InvalidQuery(f'The query parameter {name} must be a whole number, not "{text[:40]}".')
    return _bounded(int(text))


def _bounded(number: int) -> int:
    # page * perPage must stay a 64-bit offset; no database has a page 2**53.
    return min(number, _LARGEST_PAGE)


def _flag(text: str, name: str) -> bool:
    if not text or text in _FALSE:
        return False
    if text in _TRUE:
        return True
    raise InvalidQuery(f'The query parameter {name} must be true or false, not "{text[:40]}".')
