"""A stored CREATE TABLE taken apart: its columns with their clauses, its constraints, its options. Runs nothing.

Joined again, the parts are the text that was given, spaces and comments included: whoever changes one column leaves the
others as somebody wrote them. The grammar is sqlite.org/lang_createtable.html, as far as SQLite stores it: the text
begins with `CREATE TABLE name (`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile, takewhile
from typing import Literal

from piccobase.db.errors import DatabaseFailed
from piccobase.db.sqlite_tokens import Token, folded, quoted, tokens, unquoted

_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_KINDS = {
    "PRIMARY": "PRIMARY KEY",
    "UNIQUE": "UNIQUE",
    "CHECK": "CHECK",
    "FOREIGN": "FOREIGN KEY",
    "COLLATE": "COLLATE",
    "REFERENCES": "REFERENCES",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """A constraint of a column or of the table, or another part of a column's definition.

    `kind` is PRIMARY KEY, UNIQUE, NOT NULL, NULL, CHECK, DEFAULT, COLLATE, REFERENCES, GENERATED or FOREIGN KEY; "" for
    a name without a constraint, which SQLite allows. `text` is all of it, with what stands between it and the last.
    """

    kind: str
    text: str
    name: str = ""

    @property
    def space(self) -> str:
        """What stands before it: blanks, comments, a comma."""
        return _joined(takewhile(_is_space, tokens(self.text)))

    @property
    def definition(self) -> str:
        return _joined(dropwhile(_is_space, tokens(self.text)))

    @property
    def body(self) -> str:
        """Without CONSTRAINT and its name."""
        found = list(dropwhile(_is_space, tokens(self.text)))
        if self.name:
            named = [position for position, it in enumerate(found) if it.kind != "space"][1]
            found = found[named + 1 :]
        return _joined(found).lstrip()

    def behind(self, space: str) -> "Clause":
        return replace(self, text=space + self.definition)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of its own table that it mentions, folded."""
        return frozenset(folded(unquoted(token.text)) for token, whose in _told_apart(self) if whose == "own")

    @property
    def target(self) -> str:
        """The table that a foreign key points to, as it is written without quotes; else ""."""
        solid = [it for it in tokens(self.text) if it.kind != "space"]
        after = (solid[index + 1] for index, it in enumerate(solid[:-1]) if it.upper == "REFERENCES")
        return next((unquoted(it.text) for it in after), "")


@dataclass(frozen=True, slots=True)
class ColumnText:
    """`name` is what the database calls it; `written` the same in the quotes it has. `type` may be empty."""

    name: str
    written: str
    type: str
    clauses: tuple[Clause, ...] = ()
    before: str = ""
    after: str = ""
    _type_text: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        return self.before + self.written + self._type_text + "".join(it.text for it in self.clauses) + self.after

    @property
    def definition(self) -> str:
        """Without the space and the comments around it."""
        return self.written + self._type_text + "".join(it.text for it in self.clauses)

    def clause(self, kind: str) -> Clause | None:
        return next((it for it in self.clauses if it.kind == kind), None)

    @property
    def is_generated(self) -> bool:
        return self.clause("GENERATED") is not None

    @property
    def mentioned(self) -> frozenset[str]:
        """The columns that its checks are about or that it is computed from, folded; itself perhaps among them."""
        about = (it.columns for it in self.clauses if it.kind in ("CHECK", "GENERATED"))
        return frozenset().union(*about)

    def called(self, name: str) -> "ColumnText":
        return replace(self, name=name, written=quoted(name))

    def typed(self, name: str) -> "ColumnText":
        return replace(self, type=name, _type_text=f" {name}")

    def without(self, *kinds: str) -> "ColumnText":
        return replace(self, clauses=tuple(it for it in self.clauses if it.kind not in kinds))

    def having(self, kind: str, definition: str) -> "ColumnText":
        """With that clause: in place of the one of its kind, or behind the others."""
        clause = Clause(kind, f" {definition}")
        if self.clause(kind) is None:
            return replace(self, clauses=(*self.clauses, clause))
        return replace(self, clauses=tuple(clause if it.kind == kind else it for it in self.clauses))


