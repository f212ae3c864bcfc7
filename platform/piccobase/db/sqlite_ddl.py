"""Piccolo's DDL as SQLite understands it: column types with the right affinity, and defaults.

SQLite gives a column an affinity by the letters in its type (sqlite.org/datatype3.html): NUMERIC turns a decimal into
a double, and JSON, which means NUMERIC too, turns the text `1.10` into the number 1.1. So they become types with TEXT
in their names. Rewriting works on tokens, so that strings and quoted names are never touched.
"""

import re
from datetime import datetime

from piccobase.base.clock import instant_text
from piccobase.db.sqlite_tokens import Token
from piccobase.db.sqlite_tokens import tokens as tokens_of
from piccobase.db.values import DECIMAL_ORDER

_TYPES = {"NUMERIC": "DECIMAL_TEXT", "DECIMAL": "DECIMAL_TEXT", "JSON": "JSON_TEXT", "JSONB": "JSONB_TEXT"}
_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})

# What gen_random_uuid() is on PostgreSQL: version 4, variant 1 (RFC 9562 §5.4).
RANDOM_UUID = (
    "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || "
    "substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"
)
_INSTANT = "strftime('%Y-%m-%d %H:%M:%fZ', "


def rewrite(ddl: str) -> str:
    """CREATE TABLE and ALTER TABLE … ADD COLUMN with SQLite's types and defaults; any other statement as it is."""
    tokens = tokens_of(ddl)
    words = [text.upper() for kind, text in tokens if kind != "space"][:8]
    if words[:2] == ["CREATE", "TABLE"]:
        start = next((position for position, (_, text) in enumerate(tokens) if text == "("), None)
        return ddl if start is None else _rewrite_columns(tokens, start + 1)
    if words[:2] == ["ALTER", "TABLE"] and "ADD" in words and "CONSTRAINT" not in words:
        added = [position for position, (_, text) in enumerate(tokens) if text.upper() in ("ADD", "COLUMN")]
        return _rewrite_columns(tokens, added[-1] + 1) if len(added) == 2 else ddl
    return ddl


def rewrite_column(definition: str) -> str:
    """One column's definition with SQLite's type and default; what is rewritten already stays as it is."""
    return _rewrite_column(tokens_of(definition))


def _rewrite_columns(tokens: list[Token], start: int) -> str:
    """Goes through the definitions from `start` on, one by one: each ends at a comma, or the last parenthesis."""
    done = "".join(text for _, text in tokens[:start])
    definition: list[Token] = []
    depth = 0
    for position in range(start, len(tokens)):
        text = tokens[position][1]
        if depth == 0 and text in (",", ")"):
            done += _rewrite_column(definition) + text
            definition = []
            if text == ")":
                return done + "".join(text for _, text in tokens[position + 1 :])
            continue
        depth += (text == "(") - (text == ")")
        definition.append(tokens[position])
    return done + _rewrite_column(definition)


def _rewrite_column(tokens: list[Token]) -> str:
    """`"price" NUMERIC(10, 2) DEFAULT 0` -> `"price" DECIMAL_TEXT(10, 2) COLLATE DECIMAL_ORDER DEFAULT '0'`"""
    solid = [position for position, (kind, _) in enumerate(tokens) if kind != "space"]
    texts = [text for _, text in tokens]
    if len(solid) < 2 or (tokens[solid[0]][0] == "word" and texts[solid[0]].upper() in _TABLE_CONSTRAINTS):
        return "".join(texts)
    declared = texts[solid[1]].upper()
    if tokens[solid[1]][0] != "word":
        return "".join(texts)
    texts[solid[1]] = _TYPES.get(declared, texts[solid[1]])
    end_of_type = _end(texts, solid, 1)
    depth = 0
    for index, position in enumerate(solid[2:-1], start=2):
        depth += (texts[position] == "(") - (texts[position] == ")")
        if depth == 0 and texts[position].upper() == "DEFAULT":
            first, last = solid[index + 1], _end_of_default(texts, solid, index + 1)
            value = "".join(texts[first : last + 1])
            texts[first : last + 1] = [_default(declared, value), *[""] * (last - first)]
            break
    if declared in ("NUMERIC", "DECIMAL"):
        texts[end_of_type] += f" COLLATE {DECIMAL_ORDER}"
    return "".join(texts)


def _end(texts: list[str], solid: list[int], index: int) -> int:
    """The position of the last token of a type, or of a call: with the parentheses that may follow its name."""
    if index + 1 >= len(solid) or texts[solid[index + 1]] != "(":
        return solid[index]
    depth = 0
    for position in solid[index + 1 :]:
        depth += (texts[position] == "(") - (texts[position] == ")")
        if depth == 0:
            return position
    return solid[-1]


def _end_of_default(texts: list[str], solid: list[int], index: int) -> int:
    """The position of the last token of a default: a literal, a signed number, or something in parentheses."""
    if texts[solid[index]] in ("+", "-") and index + 1 < len(solid):
        index += 1
    return _end(texts, solid, index - 1 if texts[solid[index]] == "(" else index)


def _default(declared: str, value: str) -> str:
    """A column's default in the form its values are stored in."""
    if value.upper() == "NULL":
        return value
    if declared == "UUID" and value == "None":  # what Piccolo writes for a default that is made in Python
        return RANDOM_UUID
    if declared in ("NUMERIC", "DECIMAL", "DECIMAL_TEXT"):
        return f"'{value}'" if re.fullmatch(r"[-+]?[\d.eE+-]+", value) else value
    if declared in ("TIMESTAMP", "TIMESTAMPTZ"):
        if value.upper() == "CURRENT_TIMESTAMP":
            return f"({_INSTANT}'now'))"
        if (found := re.fullmatch(r"\(datetime\(CURRENT_TIMESTAMP, (.*)\)\)", value, re.DOTALL)) is not None:
            return f"({_INSTANT}'now', {found[1]}))"
        if value.startswith("'"):
            return _instant_literal(value)
    if declared == "DATE" and value.startswith("(datetime("):
        return f"(date({value.removeprefix('(datetime(')}"
    return value


def _instant_literal(value: str) -> str:
    try:
        return f"'{instant_text(datetime.fromisoformat(value[1:-1]))}'"
    except ValueError:
        return value
