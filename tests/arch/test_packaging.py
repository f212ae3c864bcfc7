"""What the repository promises about its own shape: source roots, version, size of files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ["platform", "plugins", "admin", "migrations"]
LONGEST_FILE = 600
# Written by `piccobase migrate new`, and not to be changed once it was applied somewhere.
GENERATED = {"plugins/piccobase_webhooks/piccolo_migrations/webhooks_2026_11_26t05_52_50_599847.py"}


def test_platform_is_no_package() -> None:
    # With an __init__.py, `import platform` in the repository's root would find it in place of the standard library's.
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_the_standard_library_keeps_its_platform_module() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.python_version())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == sys.version.split()[0]


def test_source_roots_hold_packages_of_ours_and_nothing_else() -> None:
    loose = [
        str(found.relative_to(ROOT))
        for root in SOURCE_ROOTS
        for found in (ROOT / root).iterdir()
        if found.suffix == ".py" or (found.is_dir() and not found.name.startswith(("piccobase", "__pycache__")))
    ]
    assert loose == []


def test_version_is_the_head_of_the_changelog() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == declared


def test_no_file_is_too_long_to_be_read() -> None:
    folders = [*SOURCE_ROOTS, "tests", "examples", "scripts", "benchmarks"]
    long = {
        str(found.relative_to(ROOT)): lines
        for folder in folders
        for found in (ROOT / folder).rglob("*.py")
        if (lines := len(found.read_text().splitlines())) > LONGEST_FILE
    }
    assert set(long) == GENERATED
