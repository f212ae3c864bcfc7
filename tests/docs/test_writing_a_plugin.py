"""The tutorial on writing a plugin, executed: from an empty folder to a wheel in an environment that never saw it.

Nothing is downloaded: what the plugin depends on is taken from the environment that runs the tests, by a path file.
"""

import sys
import sysconfig
import venv
from pathlib import Path

from tests.docs.pages import ROOT, blocks_of
from tests.docs.terminal import Terminal, commands_of
from tests.process.serving import run

TUTORIAL = ROOT / "docs" / "tutorials" / "writing-a-plugin.md"
SOURCE_ROOTS = [ROOT / name for name in ("platform", "plugins", "admin", "migrations")]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
OFFLINE = ["--no-deps", "--no-build-isolation", "--no-index"]
# Pytest's plugins that its reader does not have.
PLAIN = [f"-pno:{name}" for name in ("asyncio", "xdist", "playwright", "schemathesis", "cacheprovider")]


def test_the_tutorial_is_true(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    try:
        for block in blocks_of(TUTORIAL):
            if block.file:
                (desk.folder / block.file).write_text(block.text)
            elif block.language == "console":
                for line, shown in commands_of(block.text):
                    desk.type(line, shown, f"{TUTORIAL.name}:{block.line}: {line}")
    finally:
        desk.end_server()
    assert desk.told == 16  # commands; so that none is overlooked


class Desk(Terminal):
    """Whoever follows it: in an environment of their own, and later in another one."""

    def __init__(self, folder: Path) -> None:
        self.python = new_environment(folder / "environment")
        super().__init__(folder, [self.python, "-m", "piccobase"])

    def type(self, line: str, shown: list[str], place: str) -> None:
        match line.split():
            case ["cd", where]:
                self.end_server()
                self.folder = (self.folder / where).resolve()
            case ["rm", file]:
                (self.folder / file).unlink()
            case ["pytest"]:
                self.run([str(self.python), "-m", "pytest", "-q", "-W", "error", *PLAIN], shown, place)
            case ["pip", "install", "-e", "'.[test]'"]:
                run([*PIP, "--python", self.python, "install", *OFFLINE, "-e", "."], self.folder)
            case ["pip", "wheel", "--no-deps", *options]:
                run([*PIP, "--python", self.python, "wheel", *OFFLINE, *options], self.folder)
            case ["python", "-m", "venv", name]:
                new_environment(self.folder / name)
            case [program, "install", wheel] if program.endswith("/bin/pip"):
                run(
                    [*PIP, "--python", self.folder / program.replace("pip", "python"), "install", *OFFLINE, wheel],
                    self.folder,
                )
            case [program, *words] if program.endswith("/bin/piccobase"):
                python = self.folder / program.replace("piccobase", "python")
                self.run([str(python), "-m", "piccobase", *words], shown, place)
            case _:
                super().type(line, shown, place)
                return
        self.told += 1


def new_environment(folder: Path) -> Path:
    """Its Python, with everything that the plugin's dependencies are in the environment of the tests."""
    venv.create(folder, with_pip=False)
    (site_packages,) = (folder / "lib").glob("python*/site-packages")
    paths = [sysconfig.get_path("purelib"), *SOURCE_ROOTS]
    (site_packages / "dependencies.pth").write_text("\n".join(map(str, paths)))
    return folder / "bin" / "python"
