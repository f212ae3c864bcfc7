"""An app's own templates: a small part of Jinja, and nothing of Python behind it.

Superusers edit templates, and whoever edits must not thereby run code, read more than the mail was given, or keep the
server busy. So this is no list of what is forbidden: a template may look up values, ask conditions, walk through lists
and use the filters below, and whatever else Jinja has is refused when it is read. Values are plain data, never objects;
each render has so many steps and so many characters.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from jinja2 import StrictUndefined, nodes, pass_context, pass_eval_context
from jinja2 import Template as Compiled
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.filters import do_join
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from piccobase.mail.errors import InvalidMail
from piccobase.mail.message import MAX_BODY

MAX_SOURCE = 50_000  # characters of a template
MAX_STEPS = 10_000  # of all loops of one render
MAX_VALUES = 64 << 10  # bytes of the values as JSON
_STEPS, _COUNTED = "_steps", "counted steps"  # names that no template can write
_FILTERS = (
    *("capitalize", "lower", "title", "trim", "truncate", "upper"),
    *("d", "default", "e", "escape", "first", "int", "items", "last", "length", "urlencode"),
)
_TESTS = ("defined", "undefined", "none", "eq", "ne", "lt", "le", "gt", "ge", "in", "odd", "even", "true", "false")
_LOOP = frozenset(["index", "index0", "first", "last"])
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)


class _Plain(ImmutableSandboxedEnvironment):
    """Dots and brackets reach into mappings and lists, never into objects, and nothing can be called."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in _LOOP else self.undefined(name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            if isinstance(obj, dict) or (isinstance(obj, list) and isinstance(argument, int)):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def _generate(self, source: nodes.Template, *rest: Any, **options: Any) -> str:
        _restrict(source)
        return super()._generate(source, *rest, **options)


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    """What every loop walks through: counts the steps of the render."""
    left: list[int] = context[_STEPS]
    for item in items:
        left[0] -= 1
        if left[0] < 0:
            raise InvalidMail(f"The template takes more than {MAX_STEPS} steps.")
        yield item


@pass_eval_context
def _joined(context: EvalContext, items: Any, between: str = "") -> str:
    """Jinja's join, unless what it makes would be far longer than what it is given."""
    if len(items) * len(between) > MAX_BODY:
        raise InvalidMail(f"The template makes a mail of more than {MAX_BODY} characters.")
    joined: str = do_join(context, items, between)
    return joined


def _environment(autoescape: bool) -> _Plain:
    environment = _Plain(autoescape=autoescape, undefined=StrictUndefined, enable_async=False, optimized=False)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters |= {"join": _joined, _COUNTED: _counted}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_HTML, _TEXT = _environment(True), _environment(False)


def check_template(source: str) -> set[str]:
    """The names of the values that a template asks for. Raises InvalidMail, with the line, for one that cannot be."""
    _compiled(source, html=True)
    return set(find_undeclared_variables(_HTML.parse(source)))


def render(source: str, values: Mapping[str, Any], *, html: bool) -> str:
    """The template with the values in their places, escaped in `html`. Raises InvalidMail."""
    plain = _plain_data(values)
    rendered: list[str] = []
    size = 0
    try:
        for part in _compiled(source, html=html).generate({**plain, _STEPS: [MAX_STEPS]}):
            size += len(part)
            if size > MAX_BODY:
                raise InvalidMail(f"The template makes a mail of more than {MAX_BODY} characters.")
            rendered.append(part)
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise InvalidMail(f"The template cannot be filled: {error}.") from error
    return "".join(rendered)


@lru_cache(maxsize=128)
def _compiled(source: str, *, html: bool) -> Compiled:
    if len(source) > MAX_SOURCE:
        raise InvalidMail(f"The template has {len(source)} characters, more than {MAX_SOURCE}.")
    try:
        return (_HTML if html else _TEXT).from_string(source)
    except TemplateSyntaxError as error:
        raise InvalidMail(f"Line {error.lineno} of the template: {str(error.message).rstrip('.')}.") from None
    except (RecursionError, MemoryError, SyntaxError):
        raise InvalidMail("The template is nested too deep.") from None


def _restrict(template: nodes.Template) -> None:
    """Raises TemplateSyntaxError for what templates may not use, and has all loops counted."""
    for node in template.find_all(nodes.Node):
        if isinstance(node, nodes.Tuple) and node.ctx == "store":
            continue  # the two names of `for key, value in …`
        if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name == "self"):
            raise TemplateSyntaxError(f'there can be no value called "{node.name}"', node.lineno)
        if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.For) and node.recursive):
            what = type(node).__name__.lower()
            raise TemplateSyntaxError(f"templates of mails have no {what}", node.lineno)
    for loop in list(template.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)


def _plain_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON has them: no objects with methods get into a template."""
    try:
        encoded = msgspec.json.encode(dict(values))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMail(f"The values of a mail must be plain data: {error}.") from None
    if len(encoded) > MAX_VALUES:
        raise InvalidMail(f"The values of a mail have {len(encoded)} bytes, more than {MAX_VALUES}.")
    plain: dict[str, Any] = msgspec.json.decode(encoded)
    return plain
