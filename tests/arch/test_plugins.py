"""First-party plugins have no private door: they import public names only, as a stranger's plugin has to."""

import ast
from collections.abc import Iterator
from pathlib import Path

import piccobase
from piccobase import columns, extending, testing

PLUGINS = Path(__file__).parents[2] / "plugins"
PUBLIC = {
    "piccobase": set(piccobase.__all__),
    "piccobase.extending": set(extending.__all__),
    "piccobase.columns": {name for name in vars(columns) if not name.startswith("_")},
    "piccobase.testing": set(testing.__all__),
}
FOUND = sorted(PLUGINS.glob("piccobase_*/**/*.py"))


def private_imports(module: Path) -> Iterator[str]:
    """Whatever it imports of ours that is not offered, and of other plugins."""
    own = module.relative_to(PLUGINS).parts[0]
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import(names=aliases):
                wanted = [(alias.name, "") for alias in aliases]
            case ast.ImportFrom(module=str(source), names=aliases, level=0):
                wanted = [(source, alias.name) for alias in aliases]
            case _:
                continue
        for source, name in wanted:
            first = source.split(".")[0]
            if not first.startswith("piccobase") or first == own:
                continue
            if name in PUBLIC.get(source, ()) or (not name and source in PUBLIC):
                continue
            yield f"{module.relative_to(PLUGINS)}:{node.lineno} {source} {name}".rstrip()


def test_there_are_plugins_to_look_at() -> None:
    assert FOUND


def test_plugins_import_public_names_only() -> None:
    assert [wrong for module in FOUND for wrong in private_imports(module)] == []
