"""A connection to a file that somebody else holds for a moment."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from piccobase.db import connections
from piccobase.db.connections import open_connection
from piccobase.db.errors import DatabaseUnavailable


@pytest.mark.parametrize(("busy", "waits"), [(2, 5.0), (100, 0.05)])
def test_it_is_tried_again_until_the_time_is_over(
    busy: int, waits: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    opened = connections._open

    def open_late(*arguments: Any) -> apsw.Connection:
        tries.append(1)
        if len(tries) <= busy:
            raise apsw.BusyError("BusyError: database is locked")
        return opened(*arguments)

    monkeypatch.setattr(connections, "_open", open_late)
    options: dict[str, Any] = {"readonly": False, "synchronous": "NORMAL", "busy_timeout": waits}
    if busy == 100:
        with pytest.raises(DatabaseUnavailable, match="is locked by another process"):
            open_connection(str(tmp_path / "data.db"), **options)
    else:
        open_connection(str(tmp_path / "data.db"), **options).close()
        assert len(tries) == busy + 1
