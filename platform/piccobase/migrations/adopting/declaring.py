"""From tables that were found to tables that can be declared and served. Pure; nothing is dropped without a word."""

import keyword
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import piccolo.columns
from piccolo.table import Table

from piccobase.db.ddl import fitting
from piccobase.migrations.adopting.columns import NotDeclarable, column_call, counted, with_options
from piccobase.migrations.adopting.declaration import Call, Declaration, DeclaredTable, LeftOut, Member, text_source
from piccobase.migrations.adopting.found import FoundColumn, FoundForeignKey, FoundIndex, FoundTable
from piccobase.schema.naming import RESERVED_FIELDS, is_word

# A class cannot be called as something that its file imports, and no column as something that its class names.
IMPORTED = frozenset(
    {
        *(
            "App",
            "Check",
            "Decimal",
            "IndexMethod",
            "OnDelete",
            "OnUpdate",
            "Rules",
            "Select",
            "Table",
            "UUID7",
            "Unique",
        ),
        *("app", "date", "datetime", "rules", "time", "timedelta"),
        *piccolo.columns.__all__,
    }
)
_NOT_EMPTY = re.compile(r"WHERE \(*(?:\w+|\"[^\"]*\")\)?(?:::\w+)? (?:!=|<>) ''(?:::[\w ]+)?\)*$")
_RELATION: piccolo.columns.ForeignKey[Any] = piccolo.columns.ForeignKey("self")
_ACTIONS = {
    "CASCADE": "cascade",
    "RESTRICT": "restrict",
    "NO ACTION": "no_action",
    "SET NULL": "set_null",
    "SET DEFAULT": "set_default",
}
_METHODS = ("btree", "hash", "gin", "gist")
_KEYS = ("Serial", "BigSerial", "Integer", "SmallInt", "BigInt", "UUID", "Varchar", "Text")


def declare(tables: Sequence[FoundTable]) -> Declaration:
    """The declaration of everything in `tables` that can be one."""
    left_out: list[LeftOut] = []
    names = Counter(table.name.lower() for table in tables if table.kind == "table")
    possible = []
    for table in tables:
        if reason := _reason_against(table, names[table.name.lower()] > 1):
            left_out.append(LeftOut(table.shape_name, reason, stays=False))
        else:
            possible.append(table)
    classes = _class_names(possible)
    declared = []
    for table in possible:
        maker = _Declaring(table, {one.shape_name: one for one in possible}, classes)
        try:
            declared.append(maker.declared())
        except NotDeclarable as reason:
            left_out.append(LeftOut(table.shape_name, str(reason), stays=False))
    if len(declared) < len(possible):  # whoever points to one that was given up has no target any more
        kept = {table.found.shape_name for table in declared}
        again = declare([table for table in tables if table.shape_name in kept])
        return Declaration(tables=again.tables, left_out=(*left_out, *again.left_out))
    return Declaration(tables=_in_order(declared), left_out=tuple(left_out))


def _reason_against(table: FoundTable, twice: bool) -> str:
    """Why a table cannot be a collection; empty where it can, as far as its columns allow."""
    name = table.name
    match table.kind:
        case "table":
            pass
        case "view" | "materialized view":
            return f'is a {table.kind}; declare it as a View(query="SELECT … FROM {name}") where it has a column id'
        case kind:
            return f"is a {kind}"
    if name.startswith("_") or name == "migration":
        return "names that begin with _ are the system's own" if name.startswith("_") else "is Piccolo's own"
    if not is_word(name) or "_via_" in name:
        return "a collection is called by a word of letters, digits and _, without _via_ in it; rename the table"
    if twice:
        return "another table has this name, but for the case of its letters"
    if not table.key:
        return "has no primary key, by which the API could name a record; add one to serve it"
    if len(table.key) > 1:
        return (
            f"its key is made of {' and '.join(table.key)}; a collection has a key of one column, add one to serve it"
        )
    return ""


