"""Builds the registry: works out every collection from its declared table, and finds all mistakes on the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from piccolo.columns import Column, ForeignKey, Serial
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase.base.errors import InvalidDeclaration, Problem
from piccobase.base.ids import collection_id, field_id
from piccobase.columns import AutoDate, Relations
from piccobase.schema.checks import check_classes, check_fields, check_ids, check_names, is_table
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.declaration import AuthCollection, Collection, View
from piccobase.schema.deriving import NotServed, choices_of, default_of, key_type, value_type
from piccobase.schema.fields import FieldInfo
from piccobase.schema.naming import is_word, nearest
from piccobase.schema.registry import Registry, Roles
from piccobase.schema.rules import CannotSay, FieldRules, Role, Rule, Rules
from piccobase.schema.system import SYSTEM_COLLECTIONS, USERS_ID
from piccobase.schema.values.base import Dialect

_ALL_VERBS: tuple[Verb, ...] = ("list", "view", "create", "update", "delete", "manage", "auth")


def build_registry(
    tables: Sequence[type[Table]],
    roles: Sequence[Role] = (),
    ids: Mapping[str, str] = MappingProxyType({}),
    dialect: Dialect = "sqlite",
) -> Registry:
    """Works out every collection. `ids` are those stored at an earlier registration, by name; `dialect` is that of the
    database that views will be asked of.

    Raises InvalidDeclaration with all mistakes that can be found without a database and without reading a rule.
    """
    registry, problems = survey(tables, roles, ids, dialect)
    if problems:
        raise InvalidDeclaration(problems)
    return registry


def survey(
    tables: Sequence[type[Table]],
    roles: Sequence[Role] = (),
    ids: Mapping[str, str] = MappingProxyType({}),
    dialect: Dialect = "sqlite",
) -> tuple[Registry, list[Problem]]:
    """The registry as far as it can be built, and every mistake on the way, sorted."""
    classes = [table for table in tables if is_table(table)]
    builder = _Builder(
        [*SYSTEM_COLLECTIONS, *(table for table in classes if table not in SYSTEM_COLLECTIONS)], ids, dialect
    )
    builder.problems += check_classes(tables)
    declared_roles = builder.roles(roles)
    collections = builder.collections(declared_roles)
    return Registry(collections, declared_roles), sorted(set(builder.problems))


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """What a composed rule may ask of the collection it is declared for."""

    name: str
    is_auth: bool
    fields: Mapping[str, FieldInfo]
    roles: Roles

    def relation(self, name: str) -> tuple[str, bool]:
        """The target's name, and whether there are many. Raises CannotSay if it is no relation."""
        field = self.fields.get(name)
        if field is None:
            raise CannotSay(f'{self.name} has no field "{name}".{nearest(name, self.fields)}')
        if not field.target:
            raise CannotSay(f"{name} is no relation, so nobody owns a record through it")
        return field.target, field.multiple

    def need_role(self, name: str) -> None:
        if name not in self.roles.closure:
            raise CannotSay(f'no role "{name}" is declared.{nearest(name, self.roles.closure)}')


