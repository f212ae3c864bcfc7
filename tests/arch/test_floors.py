"""The package is a house with floors: a room may import only from floors below its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "platform" / "piccobase"

# Top floor first. Rooms on one line are neighbours and do not see each other.
FLOORS = [
    {"cli", "testing"},
    {"app", "piccolo_app"},
    {"plugins"},
    {"http"},
    {"auth", "realtime", "backups", "importing"},
    {"records"},
    {"identity", "changes", "files", "mail", "jobs", "logs", "settings"},
    {"rules", "hooks", "migrations"},
    {"filters", "db"},
    {"schema"},
    {"columns"},
    {"base"},
]
FLOOR_OF = {room: len(FLOORS) - number for number, rooms in enumerate(FLOORS) for room in rooms}
OUTSIDE = {"__init__", "__main__", "extending", "values"}  # the public faces and the way in may see everybody


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(module: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name inside the package of everything a module imports from it; relative imports resolved."""
    here = ("piccobase", *module.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case ast.ImportFrom(module=source, names=aliases, level=level):
                parents = here[:-level] if level else ()
                base = ".".join([*parents, *([source] if source else [])])
                names = [f"{base}.{alias.name}" for alias in aliases]
            case _:
                continue
        for name in names:
            head, _, inside = name.partition(".")
            if head == "piccobase":
                yield node.lineno, inside


def wrong_imports() -> Iterator[str]:
    for module in sorted(PACKAGE.rglob("*.py")):
        here = room_of(module)
        if here in OUTSIDE:
            continue
        for line, name in imports_of(module):
            place, there = f"{module.relative_to(PACKAGE)}:{line}", name.split(".")[0]
            if there not in FLOOR_OF:  # `from piccobase import App`: the public face is for those outside the house
                yield f"{place} {here} -> the public face ({name or 'piccobase'})"
            elif there != here and FLOOR_OF[there] >= FLOOR_OF[here]:
                yield f"{place} {here} -> {there}"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {room_of(module) for module in PACKAGE.rglob("*.py")} - OUTSIDE
    assert rooms, "no room was found: the test looks in the wrong place"
    assert rooms <= FLOOR_OF.keys()


def test_imports_go_downstairs_only() -> None:
    assert list(wrong_imports()) == []
