"""Piccobase: a backend from Piccolo tables. What stands in `__all__` is the public face; everything else may change."""

from piccobase.app.declared import App
from piccobase.app.engine import engine
from piccobase.app.events import ChangingSchema, StartingApp, StoppingApp
from piccobase.auth.events import SigningIn
from piccobase.base.version import __version__
from piccobase.filters.own_functions import RuleFunction
from piccobase.hooks.point import AfterEvent, HookEvent, Proceed
from piccobase.http.events import AnsweringRequest
from piccobase.jobs.errors import GiveUp, TryAgain
from piccobase.jobs.events import RunningJob
from piccobase.jobs.running import current_job
from piccobase.mail.events import SendingMail
from piccobase.plugins.plugin import Plugin
from piccobase.records.acting import RecordService
from piccobase.records.events import (
    CreatingRecord,
    DeletingRecord,
    EnrichingRecords,
    ExpandingRecords,
    ListingRecords,
    RecordCreated,
    RecordDeleted,
    RecordUpdated,
    RunningBatch,
    UpdatingRecord,
    ViewingRecord,
    WritingRecord,
)
from piccobase.records.record import Record
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.declaration import AuthCollection, Collection, View
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import FieldRules, Role, Rules, owner, role, rule, signed_in

__all__ = [
    "AfterEvent",
    "AnsweringRequest",
    "App",
    "AuthCollection",
    "AuthOptions",
    "ChangingSchema",
    "Collection",
    "CreatingRecord",
    "DeletingRecord",
    "EnrichingRecords",
    "ExpandingRecords",
    "FieldRules",
    "GiveUp",
    "HookEvent",
    "ListingRecords",
    "MailTemplate",
    "Plugin",
    "Proceed",
    "Record",
    "RecordCreated",
    "RecordDeleted",
    "RecordService",
    "RecordUpdated",
    "Role",
    "RuleFunction",
    "Rules",
    "RunningBatch",
    "RunningJob",
    "SendingMail",
    "SigningIn",
    "StartingApp",
    "StoppingApp",
    "TryAgain",
    "UpdatingRecord",
    "View",
    "ViewingRecord",
    "WritingRecord",
    "__version__",
    "current_job",
    "engine",
    "owner",
    "role",
    "rule",
    "signed_in",
]
