"""The parts of a rule, each said by itself, joined to one English sentence that can be read in one way only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from piccobase.filters import tree
from piccobase.rules.comparing import Comparing, Condition, Who
from piccobase.rules.phrases import Phrases, Unsayable
from piccobase.schema.collections import CollectionInfo


@dataclass(frozen=True, slots=True)
class _Every:
    parts: "tuple[_Said, ...]"


@dataclass(frozen=True, slots=True)
class _Either:
    parts: "tuple[_Said, ...]"


_Said = Who | Condition | _Every | _Either


@dataclass(frozen=True, slots=True)
class Sentence:
    comparing: Comparing
    collection: CollectionInfo

    def of(self, root: tree.Node) -> str:
        text = _sentence(self._said(root, guarded=False))
        return text[0].upper() + text[1:] + "."

    def _said(self, node: tree.Node, *, guarded: bool) -> _Said:
        match node:
            case tree.Comparison():
                return self.comparing.say(node, guarded=guarded)
            case tree.Any():
                return _Either(tuple(self._said(part, guarded=guarded) for part in _flat(node)))
            case tree.All():
                return self._every(_flat(node), guarded=guarded)

    def _every(self, parts: Sequence[tree.Node], *, guarded: bool) -> _Said:
        owner, rest = self._owner(parts)
        guarded = guarded or owner is not None or any(map(self._is_guard, rest))
        said = tuple(self._said(part, guarded=guarded) for part in rest)
        if owner is not None:
            said = (owner, *said)
        return said[0] if len(said) == 1 else _Every(said)

    def _is_guard(self, node: tree.Node) -> bool:
        """Whether no guest passes it."""
        match node:
            case tree.Comparison():
                before = list(self.comparing.holes)
                said = self.comparing.say(node, guarded=True)
                self.comparing.holes[:] = before
                return isinstance(said, Who) and said.signed_in
            case tree.Any():
                return all(map(self._is_guard, _flat(node)))
            case tree.All():
                return any(map(self._is_guard, _flat(node)))

    def _owner(self, parts: Sequence[tree.Node]) -> tuple[Who | None, Sequence[tree.Node]]:
        """The three comparisons that `owner` stands for, if they are among these: signed in, mine, and mine by
        collection too."""
        for mine in parts:
            if not isinstance(mine, tree.Comparison) or mine.operator != "=" or not _is_my_id(mine.right):
                continue
            target, who = self._owned_by(mine)
            if not target:
                continue
            same = [part for part in parts if _asks_collection(part, target, self.comparing.phrases)]
            signed = [part for part in parts if _asks_sign_in(part)]
            if same:
                rest = [part for part in parts if part is not mine and part not in same and part not in signed]
                return who, rest
        return None, parts

    def _owned_by(self, mine: tree.Comparison) -> tuple[str, Who]:
        nobody = ("", Who(""))
        if not isinstance(mine.left, tree.Name) or len(mine.left.path) != 1:
            return nobody
        name, modifier = mine.left.path[0], mine.left.modifier
        if name == "id" and self.collection.kind == "auth" and not modifier:
            return self.collection.name, Who("is the record itself", "the record itself")
        found = self.collection.by_name.get(name)
        if found is None or not found.target:
            return nobody
        if not found.multiple and modifier in ("", "each"):
            return found.target, Who(f"is the record's {name}", f"the record's {name}")
        if found.multiple and modifier == "each" and mine.some:
            return found.target, Who(f"is among the record's {name}", f"whoever is among the record's {name}")
        return nobody


def _flat(node: tree.All | tree.Any) -> list[tree.Node]:
    """The parts, with those of the same kind inside them: `(a && b) && c` has three."""
    flat: list[tree.Node] = []
    for part in node.parts:
        flat += _flat(part) if isinstance(part, tree.All | tree.Any) and type(part) is type(node) else [part]
    return flat


def _is_my_id(operand: tree.Operand) -> bool:
    return isinstance(operand, tree.Name) and str(operand) == "@request.auth.id"


def _asks_sign_in(node: tree.Node) -> bool:
    return (
        isinstance(node, tree.Comparison)
        and _is_my_id(node.left)
        and node.operator == "!="
        and isinstance(node.right, tree.Constant)
        and node.right.kind == "empty"
    )


def _asks_collection(node: tree.Node, target: str, phrases: Phrases) -> bool:
    return (
        isinstance(node, tree.Comparison)
        and node.operator == "="
        and isinstance(node.left, tree.Name)
        and str(node.left) == "@request.auth.collectionName"
        and isinstance(node.right, tree.Constant)
        and phrases.literals[node.right.index] == target
    )


def shared_rows(root: tree.Node, phrases: Phrases) -> frozenset[str]:
    """Keys of rows of which two comparisons with `?` speak that must hold together: it is the same row for both."""
    shared: set[str] = set()
    for node in _nodes(root):
        if isinstance(node, tree.All):
            keys = [frozenset(_row_keys(part, phrases)) for part in _flat(node)]
            for one, other in combinations(keys, 2):
                shared |= one & other
    return frozenset(shared)


def _nodes(node: tree.Node) -> Iterator[tree.Node]:
    yield node
    if not isinstance(node, tree.Comparison):
        for part in node.parts:
            yield from _nodes(part)


def _row_keys(node: tree.Node, phrases: Phrases) -> Iterator[str]:
    for one in _nodes(node):
        if isinstance(one, tree.Comparison) and one.some:
            for side in (one.left, one.right):
                try:
                    many = phrases.say(side).many
                except Unsayable:
                    continue
                if many and many.key:
                    yield many.key


def _sentence(said: _Said) -> str:
    if isinstance(said, _Either):
        subjects = [_subject(part) for part in said.parts]
        if None not in subjects:
            texts = [text for text in subjects if text]
            return ("; or " if any(", if " in text for text in texts) else ", or ").join(texts)
    if (subject := _subject(said)) is not None:
        return subject
    prefix = "records where" if any(one.of_record for one in _conditions(said)) else "everyone, if"
    return f"{prefix} {_text(said, 1)}"


def _subject(said: _Said) -> str | None:
    """ "the record's author", "whoever is signed in, if title is empty"; None where nobody in particular is meant."""
    who = _who(said)
    if who is not None:
        return who.subject
    if not isinstance(said, _Every):
        return None
    whos = [found for part in said.parts if (found := _who(part)) is not None]
    rest = [part for part in said.parts if _who(part) is None]
    if not whos:
        return None
    folded = _who(whos[0] if len(whos) == 1 else _Every(tuple(whos)))
    assert folded is not None
    return f"{folded.subject}, if {_text(rest[0] if len(rest) == 1 else _Every(tuple(rest)), 2)}"


def _who(said: _Said) -> Who | None:
    """What is said of the actor alone, as one predicate."""
    if isinstance(said, Who):
        return said
    if isinstance(said, Condition):
        return None
    parts = [_who(part) for part in said.parts]
    whos = [part for part in parts if part is not None]
    if len(whos) < len(parts):
        return None
    texts = [
        f"({who.predicate})" if isinstance(part, _Every | _Either) else who.predicate
        for part, who in zip(said.parts, whos, strict=True)
    ]
    return Who((" and " if isinstance(said, _Every) else " or ").join(texts))


def _conditions(said: _Said) -> Iterator[Condition]:
    match said:
        case Condition():
            yield said
        case _Every(parts) | _Either(parts):
            for part in parts:
                yield from _conditions(part)


def _text(said: _Said, level: int) -> str:
    """As a clause. Level 1 is joined with commas, level 2 without, and what lies deeper stands in parentheses."""
    match said:
        case Who():
            return f"whoever asks {said.predicate}"
        case Condition():
            return said.text
    word = "and" if isinstance(said, _Every) else "or"
    joined = f"{',' if level == 1 else ''} {word} ".join(_text(part, level + 1) for part in said.parts)
    return f"({joined})" if level > 2 else joined
