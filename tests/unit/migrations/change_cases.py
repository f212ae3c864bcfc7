"""Changes of tables, each with rows: what they lose, and what the rows are afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from piccolo import columns as c
from piccolo.columns import Array, ForeignKey, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check, Unique
from piccolo.table import Table
from tests.unit.migrations.migrating import table

from piccobase import columns as ours

Tables = Callable[[], Sequence[type[Table]]]


class Letter(StrEnum):
    a = "a"


@dataclass(frozen=True)
class Case:
    """`before` and `after` make the tables; `rows` go into those before. `kept` is what a column holds afterwards."""

    name: str
    before: Tables
    after: Tables
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    losses: Mapping[str, str] = field(default_factory=dict)
    after_rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    quiet: bool = False  # costs no SQL, on either database
    same_back: bool = True  # whether the rows are the same again after the way back


def band(**columns: Any) -> Tables:
    """One table. Columns are given by functions, since each belongs to one table only."""
    return lambda: [table("bands", **{name: make() for name, make in columns.items()})]


def of(column: type, /, *args: Any, **options: Any) -> Callable[[], Any]:
    return lambda: column(*args, **options)


NAMES = {"bands": [{"id": "a", "name": "x"}, {"id": "b", "name": "y"}]}
name = of(Varchar)


def changed(
    what: str, before: Any, after: Any, values: Sequence[Any] = (), becomes: Sequence[Any] = (), **more: Any
) -> Case:
    """A column `it` that is declared otherwise."""
    rows = [{"id": chr(97 + n), "it": value} for n, value in enumerate(values)]
    expected = [{"it": value} for value in becomes]
    return Case(
        what,
        band(name=name, it=before),
        band(name=name, it=after),
        {"bands": rows},
        after_rows={"bands": expected} if becomes else {},
        **more,
    )


def added(what: str, column: Any, **more: Any) -> Case:
    return Case(f"add {what}", band(name=name), band(name=name, it=column), NAMES, **more)


def people(**columns: Any) -> Tables:
    """Two tables: `bands` point to `people`."""

    def make() -> list[type[Table]]:
        person = table("people", name=Varchar())
        return [person, table("bands", **{key: make(person) for key, make in columns.items()})]

    return make


CREW = {"people": [{"id": "p", "name": "Ann"}], "bands": [{"id": "a", "it": "p"}, {"id": "b", "it": None}]}

CASES = [
    # --- tables
    Case(
        "create a table with every index and constraint",
        list,
        lambda: [
            one := table("people", name=Varchar(unique=True), mail=Varchar(unique=True, required=True)),
            table(
                "bands",
                boss=ForeignKey(one),
                above=ForeignKey("self"),
                year=Integer(index=True),
                words=Varchar(default="it's"),
                once=Unique(["boss", "year"]),
                positive=Check('"year" >= 0'),
            ),
        ],
    ),
    Case(
        "drop a table with rows",
        lambda: [*band(name=name)(), table("other", n=Integer())],
        lambda: [table("other", n=Integer())],
        NAMES,
        losses={"bands": "dropped"},
    ),
    Case(
        "drop an empty table",
        lambda: [*band(name=name)(), table("other", n=Integer())],
        lambda: [table("other", n=Integer())],
    ),
    Case(
        "drop tables that point to each other",
        lambda: [*circle(), table("other")],
        lambda: [table("other")],
        {"left": [{"id": "l"}], "right": [{"id": "r", "left": "l"}]},
        losses={"left": "dropped", "right": "dropped"},
    ),
    Case("create tables that point to each other", lambda: [table("other")], lambda: [*circle(), table("other")]),
    Case(
        "rename a table with all that is called after it",
        lambda: [
            one := table("people", name=Varchar(unique=True, required=True), nick=Varchar(unique=True)),
            table(
                "bands",
                boss=ForeignKey(one),
                year=Integer(index=True),
                n=Integer(),
                once=Unique(["boss", "year"]),
                good=Check('"n" > 0'),
            ),
        ],
        lambda: [
            one := table("persons", name=Varchar(unique=True, required=True), nick=Varchar(unique=True)),
            table(
                "groups",
                boss=ForeignKey(one),
                year=Integer(index=True),
                n=Integer(),
                once=Unique(["boss", "year"]),
                good=Check('"n" > 0'),
            ),
        ],
        {"people": [{"id": "p", "name": "Ann"}], "bands": [{"id": "a", "boss": "p", "year": 1, "n": 1}]},
        tables={"people": "persons", "bands": "groups"},
    ),
    Case(
        "two tables swap their names",
        lambda: [table("left", a=Varchar(index=True)), table("right", b=Integer(index=True))],
        lambda: [table("right", a=Varchar(index=True)), table("left", b=Integer(index=True))],
        {"left": [{"id": "l", "a": "x"}], "right": [{"id": "r", "b": 7}]},
        tables={"left": "right", "right": "left"},
        after_rows={"right": [{"id": "l", "a": "x"}], "left": [{"id": "r", "b": 7}]},
    ),
    Case(
        "a table is dropped and another gets its name",
        lambda: [table("bands", name=Varchar()), table("groups", n=Integer())],
        lambda: [table("bands", n=Integer())],
        {**NAMES, "groups": [{"id": "g", "n": 3}]},
        tables={"groups": "bands"},
        losses={"bands": "dropped"},
        after_rows={"bands": [{"id": "g", "n": 3}]},
    ),
    Case(
        "rename a table that counts",
        lambda: [table("bands", id=Serial(primary_key=True), name=Varchar())],
        lambda: [table("groups", id=Serial(primary_key=True), name=Varchar())],
        {"bands": [{"name": "x"}, {"name": "y"}]},
        tables={"bands": "groups"},
    ),
    Case(
        "odd names and long ones",
        lambda: [
            table(
                "a-b c",
                c_d=Varchar(unique=True, db_column_name="x-y z"),
                n=Integer(index=True, db_column_name="Größe"),
            )
        ],
        lambda: [
            table(
                "t" * 60,
                c_d=Varchar(unique=True, db_column_name="z" * 60),
                n=Integer(index=True, db_column_name="select"),
            )
        ],
        {"a-b c": [{"id": "a", "c_d": "v", "n": 1}]},
        tables={"a-b c": "t" * 60},
        columns={("t" * 60, "x-y z"): "z" * 60, ("t" * 60, "Größe"): "select"},
    ),
    # --- columns: added
    added("a nullable column", of(Varchar, null=True, default=None)),
    added("one with a constant default", of(Varchar, default="it's")),
    added("an indexed one", of(Integer, index=True)),
    added("JSON", of(c.JSON)),
    added("an array", of(Array, Varchar())),
    added("a nullable unique one", of(Varchar, unique=True, null=True, default=None)),
    added("an optional unique text", of(Varchar, unique=True)),
    added("the current instant", of(Timestamptz)),
    added("a random UUID", of(c.UUID), same_back=True),
    added("an AutoDate", of(ours.AutoDate)),
    added("a decimal", of(c.Numeric, digits=(5, 2))),
    added("a list", of(ours.MultiSelect, ["a"])),
    added(
        "one that may not be empty",
        of(Integer, default=None),
        losses={"bands.it": "filled"},
        after_rows={"bands": [{"it": 0}, {"it": 0}]},
    ),
    added("an instant that may not be empty", of(Timestamptz, default=None), losses={"bands.it": "filled"}),
    Case(
        "add a foreign key",
        people(name=lambda _: Varchar()),
        people(name=lambda _: Varchar(), it=lambda p: ForeignKey(p)),
        {"bands": NAMES["bands"]},
    ),
    Case("add a foreign key to itself", band(name=name), band(name=name, it=of(ForeignKey, "self")), NAMES),
    # --- columns: dropped
    Case(
        "drop a column with values",
        band(name=name, it=of(Text)),
        band(name=name),
        {"bands": [{"id": "a", "it": "x"}, {"id": "b"}]},
        losses={"bands.it": "dropped"},
    ),
    Case("drop a column without values", band(name=name, it=of(Text)), band(name=name), NAMES),
    Case(
        "drop an indexed and a unique column",
        band(a=of(Integer, index=True), b=of(Varchar, unique=True, null=True, default=None), n=name),
        band(n=name),
        {"bands": [{"id": "a"}]},
    ),
    Case(
        "drop a column of a unique pair",
        band(a=of(Integer), b=of(Integer), once=of(Unique, ["a", "b"])),
        band(a=of(Integer)),
        {"bands": [{"id": "a"}]},
    ),
    Case(
        "drop a column with a check",
        band(a=of(Integer), n=name, ok=of(Check, '"a" >= 0')),
        band(n=name),
        {"bands": [{"id": "a"}]},
    ),
    Case(
        "drop a foreign key",
        people(it=lambda p: ForeignKey(p), name=lambda _: Varchar()),
        people(name=lambda _: Varchar()),
        CREW,
        losses={"bands.it": "dropped"},
    ),
    # --- columns: renamed
    Case(
        "rename a column with all that is called after it",
        band(
            a=of(Varchar, unique=True, required=True),
            b=of(Varchar, unique=True),
            n=of(Integer, index=True),
            once=of(Unique, ["a", "n"]),
            ok=of(Check, '"n" >= 0'),
        ),
        band(
            x=of(Varchar, unique=True, required=True),
            y=of(Varchar, unique=True),
            m=of(Integer, index=True),
            once=of(Unique, ["x", "m"]),
            ok=of(Check, '"m" >= 0'),
        ),
        {"bands": [{"id": "a", "a": "1", "b": "", "n": 1}, {"id": "b", "a": "2", "b": "", "n": 1}]},
        columns={("bands", "a"): "x", ("bands", "b"): "y", ("bands", "n"): "m"},
        after_rows={"bands": [{"x": "1", "m": 1}, {"x": "2", "m": 1}]},
    ),
    Case(
        "two columns swap their names",
        band(a=of(Integer, index=True), b=of(Integer, index=True)),
        band(b=of(Integer, index=True), a=of(Integer, index=True)),
        {"bands": [{"id": "a", "a": 1, "b": 2}]},
        columns={("bands", "a"): "b", ("bands", "b"): "a"},
        after_rows={"bands": [{"a": 2, "b": 1}]},
    ),
    Case(
        "a longer key, with what points to it",
        lambda: [
            one := table("people", key=Varchar(length=5, primary_key=True)),
            table("bands", boss=ForeignKey(one), above=ForeignKey("self")),
        ],
        lambda: [
            one := table("people", key=Varchar(length=50, primary_key=True)),
            table("bands", boss=ForeignKey(one), above=ForeignKey("self")),
        ],
        {"people": [{"key": "p"}], "bands": [{"id": "a", "boss": "p"}]},
    ),
    Case(
        "a greater key, with what points to it",
        lambda: [
            one := table("people", key=Integer(primary_key=True)),
            table("bands", boss=ForeignKey(one)),
        ],
        lambda: [
            one := table("people", key=c.BigInt(primary_key=True)),
            table("bands", boss=ForeignKey(one)),
        ],
        {"people": [{"key": 7}], "bands": [{"id": "a", "boss": 7}]},
        after_rows={"bands": [{"boss": 7}]},
    ),
    Case(
        "a table becomes one of those that sign in",
        lambda: [table("people", id=ours.RecordId(), name=Varchar())],
        lambda: [
            table(
                "people",
                id=ours.RecordId(),
                name=Varchar(),
                password=ours.Password(required=True),
                token_key=ours.TokenKey(db_column_name="tokenKey"),
                email=c.Email(unique=True),
                created=ours.AutoDate(),
            )
        ],
        {"people": [{"id": "a"}, {"id": "b"}]},
    ),
    Case(
        "names that differ by case alone",
        lambda: [table("Bands", Head=Integer(), text=Integer(), x=Integer(), Old=Integer())],
        lambda: [table("bands", text=Integer(), head=Integer(), X=Integer(), old=Varchar())],
        {"Bands": [{"id": "a", "Head": 1, "text": 2, "x": 3}]},
        tables={"Bands": "bands"},
        columns={("bands", "Head"): "text", ("bands", "text"): "head", ("bands", "x"): "X"},
        after_rows={"bands": [{"text": 1, "head": 2, "X": 3, "old": ""}]},
    ),
    Case(
        "a column is dropped and another gets its name",
        band(a=of(Integer), b=of(Varchar)),
        band(a=of(Varchar)),
        {"bands": [{"id": "a", "a": 1, "b": "x"}]},
        columns={("bands", "b"): "a"},
        losses={"bands.a": "dropped"},
        after_rows={"bands": [{"a": "x"}]},
    ),
    Case(
        "rename the key, and what points to it stays",
        lambda: [
            one := table("people", key=Varchar(length=15, primary_key=True)),
            table("bands", boss=ForeignKey(one)),
        ],
        lambda: [
            one := table("people", code=Varchar(length=15, primary_key=True)),
            table("bands", boss=ForeignKey(one)),
        ],
        {"people": [{"key": "p"}], "bands": [{"id": "a", "boss": "p"}]},
        columns={("people", "key"): "code"},
    ),
    # --- columns: types
    changed("text to integer", of(Varchar), of(Integer), ["12", "7"], [12, 7]),
    changed(
        "text that is no integer", of(Varchar), of(Integer), ["12", "abc"], [12, 0], losses={"bands.it": "narrowed"}
    ),
    changed("integer to text", of(Integer), of(Text), [12, -7], ["12", "-7"]),
    changed("integer to a greater one", of(Integer), of(c.BigInt), [12], [12]),
    changed("integer to decimal", of(Integer), of(c.Numeric), [12], [Decimal(12)]),
    changed("decimal to float", of(c.Numeric), of(c.DoublePrecision), [Decimal("1.5")], [1.5]),
    changed(
        "decimal to fewer digits",
        of(c.Numeric, digits=(10, 4)),
        of(c.Numeric, digits=(10, 2)),
        [Decimal("1.50")],
        [Decimal("1.5")],
    ),
    changed("boolean to integer", of(c.Boolean), of(Integer), [True, False], [1, 0]),
    changed(
        "text to instant",
        of(Varchar),
        of(Timestamptz, null=True, default=None),
        ["2026-11-23T14:00:00+02:00"],
        same_back=False,
    ),
    changed("date to instant", of(c.Date, null=True, default=None), of(Timestamptz, null=True, default=None)),
    changed("text to JSON", of(Text), of(c.JSON), ['{"a":1}']),
    changed("JSON to JSONB", of(c.JSON), of(c.JSONB), ['{"a": 1}']),
    changed(
        "Select to MultiSelect",
        of(ours.Select, ["a", "b"]),
        of(ours.MultiSelect, ["a", "b"]),
        ["a", ""],
        ['["a"]', "[]"],
    ),
    changed("MultiSelect to Select", of(ours.MultiSelect, ["a"]), of(ours.Select, ["a"]), ['["a"]', "[]"], ["a", ""]),
    changed("an array's base type", of(Array, Integer()), of(Array, Varchar()), [[1, 2], []], [["1", "2"], []]),
    changed("array to list", of(Array, Varchar()), of(ours.MultiSelect), [["a", "b"]], ['["a","b"]']),
    changed("longer text", of(Varchar, length=10), of(Varchar, length=300), ["x"], ["x"]),
    changed("Varchar to Text", of(Varchar), of(Text), ["x"], ["x"]),
    Case(
        "text to foreign key",
        people(it=lambda _: Varchar(length=15)),
        people(it=lambda p: ForeignKey(p)),
        {**CREW, "bands": [{"id": "a", "it": "p"}, {"id": "b", "it": ""}]},
        after_rows={"bands": [{"it": "p"}, {"it": None}]},
    ),
    Case(
        "foreign key to list",
        people(it=lambda p: ForeignKey(p)),
        people(it=lambda p: ours.Relations(p)),
        CREW,
        after_rows={"bands": [{"it": '["p"]'}, {"it": "[]"}]},
    ),
    # --- columns: the rest
    changed("null allowed", of(Integer), of(Integer, null=True), [1], [1]),
    changed(
        "null no more, with a default",
        of(Integer, null=True, default=None),
        of(Integer, default=5),
        [1, None],
        [1, 5],
        same_back=False,
    ),
    changed(
        "null no more, without",
        of(Integer, null=True, default=None),
        of(Integer, default=None),
        [1, None],
        [1, 0],
        losses={"bands.it": "filled"},
    ),
    changed("another default", of(Varchar, default="a"), of(Varchar, default="b'"), ["x"], ["x"]),
    changed("a default no more", of(Varchar), of(Varchar, default=None), ["x"], ["x"]),
    changed("unique", of(Varchar, required=True), of(Varchar, required=True, unique=True), ["x", "y"]),
    changed("unique where it is not empty", of(Varchar), of(Varchar, unique=True), ["", "", "y"]),
    changed("required and unique", of(Varchar, unique=True), of(Varchar, unique=True, required=True), ["x", "y"]),
    changed("indexed", of(Integer), of(Integer, index=True), [1]),
    changed(
        "indexed by another method",
        of(Integer, index=True),
        of(Integer, index=True, index_method=IndexMethod.hash),
        [1],
    ),
    changed(
        "longer, and null no more",
        of(Varchar, length=5, null=True, default=None),
        of(Varchar, length=9),
        ["x", None],
        ["x", ""],
        same_back=False,
    ),
    changed(
        "choices, help and secret",
        of(Varchar),
        of(Varchar, choices=Letter, help_text="Help", secret=True, required=True),
        ["x"],
        quiet=True,
    ),
    changed("a class with the same column", of(Varchar), of(ours.Select, ["a"]), ["x"], quiet=True),
    Case(
        "another action",
        people(it=lambda p: ForeignKey(p)),
        people(it=lambda p: ForeignKey(p, on_delete=OnDelete.set_null, on_update=OnUpdate.restrict)),
        CREW,
    ),
    Case(
        "another target",
        lambda: [one := table("people"), table("others"), table("bands", it=ForeignKey(one))],
        lambda: [table("people"), two := table("others"), table("bands", it=ForeignKey(two))],
        {"people": [{"id": "p"}], "others": [{"id": "p"}], "bands": [{"id": "a", "it": "p"}]},
    ),
    changed(
        "a text becomes an enum",
        of(Varchar),
        of(ours.Select, ["a", "b"], enum="letter", default="a"),
        ["a", "b"],
        ["a", "b"],
    ),
    changed(
        "an enum gets another value",
        of(ours.Select, ["a"], enum="letter", default="a"),
        of(ours.Select, ["a", "b"], enum="letter", default="a"),
        same_back=True,
    ),
    added("an enum", of(ours.Select, ["a"], enum="letter", default="a")),
    # --- constraints
    Case(
        "add and drop a unique pair",
        band(a=of(Integer), b=of(Integer)),
        band(a=of(Integer), b=of(Integer), once=of(Unique, ["a", "b"])),
        {"bands": [{"id": "a", "a": 1}, {"id": "b", "a": 2}]},
    ),
    Case(
        "a unique pair changes under its name",
        band(a=of(Integer), b=of(Integer), once=of(Unique, ["a"])),
        band(a=of(Integer), b=of(Integer), once=of(Unique, ["a", "b"])),
        {"bands": [{"id": "a", "a": 1}]},
    ),
    Case(
        "unique with NULLs that are the same",
        band(a=of(Integer, null=True), b=of(Integer)),
        band(a=of(Integer, null=True), b=of(Integer), once=of(Unique, ["a", "b"], nulls_distinct=False)),
        {"bands": [{"id": "a", "a": 1}]},
    ),
    Case(
        "add and drop a check",
        band(a=of(Integer)),
        band(a=of(Integer), ok=of(Check, '"a" >= 0')),
        {"bands": [{"id": "a", "a": 1}]},
    ),
    Case(
        "a check changes under its name",
        band(a=of(Integer), ok=of(Check, '"a" > 0')),
        band(a=of(Integer), ok=of(Check, '"a" >= 0')),
        {"bands": [{"id": "a", "a": 1}]},
    ),
]


def circle() -> list[type[Table]]:
    left = table("left", right=c.ForeignKey("Right"))
    right = table("right", left=ForeignKey(left))
    left.right._foreign_key_meta.references = right  # type: ignore[attr-defined]
    return [left, right]