class _Declaring:
    """One table on its way to a class."""

    def __init__(self, table: FoundTable, others: Mapping[str, FoundTable], classes: Mapping[str, str]) -> None:
        self.table, self.others, self.classes = table, others, classes
        self.columns = {column.name: column for column in table.columns}
        self.left_out: list[LeftOut] = []
        self.targets: set[str] = set()
        self.fields: dict[str, str] = {}  # attribute by column, of what is declared
        self.taken = {*IMPORTED, *classes.values()}

    def declared(self) -> DeclaredTable:
        """Raises NotDeclarable where what would have to be left out is needed for a record."""
        members = [member for column in self.table.columns if (member := self._member(column))]
        members += self._constraints()
        self._name_what_stays()
        return DeclaredTable(
            found=self.table,
            class_name=self.classes[self.table.shape_name],
            members=members,
            targets=frozenset(self.targets),
            left_out=self.left_out,
        )

    def _member(self, column: FoundColumn) -> Member | None:
        key = self.table.key == (column.name,)
        try:
            self._check_name(column, key)
            call = counted(column) or self._relation(column) or column_call(column)
            if key and call.name not in _KEYS:
                raise NotDeclarable(f"a key of type {column.type} cannot be served; use text, an integer or a UUID")
        except NotDeclarable as reason:
            self._leave_out(column, key, str(reason))
            return None
        call, remark = with_options(
            call, column, key=key, unique=bool(self._unique_index((column.name,))), index=self._own_index(column)
        )
        if column.identity == "always":
            remark = "GENERATED ALWAYS: nobody can choose the value"
        elif column.remark:
            remark = column.remark
        elif column.domain:
            remark = f"of the domain {column.domain}, whose conditions stay"
        attribute = self.fields[column.name] = self._attribute(column.name)
        if attribute != column.name:
            call = replace(call, arguments=(*call.arguments, f"db_column_name={text_source(column.name)}"))
        return Member(attribute=attribute, call=call, remark=remark)

    def _check_name(self, column: FoundColumn, key: bool) -> None:
        if not key and (not is_word(column.name) or column.name in RESERVED_FIELDS):
            raise NotDeclarable("is called as no field can be: a word of letters, digits and _ that is not reserved")
        if column.name == "id" and not key:
            raise NotDeclarable("is called id, as the API calls the key, and is not the key")

    def _leave_out(self, column: FoundColumn, key: bool, reason: str) -> None:
        filled = column.nullable or column.default is not None or column.computed or column.identity
        if key or not filled:
            raise NotDeclarable(f"its column {column.name} is needed for every record, but {reason}")
        self.left_out.append(LeftOut(f"{self.table.shape_name}.{column.name}", reason))

    def _attribute(self, name: str) -> str:
        """The name in Python: that of the column wherever Piccolo and Python leave it free."""
        attribute = name.lstrip("_") or "column"
        while self._is_taken(attribute, name):
            attribute += "_"
        self.taken.add(attribute)
        return attribute

    def _is_taken(self, attribute: str, name: str) -> bool:
        others = {"id", "property", *self.columns} - {name}
        if attribute in self.taken | others or keyword.iskeyword(attribute):
            return True
        # A relation has the columns of its target as attributes: one that is called `default` hides its own.
        return hasattr(Table, attribute) or hasattr(_RELATION, attribute)

    # Relations

    def _relation(self, column: FoundColumn) -> Call | None:
        """A foreign key where it can be a relation; otherwise it stays in the database, and that is said."""
        for foreign_key in self.table.foreign_keys:
            if foreign_key.columns == (column.name,):
                return self._foreign_key(column, foreign_key)
        return None

    def _foreign_key(self, column: FoundColumn, found: FoundForeignKey) -> Call | None:
        target = self.others.get(found.table)
        place = f"{self.table.shape_name}.{column.name}"
        if target is None or target.shape_name not in self.classes:
            self.remark(place, f"its foreign key to {found.table}, which is not served")
            return None
        if found.to != target.key:
            self.remark(place, f"its foreign key to {found.table}.{'+'.join(found.to)}, which is not the key there")
            return None
        pointed = next(one for one in target.columns if one.name == found.to[0])
        if pointed.type != column.type:
            why = f"whose key is of the type {pointed.type} and not {column.type}"
            self.remark(place, f"its foreign key to {found.table}, {why}")
            return None
        name = self.classes[found.table]
        to_itself = target is self.table
        if not to_itself:
            self.targets.add(name)
        actions = {
            "on_delete": ("OnDelete", _ACTIONS[found.on_delete]),
            "on_update": ("OnUpdate", _ACTIONS[found.on_update]),
        }
        arguments = ['"self"' if to_itself else name]
        imports = {("piccolo.columns", "ForeignKey")}
        if not column.nullable:
            arguments.append("null=False")
        for argument, (kind, action) in actions.items():
            if action != "cascade":  # which is what Piccolo does
                arguments.append(f"{argument}={kind}.{action}")
                imports.add(("piccolo.columns.base", kind))
        return Call(name="ForeignKey", arguments=tuple(arguments), imports=frozenset(imports))

    # Constraints and indexes

    def _unique_index(self, columns: tuple[str, ...]) -> FoundIndex | None:
        found = (one for one in self.table.indexes if one.unique and (not one.partial or self._is_ours(one)))
        return next((one for one in found if one.columns == columns), None)

    def _is_ours(self, index: FoundIndex) -> bool:
        """Whether it is what `unique=True` makes of a text that may be empty (`ddl.create_unique_index`)."""
        name = fitting(f"{self.table.name}_{index.columns[0]}_key")
        return len(index.columns) == 1 and index.name == name and _NOT_EMPTY.search(index.text) is not None

    def _own_index(self, column: FoundColumn) -> str:
        for one in self.table.indexes:
            if one.columns == (column.name,) and not one.unique and not one.partial and one.method in _METHODS:
                return one.method
        return ""

    def _constraints(self) -> Iterator[Member]:
        for one in self.table.indexes:
            declared = one.unique and not one.partial and len(one.columns) > 1
            if declared and all(name in self.fields for name in one.columns):
                columns = ", ".join(self.fields[name] for name in one.columns)
                distinct = [] if one.nulls_distinct else ["nulls_distinct=False"]
                yield self._constraint("Unique", one.name, f"[{columns}]", *distinct)
        for check in self.table.checks:
            if check.name:
                yield self._constraint("Check", check.name, text_source(check.text))

    def _constraint(self, kind: str, name: str, *arguments: str) -> Member:
        """Called as in the database: by its attribute, or where that is no name for one by `name`."""
        short = name.removeprefix(f"{self.table.name}_")
        attribute = self._attribute(re.sub(r"\W", "_", short if short.isidentifier() else f"rule_{short}"))
        if attribute not in (short, name):
            arguments = (*arguments, f"name={text_source(name)}")
        return Member(
            attribute=attribute,
            call=Call(name=kind, arguments=arguments, imports=frozenset({("piccolo.constraints", kind)})),
        )

    def _name_what_stays(self) -> None:
        """What the database goes on doing and Piccolo has no words for."""
        table = self.table
        for one in table.indexes:
            alone = len(one.columns) == 1 and one.columns[0] and not one.partial and one.method in _METHODS
            together = one.unique and not one.partial and all(one.columns)
            alone = alone or (one.partial and self._is_ours(one))
            if not alone and not together:
                self.remark(table.shape_name, f"{'unique ' if one.unique else ''}index {one.name}: {one.text}")
        for foreign_key in table.foreign_keys:
            if len(foreign_key.columns) > 1:
                columns = ", ".join(foreign_key.columns)
                self.remark(table.shape_name, f"foreign key of several columns ({columns}) to {foreign_key.table}")
        for check in table.checks:
            if not check.name:
                self.remark(table.shape_name, f"check without a name: {check.text}")
        for other in table.others:
            self.remark(table.shape_name, other)

    def remark(self, place: str, text: str) -> None:
        item = LeftOut(place, text)
        if item not in self.left_out:
            self.left_out.append(item)


