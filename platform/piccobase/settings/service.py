"""The settings of a running server: what holds now, changing it, and telling those who depend on it."""

import asyncio
import logging
import re
from collections.abc import Callable, Container, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from piccobase.base.errors import BadRequest, FieldError, PiccobaseError, StartError
from piccobase.settings.merging import merged
from piccobase.settings.section import Mistakes, Section, mistakes_of, secret_paths
from piccobase.settings.sections import Settings
from piccobase.settings.storing import SettingsStore, Stored

log = logging.getLogger("piccobase.settings")
WATCH_EVERY = 1.0  # seconds until a change made by another process is seen
_NAME = re.compile(r"[a-z][a-zA-Z0-9]{0,62}")

_S = TypeVar("_S", bound=Section)
Listener = Callable[[], None]
Tree = dict[str, Any]


class OwnSection(Generic[_S]):
    """A section that a plugin has brought. `value` is what holds now."""

    def __init__(self, name: str, kind: type[_S], value: _S, title: str) -> None:
        self.name, self.kind, self.value, self.title = name, kind, value, title


class SettingsService:
    """`current` holds the protocol's settings, frozen; a change puts another object in its place.

    A change through this service holds in this process at once. One by another process is seen within a second: on
    SQLite nothing is read as long as nobody has committed anything, on PostgreSQL one row is read by its key. That
    takes 20 µs on a server near by, and no connection of its own, as LISTEN would, nor a way to mend one that broke.
    """

    def __init__(self, store: SettingsStore) -> None:
        self._store = store
        self._stored = Stored(0, {}, {})
        self._own: dict[str, OwnSection[Any]] = {}
        self._listeners: list[Listener] = []
        self._seen: int | None = None  # the database's version when it was last looked at
        self.current = Settings()

    async def load(self) -> None:
        """Reads what is stored. Raises StartError where that is not what this version can use."""
        stored = await self._store.read()
        try:
            self.current = _built(Settings, stored, ())
        except msgspec.ValidationError as error:
            raise StartError(
                f'The stored settings cannot be read: {error}. Mend or delete that row of the table "_settings"; '
                "what is deleted has its default again."
            ) from error
        self._stored = stored

    def listen(self, listener: Listener) -> None:
        """Calls `listener` now, and again after each change, by whomever. It must not wait; an error is logged."""
        self._listeners.append(listener)
        listener()

    def section(self, name: str, kind: type[_S], title: str = "") -> OwnSection[_S]:
        """Registers a section of a plugin's own; the answer's `value` is always what holds now. `title` is for people.

        It is read and changed at `/api/settings/sections`, apart from the protocol's object, and on the dashboard. Once
        registered it is there for good. Raises TypeError for a name that is taken or is none (`audit`, `shopMail`), and
        StartError where what is stored no longer fits: give new fields defaults, and do not change a field's type.
        """
        if mistake := mistake_in_section(name, kind, self._own):
            raise TypeError(mistake)
        try:
            own = OwnSection(name, kind, _built(kind, self._stored, (name,)), title or _in_words(name))
        except msgspec.ValidationError as error:
            raise StartError(f'The stored settings of "{name}" do not fit {kind.__name__}: {error}.') from error
        self._own[name] = own
        return own

    @property
    def own_sections(self) -> Mapping[str, OwnSection[Any]]:
        """What plugins have registered, by name."""
        return self._own

    async def update(self, change: Mapping[str, Any], form: bool = False) -> Settings:
        """Puts a change over the protocol's settings, deep for sections and whole for lists; unknown keys are ignored.

        Raises MalformedBody for values of another type, BadRequest with what is wrong by section and field.
        """
        await self._change(change, {}, form)
        return self.current

    async def update_sections(self, change: Mapping[str, Any], form: bool = False) -> None:
        """As `update`, for sections of plugins, by their names."""
        await self._change({}, {name: value for name, value in change.items() if name in self._own}, form)

    async def _change(self, core: Mapping[str, Any], own: Mapping[str, Any], form: bool) -> None:
        if not core and not own:
            return
        async with self._store.db.transaction():
            revision = await self._store.begin_change()
            before = await self._store.read()
            rows, secrets = dict(before.rows), dict(before.secrets)
            settings = _built(Settings, before, ())
            mistakes: Mistakes = {}
            if core:
                settings = merged(settings, core, form=form)
                mistakes |= mistakes_of(settings)
                taken_apart = _taken_apart(settings, (), secrets)
                rows |= {name: row for name, row in taken_apart.items() if name in rows or row != _DEFAULTS[name]}
            for name, change in own.items():
                kind = self._own[name].kind
                section = merged(_built(kind, before, (name,)), change, name, form=form)
                if wrong := mistakes_of(section) or _refused(section):
                    mistakes[name] = wrong
                rows[name] = _taken_apart(section, (name,), secrets)
            if mistakes:
                raise BadRequest("An error occurred while saving the new settings.", mistakes)
            after = Stored(revision, rows, secrets)
            await self._store.write(before, after)
        self._take_over(after)

    async def refresh(self) -> bool:
        """Picks up what another process has changed; says whether there was anything."""
        version = self._store.db.version()
        if version is not None and version == self._seen:
            return False
        if await self._store.revision() == self._stored.revision:
            self._seen = version
            return False
        self._take_over(await self._store.read())
        self._seen = version
        return True

    async def watch(self) -> None:
        """Refreshes about once a second, until cancelled. While the database is away, what was last read holds."""
        failing = False
        while True:
            await asyncio.sleep(WATCH_EVERY)
            try:
                await self.refresh()
                failing = False
            except (PiccobaseError, msgspec.MsgspecError):
                if not failing:
                    log.warning("The settings could not be looked at. Those that were last read hold.", exc_info=True)
                failing = True

    def _take_over(self, stored: Stored) -> None:
        """Lets `stored` hold, all or nothing, and tells the listeners. A read that was overtaken is dropped."""
        if stored.revision < self._stored.revision:
            return
        current = _built(Settings, stored, ())
        own = {name: _built(section.kind, stored, (name,)) for name, section in self._own.items()}
        self._stored, self.current = stored, current
        for name, value in own.items():
            self._own[name].value = value
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                log.exception("A listener of the settings failed: %r", listener)


