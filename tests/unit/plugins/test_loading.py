"""Plugins found, loaded and put in order; and what is said of those that cannot be."""

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Varchar

from piccobase import App, Collection, CreatingRecord, MailTemplate, Plugin, Role
from piccobase.base.errors import InvalidDeclaration
from piccobase.cli.main import main
from piccobase.extending import Section
from piccobase.plugins.loading import Loaded, load_plugins
from piccobase.plugins.reserved import RESERVED_COMMANDS


class Entry(Collection, tablename="entries"):
    text = Varchar()


class SameEntry(Collection, tablename="Entries"):
    text = Varchar()


class Longest(Section, frozen=True):
    longest: int = 5


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """What a test imports is forgotten after it: others have files of the same names."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package with one module, and an entry point that names it."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    numbers = itertools.count()

    def install(name: str, source: str, *, what: str = "plugin", group: str = "piccobase.plugins") -> None:
        module = f"p1_{name.replace('-', '_')}_{next(numbers)}"
        information = tmp_path / "site" / f"{module}-3.1.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 3.1\n")
        (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{what}\n")
        (tmp_path / "site" / f"{module}.py").write_text("from piccobase import Plugin\n" + source)

    return install


def project(tmp_path: Path, **files: str) -> Path:
    """The file of an app, with plugins in its folder."""
    for name, source in files.items():
        path = tmp_path / "project" / "plugins" / name.replace("__", "/")
        path = path / "__init__.py" if source.startswith("# package") else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from piccobase import Plugin\n" + source)
    return tmp_path / "project" / "app.py"


def loaded(wanted: Sequence[Any] = (), **options: Any) -> Loaded:
    return load_plugins(wanted, **{"with_installed": False, **options})


def names(found: Loaded) -> list[str]:
    return [plugin.name for plugin in found.plugins]


def texts(found: Loaded) -> list[str]:
    return [str(problem) for problem in found.problems]


# --- where they are found


def test_what_is_installed_is_loaded_and_what_waits_to_be_asked_for_is_only_listed(install: Install) -> None:
    install("shift", 'plugin = Plugin("shift", "2.0")')
    install("made", 'def make(): return Plugin("made", "1.0")', what="make")
    install("waiting", "raise RuntimeError('nobody has asked')", group="piccobase.plugins.on_request")
    found = load_plugins()
    assert names(found) == ["admin", "made", "shift"]
    assert [(one.name, one.source, one.state) for one in found.found if one.name in ("made", "waiting")] == [
        ("made", "p1_made_1 3.1", "on"),
        ("waiting", "p1_waiting_2 3.1", "on request"),
    ]
    assert found.problems == []


def test_what_waits_is_loaded_when_an_app_or_another_plugin_asks_for_it(install: Install) -> None:
    install("waiting", 'plugin = Plugin("waiting", "1.4", needs=["deeper"])', group="piccobase.plugins.on_request")
    install("deeper", 'plugin = Plugin("deeper", "1.0")', group="piccobase.plugins.on_request")
    assert names(loaded(["waiting"])) == ["deeper", "waiting"]
    assert names(loaded([Plugin("needy", "1.0", needs=["waiting>=1"])])) == ["deeper", "waiting", "needy"]


def test_each_module_of_the_folder_beside_the_app_makes_a_plugin(tmp_path: Path) -> None:
    file = project(
        tmp_path,
        stamp='plugin = Plugin("stamp", "1.0")',
        night_shift='# package\nshift = Plugin("night-shift", "1.0")',
        _shared="raise RuntimeError('this is no plugin')",
        test_stamp="raise RuntimeError('nor is this')",
    )
    found = loaded(app_file=file)
    assert names(found) == ["night-shift", "stamp"]
    assert [one.source for one in found.found if one.state == "on"] == ["plugins/night_shift", "plugins/stamp.py"]
    assert loaded(app_file=tmp_path / "elsewhere" / "app.py").plugins == ()


def test_code_of_the_app_imports_the_very_module_that_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project(tmp_path, stamp='plugin = Plugin("stamp", "1.0")')
    monkeypatch.syspath_prepend(file.parent)
    (plugin,) = loaded(app_file=file).plugins
    namespace: dict[str, Any] = {}
    exec("from plugins.stamp import plugin", namespace)
    assert namespace["plugin"] is plugin


def test_an_app_names_plugins_as_objects_and_by_where_they_are(install: Install) -> None:
    install("shift", 'plugin = Plugin("shift", "2.0")', group="elsewhere")
    found = loaded([Plugin("own", "1.0"), "p1_shift_0:plugin"])
    assert names(found) == ["own", "shift"]
    assert [one.source for one in found.found[:2]] == ["App", "App, p1_shift_0:plugin"]


def test_one_that_is_found_twice_is_loaded_once(install: Install) -> None:
    install("shift", 'plugin = Plugin("shift", "2.0")')
    assert names(load_plugins(["p1_shift_0:plugin", "shift"])) == ["admin", "shift"]


# --- order


def test_plugins_come_after_what_they_need_and_else_as_they_were_found() -> None:
    given = [
        Plugin("z", "1.0", needs=["a", "b>=2,<3"]),
        Plugin("c", "1.0"),
        Plugin("b", "2.5", needs=["a"]),
        Plugin("a", "1.0"),
    ]
    assert names(loaded(given)) == ["a", "b", "z", "c"]


NEEDS = {
    "missing": ([Plugin("one", "1.0", needs=["audiz>=1"]), Plugin("audit", "1.0")], ['Did you mean "audit"?']),
    "too old": ([Plugin("one", "1.0", needs=["audit>=1.2"]), Plugin("audit", "1.1")], ["and audit is 1.1"]),
    "no need": ([Plugin("one", "1.0", needs=["audit is fine"])], ["cannot be read: write it as"]),
    "circle": (
        [Plugin("a", "1", needs=["b"]), Plugin("b", "1", needs=["c"]), Plugin("c", "1", needs=["a"])],
        ["in a circle: a -> b -> c -> a"],
    ),
    "itself": ([Plugin("a", "1", needs=["a"])], ["in a circle: a -> a"]),
    "several at once": (
        [Plugin("one", "1.0", needs=["two>3"]), Plugin("two", "3"), Plugin("three", "1", needs=["four"])],
        ["plugin one: it needs two>3, and two is 3", "plugin three: it needs four, which is not there"],
    ),
    "name": ([Plugin("No Name", "1.0")], ["cannot be a name of a plugin"]),
    "reserved name": ([Plugin("piccobase", "1.0")], ["cannot be a name of a plugin"]),
    "version": ([Plugin("one", "newest")], ['"newest" is no version']),
    "two of a name": ([Plugin("one", "1.0"), Plugin("one", "2.0")], ["there are two of this name, from App and from"]),
    "no plugin": ([object()], ["is no plugin but of type object"]),
    "nowhere": (["no_such_module:plugin"], ["ModuleNotFoundError"]),
    "not installed": (["admim"], ['no plugin "admim" is installed. Did you mean "admin"?']),
}


@pytest.mark.parametrize("case", NEEDS)
def test_what_keeps_plugins_from_being_loaded_is_told(case: str) -> None:
    given, expected = NEEDS[case]
    told = "\n".join(texts(loaded(given)))
    assert [text for text in expected if text not in told] == [], told
    with pytest.raises(InvalidDeclaration):
        App(plugins=given, installed_plugins=False).assembly()


# --- broken and disabled ones

BROKEN = {
    "its own line": ("\n\nx = {}['gone']", "stamp.py:4: KeyError: 'gone'"),
    "what it calls": ("import json\njson.loads('no json')", "stamp.py:3: JSONDecodeError"),
    "no Python": ("def (:", "stamp.py:2: SyntaxError"),
    "a package that is not there": ("import no_such_package", "stamp.py:2: ModuleNotFoundError: No module named"),
    "an end": ("raise SystemExit(3)", "stamp.py:2: SystemExit: 3"),
    "nothing made": ("", "No plugin is made in it"),
    "several made": ('a = Plugin("a", "1")\nb = Plugin("b", "1")', "Several plugins are made in it"),
    "another name": ('plugin = Plugin("other", "1.0")', 'it calls itself "other"'),
    "a function that fails": ("def plugin():\n    return 1 / 0", "stamp.py:3: ZeroDivisionError"),
    "something else": ("plugin = 5", "is no plugin but of type int"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named_with_its_line_and_can_be_left_out(case: str, tmp_path: Path) -> None:
    source, expected = BROKEN[case]
    file = project(tmp_path, stamp=source, other='plugin = Plugin("other", "1.0")')
    (told,) = texts(found := loaded(app_file=file))
    assert told.startswith("plugin.E001 plugin stamp (plugins/stamp.py): ")
    assert expected in told
    assert told.endswith("PICCOBASE_DISABLED_PLUGINS=stamp")
    assert names(found) == ["other"]
    without = loaded(app_file=file, disabled=["stamp"])
    assert (names(without), without.problems) == (["other"], [])


def test_a_broken_installed_plugin_is_named_with_its_own_line(install: Install) -> None:
    install("shift", "import json\njson.loads('no json')")
    (told,) = texts(load_plugins())
    assert "plugin shift (p1_shift_0 3.1): " in told
    assert "p1_shift_0.py:3: JSONDecodeError" in told


def test_what_is_disabled_is_not_imported_and_whoever_needs_it_is_told(install: Install) -> None:
    install("shift", "raise RuntimeError('imported')")
    found = load_plugins([Plugin("needy", "1.0", needs=["shift"])], disabled=["Shift"])
    assert texts(found) == ["plugin.E004 plugin needy: it needs shift, which is disabled"]
    states = {one.name: one.state for one in found.found if one.state != "on request"}
    assert states == {"admin": "on", "needy": "needs shift", "shift": "disabled"}


def test_plugins_that_an_app_was_given_are_disabled_by_their_own_names() -> None:
    found = loaded([Plugin("own", "1.0")], disabled=["own", "ovn"])
    assert found.plugins == ()
    assert [str(one) for one in found.warnings] == [
        'plugin.W001 disabled_plugins: there is no plugin "ovn". Did you mean "own"?'
    ]


def test_an_option_overrides_the_environment_and_that_the_app() -> None:
    app = App(plugins=[Plugin(name, "1.0") for name in "abc"], installed_plugins=False, disabled_plugins=["a"])
    for options, environment, expected in (
        ({}, {}, ["b", "c"]),
        ({}, {"PICCOBASE_DISABLED_PLUGINS": "b, c"}, ["a"]),
        ({"disabled_plugins": ("c",)}, {"PICCOBASE_DISABLED_PLUGINS": "b"}, ["a", "b"]),
    ):
        config = app.config(options, environment)
        assert [plugin.name for plugin in app.assembly(config).plugins] == expected


# --- clashes


def bringing(plugin: Plugin | App, kind: str) -> Plugin | App:
    """One of everything."""
    match kind:
        case "job":
            plugin.job("send")(lambda: None)
        case "schedule":
            plugin.schedule("@daily", id="nightly")(lambda: None)
        case "settings section":
            plugin.settings("audit", Longest)
        case "mount":
            plugin.mount("/pages")(lambda services: None)
        case "command":
            plugin.command("prune")(lambda: None)
        case "mail template":
            plugin.mails["digest"] = MailTemplate("a", "b")
        case "role":
            plugin.roles = (Role("editor"),)
        case "collection":
            plugin.collections = (SameEntry if isinstance(plugin, App) else Entry,)
    return plugin


NAMES = {
    "job": "send",
    "schedule": "nightly",
    "settings section": "audit",
    "mount": "/pages",
    "command": "prune",
    "mail template": "digest",
    "role": "editor",
    "collection": "entries",
}


@pytest.mark.parametrize("kind", NAMES)
def test_two_that_bring_the_same_are_both_named(kind: str) -> None:
    plugins = [bringing(Plugin(name, "1.0"), kind) for name in ("first", "second")]
    with pytest.raises(InvalidDeclaration) as raised:
        App(plugins=plugins, installed_plugins=False).assembly()  # type: ignore[arg-type]
    assert str(raised.value) == (
        f'plugin.E006 plugin second: it brings the {kind} "{NAMES[kind]}", and so does the plugin first'
    )


@pytest.mark.parametrize("kind", NAMES)
def test_a_plugin_that_brings_what_the_app_has_is_named(kind: str) -> None:
    app = bringing(App(plugins=[bringing(Plugin("first", "1.0"), kind)], installed_plugins=False), kind)  # type: ignore[list-item]
    with pytest.raises(InvalidDeclaration, match="so does the plugin first"):
        app.assembly()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("bring", "expected"),
    [
        (lambda plugin: plugin.command("serve")(lambda: None), 'the command "serve", and so does Piccobase itself'),
        (lambda plugin: plugin.mount("/api")(lambda services: None), 'the mount "/api", and so does Piccobase itself'),
        (lambda plugin: plugin.settings("mail", Longest), 'section "mail", and so does Piccobase itself'),
        (lambda plugin: [plugin.mount("/x")(lambda services: None) for _ in "ab"], 'it brings the mount "/x" twice'),
    ],
)
def test_what_is_the_servers_own_or_brought_twice_is_told(bring: Callable[[Plugin], Any], expected: str) -> None:
    bring(plugin := Plugin("first", "1.0"))
    with pytest.raises(InvalidDeclaration, match=expected.replace('"', '"')):
        App(plugins=[plugin], installed_plugins=False).assembly()


def test_the_names_of_our_own_commands_are_known_below() -> None:
    assert set(main.commands) == RESERVED_COMMANDS


MISTAKES = {
    "section": (lambda plugin: plugin.settings("Not A Name", Longest), "plugin.E007 plugin first, settings: "),
    "server's own section": (lambda plugin: plugin.settings("smtp", Longest), "that no other section has"),
    "mount": (
        lambda plugin: plugin.mount("pages/")(lambda services: None),
        "plugin.E008 plugin first, mount",
    ),
    "mail": (
        lambda plugin: plugin.mails.update(news=MailTemplate("{{ oh", "<p></p>")),
        'mail.E001 plugin first, mails["news"], subject',
    ),
    "job": (lambda plugin: plugin.job("no name")(lambda: None), "job.E001"),
    "hook": (
        lambda plugin: plugin.hook(CreatingRecord, collection="nowhere")(lambda event: None),
        "hook.E007 plugin first",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_in_what_a_plugin_brings_are_told_with_those_of_the_app(case: str) -> None:
    bring, expected = MISTAKES[case]
    bring(plugin := Plugin("first", "1.0"))
    app = App(plugins=[plugin], installed_plugins=False)
    app.job("no name either")(lambda: None)
    with pytest.raises(InvalidDeclaration) as raised:
        app.check()
    assert expected in str(raised.value)
    assert "no name either" in str(raised.value)
