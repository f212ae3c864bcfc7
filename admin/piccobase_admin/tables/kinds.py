"""A field in a form: what is shown for a value, and what a text that comes back means. A kind of field is a class.

The forms are Piccolo Admin's, which sends back every field each time, as the browser holds it: texts without the line
breaks that an input drops, `null` for whatever reads "null". So a value that a form could not hold without damage is
shown as text, and a field that comes back as it was shown counts as untouched and is not written at all.

`wire` is always the JSON text of a field's value, with all its digits.
"""

import json
from datetime import datetime
from typing import Any, ClassVar, cast

import msgspec

from piccobase.extending import FieldInfo, NotJSON, parse_whole_json

NUMBERS = frozenset({"integer", "number", "decimal", "duration"})


class NotReadable(Exception):
    """What was typed in cannot be a value of this kind; the text says why."""


class FormField:
    """A text in one line. `type` is Piccolo Admin's: string, number (also a text, but compared), boolean, array."""

    type: ClassVar[str] = "string"
    widget: ClassVar[str] = ""
    input: ClassVar[str] = ""  # the type of HTML input that suits better than a plain text's, where there is one
    hint: ClassVar[str] = ""
    comparable = True  # whether one can filter and sort by it
    fixed: ClassVar[bool] = False  # shown, and never written

    def __init__(self, field: FieldInfo) -> None:
        self.field = field

    def schema(self) -> dict[str, Any]:
        """The field's property in the schema that the forms are made from."""
        help_text = " ".join(filter(None, [self.field.piccolo._meta.help_text, self.hint]))
        extra: dict[str, Any] = {
            "help_text": help_text or None,
            "choices": self.choices() or None,
            "nullable": self.offers_null(),
            "unique": self.field.unique or self.fixed,  # not offered where many records are changed at once
            "widget": self.widget or None,
        }
        if self.field.target and not self.field.multiple:
            extra["foreign_key"] = {"to": self.field.target, "target_column": "id"}
        return {"title": self.field.name, "type": self.type, "extra": extra}

    def offers_null(self) -> bool:
        """Whether the form itself has a way to say null. Where not, an empty text says it, if the field can be null."""
        return False

    def choices(self) -> dict[str, dict[str, str]]:
        return {}

    def listed(self, wire: str) -> Any:
        """What a list of records shows."""
        return None if wire == "null" else self.shown(wire)

    def shown(self, wire: str) -> Any:
        """What the form shows."""
        return "" if wire == "null" else _plain(wire)

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        """Whether a form that showed `shown` and came back with `sent` was left alone."""
        return _in_one_line(_typed(shown)) == _in_one_line(_typed(sent))

    def read(self, sent: Any) -> Any:
        """The value of a field that was touched, for the record service. Raises NotReadable."""
        text = _typed(sent)
        return None if text == "" and self.field.nullable else text


class LongText(FormField):
    """A text of several lines. Rich text is one as well: an editor would write the HTML anew when it opens it."""

    widget = "text-area"

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return _with_plain_breaks(_typed(shown)) == _with_plain_breaks(_typed(sent))


class Number(FormField):
    """A number of any kind, as a text with all its digits: a browser's own numbers end at 2**53."""

    type = "number"

    def read(self, sent: Any) -> Any:
        return _number(sent)


class Duration(Number):
    hint = "In seconds."


class Flag(FormField):
    type = "boolean"

    def offers_null(self) -> bool:
        return self.field.nullable

    def shown(self, wire: str) -> Any:
        return json.loads(wire)

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return self.read(sent) is shown

    def read(self, sent: Any) -> Any:
        return {"true": True, "false": False}.get(sent, sent) if isinstance(sent, str) else sent


class Choice(FormField):
    """One of several: a select, or any column with choices. Left open it is not sent at all."""

    def offers_null(self) -> bool:
        return self.field.nullable

    def choices(self) -> dict[str, dict[str, str]]:
        may_be_blank = self.field.family == "text" and not self.field.required and not self.field.nullable
        blank = {"": {"display_name": "–", "value": ""}} if may_be_blank else {}
        return blank | choices_of(self.field)

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return (shown or "") == (sent or "")

    def read(self, sent: Any) -> Any:
        if sent is None or sent == "":
            return None if self.field.nullable or self.field.family != "text" else _typed(sent)
        return _number(sent) if self.field.family in NUMBERS else sent


class Relation(FormField):
    """The id of another record; the form has a search for it."""

    def offers_null(self) -> bool:
        return self.field.nullable

    def shown(self, wire: str) -> Any:
        return json.loads(wire) or None

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return (shown or "") == (sent or "")

    def read(self, sent: Any) -> Any:
        return sent or None


class Instant(FormField):
    """A point in time, in UTC. Shown in the form that an input for dates and times takes."""

    type = "number"
    input = "datetime-local"
    hint = "In UTC."

    def listed(self, wire: str) -> Any:
        return None if wire == "null" else _plain(wire)

    def shown(self, wire: str) -> Any:
        text = super().shown(wire)
        return f"{text[:10]}T{text[11:23]}" if text else ""

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return _moment(shown) == _moment(sent)  # inputs drop seconds and zeros at the end

    def read(self, sent: Any) -> Any:
        return sent or None


