"""Wheels, built and installed in environments of their own, without a network.

What Piccobase depends on is taken from the environment that runs the tests, by a path file, so that nothing is
downloaded; Piccobase itself is not, because the new environment has it installed from the wheel.
"""

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.process.serving import run

_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@dataclass(frozen=True)
class Installation:
    """A wheel, and an environment that has it installed, perhaps with others."""

    wheel: Path
    commands: Path  # the folder of its commands

    def piccobase(self, *arguments: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
        """Runs the command in a folder to its end."""
        command = [self.commands / "piccobase", *arguments]
        return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)


def build_wheel(source: Path, folder: Path) -> Path:
    """The wheel of a project, put into `folder`, which has none yet."""
    run([*_PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(folder: Path, wheel: Path, *others: Path) -> Installation:
    """A new environment in `folder` with these wheels."""
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    run([*_PIP, "--python", python, "install", "--no-deps", "--no-index", wheel, *others], folder)
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return Installation(wheel, environment / "bin")
