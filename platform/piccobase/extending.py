"""What the dashboard and plugins build on beside the names of `piccobase`: services, errors, and the types of both.

A mount's function, a route and a page of the dashboard are given the `Services` of the running server.
"""

from piccobase.app.current import CurrentRequest, current_request
from piccobase.app.services import Services
from piccobase.auth.methods import auth_methods
from piccobase.base.clock import instant_text, now, unix_time
from piccobase.base.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    InvalidQuery,
    InvalidRecord,
    NotFound,
    PiccobaseError,
    Problem,
    RequestError,
    SignInFailed,
    StartError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unexpected,
    Unprocessable,
)
from piccobase.base.json import NotJSON, encode_json, parse_whole_json
from piccobase.changes.opening import change_log
from piccobase.changes.reading import Change, ChangeLog, ChangesForgotten
from piccobase.db.engine import Database, Transaction
from piccobase.db.errors import DatabaseFailed, SchemaChanged, StillReferenced
from piccobase.db.facts import DatabaseFacts, read_facts
from piccobase.filters.literals import text_literal
from piccobase.http.addresses import Addresses, AddressList, network_of
from piccobase.http.administering import SUPERUSERS_ONLY
from piccobase.http.answers import CORS_HEADER, SECURITY_HEADERS
from piccobase.http.collections import unexpected
from piccobase.http.counting import Counter, make_counter
from piccobase.http.own_routes import SIGNED_IN_ONLY
from piccobase.http.sql import run_sql
from piccobase.identity.secrets import SecretStore
from piccobase.jobs.adding import Jobs
from piccobase.jobs.declaring import JobRegistry
from piccobase.jobs.errors import GiveUp
from piccobase.jobs.looking import MOST_COUNTED, SeenJob, SeenSchedule
from piccobase.jobs.looking import STATES as JOB_STATES
from piccobase.jobs.running import current_job
from piccobase.jobs.tables import State as JobState
from piccobase.jobs.tables import ms_text
from piccobase.logs.reading import LogPage, LogReader
from piccobase.mail.accounts import as_page, places_of
from piccobase.mail.errors import MailError
from piccobase.plugins.bringing import Bringing
from piccobase.plugins.mounts import Mount
from piccobase.plugins.pages import DashboardPage, PageRequest, SentOn, ShownPage
from piccobase.records.acting import RecordService
from piccobase.records.asking import ListQuery
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.drafting import check_field
from piccobase.records.events import WriteVerb
from piccobase.records.following import check_filter, current_record, deleted_record
from piccobase.records.listing import Page, list_records
from piccobase.records.service import Records
from piccobase.records.updating import update_record
from piccobase.records.viewing import view_record
from piccobase.rules.context import RequestContext
from piccobase.rules.wording import describe_reading, describe_verb, describe_writing
from piccobase.schema.actor import Actor, note_actor
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.mail_template import MAIL_KINDS, MailKind, MailTemplate
from piccobase.schema.registry import Registry
from piccobase.schema.rules import RuleLike
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.schema.values.base import InvalidValue
from piccobase.settings.section import (
    Mistakes,
    SecretText,
    Section,
    described,
    is_secret,
    is_section,
    plain,
    says,
    wire_name,
)
from piccobase.settings.sections import RateLimitRule, Settings, TrustedProxySettings
from piccobase.settings.service import OwnSection, SettingsService

__all__ = [
    "CORS_HEADER",
    "JOB_STATES",
    "MAIL_KINDS",
    "MOST_COUNTED",
    "SECURITY_HEADERS",
    "SIGNED_IN_ONLY",
    "SUPERUSERS_ID",
    "SUPERUSERS_ONLY",
    "Actor",
    "AddressList",
    "Addresses",
    "BadRequest",
    "Bringing",
    "Change",
    "ChangeLog",
    "ChangesForgotten",
    "CollectionInfo",
    "Conflict",
    "Counter",
    "CurrentRequest",
    "DashboardPage",
    "Database",
    "DatabaseFacts",
    "DatabaseFailed",
    "FieldError",
    "FieldInfo",
    "Forbidden",
    "GiveUp",
    "InvalidQuery",
    "InvalidRecord",
    "InvalidValue",
    "JobRegistry",
    "JobState",
    "Jobs",
    "ListQuery",
    "LogPage",
    "LogReader",
    "MailError",
    "MailKind",
    "MailTemplate",
    "Mistakes",
    "Mount",
    "NotFound",
    "NotJSON",
    "OwnSection",
    "Page",
    "PageRequest",
    "PiccobaseError",
    "Problem",
    "RateLimitRule",
    "RecordService",
    "Records",
    "Registry",
    "RequestContext",
    "RequestError",
    "RuleLike",
    "SchemaChanged",
    "SecretStore",
    "SecretText",
    "Section",
    "SeenJob",
    "SeenSchedule",
    "SentOn",
    "Services",
    "Settings",
    "SettingsService",
    "ShownPage",
    "SignInFailed",
    "StartError",
    "StillReferenced",
    "TooLarge",
    "TooManyRequests",
    "Transaction",
    "TrustedProxySettings",
    "Unauthorized",
    "Unavailable",
    "Unexpected",
    "Unprocessable",
    "Verb",
    "WriteVerb",
    "as_page",
    "auth_methods",
    "change_log",
    "check_field",
    "check_filter",
    "create_record",
    "current_job",
    "current_record",
    "current_request",
    "delete_record",
    "deleted_record",
    "describe_reading",
    "describe_verb",
    "describe_writing",
    "described",
    "encode_json",
    "instant_text",
    "is_secret",
    "is_section",
    "list_records",
    "make_counter",
    "ms_text",
    "network_of",
    "note_actor",
    "now",
    "parse_whole_json",
    "places_of",
    "plain",
    "read_facts",
    "run_sql",
    "says",
    "text_literal",
    "unexpected",
    "unix_time",
    "update_record",
    "view_record",
    "wire_name",
]