@dataclass(frozen=True, slots=True)
class TableText:
    """`head` is all before the first parenthesis, `options` all from the last on."""

    head: str
    columns: tuple[ColumnText, ...]
    constraints: tuple[Clause, ...]
    options: str
    after: str = ""  # space and comments before the last parenthesis

    @property
    def text(self) -> str:
        columns = ",".join(column.text for column in self.columns)
        return f"{self.head}({columns}{''.join(it.text for it in self.constraints)}{self.after}{self.options}"

    def column(self, name: str) -> ColumnText | None:
        return next((it for it in self.columns if folded(it.name) == folded(name)), None)

    @property
    def has_rowid(self) -> bool:
        return "WITHOUT" not in (it.upper for it in tokens(self.options) if it.kind == "word")

    @property
    def counts(self) -> bool:
        """Whether its key is AUTOINCREMENT: no number comes twice."""
        keys = (it for column in self.columns for it in column.clauses if it.kind == "PRIMARY KEY")
        return any("AUTOINCREMENT" in (token.upper for token in tokens(it.text)) for it in keys)

    @property
    def key(self) -> frozenset[str]:
        """The columns of the primary key, folded."""
        alone = {folded(column.name) for column in self.columns if column.clause("PRIMARY KEY")}
        together = (it.columns for it in self.constraints if it.kind == "PRIMARY KEY")
        return frozenset(alone).union(*together)

    @property
    def rowid_column(self) -> str:
        """The column that is another name of the rowid (sqlite.org/lang_createtable.html#rowid), or ""."""
        if not self.has_rowid:
            return ""
        for column in self.columns:
            own = column.clause("PRIMARY KEY")
            descending = own is not None and "DESC" in (it.upper for it in tokens(own.text))
            if unquoted(column.type).upper() == "INTEGER" and self.key == {folded(column.name)} and not descending:
                return column.name
        return ""

    def with_columns(self, columns: Iterable[ColumnText]) -> "TableText":
        return replace(self, columns=tuple(columns))

    def with_constraints(self, constraints: Iterable[Clause]) -> "TableText":
        return replace(self, constraints=tuple(it if "," in it.space else it.behind(", ") for it in constraints))


def parse_table(sql: str) -> TableText:
    """Raises DatabaseFailed for a text that is no CREATE TABLE with columns."""
    found = tokens(sql)
    start = next((position for position, it in enumerate(found) if it.text == "("), None)
    if start is None or [it.upper for it in found if it.kind != "space"][:2] != ["CREATE", "TABLE"]:
        raise DatabaseFailed(f"This is no CREATE TABLE with columns: {sql[:100]}")
    parts, end = _parts(found, start + 1)
    count = next((number for number, part in enumerate(parts) if _is_constraint(part)), len(parts))
    rest = [token for part in parts[count:] for token in (Token("sign", ","), *part)]
    constraints, after = _parse_constraints(rest)
    return TableText(
        head=_joined(found[:start]),
        columns=tuple(map(_parse_column, parts[:count])),
        constraints=constraints,
        options=_joined(found[end:]),
        after=after,
    )


def parse_column(definition: str) -> ColumnText:
    """`"title" TEXT NOT NULL DEFAULT ''`. Raises DatabaseFailed for an empty text."""
    return _parse_column(tokens(definition))


def parse_constraint(definition: str) -> Clause:
    """`CONSTRAINT "positive" CHECK (n > 0)`. Raises DatabaseFailed for anything but one constraint."""
    constraints, _ = _parse_constraints(tokens(definition))
    if len(constraints) != 1:
        raise DatabaseFailed(f"This is not one constraint: {definition}")
    return constraints[0]


def renamed_in(clause: Clause, columns: Mapping[str, str], table: str) -> Clause:
    """A clause of `table` with other names for its columns. `columns` leads from folded names to the ones to write."""
    whose = {"own", "target"} if folded(clause.target) == folded(table) else {"own"}
    text = "".join(
        quoted(columns[name]) if it in whose and (name := folded(unquoted(token.text))) in columns else token.text
        for token, it in _told_apart(clause)
    )
    return replace(clause, text=text)


def names_in(sql: str) -> frozenset[str]:
    """What may be names of columns in an expression, or in the columns of an index; folded."""
    return frozenset(folded(unquoted(token.text)) for token, is_name in _names(tokens(sql)) if is_name)


def without_qualifier(sql: str, table: str) -> str:
    """`posts.title` -> `title`: the text of a table that is called otherwise for a while."""
    kept: list[Token] = []
    for token in tokens(sql):
        qualifier = next((index for index in reversed(range(len(kept))) if kept[index].kind != "space"), None)
        if token.text == "." and qualifier is not None and folded(unquoted(kept[qualifier].text)) == folded(table):
            del kept[qualifier:]
        else:
            kept.append(token)
    return _joined(kept)


# --- how a text is taken apart


def _is_space(token: Token) -> bool:
    return token.kind == "space" or token.text == ","


def _joined(found: Iterable[Token]) -> str:
    return "".join(token.text for token in found)


