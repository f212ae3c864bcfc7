"""Which of what is gone and what is new is the same thing under another name: plain, said by options, or asked."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from piccolo.columns import Column

from piccobase.base.errors import StartError
from piccobase.migrations.differing import TableChange, difference, table_pairs
from piccobase.migrations.folding import Renames
from piccobase.migrations.states import ColumnState, State, TableState

ALIKE = 0.6  # how alike two names are, or the columns of two tables, from 0 to 1, that may be a rename
_COMMON = {"id", "created", "updated"}  # columns that say nothing about what a table is


@dataclass(frozen=True, slots=True)
class Question:
    """`old` is gone, `new` is there: places, such as `posts.title`, or `posts` for a table."""

    old: str
    new: str
    is_table: bool

    def __str__(self) -> str:
        return f"{self.old} is gone and {self.new} is new. Renamed?"

    @property
    def if_renamed(self) -> str:
        """The option that says yes."""
        return f"--rename-table {self.old}={self.new}" if self.is_table else f"--rename {self.old}={_last(self.new)}"

    @property
    def if_dropped(self) -> str:
        return f"--drop {self.old}"


class Ambiguous(StartError):
    """Something is gone and something alike is new, and nobody has said whether it is the same."""

    code = "start.ambiguous_rename"

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        lines = ["Renamed or dropped? Values depend on it, so say which:"]
        for old in dict.fromkeys(question.old for question in questions):
            asked = [question for question in questions if question.old == old]
            names = " and ".join(question.new for question in asked)
            lines.append(f"  {old} is gone, {names} {'is' if len(asked) == 1 else 'are'} new:")
            options = {question.if_renamed: f"it is {_last(question.new)} now" for question in asked}
            options[asked[0].if_dropped] = f"it is dropped with its {'rows' if asked[0].is_table else 'values'}"
            width = max(map(len, options))
            lines += [f"    {option.ljust(width)}  {meaning}" for option, meaning in options.items()]
        super().__init__("\n".join(lines))


Ask = Callable[[Question], bool]


class Answers:
    """What options say of renames, and whom to ask else. Keeps which options were of use: others have a mistake.

    `tables` leads from old to new names, `columns` from `posts.title` to `headline`; `dropped` are places. Without
    `ask` what nobody has said is an error, told for all at once.
    """

    def __init__(
        self,
        tables: Mapping[str, str] | None = None,
        columns: Mapping[str, str] | None = None,
        dropped: Collection[str] = (),
        ask: Ask | None = None,
    ) -> None:
        self._tables, self._columns, self._dropped, self._ask = tables or {}, columns or {}, dropped, ask
        self._unused = {
            **{f"--rename-table {old}={new}": None for old, new in self._tables.items()},
            **{f"--rename {old}={new}": None for old, new in self._columns.items()},
            **{f"--drop {place}": None for place in dropped},
        }
        self._open: list[Question] = []

    def said_of_tables(self, before: State, after: State) -> dict[str, str]:
        """The renames that options name, old to new; the names of a swap are there before and after."""
        found = {old: new for old, new in self._tables.items() if old in before.tables and new in after.tables}
        for old, new in found.items():
            self._unused.pop(f"--rename-table {old}={new}", None)
        return found

    def said_of_columns(self, before: TableState, after: TableState) -> dict[str, str]:
        """As `said_of_tables`, by names in the database; options may use those in the code too."""
        found: dict[str, str] = {}
        for place, new_name in self._columns.items():
            table, _, old_name = place.rpartition(".")
            old = before.stored(old_name) or before.column(old_name)
            new = after.stored(new_name) or after.column(new_name)
            if table in (before.name, after.name) and old is not None and new is not None:
                found[old.db_name] = new.db_name
                self._unused.pop(f"--rename {place}={new_name}", None)
        return found

    def decide(self, gone: Sequence["_Thing"], new: Sequence["_Thing"]) -> dict[str, str]:
        """The names in the database of what was renamed, old to new, of what no option says."""
        left = list(new)
        renamed: dict[str, str] = {}
        for old in gone:
            if not self._is_dropped(old) and (found := self._asked(old, left)) is not None:
                renamed[old.name] = found.name
                left.remove(found)
        return renamed

    def _is_dropped(self, old: "_Thing") -> bool:
        found = [place for place in old.places if place in self._dropped]
        for place in found:
            self._unused.pop(f"--drop {place}", None)
        return bool(found)

    def _asked(self, old: "_Thing", left: Sequence["_Thing"]) -> "_Thing | None":
        likely = sorted((it for it in left if old.likeness(it) >= ALIKE), key=lambda it: -old.likeness(it))
        for it in likely:
            question = Question(old.places[0], it.places[0], old.is_table)
            if self._ask is None:
                self._open.append(question)
            elif self._ask(question):
                return it
        return None

    def finish(self) -> None:
        """After the last `decide`. Raises Ambiguous, and StartError for options that name nothing."""
        if self._unused:
            raise StartError(
                f"{next(iter(self._unused))} names nothing that is gone from the code, or nothing that is new in it. "
                "Names are those in the database: --rename posts.title=headline, --rename-table posts=articles, "
                "--drop posts.body"
            )
        if self._open:
            raise Ambiguous(self._open)


@dataclass(frozen=True, slots=True, eq=False)
class _Thing:
    """A table or a column that is gone or new."""

    name: str
    places: tuple[str, ...]  # how it may be named, the proper way first
    state: TableState | ColumnState

    @property
    def is_table(self) -> bool:
        return isinstance(self.state, TableState)

    def likeness(self, other: "_Thing") -> float:
        """From 0 to 1."""
        here, there = self.state, other.state
        if isinstance(here, TableState) and isinstance(there, TableState):
            return max(_likeness_of_tables(here, there), _likeness_of_names(self.name, other.name))
        if isinstance(here, ColumnState) and isinstance(there, ColumnState) and _may_hold_the_same(here, there):
            return 0.9 + _likeness_of_names(self.name, other.name) / 10
        return _likeness_of_names(self.name, other.name) * 0.75  # names that are nearly the same


def find_renames(before: State, after: State, answers: Answers) -> Renames:
    """What was renamed between two states of an app. `answers.finish()` is to follow after the last of the apps."""
    tables = answers.said_of_tables(before, after)
    for old, new in _plain_tables(before, after).items():
        if old not in tables and new not in tables.values():
            tables[old] = new
    found = difference(before, after, Renames(tables))
    tables |= answers.decide([*map(_table, found.dropped)], [*map(_table, found.created)])
    columns: dict[tuple[str, str], str] = {}
    for pair in table_pairs(before, after, tables):
        columns |= {(pair[1].name, old): new for old, new in answers.said_of_columns(*pair).items()}
    for change in difference(before, after, Renames(tables, columns)).changed:
        gone = [_column(change, column) for column in change.dropped]
        renamed = answers.decide(gone, [_column(change, column) for column in change.added])
        columns |= {(change.after.name, old): new for old, new in renamed.items()}
    return Renames(tables, columns)


def _plain_tables(before: State, after: State) -> dict[str, str]:
    """Tables whose class is called the same, when their own names are gone here and new there."""
    new = {table.class_name: name for name, table in after.tables.items() if name not in before.tables}
    return {
        name: new[table.class_name]
        for name, table in before.tables.items()
        if name not in after.tables and table.class_name in new
    }


def _table(table: TableState) -> _Thing:
    return _Thing(table.name, (table.name,), table)


def _column(change: TableChange, column: ColumnState) -> _Thing:
    names = dict.fromkeys([change.after.name, change.before.name])
    places = [f"{table}.{name}" for table in names for name in dict.fromkeys([column.db_name, column.name])]
    return _Thing(column.db_name, tuple(places), column)


def _likeness_of_tables(here: TableState, there: TableState) -> float:
    left, right = ({column.db_name for column in table.columns} - _COMMON for table in (here, there))
    return len(left & right) / len(left | right) if left | right else 0.0


def _likeness_of_names(here: str, there: str) -> float:
    return SequenceMatcher(None, here.lower(), there.lower()).ratio()


def _may_hold_the_same(here: ColumnState, there: ColumnState) -> bool:
    """Relations to one table, or classes one of which is derived from the other or both from one of Piccolo's."""
    if here.reference is not None or there.reference is not None:
        return bool(here.reference and there.reference and here.reference.table == there.reference.table)
    return here.cls.value_type is there.cls.value_type or bool(set(_kinds(here.cls)) & set(_kinds(there.cls)))


def _kinds(cls: type[Column]) -> Iterator[type[Column]]:
    return (kind for kind in cls.__mro__ if issubclass(kind, Column) and kind is not Column)


def _last(place: str) -> str:
    return place.rpartition(".")[2]
