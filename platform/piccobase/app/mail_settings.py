"""The section "mail" of the settings: templates that superusers have put in the place of others."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from piccobase.base.errors import FieldError
from piccobase.mail.accounts import mistakes_in
from piccobase.mail.errors import InvalidMail
from piccobase.mail.sandbox import check_template
from piccobase.schema.collections import CollectionInfo
from piccobase.schema.mail_template import MAIL_KINDS, MailKind, MailTemplate
from piccobase.schema.naming import nearest
from piccobase.schema.registry import Registry
from piccobase.settings.checks import REQUIRED, found
from piccobase.settings.section import Mistakes, Section, says
from piccobase.settings.service import OwnSection, SettingsService

OWN_VALUES = frozenset(["app_name", "app_url"])  # that every mail of an app's own is given


class EditedTemplate(Section, frozen=True):
    """A template in the place of another."""

    collection: Annotated[str, says("Collection", "Whose accounts it is about. Empty: a mail of the app's own.")] = ""
    template: Annotated[
        str, says("Mail", "verification, password-reset, email-change, otp or login-alert; or the app's name for it.")
    ] = ""
    subject: Annotated[str, says("Subject")] = ""
    body: Annotated[str, says("Body", "HTML, with places such as {APP_NAME} and {TOKEN}.")] = ""
    text: Annotated[str, says("Text", "For those who read no HTML. Empty: made from the body.")] = ""

    @property
    def as_template(self) -> MailTemplate:
        return MailTemplate(self.subject, self.body, self.text)


class MailTemplates(Section, frozen=True):
    """Templates of mails that were edited. Those that are not here are the app's, or the default ones."""

    templates: Annotated[tuple[EditedTemplate, ...], says("Edited templates")] = ()


def edited_templates(
    settings: SettingsService, registry: Registry, own: Mapping[str, MailTemplate]
) -> OwnSection[MailTemplates]:
    """Registers the section. What is edited is checked against the collections and mails that there are."""

    class Checked(MailTemplates, frozen=True):
        __doc__ = MailTemplates.__doc__

        def check(self) -> Mistakes:
            mistakes: Mistakes = {}
            seen: set[tuple[str, str]] = set()
            for place, one in enumerate(self.templates):
                wrong = _mistakes(one, registry, own)
                if (one.collection, one.template) in seen:
                    wrong = {"template": FieldError("validation_not_unique", "This template is edited above already.")}
                seen.add((one.collection, one.template))
                if wrong:
                    mistakes[str(place)] = wrong
            return {"templates": mistakes} if mistakes else {}

    return cast("OwnSection[MailTemplates]", settings.section("mail", Checked, "Mail templates"))


def find_edited(section: MailTemplates, collection: CollectionInfo | None, name: str) -> MailTemplate | None:
    """The template that was put in the place of this one; without a collection, of an app's own."""
    names = ("",) if collection is None else (collection.name, collection.id)
    for one in section.templates:
        if one.template == name and one.collection in names:
            return one.as_template
    return None


def _mistakes(one: EditedTemplate, registry: Registry, own: Mapping[str, MailTemplate]) -> Mistakes:
    if not one.template:
        return {"template": REQUIRED}
    if not one.collection:
        declared = own.get(one.template)
        if declared is None:
            return {"template": _unknown(f'The app has no mail "{one.template}".', one.template, own)}
        return own_mistakes(one.as_template, values=_values_of(declared))
    collection = registry.find(one.collection)
    if collection is None or collection.kind != "auth":
        known = [info.name for info in registry.collections.values() if info.kind == "auth"]
        return {"collection": _unknown("There is no such auth collection.", one.collection, known)}
    if one.template not in MAIL_KINDS:
        return {"template": _unknown("There is no such mail.", one.template, MAIL_KINDS)}
    return account_mistakes(one.template, one.as_template, collection)


def account_mistakes(kind: MailKind, template: MailTemplate, collection: CollectionInfo) -> dict[str, FieldError]:
    """What is wrong with a template for mails about accounts, by its parts."""
    mistakes = mistakes_in(kind, template, collection)
    return {
        part: REQUIRED if text == REQUIRED.message else FieldError("validation_invalid_template", text)
        for part, text in mistakes.items()
    }


def own_mistakes(template: MailTemplate, *, values: set[str] | None = None) -> dict[str, FieldError]:
    """What is wrong with a template of an app's own, by its parts; with `values` also what else it asks for."""
    parts = {"subject": template.subject, "body": template.body, "text": template.text}
    mistakes: dict[str, Any] = {
        part: REQUIRED if part != "text" and not source.strip() else _own_mistake(source, values)
        for part, source in parts.items()
    }
    return found(**mistakes)


def _own_mistake(source: str, values: set[str] | None) -> FieldError | None:
    try:
        asked = check_template(source)
    except InvalidMail as error:
        return FieldError("validation_invalid_template", error.message)
    for name in sorted(asked - values) if values is not None else ():
        return _unknown(f"The mail is not given any {name}.", name, values or ())
    return None


def _values_of(template: MailTemplate) -> set[str]:
    return check_template(template.subject) | check_template(template.body) | check_template(template.text) | OWN_VALUES


def _unknown(text: str, name: str, known: Any) -> FieldError:
    return FieldError("validation_in_invalid", text + nearest(name, known))
