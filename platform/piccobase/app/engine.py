"""`piccobase.engine()`: the database of a Piccolo project, for its piccolo_conf."""

import os
from typing import Literal

from piccobase.app.services import Engine
from piccobase.base.config import load_config
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.migrations.door import open_door

open_door()  # whoever has an engine of ours has imported this, and may call Piccolo's commands


def engine(database_url: str = "", data_dir: str = "", synchronous: Literal["NORMAL", "FULL"] | None = None) -> Engine:
    """`DB = piccobase.engine()` in a piccolo_conf.py: the engine that `piccobase serve` would use.

    Arguments are defaults, which `PICCOBASE_DATABASE_URL`, `PICCOBASE_DATA_DIR` and `PICCOBASE_SYNCHRONOUS` override;
    without any it is the embedded database in `data/`, and NORMAL. Nothing is opened or made before the first query.
    """
    declared = {"database_url": database_url, "data_dir": data_dir, "synchronous": synchronous}
    config = load_config({}, os.environ, declared)
    if config.embedded:
        return EmbeddedEngine(config.data_dir / "data.db", synchronous=config.synchronous, makes_folder=True)
    return PostgresEngine(config.database_url)
