"""The protocol's templates: texts with placeholders such as `{APP_NAME}` and `{RECORD:name}`, filled in one pass.

In one pass: a record whose name is `{TOKEN}` shows just that.
"""

import re
from collections.abc import Callable, Mapping
from html import escape

PLACEHOLDER = re.compile(r"\{([A-Z][A-Z_]*)(?::([A-Za-z_]\w*))?\}")
Values = Mapping[str, str]


def fill(template: str, values: Values, record: Values) -> str:
    """The template with its placeholders replaced. One that nobody knows stays as it stands.

    >>> fill("{APP_NAME}: hello {RECORD:name}, {WHO}", {"APP_NAME": "Atlas"}, {"name": "Ada"})
    'Atlas: hello Ada, {WHO}'
    """
    return _filled(template, values, record, lambda value: value)


def fill_html(template: str, values: Values, record: Values) -> str:
    """As `fill`, but values are escaped, and their line breaks kept.

    >>> fill_html("<b>{RECORD:name}</b>", {}, {"name": "<Ada>"})
    '<b>&lt;Ada&gt;</b>'
    """
    return _filled(template, values, record, lambda value: escape(value).replace("\n", "<br>\n"))


def _filled(template: str, values: Values, record: Values, written: Callable[[str], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        name, field = found.groups()
        value = values.get(name) if field is None else record.get(field) if name == "RECORD" else None
        return found[0] if value is None else written(value)

    return PLACEHOLDER.sub(replaced, template)
