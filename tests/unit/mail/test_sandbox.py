"""What templates of an app's own mails can do."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from piccobase.mail.errors import InvalidMail
from piccobase.mail.sandbox import check_template, render

VALUES = {
    "name": "Ada & Co",
    "order": {"number": 7, "lines": [{"what": "tea", "price": Decimal("1.50")}, {"what": "cup", "price": 3}]},
    "empty": [],
    "nothing": None,
    "day": date(2026, 11, 23),
    "id": UUID(int=7),
}


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ("", ""),
        ("{{ name }}", "Ada & Co"),
        ("{{ order.number }} {{ order['number'] }} {{ order.lines[1].what }}", "7 7 cup"),
        ("{{ day }} {{ id }} {{ order.lines[0].price }}", "2026-11-23 00000000-0000-0000-0000-000000000007 1.50"),
        ("{% if order.number > 5 and not empty %}many{% elif nothing %}x{% else %}few{% endif %}", "many"),
        ("{{ 'yes' if name is defined else 'no' }}{{ missing|default('-') }}{{ order.missing|default('-') }}", "yes--"),
        (
            "{% for one in order.lines %}{{ loop.index }}{{ one.what }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "1tea, 2cup",
        ),
        ("{% for line in order.lines if line.price == 3 %}{{ line.what }}{% else %}none{% endfor %}", "cup"),
        ("{% for line in empty %}x{% else %}none{% endfor %}", "none"),
        ("{% for key, value in order.lines[0]|items %}{{ key }}={{ value }} {% endfor %}", "what=tea price=1.50 "),
        (
            "{{ name|upper|truncate(3, true, '', 0) }} {{ order.lines|length }} {{ ' x '|trim }} {{ name|urlencode }}",
            "ADA 2 x Ada%20%26%20Co",
        ),
        ("{{ nothing }}{# a remark #}{% raw %}{{ raw }}{% endraw %}", "None{{ raw }}"),
        ("a\n{% if true %}\nb\n{% endif %}", "a\n\nb\n"),
    ],
)
def test_values_conditions_loops_and_filters_are_there(source: str, filled: str) -> None:
    assert render(source, VALUES, html=False) == filled


def test_what_a_template_asks_for_is_known_before_it_is_filled() -> None:
    assert check_template("{{ a.b }}{% for c in d %}{{ c }}{{ loop.index }}{% endfor %}{{ e|default(f) }}") == {
        *("a", "d", "e", "f")
    }


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a\n{{ b", "Line 2 of the template: unexpected end of template"),
        ("{% if a %}", "Line 1 of the template: Unexpected end of template"),
        ("{{ a() }}", "Line 1 of the template: templates of mails have no call"),
        ("{{ a|nope }}", "Line 1 of the template: No filter named 'nope'."),
        ("{{ missing }}", "The template cannot be filled: 'missing' is undefined."),
        ("{{ order.missing }}", "The template cannot be filled: 'dict object' has no attribute 'missing'."),
        ("{{ order < name }}", "The template cannot be filled: "),
    ],
)
def test_a_mistake_is_told_with_its_line(source: str, told: str) -> None:
    with pytest.raises(InvalidMail) as error:
        render(source, VALUES, html=True)
    assert error.value.message.startswith(told)
    assert not error.value.message.endswith("..")
