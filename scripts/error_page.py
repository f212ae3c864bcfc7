"""The page of errors: the tree of error types with their codes, and the codes that stand as texts in the source."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import piccobase
from piccobase.base.errors import PiccobaseError, RequestError, own_error_types

HEAD = """\
# Errors

<!-- Written by ./scripts/docs from the code; change it there. -->

A request that fails is answered with one shape, and with the error's code in the header `X-Error-Code`:

```json
{"data": {"title": {"code": "validation_required", "message": "Cannot be blank."}}, \
"message": "Failed to create record.", "status": 400}
```

`message` is for people and may change; the codes are stable and never reused.
`data` has an entry for each offending field, and none when a rule refused the request: a refusal tells nothing more.

"""


def error_page() -> str:
    """The whole page."""
    return (
        HEAD
        + "## Of requests\n\n"
        + "".join(_section(error) for error in _errors(RequestError))
        + "## Of a start\n\n"
        + "The command prints the message and exits with status 1.\n\n"
        + "".join(_section(error) for error in _errors(PiccobaseError) if not issubclass(error, RequestError))
        + _field_codes()
        + _problems()
    )


def _errors(root: type[PiccobaseError]) -> list[type[PiccobaseError]]:
    """All error types under `root` that have a code of their own, by code, from every module of the package."""
    for module in pkgutil.walk_packages(piccobase.__path__, "piccobase."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    own = {error.code: error for error in own_error_types(root) if "code" in vars(error)}
    return [own[code] for code in sorted(own)]


def _section(error: type[PiccobaseError]) -> str:
    status = f"Status {error.status}. " if issubclass(error, RequestError) else ""
    return f"### {error.code}\n\n{status}{_meaning(error)}\n\n"


def _meaning(error: type[PiccobaseError]) -> str:
    """Its own docstring, else its line in the tree at the head of its module, else what it says by default."""
    if own := vars(error).get("__doc__"):
        return inspect.cleandoc(own).replace("\n", " ")
    tree = inspect.getdoc(sys.modules[error.__module__]) or ""
    if found := re.search(rf"── {error.__name__}\s+(?:{re.escape(error.code)}\s+)?([^\d\s].*)", tree):
        return found[1][0].upper() + found[1][1:] + "."
    return error.default_message()


def _field_codes() -> str:
    """Codes of single fields: every `validation_…` the source names, with the message that stands beside it."""
    messages: dict[str, set[str]] = {}
    for call in _calls():
        match call.args:
            case [ast.Constant(value=str(code)), message, *_] if code.startswith("validation_"):
                messages.setdefault(code, set()).add(_template(message))
    return "## Of fields\n\n" + _table("code", "message", messages) + "\n"


def _problems() -> str:
    """Mistakes in declarations: every call that reports one names its id, the place and the text."""
    texts: dict[str, set[str]] = {}
    for call in _calls():
        match call.args:
            case [ast.Constant(value=str(code)), _, text] if re.fullmatch(r"[a-z]+\.[EW]\d{3}", code):
                texts.setdefault(code, set()).add(_template(text))
    return "## Of declarations\n\n" + _table("id", "what is wrong", texts)


def _table(name: str, what: str, texts: dict[str, set[str]]) -> str:
    """One row for each code; a text that is only put together when it is said adds nothing to the others."""
    rows = [f"| {name} | {what} |", "|---|---|"]
    for code in sorted(texts):
        said = "<br>".join(sorted(texts[code] - {"…"})) or "the message tells"
        rows.append(f"| `{code}` | {said} |")
    return "\n".join(rows) + "\n"


def _calls() -> Iterator[ast.Call]:
    """Every call in the package's source, file by file."""
    for root in piccobase.__path__:
        for path in sorted(Path(root).rglob("*.py")):
            yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def _template(text: ast.expr) -> str:
    """A text as the page shows it: what is only known when it is said stands as `…`."""
    match text:
        case ast.Constant(value=str(plain)):
            return plain.replace("|", "\\|")
        case ast.JoinedStr(values=parts):
            return "".join(_template(part) for part in parts)
        case ast.BinOp(left=left, op=ast.Add()):
            return _template(left)  # the rest is the nearest name
        case _:
            return "…"
