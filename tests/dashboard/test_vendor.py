"""Browser libraries stand in the repository as they were published: version, licence and checksums beside them."""

import hashlib
import tomllib
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[2] / "admin" / "piccobase_admin" / "vendor"
LIBRARIES = sorted(folder for folder in VENDOR.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", LIBRARIES, ids=lambda folder: folder.name)
def test_a_library_is_what_was_published(folder: Path) -> None:
    origin = tomllib.loads((folder / "origin.toml").read_text())
    assert origin["package"]
    assert origin["version"]
    assert origin["license"]
    files = [found for found in folder.rglob("*") if found.is_file() and found.name != "origin.toml"]
    found = {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert found == origin["sha256"]
    assert any("LICENSE" in name.upper() for name in found)