def _parts(found: Sequence[Token], start: int) -> tuple[list[list[Token]], int]:
    """What stands between the commas from `start` on, and the position of the parenthesis that ends it."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for position in range(start, len(found)):
        token = found[position]
        if depth == 0 and token.text == ")":
            return parts, position
        if depth == 0 and token.text == ",":
            parts.append([])
            continue
        depth += (token.text == "(") - (token.text == ")")
        parts[-1].append(token)
    raise DatabaseFailed("The text of a table ends before its last parenthesis.")


def _is_constraint(part: Sequence[Token]) -> bool:
    first = next((it for it in part if it.kind != "space"), None)
    return first is not None and first.kind == "word" and first.upper in _TABLE_CONSTRAINTS


def _parse_column(part: Sequence[Token]) -> ColumnText:
    beginning, clauses, after = _clauses(part)
    named = next((position for position, it in enumerate(beginning) if it.kind != "space"), None)
    if named is None:
        raise DatabaseFailed(f"This is no definition of a column: {_joined(part)!r}")
    written, type_text = beginning[named].text, _joined(beginning[named + 1 :])
    return ColumnText(
        name=unquoted(written),
        written=written,
        type=_joined(it for it in beginning[named + 1 :] if it.kind != "space" or it.text.isspace()).strip(),
        clauses=clauses,
        before=_joined(beginning[:named]),
        after=after,
        _type_text=type_text,
    )


def _parse_constraints(found: Sequence[Token]) -> tuple[tuple[Clause, ...], str]:
    _, clauses, after = _clauses(found)
    return clauses, after


def _clauses(found: Sequence[Token]) -> tuple[list[Token], tuple[Clause, ...], str]:
    """What stands before the first clause, the clauses, and the space behind the last.

    SQLite needs no comma between the constraints of a table; where there is one it counts as space.
    """
    solid = [it.upper for it in found if it.kind != "space"] + [""]
    gathered: list[tuple[str, str, list[Token]]] = [("", "", [])]  # kind, name, tokens
    space: list[Token] = []
    depth = number = 0
    previous = ""
    for token in found:
        if token.kind == "space" or (depth == 0 and _is_space(token)):
            space.append(token)
            number += token.kind != "space"
            continue
        kind, name, text = gathered[-1]
        if depth == 0 and previous == "CONSTRAINT":
            gathered[-1] = (kind, unquoted(token.text), text)
        elif depth == 0 and token.kind == "word" and (begun := _kind(token.upper, kind, previous, solid[number + 1])):
            if begun != "CONSTRAINT" and name and not kind:
                gathered[-1] = (begun, name, text)
            else:
                gathered.append(("" if begun == "CONSTRAINT" else begun, "", []))
        gathered[-1][2].extend([*space, token])
        space = []
        depth += (token.text == "(") - (token.text == ")")
        previous = token.upper if depth == 0 and token.kind == "word" else ""
        number += 1
    clauses = tuple(Clause(kind, _joined(text), name) for kind, name, text in gathered[1:])
    return gathered[0][2], clauses, _joined(space)


def _kind(word: str, current: str, previous: str, following: str) -> str:
    """Which clause begins with the word, "" for none. CONSTRAINT and a name come before one."""
    match word:
        case "CONSTRAINT":
            return word
        case "NOT" if following == "NULL":
            return "NOT NULL"
        case "NULL" if previous not in ("NOT", "SET", "DEFAULT"):
            return word
        case "DEFAULT" if previous != "SET":
            return word
        case "GENERATED" if following == "ALWAYS":
            return word
        case "AS" if previous != "ALWAYS":
            return "GENERATED"
        case "REFERENCES" if current == "FOREIGN KEY":
            return ""
    return _KINDS.get(word, "")


# --- which of its words are columns

# fmt: off
_IN_EXPRESSIONS = frozenset({
    "AND", "AS", "ASC", "BETWEEN", "CASE", "CAST", "COLLATE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
    "DESC", "DISTINCT", "ELSE", "END", "ESCAPE", "EXISTS", "FALSE", "FROM", "GLOB", "IN", "IS", "ISNULL", "LIKE",
    "MATCH", "NOT", "NOTNULL", "NULL", "OR", "REGEXP", "SELECT", "THEN", "TRUE", "WHEN", "WHERE",
})
# fmt: on


def _told_apart(clause: Clause) -> Iterator[tuple[Token, Literal["own", "target", ""]]]:
    """Each token, and whether it is a column of the clause's own table, or of the one it points to."""
    whose: Literal["own", "target", ""] = "" if clause.kind in ("DEFAULT", "COLLATE") else "own"
    depth = 0
    for token, is_name in _names(tokens(clause.text)):
        if depth == 0 and token.upper == "REFERENCES":
            whose = "target"
        depth += (token.text == "(") - (token.text == ")")
        yield token, whose if depth and is_name else ""


def _names(found: Sequence[Token]) -> Iterator[tuple[Token, bool]]:
    """Each token, and whether it may be a name of a column: no function, collation, qualifier, or type of a CAST."""
    solid = [it for it in found if it.kind != "space"] + [Token("sign", "")]
    number = 0
    previous = Token("sign", "")
    in_cast = False
    for token in found:
        if token.kind == "space":
            yield token, False
            continue
        following = solid[number + 1]
        is_word = token.kind == "word" and not token.text[0].isdigit() and following.kind != "string"
        is_name = token.kind == "name" or (is_word and token.upper not in _IN_EXPRESSIONS)
        in_cast = (in_cast and token.text != ")") or (token.upper == "AS" and following.text != "(")
        yield token, is_name and not in_cast and previous.upper != "COLLATE" and following.text not in ("(", ".")
        previous = token
        number += 1