def _class_names(tables: Sequence[FoundTable]) -> dict[str, str]:
    """`order_items` -> `OrderItems`, by the names of the tables in a shape."""
    taken: set[str] = set(IMPORTED)
    names = {}
    for table in tables:
        name = "".join(part[:1].upper() + part[1:] for part in table.name.split("_")) or "Rows"
        if not name.isidentifier():
            name = f"Table{name}"
        while name in taken or keyword.iskeyword(name):
            name += "Table"
        taken.add(name)
        names[table.shape_name] = name
    return names


def _in_order(tables: Sequence[DeclaredTable]) -> list[DeclaredTable]:
    """Targets first. In a circle one relation names its target by a text, which is resolved at the start."""
    by_name = {table.class_name: table for table in tables}
    targets = {name: set(table.targets) for name, table in by_name.items()}
    while True:
        try:
            return [by_name[name] for name in TopologicalSorter(targets).static_order()]
        except CycleError as error:
            needed, needing = error.args[1][:2]  # each is needed by the next
            targets[needing].discard(needed)
            by_name[needing] = _by_text(by_name[needing], {needed})


def _by_text(table: DeclaredTable, names: Collection[str]) -> DeclaredTable:
    members = [
        replace(member, call=replace(member.call, arguments=(f'"{first}"', *others)))
        if member.call.name == "ForeignKey"
        and (first := member.call.arguments[0]) in names
        and (others := member.call.arguments[1:]) is not None
        else member
        for member in table.members
    ]
    return replace(table, members=members)
