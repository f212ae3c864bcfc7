"""What code that follows the change log gets of a record: as it is, and as it was when it was deleted."""

from typing import Any

import pytest
from piccolo.columns import Bytea, Serial, Varchar
from piccolo.table import Table
from tests.api.value_table import OPEN, Target, every_column

from piccobase import Collection
from piccobase.base.errors import InvalidQuery
from piccobase.changes.opening import change_log
from piccobase.records.following import check_filter, current_record, deleted_record
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.testing import TestApp
from piccobase.testing.plausible import plausible

Everything = type(
    "Everything", (Collection,), {"rules": OPEN, "__module__": __name__, **every_column()}, tablename="everything"
)
UNKEPT = {"secret", "password"}


class Band(Table, tablename="bands"):
    number = Serial(primary_key=True)
    name = Varchar()
    logo = Bytea()
    rules = OPEN


def takes(field: FieldInfo) -> bool:
    return not (field.key or field.auto)


def value_for(collection: CollectionInfo, field: FieldInfo, target: str) -> Any:
    if not field.target:
        return plausible(collection, field, 7)
    return [target] if field.multiple else target


async def last_row(app: TestApp) -> Any:
    *_, change = await change_log(app.services.engine).after("")
    assert change.verb == "delete"
    return change.row


@pytest.mark.parametrize("filled", [True, False])
async def test_a_deleted_record_is_as_it_was_whatever_its_fields_are(database_url: str | None, filled: bool) -> None:
    async with TestApp([Target, Everything], database_url=database_url) as app:
        records, info = app.services.records, app.collection("everything")
        target = await app.make("targets")
        values = {field.name: value_for(info, field, target["id"]) for field in info.fields if filled and takes(field)}
        made = await app.make("everything", **values)
        current = await current_record(records, info, made["id"])
        assert current is not None
        await app.delete(app.records("everything", made["id"]))
        assert await current_record(records, info, made["id"]) is None
        recalled = await deleted_record(records, info, await last_row(app))
    assert recalled is not None
    before, after = [{name: one[name] for name in one if name not in UNKEPT} for one in (current, recalled)]
    assert after == before


async def test_a_filter_is_asked_of_either_and_looks_through_relations(database_url: str | None) -> None:
    async with TestApp([Target, Everything], database_url=database_url) as app:
        records, info = app.services.records, app.collection("everything")
        target = await app.make("targets", name="here")
        made = await app.make("everything", fk=target["id"], numeric=1.5, multi=["a", "b"], geo={"lon": 1, "lat": 2})
        true = [
            "numeric = 1.5 && fk.name = 'here'",
            "multi:each ?= 'b'",
            "multi:length = 2",
            "geo.lat = 2",
            "@collection.targets.name ?= 'here'",
            "created <= @now",
        ]
        false = ["numeric > 1.5", "fk.name = 'there'", "multi:each ?= 'c'", "geo.lat = 3", "nint != null"]
        for text in true:
            assert await current_record(records, info, made["id"], text), text
        for text in false:
            assert await current_record(records, info, made["id"], text) is None, text
        await app.delete(app.records("everything", made["id"]))
        row = await last_row(app)
        for text in true:
            assert await deleted_record(records, info, row, text), text
        for text in false:
            assert await deleted_record(records, info, row, text) is None, text
        for text in ("nothing = 1", "numeric = "):
            with pytest.raises(InvalidQuery):
                check_filter(records, info, text)


async def test_a_plain_table_is_known_by_its_key(database_url: str | None) -> None:
    async with TestApp([Band], database_url=database_url) as app:
        records, info = app.services.records, app.collection("bands")
        made = await app.create("bands", name="One", logo="AQID")
        current = await current_record(records, info, made["id"], "name = 'One'")
        await app.delete(app.records("bands", made["id"]))
        recalled = await deleted_record(records, info, await last_row(app), "name = 'One'")
        assert current is not None
        assert recalled is not None
        assert current.to_dict() == recalled.to_dict() == {"id": made["id"], "name": "One", "logo": "AQID"}
        assert await current_record(records, info, "no number") is None