class _Builder:
    """Gathers collections and problems side by side, so that all mistakes are told at once."""

    def __init__(self, tables: Sequence[type[Table]], ids: Mapping[str, str], dialect: Dialect) -> None:
        self.tables = tables
        self.ids = ids
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.keys: dict[type[Table], FieldInfo] = {}
        self.given = {table.collection_id for table in tables if issubclass(table, Collection | View)}  # ids

    def problem(self, code: str, place: str, text: str) -> None:
        self.problems.append(Problem(code, place, text))

    def roles(self, roles: Sequence[Role]) -> Roles:
        known = {role.name: role for role in roles}
        if len(known) != len(roles):
            self.problem("role.E001", "roles", "two roles have the same name")
        for role in roles:
            if not is_word(role.name):
                self.problem("role.E002", role.name, "a role's name is a word of letters, digits and _")
            for other in (*role.includes, *role.may_grant):
                if other not in known:
                    self.problem("role.E003", role.name, f'no role "{other}" is declared.{nearest(other, known)}')

        def closed(name: str, seen: frozenset[str]) -> frozenset[str]:
            if name in seen or name not in known:
                return seen
            seen |= {name}
            for included in known[name].includes:
                seen = closed(included, seen)
            return seen

        return Roles(
            {name: closed(name, frozenset()) for name in known},
            {name: frozenset(role.may_grant) & known.keys() for name, role in known.items()},
        )

    def collections(self, roles: Roles) -> list[CollectionInfo]:
        self.problems += check_names(self.tables, SYSTEM_COLLECTIONS)
        views = [table for table in self.tables if issubclass(table, View)]
        for table in self.tables:
            if table not in views:
                self._find_key(table)
        infos = [self._with_rules(self._collection(table), roles) for table in self.tables if table in self.keys]
        if views:
            infos += [self._with_rules(info, roles) for info in self._views(views, infos)]
        self.problems += check_ids(infos)
        return infos

    def _views(self, views: Sequence[type[View]], infos: Sequence[CollectionInfo]) -> Iterator[CollectionInfo]:
        # The library that reads the queries takes a quarter of a second to load: only who declares a view pays for it.
        from piccobase.schema.view_fields import ViewBuilder

        builder = ViewBuilder(infos, self.dialect)
        for view in views:
            built, problems = builder.build(view, self._field)
            self.problems += problems
            if built is None:
                continue
            self.problems += check_fields(view, built.fields)
            name = view._meta.tablename
            yield CollectionInfo(
                id=view.collection_id or self.ids.get(name) or self._new_id("view", name),
                name=name,
                kind="view",
                table=view,
                fields=built.fields,
                key=next(field for field in built.fields if field.key),
                strict=not view.lenient,
                by_name=MappingProxyType({field.name: field for field in built.fields}),
                select=built.select,
            )

    def _find_key(self, table: type[Table]) -> None:
        column = table._meta.primary_key
        try:
            value = key_type(column)
        except NotServed as reason:
            self.problem("collection.E004", table._meta.tablename, str(reason))
            return
        self.keys[table] = FieldInfo(
            name="id",
            column=column._meta.db_column_name,
            attribute=column._meta.name,
            value=value,
            piccolo=column,
            id=field_id("text", "id"),
            required=True,
            unique=True,
            system=True,
            key=True,
            serial=isinstance(column, Serial),
            default=default_of(column, value),
        )

    def _collection(self, table: type[Table]) -> CollectionInfo:
        name = table._meta.tablename
        kind: Any = "auth" if issubclass(table, AuthCollection) else "base"
        lenient = issubclass(table, Collection) and table.lenient
        key = self.keys[table]
        fields = [key if column._meta.primary_key else self._field(table, column) for column in table._meta.columns]
        served = tuple(field for field in fields if field is not None)
        self.problems += check_fields(table, served)
        explicit = table.collection_id if issubclass(table, Collection) else ""
        return CollectionInfo(
            id=explicit or self.ids.get(name) or self._new_id(kind, name),
            name=name,
            kind=kind,
            table=table,
            fields=served,
            key=key,
            strict=not lenient,
            system=table in SYSTEM_COLLECTIONS,
            unique_together=tuple(
                tuple(
                    str(column if isinstance(column, str) else column._meta.db_column_name)
                    for column in constraint.columns
                )
                for constraint in table._meta.constraints
                if isinstance(constraint, Unique)
            ),
            auth=table.auth_options if issubclass(table, AuthCollection) else None,
            by_name=MappingProxyType({field.name: field for field in served}),
        )

    def _new_id(self, kind: str, name: str) -> str:
        """The id of protocol.md §1.9, with 2, 3 … behind it when another collection already has it."""
        taken = {*self.ids.values(), *self.given}
        wanted = candidate = USERS_ID if (kind, name) == ("auth", "users") else collection_id(kind, name)
        number = 2
        while candidate in taken:
            candidate, number = f"{wanted}{number}", number + 1
        self.given.add(candidate)
        return candidate

    def _field(self, table: type[Table], column: Column) -> FieldInfo | None:
        name, place = column._meta.db_column_name, f"{table._meta.tablename}.{column._meta.db_column_name}"
        target, cascade = "", False
        try:
            if isinstance(column, ForeignKey):
                target_table = self._target(table, column)
                if target_table is None:
                    return None
                target = target_table._meta.tablename
                value = self.keys[target_table].value
                cascade = column._foreign_key_meta.on_delete == OnDelete.cascade
            else:
                value = value_type(column)
        except NotServed as reason:
            self.problem("field.E001", place, str(reason))
            return None
        if isinstance(column, Relations):
            if column.target is None or column.target not in self.keys:
                self.problem("field.E002", place, "names no target that is among the app's collections")
                return None
            target, cascade = column.target._meta.tablename, column.cascade
        auto: Any = ""
        if isinstance(column, AutoDate):
            auto = "update" if column.on_update else "create" if column.on_create else ""
        return FieldInfo(
            name=name,
            column=name,
            attribute=column._meta.name,
            value=value,
            piccolo=column,
            id=field_id("relation" if target else value.type, name),
            required=column._meta.required,
            nullable=column._meta.null,
            unique=column._meta.unique,
            hidden=column._meta.secret,
            system=table in SYSTEM_COLLECTIONS or getattr(column._meta.table, "__name__", "") == "AuthCollection",
            serial=isinstance(column, Serial),
            auto=auto,
            target=target,
            cascade=cascade,
            help=column._meta.help_text or "",
            choices=choices_of(column),
            default=default_of(column, value),
        )

    def _target(self, table: type[Table], column: ForeignKey[Any]) -> type[Table] | None:
        place = f"{table._meta.tablename}.{column._meta.db_column_name}"
        meta = column._foreign_key_meta
        references = meta.references
        if not isinstance(references, type):  # a lazy reference: resolved among the app's own collections
            wanted = references.table_class_name
            found = [one for one in self.tables if one.__name__ == wanted]
            if len(found) != 1:
                self.problem(
                    "field.E003",
                    place,
                    f'ForeignKey("{wanted}") names no collection of this app; give the class itself, or "self".'
                    + nearest(wanted, (one.__name__ for one in self.tables)),
                )
                return None
            meta.references = found[0]
            found[0]._meta._foreign_key_references.append(column)
            column.set_proxy_columns()
        target = meta.resolved_references
        if target not in self.keys:
            self.problem("field.E004", place, f"points to {target.__name__}, which is not among the app's collections")
            return None
        if not meta.resolved_target_column._meta.primary_key:
            self.problem("field.E005", place, "points to a column that is not its target's key")
            return None
        return target

    def _with_rules(self, info: CollectionInfo, roles: Roles) -> CollectionInfo:
        declared = getattr(info.table, "rules", None)
        if isinstance(declared, Column) or declared is None:
            declared = Rules()
        if not isinstance(declared, Rules):
            self.problem("rule.E001", info.name, "rules must be Rules(list=…, view=…, …)")
            return info
        subject = RuleSubject(info.name, info.kind == "auth", info.by_name, roles)
        texts = {verb: self._rule_text(info, verb, getattr(declared, verb), subject) for verb in _ALL_VERBS}
        if info.kind == "view":
            for verb in ("create", "update", "delete", "manage"):
                if texts[verb] is not None:
                    self.problem("view.E008", f"{info.name}, {verb}", "a view is only read: give it list and view")
        if texts["manage"] == "":
            self.problem("rule.E002", f"{info.name}, manage", 'may not be ""; everyone would manage all accounts')
        for name in declared.fields:
            if name not in info.by_name:
                self.problem("rule.E003", f"{info.name}, fields", f'no field "{name}".{nearest(name, info.by_name)}')
        fields = tuple(
            self._with_field_rules(info, field, declared.fields.get(field.name), subject) for field in info.fields
        )
        return replace(
            info,
            rules=MappingProxyType(texts),
            fields=fields,
            by_name=MappingProxyType({field.name: field for field in fields}),
            key=next(field for field in fields if field.key),
        )

    def _rule_text(self, info: CollectionInfo, verb: str, declared: object, subject: RuleSubject) -> str | None:
        if declared is None or isinstance(declared, str):
            return declared
        if not isinstance(declared, Rule):
            self.problem("rule.E001", f"{info.name}, {verb}", f"{declared!r} is no rule: give None, a text or a value")
            return None
        try:
            return declared.text(subject)
        except CannotSay as reason:
            self.problem("rule.E004", f"{info.name}, {verb}", str(reason))
            return None

    def _with_field_rules(
        self, info: CollectionInfo, field: FieldInfo, declared: FieldRules | None, subject: RuleSubject
    ) -> FieldInfo:
        if declared is None:
            return field
        return replace(
            field,
            read_rule=self._rule_text(info, f"read of {field.name}", declared.read, subject),
            write_rule=self._rule_text(info, f"write of {field.name}", declared.write, subject),
        )
