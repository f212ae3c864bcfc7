"""Writes a declaration as the file of an app, as a person would have written it."""

import textwrap
from collections import defaultdict
from collections.abc import Iterator

from piccobase.migrations.adopting.declaration import Declaration, DeclaredTable, Member, text_source

WIDTH = 120
_HEAD = '''\
"""{what}

Made by `piccobase adopt`, and yours to change. Until then superusers alone may read and write: open a collection with
rules, such as Rules(list="", view="") for everyone, or Rules(list=signed_in, view=signed_in).
"""
'''
_ALWAYS = {("piccolo.table", "Table"), ("piccobase", "App"), ("piccobase", "Rules")}


def write_app(declaration: Declaration, what: str) -> str:
    """The whole file. `what` says what it is, in a sentence."""
    parts = [_HEAD.format(what=what), "\n".join(_imports(declaration)), ""]
    for table in declaration.tables:
        parts += ["", "\n".join(_class(table)), ""]
    if declaration.left_out:
        parts += ["", "# In the database, and not served:"]
        parts += [line for item in declaration.left_out for line in _comment(str(item), "")]
    parts += ["", "\n".join(_app(declaration))]
    return "\n".join(parts) + "\n"


def _imports(declaration: Declaration) -> Iterator[str]:
    """The standard library first, then others, then ours, as everywhere."""
    names: dict[str, set[str]] = defaultdict(set)
    used = {pair for table in declaration.tables for member in table.members for pair in member.call.imports}
    for module, name in used | _ALWAYS:
        names[module].add(name)
    groups = ("datetime", "decimal"), ("piccolo",), ("piccobase",)
    written: list[str] = []
    for heads in groups:
        lines = [
            line
            for module in sorted(names)
            if module.partition(".")[0] in heads
            for line in _fitted(f"from {module} import ", sorted(names[module]), "", parentheses=True)
        ]
        written += [*([""] if lines and written else []), *lines]
    yield from written


def _class(table: DeclaredTable) -> Iterator[str]:
    found = table.found
    keywords = [f"tablename={text_source(found.name)}"]
    if found.schema:
        keywords.append(f"schema={text_source(found.schema)}")
    yield from _fitted(f"class {table.class_name}(", ["Table", *keywords], "):")
    if found.comment:
        yield from textwrap.indent(_docstring(found.comment), "    ").splitlines()
        yield ""
    for member in table.members:
        yield from _member(member)
    for item in table.left_out:
        what = str(item).removeprefix(found.shape_name).lstrip(". :")
        yield from _comment(f"not declared, and stays: {what}", "    ")
    yield "    rules = Rules()"


def _docstring(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    escaped = escaped[:-1] + '\\"' if escaped.endswith('"') else escaped
    return f'"""{escaped}"""'


def _member(member: Member) -> Iterator[str]:
    remark = f"  # {_in_a_line(member.remark)}" if member.remark else ""
    line = f"    {member.attribute} = {member.call}{remark}"
    if len(line) <= WIDTH:
        yield line
        return
    if remark:
        yield from _comment(member.remark, "    ")
    yield from _fitted(f"    {member.attribute} = {member.call.name}(", list(member.call.arguments), ")")


def _fitted(head: str, items: list[str], tail: str, *, parentheses: bool = False) -> Iterator[str]:
    """On one line, or an item a line."""
    line = head + ", ".join(items) + tail
    if len(line) <= WIDTH:
        yield line
        return
    indent = " " * (len(head) - len(head.lstrip()))
    yield head + ("(" if parentheses else "")
    for item in items:
        yield f"{indent}    {item},"
    yield indent + (")" if parentheses else tail)


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        _in_a_line(text), WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ", break_long_words=False
    )


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def _app(declaration: Declaration) -> Iterator[str]:
    names = [table.class_name for table in declaration.tables]
    yield from _fitted("app = App(collections=[", names, "])")
