"""A collection's form: the schema it is made from, a record in it, and what a form that comes back wants changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from piccobase.extending import CollectionInfo, FieldError, InvalidRecord, encode_json
from piccobase_admin.tables.choosing import form_field
from piccobase_admin.tables.kinds import FormField, JSONText, LongText, NotReadable, Secret
from piccobase_admin.tables.labels import Label, label_of

Wires = Mapping[str, str]  # a record: the JSON text of each of its fields, by name
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_UNREADABLE = "The form cannot be read."


def wires_of(record: Any) -> Wires:
    """A record that the record service answered with, field by field and with all digits."""
    return {name: bytes(wire).decode() for name, wire in _decode(encode_json(record)).items()}


class Form:
    """The form of one collection, worked out once. It shows the token key of an auth record nowhere."""

    def __init__(self, collection: CollectionInfo) -> None:
        self.collection = collection
        self.label: Label = label_of(collection)
        self.fields: dict[str, FormField] = {
            field.name: form_field(field)
            for field in _key_first(collection)
            if not (collection.kind == "auth" and field.name == "tokenKey")
        }
        self.shown_names = tuple(name for name, field in self.fields.items() if not isinstance(field, Secret))
        self.relations = {
            name: field.field.target
            for name, field in self.fields.items()
            if field.field.target and not field.field.multiple and name in self.shown_names
        }

    def schema(self) -> dict[str, Any]:
        """What Piccolo Admin makes its list, form and filters from."""
        return {
            "title": self.collection.name,
            "type": "object",
            "properties": {name: field.schema() for name, field in self.fields.items()},
            "required": [name for name, field in self.fields.items() if field.field.required and not field.field.key],
            "extra": {
                "help_text": (self.collection.table.__doc__ or "").strip().partition("\n")[0] or None,
                "primary_key_name": "id",
                "link_column_name": self.link,
                "visible_column_names": self.columns,
                "visible_filter_names": [name for name in self.shown_names if self.fields[name].comparable],
                "visible_fields_options": self.shown_names,
                "rich_text_columns": [],
                "media_columns": [],
                "order_by": [{"column": name, "ascending": ascending} for name, ascending in self._order()],
                "time_resolution": {},
            },
        }

    def for_script(self) -> dict[str, Any]:
        """What the script beside the form has to know: inputs that suit better than texts, and what is not written."""
        return {
            "inputs": {name: field.input for name, field in self.fields.items() if field.input},
            "fixed": [name for name, field in self.fields.items() if field.fixed],
            "secret": [name for name, field in self.fields.items() if isinstance(field, Secret)],
            "code": [name for name, field in self.fields.items() if isinstance(field, JSONText)],
        }

    @property
    def link(self) -> str:
        """The column of a list that leads to the record: what it is called by, or its id."""
        return self.label.names[0] if self.label.names[0] not in self.relations else "id"

    @property
    def columns(self) -> list[str]:
        """The columns of a list: the link, then all that is shown in a few words, the id at the end."""
        middle = [
            name
            for name in self.shown_names
            if name not in ("id", self.link) and not isinstance(self.fields[name], JSONText | LongText)
        ]
        return list(dict.fromkeys([self.link, *middle, "id"]))

    def _order(self) -> list[tuple[str, bool]]:
        """Newest first where the server writes down when a record was made; else in the order of the ids."""
        created = next((field.name for field in self.collection.fields if field.auto == "create"), None)
        return [(created, False)] if created else [("id", True)]

    def listed(self, record: Wires) -> dict[str, Any]:
        """A record as a list shows it. One without a name shows its id, or there would be nothing to click on."""
        row = self.exported(record, self.shown_names)
        return row if row[self.link] else row | {self.link: row["id"]}

    def exported(self, record: Wires, names: Sequence[str]) -> dict[str, Any]:
        """The wanted fields of a record, as they are. What a hook has taken out of it is empty."""
        return {name: self.fields[name].listed(record[name]) if name in record else None for name in names}

    def shown(self, record: Wires) -> dict[str, Any]:
        """A record in the form. Secrets are empty, whatever is stored."""
        row = {name: field.shown(record.get(name, "null")) for name, field in self.fields.items()}
        return {name: value for name, value in row.items() if value is not msgspec.UNSET}

    def blank(self) -> dict[str, Any]:
        """The form of a new record, with the defaults that are known before there is one."""
        return self.shown({name: _default(field) for name, field in self.fields.items()})

    def draft(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What a filled-in form for a new record holds; fields left as they were get their defaults."""
        return self._read(sent, self.blank())

    def changes(self, stored: Wires, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What a form that comes back wants changed in the stored record: only the fields that were touched."""
        return self._read(sent, self.shown(stored))

    def _read(self, sent: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """The touched fields as values for the record service. Raises InvalidRecord, as that does."""
        body: dict[str, Any] = {}
        errors = {name: FieldError("validation_unknown", "No such field.") for name in sent.keys() - self.fields.keys()}
        for name, field in self.fields.items():
            if name not in sent or field.is_untouched(before.get(name, msgspec.UNSET), sent[name]):
                continue
            try:
                body[name] = field.read(sent[name])
            except NotReadable as reason:
                errors[name] = FieldError("validation_invalid_json", str(reason))
        if errors:
            raise InvalidRecord(_UNREADABLE, errors)
        if self.collection.kind == "auth" and "password" in body:
            body["passwordConfirm"] = body["password"]  # it is read out of one field, in plain sight
        return body


def _key_first(collection: CollectionInfo) -> list[Any]:
    return sorted(collection.fields, key=lambda field: (not field.key, bool(field.auto)))


def _default(form_field: FormField) -> str:
    """The wire of a default that is the same for each record; null for one that is made anew each time."""
    field = form_field.field
    declared = getattr(field.piccolo, "default", None)
    if field.key or field.auto or ((callable(declared) or hasattr(declared, "python")) and not field.multiple):
        return "null"
    value = field.default()
    bind, read = field.value.bind("sqlite"), field.value.read("sqlite")
    for convert in (bind, read):
        value = convert(value) if convert and value is not None else value
    return encode_json(value).decode()
