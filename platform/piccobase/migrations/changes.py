"""What a migration is about: two states of the tables, the plan from one to the other, what it would lose."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from piccolo.table import Table

from piccobase.base.errors import StartError
from piccobase.db import setup


class SchemaDatabase(setup.SchemaDatabase, Protocol):
    """A database whose tables can be rebuilt."""

    def schema_transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction in which foreign keys are only checked at its end, and nobody else changes the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """From one state of the tables to another. The tables of both are bound to the engine.

    Names are the database's: `renamed_tables` leads from the old name to the new one, `renamed_columns` from the new
    name of the table and the old one of the column to the column's new name.
    """

    before: Sequence[type[Table]]
    after: Sequence[type[Table]]
    renamed_tables: Mapping[str, str] = field(default_factory=dict)
    renamed_columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def reversed(self) -> "SchemaChange":
        """The way back."""
        old_tables = {new: old for old, new in self.renamed_tables.items()}
        return SchemaChange(
            before=self.after,
            after=self.before,
            renamed_tables=old_tables,
            renamed_columns={
                (old_tables.get(table, table), new): old for (table, old), new in self.renamed_columns.items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement: what it does in words, how many rows it touches, whom it keeps waiting and about how long."""

    sql: str
    says: str
    table: str
    rows: int = 0
    lock: str = ""
    seconds: float = 0.0


LossKind = Literal["dropped", "narrowed", "filled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Values that would not be there any more. `place` is `posts.body`, or `posts` for a whole table.

    A column is called as it is called afterwards, one that is dropped as before, and its table as afterwards.
    """

    place: str
    kind: LossKind
    rows: int
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why} Accept it with --accept-loss {self.place}, or in the file's ACCEPTED_LOSSES."


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A reason why the change cannot be made as it is, whatever is accepted; the text says the way out."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """What is to be done, as far as anything is. With problems it cannot be carried out.

    Of the tables in `unjudged`, which changes before this one make or change, what is lost can only be told then.
    """

    steps: tuple[Step, ...] = ()
    losses: tuple[Loss, ...] = ()
    problems: tuple[Problem, ...] = ()
    unjudged: tuple[str, ...] = ()

    def unaccepted(self, accepted: Collection[str]) -> tuple[Loss, ...]:
        return tuple(loss for loss in self.losses if loss.place not in accepted)


class MigrationRefused(StartError):
    """A migration would lose values that nobody has given up, or cannot be made. Nothing was changed."""

    code = "start.migration_refused"

    def __init__(self, losses: Sequence[Loss] = (), problems: Sequence[Problem] = (), migration: str = "") -> None:
        self.losses, self.problems = tuple(losses), tuple(problems)
        what = f"The migration {migration}" if migration else "The change"
        lines = []
        if problems:
            lines += [f"{what} cannot be made:", *map(str, problems)]
        if losses:
            lines += [f"{what} would lose values:", *map(str, losses)]
        super().__init__("\n".join(lines))
