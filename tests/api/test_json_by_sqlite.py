"""Records that SQLite writes as JSON by itself are those that are read and encoded here, byte by byte."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.api.test_same_on_both import a_body, write
from tests.api.test_values import COLLECTIONS
from tests.asking import serving

from piccobase.base.json import encode_json
from piccobase.filters.fragments import quoted
from piccobase.records.encoding import RecordShape
from piccobase.records.sqlite_json import record_json
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.fields import FieldInfo
from piccobase.testing import Caller

WRITES = 600
# What another program may have left in the file: stock Piccolo's instants, and texts with every kind of character.
FOREIGN = {
    "instant": ["2024-01-01 10:00:00.123456+00:00", "2024-01-01 10:00:00", "", "2024-01-01 10:00:00.123456", None],
    "text": ['"\\/\b\f\n\r\t\x01\x1f\x7f', "é\u2028\U0001f600", "<script>&'", "\0a", "", None],
    "number": [0.1, -0.0, 1e21, 1e-7, 5e-324, 1e15, -1e15, 999999999999999.5, 123456789012345680.0, 2**53 + 2.0, None],
    "boolean": [0, 1, 2, None],
    "integer": [2**63 - 1, -(2**63), 0, None],
}


def json_and_records(
    collection: CollectionInfo, fields: Sequence[FieldInfo], wanted: frozenset[str] | None
) -> tuple[str, str, RecordShape] | None:
    shape = RecordShape(collection, fields, "sqlite", wanted)
    written = record_json(shape, lambda field: f"r.{quoted(field.column)}")
    if written is None:
        return None
    tail = f"FROM {collection.source} AS r ORDER BY rowid"
    columns = ", ".join(f"r.{quoted(field.column)}" for field in shape.fields) or "1"
    return f"SELECT {written} {tail}", f"SELECT {columns} {tail}", shape


async def differences(api: Caller, collection: CollectionInfo) -> list[Any]:
    found = []
    readable = [field for field in collection.fields if field.value.sqlite_json("c") is not None]
    choices: list[tuple[Sequence[FieldInfo], frozenset[str] | None]] = [(readable, None), ([], frozenset())]
    choices += [([field], frozenset([field.name])) for field in readable]
    for fields, wanted in choices:
        statements = json_and_records(collection, fields, wanted)
        assert statements is not None
        by_sqlite, by_columns, shape = statements
        written = [row[0] for row in await api.services.engine.rows(by_sqlite)]
        encoded = [encode_json(record) for record in shape.records(await api.services.engine.rows(by_columns))]
        assert len(written) == len(encoded)
        found += [pair for pair in zip(written, encoded, strict=True) if pair[0] != pair[1]]
    return found


@pytest.mark.parametrize("name", ["strict", "lenient"])
async def test_what_was_written_by_chance_is_the_same_json(name: str, tmp_path: Path) -> None:
    random = Random(name)
    async with serving(COLLECTIONS, [], None, tmp_path) as api:
        for _ in range(WRITES):
            status, _text = await write(api, name, "", a_body(random))
            assert status in (200, 400)
        collection = api.services.registry.find(name)
        assert collection is not None
        assert await differences(api, collection) == []


@pytest.mark.parametrize("name", ["strict", "lenient"])
async def test_what_another_program_has_written_is_the_same_json(name: str, tmp_path: Path) -> None:
    async with serving(COLLECTIONS, [], None, tmp_path) as api:
        created = await api.create(name)
        collection = api.services.registry.find(name)
        assert collection is not None
        tried = 0
        for field in collection.fields:
            if field.key or field.unique or field.target:
                continue
            for value in FOREIGN.get(field.family, []):
                if value is None and not field.nullable:
                    continue
                change = f"UPDATE {collection.source} SET {quoted(field.column)} = ? WHERE id = ?"
                await api.services.engine.rows(change, (value, created["id"]))
                assert await differences(api, collection) == [], (field.name, value)
                tried += 1
            restored = field.value.bind("sqlite")
            default = field.default()
            change = f"UPDATE {collection.source} SET {quoted(field.column)} = ? WHERE id = ?"
            bound = restored(default) if restored and default is not None else default
            await api.services.engine.rows(change, (bound, created["id"]))
        assert tried > 20
