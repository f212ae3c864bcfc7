"""One comparison of a rule in words: "published is true", "whoever asks has the role editor"."""

from collections.abc import Set
from dataclasses import dataclass, field

from piccobase.filters import tree
from piccobase.filters.literals import TEXT_KINDS
from piccobase.filters.tree import Operator
from piccobase.rules.phrases import Many, Phrase, Phrases, Unsayable, filter_text

_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_RANKS = {"record": 4, "elsewhere": 4, "request": 3, "actor": 2, "clock": 1, "literal": 0}
_NUMBERS = {">": "is greater than", ">=": "is at least", "<": "is less than", "<=": "is at most"}
_MOMENTS = {">": "is after", ">=": "is at or after", "<": "is before", "<=": "is at or before"}
_TEXTS = {">": "sorts after", ">=": "sorts at or after", "<": "sorts before", "<=": "sorts at or before"}


@dataclass(frozen=True, slots=True)
class Who:
    """Says who asks: "whoever " or "whoever asks " and the predicate. `noun` where one name says it all."""

    predicate: str  # "has the role editor"
    noun: str = ""  # "the record's author"
    signed_in: bool = True  # not true of a guest

    @property
    def subject(self) -> str:
        return self.noun or f"whoever {self.predicate}"


@dataclass(frozen=True, slots=True)
class Condition:
    """Anything else that must hold. `of_record`: about a record and not the request alone."""

    text: str
    of_record: bool


@dataclass(slots=True)
class Comparing:
    """Says comparisons of one filter. `shared` are the keys of rows of which several comparisons speak at once.

    `holes` gathers relations for which a guest passes where they are empty, since both are the empty value.
    """

    phrases: Phrases
    shared: Set[str]
    holes: list[str] = field(default_factory=list)

    def say(self, comparison: tree.Comparison, *, guarded: bool) -> Who | Condition:
        """`guarded`: another part makes sure that nobody asks who has not signed in."""
        try:
            left, right = self.phrases.say(comparison.left), self.phrases.say(comparison.right)
            operator = comparison.operator
            if _RANKS[right.source] > _RANKS[left.source] and operator in _TURNED:
                left, operator, right = right, _TURNED[operator], left
            return (
                _about_actor(left, operator, comparison.some, right, self.phrases)
                or self._about_me(left, operator, comparison.some, right, guarded=guarded)
                or self._about_values(left, operator, comparison.some, right, guarded=guarded)
            )
        except Unsayable:
            return self._as_written(comparison)

    def _as_written(self, comparison: tree.Comparison) -> Condition:
        literals = self.phrases.literals
        operator = ("?" if comparison.some else "") + comparison.operator
        left, right = filter_text(comparison.left, literals), filter_text(comparison.right, literals)
        of_record = _names_field(comparison.left) or _names_field(comparison.right)
        return Condition(f"the condition {left} {operator} {right} holds", of_record)

    def _about_me(
        self, left: Phrase, operator: Operator, some: bool, right: Phrase, *, guarded: bool
    ) -> Condition | None:
        """A relation that points to whoever asks."""
        if not right.me or operator not in ("=", "!="):
            return None
        relation = _relation_of(left)
        if relation is None:
            return None
        target = self.phrases.registry.find(relation.target)
        if target is None or target.kind != "auth":
            return None
        if left.many is None:
            if operator == "=" and not guarded and left.nullable:
                self.holes.append(left.text)
            return Condition(f"{left.text} is {'not ' if operator == '!=' else ''}whoever asks", True)
        if operator == "!=" or not some or left.many.key in self.shared:
            return None
        if not guarded:
            self.holes.append(left.many.rows)
        return Condition(f"{left.many.rows} includes whoever asks", True)

    def _about_values(self, left: Phrase, operator: Operator, some: bool, right: Phrase, *, guarded: bool) -> Condition:
        of_record = "record" in (left.source, right.source)
        if left.told:
            return Condition(f"{left.text} {_told(left.told, operator, right)}", of_record)
        if right.told or right.many or (left.source == right.source == "literal"):
            raise Unsayable
        _check_kinds(left, operator, right)
        if left.many:
            return Condition(self._of_many(left.many, left, operator, some, right), of_record)
        from_actor = left.source == "record" and right.source == "actor"
        if from_actor and operator == "=" and left.blank and not guarded:
            self.holes.append(left.text)
        return Condition(f"{left.text} {_predicate(left, operator, right)}", of_record)

    def _of_many(self, many: Many, left: Phrase, operator: Operator, some: bool, right: Phrase) -> str:
        """With `?` one value is enough, else all count; where there is no value at all, one counts that is empty."""
        empty = right.kind in ("empty", "null")
        takes_none = (operator == "=" and empty) or (operator == "!=" and not empty)
        none = " (or there is none)" if takes_none else ""
        if right.source != "literal" and operator in ("=", "!="):
            if not some or operator == "!=":
                raise Unsayable  # where there is none, and the other side is empty too, these are equal
            none = " (or both are empty)"
        predicate = _predicate(left, operator, right)
        if some and many.key in self.shared:
            return f"for one and the same of {many.rows}, the {many.item} {predicate}{none}"
        if some:
            if many.item == "entry" and operator == "=" and not empty:
                return f"{many.rows} includes {right.text}"
            return f"some {many.item} of {many.rows} {predicate}{none}"
        if operator == "!=" and not empty:
            return f"no {many.item} of {many.rows} {_predicate(left, '=', right)}"
        return f"every {many.item} of {many.rows} {predicate}{none or ', and there is one'}"


