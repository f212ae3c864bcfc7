"""What the database knows of collections that the code has no longer."""

from pathlib import Path

import pytest
from piccolo.columns import Varchar
from tests.asking import serving

from piccobase import Collection, Rules


class Note(Collection, tablename="notes"):
    text = Varchar()
    rules = Rules(list="")


class Memo(Collection, tablename="memos"):
    text = Varchar()
    rules = Rules(list="")


async def test_a_table_that_is_gone_from_the_code_of_an_app_without_migrations_is_told_and_kept(
    database_url: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving([Note], [], database_url, tmp_path) as api:
        kept = await api.make(Note, text="kept")
    assert "no longer in the code" not in caplog.text
    async with serving([Memo], [], database_url, tmp_path) as api:
        assert (await api.get("/api/collections/memos/records")).json()["items"] == []
    assert "In the database and no longer in the code: notes. Nothing is deleted." in caplog.text
    caplog.clear()
    async with serving([Note, Memo], [], database_url, tmp_path) as api:
        assert [row["id"] for row in await api.rows("notes")] == [kept["id"]]
    assert "no longer in the code" not in caplog.text
