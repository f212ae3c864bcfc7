"""What becomes of each JSON value in each kind of field: a table, one line a value.

    sent | answered by a strict collection | answered by a lenient one, where that differs

Answers are JSON, or the code of a field error without `validation_`, with its params. `sent` is the text of the JSON
value, so that the digits of a number are what they are.
"""

from enum import Enum, StrEnum
from typing import Any

from piccolo.columns import (
    JSON,
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Char,
    Date,
    DoublePrecision,
    Email,
    Float,
    ForeignKey,
    Integer,
    Interval,
    Numeric,
    Real,
    Secret,
    SmallInt,
    Text,
    Time,
    Timestamp,
    Timestamptz,
    Varchar,
)

from piccobase import Collection, Rules
from piccobase.columns import URL, Editor, GeoPoint, MultiSelect, Password, Relations, Select

OPEN = Rules(list="", view="", create="", update="", delete="")


class Target(Collection, tablename="targets"):
    name = Varchar()
    rules = OPEN


class Size(Enum):
    small = 1
    large = 2


class Color(StrEnum):
    red = "r"
    blue = "b"


def every_column() -> dict[str, Any]:
    """A column of every kind, and one that may be null of each family. Names are short, for the table below."""
    return {
        "varchar": Varchar(length=10),
        "char": Char(length=4),
        "text": Text(),
        "secret": Secret(),
        "email": Email(),
        "uuid": UUID(null=True, default=None),
        "small": SmallInt(),
        "integer": Integer(),
        "big": BigInt(),
        "real": Real(),
        "float": Float(),
        "double": DoublePrecision(),
        "numeric": Numeric(digits=(40, 10)),
        "decimal": Numeric(),
        "boolean": Boolean(),
        "timestamp": Timestamp(null=True, default=None),
        "timestamptz": Timestamptz(null=True, default=None),
        "date": Date(null=True, default=None),
        "time": Time(null=True, default=None),
        "interval": Interval(),
        "json": JSON(),
        "jsonb": JSONB(),
        "bytea": Bytea(),
        "texts": Array(base_column=Varchar(length=10)),
        "ints": Array(base_column=Integer()),
        "moments": Array(base_column=Timestamptz()),
        "grid": Array(base_column=Array(base_column=Integer())),
        "fk": ForeignKey(Target),
        "size": Integer(choices=Size, default=Size.small),
        "color": Varchar(choices=Color, length=1),
        "select": Select(["a", "b"]),
        "multi": MultiSelect(["a", "b", "c"], max_select=2),
        "rels": Relations(Target),
        "url": URL(),
        "editor": Editor(max_size=50),
        "geo": GeoPoint(),
        "password": Password(),
        "ntext": Varchar(null=True, default=None),
        "nint": Integer(null=True, default=None),
        "nbool": Boolean(null=True, default=None),
        "ndec": Numeric(null=True, default=None),
        "njson": JSONB(null=True, default=None),
        "nints": Array(base_column=Integer(), null=True, default=None),
        "ngeo": GeoPoint(null=True, default=None),
        "nselect": Select(["a"], null=True, default=None),
        "nmulti": MultiSelect(["a"], null=True, default=None),
        "nbytes": Bytea(null=True, default=None),
        "nspan": Interval(null=True, default=None),
        "ndouble": DoublePrecision(null=True, default=None),
        "money": Numeric(digits=(5, 2)),
        "prices": Array(base_column=Numeric(digits=(5, 2))),
        "ids": Array(base_column=UUID()),
        "flags": Array(base_column=Boolean()),
    }


