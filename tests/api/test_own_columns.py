"""Column classes of an app's own, with kinds of values of their own: on the wire, in documents, in migrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Column, Integer, Text, Varchar
from tests.asking import serving

from piccobase import App, Collection, Rules
from piccobase.extending import StartError
from piccobase.testing import TestApp
from piccobase.values import Convert, Dialect, IntegerValue, InvalidValue, TextValue, ValueType
from piccobase_admin.tables.form import Form


@dataclass(frozen=True, kw_only=True)
class PlateValue(TextValue):
    """A car's plate: stored without blanks, shown with one."""

    letters: int = 2

    def clean(self, wire: Any) -> str:
        return super().clean(wire).replace(" ", "").upper()

    def coerce(self, wire: Any) -> str:
        return super().coerce(wire).replace(" ", "").upper()

    def check(self, value: str) -> None:
        if value and not (value[: self.letters].isalpha() and value[self.letters :].isdecimal()):
            raise InvalidValue("validation_invalid_plate", "Must be a plate such as AB 12.", {"letters": self.letters})

    def read(self, dialect: Dialect) -> Convert | None:
        letters = self.letters
        return lambda stored: f"{stored[:letters]} {stored[letters:]}".strip()

    def json_schema(self) -> Mapping[str, Any]:
        return {"type": "string", "pattern": "^[A-Z]+ [0-9]+$", "examples": ["AB 12", "CD 34"]}


class Plate(Varchar):
    def __init__(self, letters: int = 2, **kwargs: Any) -> None:
        self.letters = letters
        super().__init__(**kwargs)

    def value_of_field(self) -> ValueType:
        return PlateValue(letters=self.letters)


class Grade(Integer):
    @property
    def column_type(self) -> str:
        return "INTEGER"

    def value_of_field(self) -> ValueType:
        return IntegerValue(bits=32, min=1, max=6)


class Car(Collection, tablename="cars"):
    plate = Plate(required=True, unique=True)
    spare = Plate(3)
    grade = Grade(null=True, default=None)
    rules = Rules(list="", view="", create="", update="")


class OldCar(Collection, tablename="old_cars", lenient=True):
    plate = Plate()
    grade = Grade()
    rules = Rules(list="", view="", create="")


async def test_they_are_cleaned_checked_stored_and_shown_as_they_say(database_url: str | None, tmp_path: Path) -> None:
    async with serving([Car, OldCar], [], database_url, tmp_path) as api:
        made = await api.create("cars", plate="ab 12", grade=2)
        assert (made["plate"], made["spare"], made["grade"]) == ("AB 12", "", 2)
        path = api.records("cars", made["id"])
        assert (await api.get(path)).json() == made
        assert (await api.patch(path, {"spare": "abc1"})).json()["spare"] == "ABC 1"
        refused = await api.post(api.records("cars"), {"plate": "12", "grade": 7})
        assert refused.json()["data"] == {
            "plate": {
                "code": "validation_invalid_plate",
                "message": "Must be a plate such as AB 12.",
                "params": {"letters": 2},
            },
            "grade": {
                "code": "validation_max_number_constraint",
                "message": "Must be less than 6.",
                "params": {"max": 6},
            },
        }
        twice = await api.post(api.records("cars"), {"plate": "A B12"})
        assert twice.json()["data"]["plate"]["code"] == "validation_not_unique"
        listed = (await api.get(api.records("cars"), query={"filter": "plate = 'AB12' && grade < 3"})).json()
        assert [one["plate"] for one in listed["items"]] == ["AB 12"]  # one statement writes the JSON of a list

        old = await api.create("old_cars", plate=["zz9"], grade="4")
        assert (old["plate"], old["grade"]) == ("", 4)
        await api.make("cars", plate="ZZ1")
        assert (await api.make("cars"))["plate"] == "CD 34"  # the second of the examples


def problem_of(column: Column) -> str:
    class Wrong(Collection, tablename="wrong"):
        own = column

    with pytest.raises(StartError) as caught:
        App([Wrong]).check()
    return caught.value.message


class Unnamed(Text):
    def value_of_field(self) -> ValueType:
        return TextValue()


class Kindless(Varchar):
    def value_of_field(self) -> Any:
        return ValueType()


class Broken(Varchar):
    def value_of_field(self) -> ValueType:
        raise LookupError("no kind today")


def test_a_mistake_in_a_class_is_told_at_the_start() -> None:
    assert problem_of(Unnamed()) == (
        "field.E001 wrong.own: its SQL type would be called UNNAMED, like its class; give Unnamed the property "
        'column_type, such as "TEXT"'
    )
    assert "Kindless.value_of_field() must return a value of a class that is derived from" in problem_of(Kindless())
    assert "Broken.value_of_field() failed: LookupError: no kind today" in problem_of(Broken())


async def test_the_dashboard_edits_them_as_what_they_are_derived_from(tmp_path: Path) -> None:
    async with TestApp([Car], data_dir=tmp_path) as api:
        form = Form(api.collection("cars")).schema()["properties"]
    assert (form["spare"]["type"], form["grade"]["type"]) == ("string", "number")