class Day(FormField):
    type = "number"
    input = "date"

    def shown(self, wire: str) -> Any:
        return str(super().shown(wire))[:10]

    def read(self, sent: Any) -> Any:
        return sent or None


class Time(FormField):
    """A time of day, with digits that an input for times would drop: a plain text."""

    type = "number"
    hint = "Such as 09:30:00."

    def read(self, sent: Any) -> Any:
        return sent or None


class Code(FormField):
    """A UUID."""

    def read(self, sent: Any) -> Any:
        return sent or None


class JSONText(LongText):
    """Any JSON, as text: the browser's own numbers would not keep all digits."""

    hint = "JSON."
    comparable = False

    def listed(self, wire: str) -> Any:
        return None if wire == "null" else wire

    def shown(self, wire: str) -> Any:
        return "" if wire == "null" else msgspec.json.format(wire.encode(), indent=2).decode()

    def read(self, sent: Any) -> Any:
        if sent is None or sent == "":
            return None
        if not isinstance(sent, str):
            return sent
        try:
            return parse_whole_json(sent)
        except NotJSON as error:
            raise NotReadable(f"Must be JSON: {error}.") from None


class Bytes(FormField):
    hint = "Base64."
    comparable = False


class Entries(FormField):
    """A list of simple values, in order. `choices` are those of its entries."""

    type = "array"

    def __init__(self, field: FieldInfo) -> None:
        super().__init__(field)
        self._family = "text" if field.family == "list" else element_of(field).family
        self.comparable = field.family == "list"  # filters look into lists, not into arrays

    def offers_null(self) -> bool:
        return True  # else an absent list would come back as text that is no JSON, and the form would break

    def choices(self) -> dict[str, dict[str, str]]:
        return choices_of(self.field)

    def shown(self, wire: str) -> Any:
        if wire == "null":
            return msgspec.UNSET  # the form cannot open a null there, an absent one it can
        entries = msgspec.json.decode(wire, type=list[msgspec.Raw])
        return [_plain(bytes(entry).decode()) for entry in entries]

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        if shown is msgspec.UNSET:
            return not sent
        return isinstance(sent, list) and shown == [_typed(entry) for entry in sent]

    def read(self, sent: Any) -> Any:
        if sent is None or sent == "":
            return None if self.field.nullable else []
        if not isinstance(sent, list):
            return sent
        return [self._entry(entry) for entry in sent]

    def _entry(self, sent: Any) -> Any:
        if self._family in NUMBERS:
            return _number(sent)
        if self._family == "boolean":
            return {"true": True, "false": False}.get(sent, sent) if isinstance(sent, str) else sent
        return "null" if sent is None else sent


class Secret(FormField):
    """What is stored and never shown: passwords and secret columns. Writing replaces it."""

    hint = "Stored and never shown. What you write here replaces it; left empty it stays as it is."
    comparable = False

    def __init__(self, field: FieldInfo, plain: FormField) -> None:
        """`plain` is the kind that the field would be if it were no secret: it reads what is written."""
        super().__init__(field)
        self._plain = plain

    def listed(self, wire: str) -> Any:
        raise AssertionError("a secret is listed nowhere")

    def shown(self, wire: str) -> Any:
        return ""

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return bool(sent == "")

    def read(self, sent: Any) -> Any:
        return self._plain.read(sent)


class Fixed(FormField):
    """What the server sets by itself."""

    hint = "Set by the server."
    fixed = True

    def is_untouched(self, shown: Any, sent: Any) -> bool:
        return True


class FixedInstant(Fixed):
    type = "number"
    input = "datetime-local"  # where one filters by it


class Key(FormField):
    """The record's id. It may be given to a new record, and cannot be changed later."""

    hint = "Left empty, the server makes one."


def element_of(field: FieldInfo) -> Any:
    return cast("Any", field.value).element


def choices_of(field: FieldInfo) -> dict[str, dict[str, str]]:
    """What can be chosen, as Piccolo Admin wants it: from the column's own choices, or the values of a select."""
    declared = field.piccolo._meta.get_choices_dict()
    if declared:
        return {
            name: {"display_name": choice["display_name"], "value": _typed(choice["value"])}
            for name, choice in declared.items()
        }
    values = field.value.describe().get("values", ()) if field.type == "select" else ()
    return {value: {"display_name": value, "value": value} for value in values}


def _plain(wire: str) -> str:
    """A text without its quotes; everything else as JSON has it."""
    return str(json.loads(wire)) if wire.startswith('"') else wire


def _typed(sent: Any) -> str:
    """What stands in an input: the form itself turns a text that reads "null" into null."""
    if sent is None:
        return "null"
    if isinstance(sent, bool):
        return "true" if sent else "false"
    return sent if isinstance(sent, str) else str(sent)


def _in_one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _with_plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(sent: Any) -> Any:
    """A number with the digits it was typed with. What is none is handed on: the field itself says so."""
    if sent is None or sent == "":
        return None
    if not isinstance(sent, str):
        return sent
    try:
        number = parse_whole_json(sent)
    except NotJSON:
        return sent
    return number if isinstance(number, int | float) else sent


def _moment(text: Any) -> object:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text or ""