ACCEPTED_AND_REFUSED = {
    "ntext": r"""
        "x" | "x"
        "" | ""
        null | null | ""
    """,
    "nint": r"""
        5 | 5
        0 | 0
        "" | null | 0
        null | null | 0
        "x" | not_a_number | 0
    """,
    "nbool": r"""
        true | true
        false | false
        "" | null | false
        null | null | false
        "x" | invalid_value | false
    """,
    "ndec": r"""
        1.5 | 1.5
        "" | null | 0
        null | null | 0
    """,
    "njson": r"""
        5 | 5
        "" | ""
        null | null
        "null" | "null" | null
    """,
    "nints": r"""
        [1] | [1]
        [] | []
        "" | null | []
        null | null | []
    """,
    "ngeo": r"""
        {"lon":1,"lat":2} | {"lat": 2, "lon": 1}
        "" | null | {"lat": 0, "lon": 0}
        null | null | {"lat": 0, "lon": 0}
    """,
    "nselect": r"""
        "a" | "a"
        "" | ""
        null | null | ""
        "b" | invalid_value {"value": "b"}
    """,
    "nmulti": r"""
        ["a"] | ["a"]
        [] | []
        "" | null | []
        null | null | []
    """,
    "nbytes": r"""
        "aGk=" | "aGk="
        "" | ""
        null | null | ""
    """,
    "nspan": r"""
        1.5 | 1.5
        0 | 0
        "" | null | 0
        null | null | 0
    """,
    "ndouble": r"""
        0.5 | 0.5
        "" | null | 0
        null | null | 0
    """,
    "money": r"""
        999.99 | 999.99
        -1000 | min_number_constraint {"min": -1000}
        1000 | max_number_constraint {"max": 1000}
        0.005 | invalid_value
        12.5 | 12.50
        -999.99 | -999.99
        5.100 | 5.10
        -0.001 | invalid_value
        123.4500000000000000000000000000000000001 | invalid_value
    """,
    "prices": r"""
        [1.5,2] | [1.50, 2.00]
        [0.001] | invalid_value
        [] | []
    """,
    "ids": r"""
        ["6B3F1A2E-1111-4222-8333-444455556666"] | ["6b3f1a2e-1111-4222-8333-444455556666"]
        ["x"] | invalid_value | []
    """,
    "flags": r"""
        [true,false] | [true, false]
        [1] | invalid_value | [true]
    """,
    "varchar": r"""
        "abc" | "abc"
        "12345678901" | max_text_constraint {"max": 10}
        "" | ""
        null | required | ""
        5 | invalid_value | "5"
        true | invalid_value | "true"
        [] | invalid_value | ""
        "null" | "null"
        "a\u0000b" | invalid_value
        "\ud83d\ude00\u202eabc" | "\ud83d\ude00\u202eabc"
        "é" | "é"
        "é" | "é"
        "  x " | "  x "
    """,
    "char": r"""
        "ab" | "ab"
        "ab  " | "ab"
        "abcde" | max_text_constraint {"max": 4}
        "" | ""
    """,
    "text": r"""
        "x" | "x"
        1.0 | invalid_value | "1"
        1e21 | invalid_value | "1e+21"
        1e400 | invalid_value | "1e400"
        -0.0 | invalid_value | "-0"
    """,
    "secret": r"""
        "s" | "s"
    """,
    "email": r"""
        "a@b.c" | "a@b.c"
        "a@b" | is_email
        "A@B.cc" | "A@B.cc"
        5 | invalid_value | is_email
    """,
    "uuid": r"""
        "6b3f1a2e-1111-4222-8333-444455556666" | "6b3f1a2e-1111-4222-8333-444455556666"
        "6B3F1A2E-1111-4222-8333-444455556666" | "6b3f1a2e-1111-4222-8333-444455556666"
        "6b3f1a2e111142228333444455556666" | "6b3f1a2e-1111-4222-8333-444455556666"
        "x" | invalid_value | ""
        "" | null | ""
        null | null | ""
        5 | invalid_value | ""
    """,
    "small": r"""
        32767 | 32767
        32768 | max_number_constraint {"max": 32767}
        -32768 | -32768
        1.0 | 1
        1.5 | only_int_constraint
        "5" | not_a_number | 5
        null | required | 0
        "" | not_a_number | 0
        true | not_a_number | 1
    """,
    "integer": r"""
        2147483647 | 2147483647
        2147483648 | max_number_constraint {"max": 2147483647}
        1e3 | 1000
    """,
    "big": r"""
        9007199254740993 | 9007199254740993
        9223372036854775807 | 9223372036854775807
        9223372036854775808 | max_number_constraint {"max": 9223372036854775807}
        -9223372036854775808 | -9223372036854775808
        1e18 | 1000000000000000000
        9007199254740993.0 | 9007199254740992
        1e30 | max_number_constraint {"max": 9223372036854775807}
        "9223372036854775807" | not_a_number | 9223372036854775807
        12345678901234567890123 | max_number_constraint {"max": 9223372036854775807}
    """,
    "real": r"""
        0.1 | 0.1
        1.5 | 1.5
        3.5e38 | not_a_number
        -0.0 | 0
        1e-46 | 0
        16777217 | 16777216
    """,
    "double": r"""
        1e21 | 1e+21
        -0.0 | 0
        1e-7 | 1e-7
        0.1 | 0.1
        1e999 | not_a_number
        1.7976931348623157e308 | 1.7976931348623157e+308
        5e-324 | 5e-324
        9007199254740993 | 9007199254740992
        123456789012345678901234567890 | 1.2345678901234568e+29
        "1e999" | not_a_number
        "Infinity" | not_a_number
    """,
    "numeric": r"""
        123456789012345678901234567890.01234567891 | invalid_value
        123456789012345678901234567890.0123456789 | 123456789012345678901234567890.0123456789
        1e21 | 1000000000000000000000.0000000000
        0.10 | 0.1000000000
        -0.0 | 0.0000000000
        1e-7 | 0.0000001000
        1e-11 | invalid_value
        1e30 | max_number_constraint {"max": 1000000000000000000000000000000}
        "12.50" | not_a_number | 12.5000000000
        12.50 | 12.5000000000
        1e400 | max_number_constraint {"max": 1000000000000000000000000000000}
        1e999999999999999999999 | not_a_number
    """,
    "decimal": r"""
        12.5 | 12.5
        12345678901234567890123456789.5 | 12345678901234567890123456789.5
    """,
    "boolean": r"""
        true | true
        1 | invalid_value | true
        "true" | invalid_value | true
        null | required | false
        "" | invalid_value | false
        "yes" | invalid_value | false
        0 | invalid_value | false
        0.5 | invalid_value | true
        [] | invalid_value | false
    """,
    "timestamp": r"""
        "2024-01-02 03:04:05.123456Z" | "2024-01-02 03:04:05.123Z"
        "2024-01-02T03:04:05+02:00" | "2024-01-02 01:04:05.000Z"
        "0001-01-01 00:00:00Z" | "0001-01-01 00:00:00.000Z"
        "9999-12-31 23:59:59.999Z" | "9999-12-31 23:59:59.999Z"
        "0001-01-01T00:00:00+02:00" | invalid_value | ""
        "bad" | invalid_value | ""
        "" | null | ""
        null | null | ""
        5 | invalid_value | ""
    """,
    "timestamptz": r"""
        "2024-01-02 03:04:05.123456Z" | "2024-01-02 03:04:05.123Z"
        "2024-01-02T03:04:05+02:00" | "2024-01-02 01:04:05.000Z"
        "0001-01-01 00:00:00Z" | "0001-01-01 00:00:00.000Z"
        "9999-12-31 23:59:59.999Z" | "9999-12-31 23:59:59.999Z"
        "9999-12-31T23:59:59-02:00" | invalid_value | ""
        "02 Jan 2006" | "2006-01-02 00:00:00.000Z"
        "2024-02-30" | invalid_value | ""
    """,
    "date": r"""
        "2024-01-02" | "2024-01-02 00:00:00.000Z"
        "2024-01-02T23:00:00-05:00" | "2024-01-03 00:00:00.000Z"
        "0001-01-01" | "0001-01-01 00:00:00.000Z"
        "9999-12-31" | "9999-12-31 00:00:00.000Z"
        "x" | invalid_value | ""
        "" | null | ""
        null | null | ""
    """,
    "time": r"""
        "09:30" | "09:30:00"
        "09:30:15.123456" | "09:30:15.123456"
        "24:00" | invalid_value | ""
        "x" | invalid_value | ""
        "" | null | ""
        null | null | ""
    """,
    "interval": r"""
        90 | 90
        1.5 | 1.5
        -3.25 | -3.25
        "5" | not_a_number | 5
        1e12 | 1000000000000
        1e20 | not_a_number
        null | required | 0
        0.1 | 0.1
        0.000001 | 0.000001
    """,
    "json": r"""
        123 | 123
        1.0 | 1
        12345678901234567890123 | 12345678901234567890123
        1e400 | invalid_json
        "123" | "123" | 123
        "1.10" | "1.10" | 1.10
        "null" | "null" | null
        null | required | null
        "x" | "x"
        "" | ""
        {"b":1,"a":[1,null]} | {"a": [1, null], "b": 1}
        "{\"a\":1.10}" | "{\"a\":1.10}" | {"a": 1.10}
        [] | []
        true | true
        1.5 | 1.5
        -0.0 | -0
        "\u0000" | invalid_value
        {"a":{"a":1}} | {"a": {"a": 1}}
        "9007199254740993" | "9007199254740993" | 9007199254740993
        9007199254740993 | 9007199254740993
    """,
    "jsonb": r"""
        123 | 123
        1.0 | 1
        12345678901234567890123 | 12345678901234567890123
        1e400 | invalid_json
        "123" | "123" | 123
        "1.10" | "1.10" | 1.10
        "null" | "null" | null
        null | required | null
        "x" | "x"
        "" | ""
        {"b":1,"a":[1,null]} | {"a": [1, null], "b": 1}
        "{\"a\":1.10}" | "{\"a\":1.10}" | {"a": 1.10}
        [] | []
        true | true
        1.5 | 1.5
        -0.0 | -0
        "\u0000" | invalid_value
        9007199254740993 | 9007199254740993
        1e-7 | 1e-7
        1e21 | 1e+21
        0.1 | 0.1
        "1e400" | "1e400" | 1e400
    """,
    "bytea": r"""
        "aGk=" | "aGk="
        "aGk" | invalid_value | ""
        "" | ""
        null | required | ""
        5 | invalid_value | ""
        "####" | invalid_value | ""
    """,
    "texts": r"""
        ["a","b"] | ["a", "b"]
        ["12345678901"] | max_text_constraint {"max": 10}
        [1] | invalid_value | ["1"]
        [null] | invalid_value | [""]
        null | required | []
        "" | invalid_value | []
        [] | []
        "[\"a\"]" | invalid_value | ["a"]
        {} | invalid_value | []
        ["a\u0000"] | invalid_value
        ["",""] | ["", ""]
    """,
    "ints": r"""
        [1,2] | [1, 2]
        [2147483648] | max_number_constraint {"max": 2147483647}
        ["1"] | not_a_number | [1]
        [1.5] | only_int_constraint
    """,
    "moments": r"""
        ["2024-01-02T03:04:05.123456+02:00"] | ["2024-01-02 01:04:05.123Z"]
        ["bad"] | invalid_value | []
    """,
    "grid": r"""
        [[1,2],[3,4]] | [[1, 2], [3, 4]]
        [[1],[2,3]] | invalid_value
        [] | []
        [[]] | []
        [1] | invalid_value | []
    """,
    "fk": r"""
        "nope" | missing_rel_records
        "" | null | ""
        null | null | ""
        "\u0000" | missing_rel_records
        5 | invalid_value | missing_rel_records
        1e400 | invalid_value | missing_rel_records
        ["a"] | invalid_value | missing_rel_records
        {} | invalid_value | ""
        true | invalid_value | missing_rel_records
    """,
    "size": r"""
        1 | 1
        3 | invalid_value {"value": "3"}
        "1" | not_a_number | 1
        0 | invalid_value {"value": "0"} | 0
        null | required | 0
    """,
    "color": r"""
        "r" | "r"
        "x" | invalid_value {"value": "x"}
        "" | ""
        null | required | ""
    """,
    "select": r"""
        "a" | "a"
        "q" | invalid_value {"value": "q"}
        ["a","b"] | invalid_value | "b"
        "" | ""
        null | required | ""
        1 | invalid_value | invalid_value {"value": "1"}
    """,
    "multi": r"""
        ["a","b"] | ["a", "b"]
        ["a","b","c"] | too_many_values {"maxSelect": 2}
        ["a","a",""] | ["a"]
        "a" | invalid_value | ["a"]
        ["q"] | invalid_value {"value": "q"}
        null | required | []
        [1] | invalid_value | invalid_value {"value": "1"}
        [] | []
        "" | invalid_value | []
    """,
    "rels": r"""
        ["nope"] | missing_rel_records
        [""] | []
        ["\u0000"] | missing_rel_records
        null | required | []
        "x" | invalid_value | missing_rel_records
        [5] | invalid_value | missing_rel_records
        {} | invalid_value | []
    """,
    "url": r"""
        "http://x.y/z" | "http://x.y/z"
        "x" | invalid_url
        "" | ""
        "ftp://x" | "ftp://x"
    """,
    "editor": r"""
        "<p>x</p>" | "<p>x</p>"
        "éééééééééééééééééééééééééé" | content_size_limit {"maxSize": 50}
    """,
    "geo": r"""
        {"lon":1.5,"lat":2} | {"lat": 2, "lon": 1.5}
        {"lon":181,"lat":0} | invalid_longitude
        {"lon":0,"lat":91} | invalid_latitude
        null | required | {"lat": 0, "lon": 0}
        "" | required | {"lat": 0, "lon": 0}
        {"lon":"1","lat":2} | invalid_value | {"lat": 0, "lon": 0}
        {} | invalid_value | {"lat": 0, "lon": 0}
        {"lon":1e400,"lat":0} | invalid_longitude
        {"lon":1,"lat":2,"alt":3} | {"lat": 2, "lon": 1}
        {"lon":0.1,"lat":-0.0} | {"lat": 0, "lon": 0.1}
    """,
    "password": r"""
        "short" | min_text_constraint
        "long enough" | ""
        "" | ""
        null | required | ""
    """,
}