def mistake_in_section(name: str, kind: type[Section], taken: Container[str] = ()) -> str:
    """Why there cannot be a section of a plugin's own; empty where there can. `taken` are names of others."""
    if not _NAME.fullmatch(name) or name in taken or name in _wire_names(Settings):
        return f'The section "{name}" needs a name of letters and digits that no other section has.'
    try:
        list(secret_paths(kind))  # which says where there can be none
        kind()
    except TypeError as error:
        return str(error)
    return ""


def _in_words(name: str) -> str:
    """`shopMail` as `Shop mail`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()


def _wire_names(kind: type[Section]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def _built(kind: type[_S], stored: Stored, root: tuple[str, ...]) -> _S:
    """The section at `root`, its secrets in their places. What is not stored has its default."""
    tree: Tree = dict(stored.rows if not root else stored.rows.get(root[0], {}))
    for path in secret_paths(kind):
        secret = stored.secrets.get((*root, *path))
        if secret is not None:
            inside = tree
            for name in path[:-1]:
                inside[name] = inside = dict(inside.get(name, {}))
            inside[path[-1]] = secret
    return msgspec.convert(tree, kind)


def _taken_apart(section: Section, root: tuple[str, ...], secrets: dict[tuple[str, ...], str]) -> Tree:
    """The section as it is stored, its secrets put into `secrets`."""
    tree: Tree = msgspec.json.decode(msgspec.json.encode(section))  # as it will be read
    for path in secret_paths(type(section)):
        inside = tree
        for name in path[:-1]:
            inside = inside[name]
        secrets[(*root, *path)] = inside.pop(path[-1])
    return tree


def shown(section: Section) -> Tree:
    """The section as it is answered: by wire names, without its secrets."""
    return _taken_apart(section, (), {})


_DEFAULTS = shown(Settings())  # which are not stored before they are changed, so that a later version can have others


def _refused(section: Section) -> Mistakes:
    """What the types of a plugin's section demand besides (`msgspec.Meta`): the first mistake, at its place."""
    try:
        msgspec.convert(msgspec.to_builtins(section), type(section))
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        mistake: Any = FieldError("validation_invalid_value", reason + ".")
        names = [name for name in re.split(r"[.\[\]]+", place.rstrip("`")) if name]
        for name in reversed(names):
            mistake = {name: mistake}
        return mistake if names else {"": mistake}
    return {}
