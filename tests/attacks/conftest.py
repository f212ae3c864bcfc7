"""All that signs people in, on either database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.signing_in import Engine, SigningIn, signing_in


@pytest.fixture
async def house(engine: Engine, tmp_path: Path) -> AsyncIterator[SigningIn]:
    async with signing_in(engine, tmp_path) as opened:
        yield opened