def _names_field(operand: tree.Operand) -> bool:
    match operand:
        case tree.Name(path):
            return path[0][0] != "@"
        case tree.Call(_, arguments):
            return any(map(_names_field, arguments))
    return False


def _relation_of(phrase: Phrase) -> "_Relation | None":
    """The relation whose ids are compared: `author`, `author.id`, `members:each`, `members.id`."""
    found, many = phrase.field, phrase.many
    if found is None:
        return None
    if found.target and (many is None or many.item == "entry"):
        return _Relation(found.target)
    if found.key and many is not None and phrase.collection is not None and "." not in many.key:
        return _Relation(phrase.collection.name)
    return None


@dataclass(frozen=True, slots=True)
class _Relation:
    target: str


def _about_actor(left: Phrase, operator: Operator, some: bool, right: Phrase, phrases: Phrases) -> Who | None:
    """Whether somebody has signed in, to which collection, with which role."""
    empty = right.kind in ("empty", "null")
    if (left.me or left.my_collection) and empty:
        if operator == "!=":
            return Who("is signed in")
        if operator == "=":
            return Who("is a guest", signed_in=False)
    if left.my_collection and operator == "=" and right.source == "literal" and isinstance(right.value, str):
        found = phrases.registry.find(right.value)
        if found and right.value == getattr(found, left.my_collection):
            return Who(f"is signed in to {found.name}")
    is_role = left.many is not None and left.source == "actor"
    if is_role and some and operator == "=" and right.source == "literal" and isinstance(right.value, str):
        return Who(f"has the role {right.value}") if right.value else None
    return None


def _told(told: str, operator: Operator, right: Phrase) -> str:
    """`:isset` and `:changed` against a yes or no."""
    yes = (right.kind == "boolean" and right.text == "true") or (right.kind == "integer" and right.value == 1)
    no = (right.kind == "boolean" and right.text == "false") or (right.kind == "integer" and right.value == 0)
    if not (yes or no) or operator not in ("=", "!="):
        raise Unsayable
    return told if yes == (operator == "=") else told.replace("is ", "is not ", 1)


def _check_kinds(left: Phrase, operator: Operator, right: Phrase) -> None:
    """Raises Unsayable where a comparison means something else than it reads: a text with a number, for example."""
    if right.source == "record":
        if right.meaning != left.meaning and "unknown" not in (left.meaning, right.meaning):
            raise Unsayable
        return
    kind = right.kind
    if kind in ("empty", "null"):
        if operator not in ("=", "!="):
            raise Unsayable
        return
    if kind == "unknown" or operator in ("~", "!~"):
        if left.meaning == "json" and kind == "unknown":
            raise Unsayable  # JSON's texts, numbers and null are told apart
        return
    fits = {
        "number": kind in ("integer", "number", "numeric"),
        "text": kind in TEXT_KINDS,
        "boolean": kind == "boolean" and operator in ("=", "!="),
        "moment": kind in ("instant", "date"),
        "json": operator in ("=", "!=") or kind in ("integer", "number"),
        "unknown": True,
    }[left.meaning]
    strict = left.collection is None or left.collection.strict
    as_text = left.meaning == "moment" and kind == "date" and operator in ("=", "!=")
    if not fits or (as_text and (left.source != "record" or not strict)):
        raise Unsayable


def _predicate(left: Phrase, operator: Operator, right: Phrase) -> str:
    negated = "not " if operator == "!=" else ""
    match operator:
        case "=" | "!=" if right.kind in ("empty", "null"):
            return _emptiness(left, operator, right)
        case "=" | "!=" if right.source == "record":
            return f"is {negated}the same as {right.text}"
        case "!=" if left.source == "request":
            return f"is not {right.text} (or is missing)"
        case "=" | "!=":
            return f"is {negated}{right.text}"
        case "~" | "!~":
            return _likeness(left, operator, right)
    if "moment" in (left.meaning, right.meaning) or right.kind in ("instant", "date"):
        words = _MOMENTS
    elif left.meaning == "text" or right.kind in TEXT_KINDS:
        words = _NUMBERS if left.meaning == "number" else _TEXTS
    else:
        words = _NUMBERS
    return f"{words[operator]} {right.text}"


def _emptiness(left: Phrase, operator: Operator, right: Phrase) -> str:
    if left.meaning == "json":
        if right.kind == "null":
            return "is null or missing" if operator == "=" else "is neither null nor missing"
        return 'is ""' if operator == "=" else 'is not ""'
    if operator == "!=":
        return "is not empty"
    return "is empty or missing" if left.source == "request" else "is empty"


def _likeness(left: Phrase, operator: Operator, right: Phrase) -> str:
    """`~` ignores the case of letters, and `%` in what is looked for stands for anything."""
    verbs = {"contain": "contains", "start with": "starts with", "end with": "ends with", "match": "matches"}
    verb, looked_for = _pattern(right)
    # Where there is no value, neither ~ nor !~ holds.
    there = "is not null and " if left.nullable else ""
    said = verbs[verb] if operator == "~" else f"{there}does not {verb}"
    return f"{said} {looked_for} in any letter case"


def _pattern(right: Phrase) -> tuple[str, str]:
    text = str(right.value) if right.source == "literal" and right.value is not None else None
    if text is None:
        return "contain", f"{right.text} (% in it stands for anything)"
    inner = text.strip("%")
    if "%" not in text and "\\" not in text:
        return "contain", right.text
    if "\\" in text or "_" in text or "%" in inner or not inner:
        return "match", f"the pattern {right.text}"
    if text == inner + "%":
        return "start with", f'"{inner}"'
    if text == "%" + inner:
        return "end with", f'"{inner}"'
    return "contain", f'"{inner}"'
