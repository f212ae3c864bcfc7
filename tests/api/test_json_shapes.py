"""JSON columns with a shape: a type, or a JSON Schema."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from tests.asking import Api, serving

from piccobase import Collection, Rules
from piccobase.app.services import check_declaration
from piccobase.base.errors import InvalidDeclaration
from piccobase.columns import JSONOf
from piccobase.schema.values.shapes import shape_of

EVERYONE = Rules(list="", view="", create="", update="", delete="")
SCHEMA = {
    "type": "object",
    "properties": {"sizes": {"type": "array", "items": {"type": "integer"}}, "a/b": {"type": "boolean"}},
    "additionalProperties": False,
}


class Prefs(msgspec.Struct, forbid_unknown_fields=True):
    colour: str = "red"
    sizes: list[Annotated[int, msgspec.Meta(ge=1)]] = []


class Car(Collection, tablename="cars"):
    prefs = JSONOf(Prefs)
    parts = JSONOf(SCHEMA, null=True, default=None)
    anything = JSONOf(max_size=20)
    rules = EVERYONE


class Sketch(Collection, tablename="sketches", lenient=True):
    prefs = JSONOf(Prefs)
    rules = EVERYONE


@pytest.fixture
async def api(database_url: str | None, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving([Car, Sketch], [], database_url, tmp_path) as guest:
        yield guest


async def test_what_fits_is_stored_as_it_was_sent(api: Api) -> None:
    car = await api.create("cars", prefs={"sizes": [1, 2]}, parts={"a/b": True})
    assert (car["prefs"], car["parts"], car["anything"]) == ({"sizes": [1, 2]}, {"a/b": True}, {})
    assert (await api.create("cars"))["parts"] is None
    sketch = await api.create("sketches", prefs='{"colour": "blue"}')
    assert sketch["prefs"] == {"colour": "blue"}
    assert (await api.create("sketches", prefs=None))["prefs"] is None


async def test_what_does_not_fit_is_refused_with_the_places(api: Api) -> None:
    car = await api.create("cars")
    sent = {"prefs": {"sizes": [1, "2"]}, "parts": {"sizes": [1, "2", 3.5], "a/b": 1}, "anything": "x" * 30}
    for method, path in (("POST", api.records("cars")), ("PATCH", api.records("cars", car["id"]))):
        data = (await api.ask(method, path, sent)).json()["data"]
        codes = {name: error["code"].removeprefix("validation_") for name, error in data.items()}
        assert codes == {"prefs": "invalid_json", "parts": "invalid_json", "anything": "json_size_limit"}
        assert data["prefs"]["params"]["errors"] == {"/sizes/1": "Expected `int`, got `str`."}
        assert set(data["parts"]["params"]["errors"]) == {"/sizes/1", "/sizes/2", "/a~1b"}
        assert "At /a~1b: " in data["parts"]["message"]
    for prefs in ([], "text", 5, {"colour": None}, {"other": 1}, {"sizes": [0]}):
        for collection in ("cars", "sketches"):
            answer = await api.ask("POST", api.records(collection), {"prefs": prefs})
            assert answer.json()["data"]["prefs"]["code"] == "validation_invalid_json", (collection, prefs)


def test_what_is_no_shape_is_a_mistake_of_the_declaration() -> None:
    class Wrong(Collection, tablename="wrong"):
        schema = JSONOf({"type": "nonsense"})
        type = JSONOf(5)

    with pytest.raises(InvalidDeclaration) as found:
        check_declaration([Wrong], [])
    assert [(one.id, one.place) for one in found.value.problems] == [
        ("field.E001", "wrong.schema"),
        ("field.E001", "wrong.type"),
    ]


@dataclass
class Point:
    x: float


@pytest.mark.parametrize(
    ("declared", "text", "places"),
    [
        (Point, '{"x": 1}', []),
        (Point, '{"x": "1"}', ["/x"]),
        (Point, "{}", [""]),
        (dict[str, int], '{"a": 1, "b": "x"}', ["/..."]),
        (list[Point], '[{"x": 1}, {"x": null}]', ["/1/x"]),
        (int, "9007199254740993", []),
        ({}, '{"any": ["thing"]}', []),
        ({"type": "integer"}, "1.5", [""]),
        ({"required": ["a"]}, "{}", [""]),
        ({"properties": {"a~b": {"type": "null"}}}, '{"a~b": 1}', ["/a~0b"]),
    ],
)
def test_mistakes_are_told_by_place(declared: Any, text: str, places: list[str]) -> None:
    assert list(shape_of(declared).mistakes(text)) == places
