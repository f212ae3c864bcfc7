"""What the dashboard and plugins build on: the running server's services, and the types that these speak in.

An entry point of the group `piccobase.plugins` names a function that takes the `Services` of a started server and
returns `Mount`s, ASGI applications that answer below a path of their own beside the API.
"""

from piccobase.app.mounts import Mount
from piccobase.app.services import Services
from piccobase.auth.methods import auth_methods
from piccobase.base.clock import instant_text, now, unix_time
from piccobase.base.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    InvalidQuery,
    InvalidRecord,
    NotFound,
    Problem,
    RequestError,
    SignInFailed,
    StartError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unexpected,
)
from piccobase.base.json import NotJSON, encode_json, parse_whole_json
from piccobase.db.errors import DatabaseFailed, StillReferenced
from piccobase.db.facts import DatabaseFacts, read_facts
from piccobase.http.addresses import Addresses, AddressList, network_of
from piccobase.http.answers import CORS_HEADER, SECURITY_HEADERS
from piccobase.http.collections import unexpected
from piccobase.http.counting import Counter, make_counter
from piccobase.http.sql import run_sql
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
from piccobase.records.asking import ListQuery
from piccobase.records.creating import create_record
from piccobase.records.deleting import delete_record
from piccobase.records.drafting import check_field
from piccobase.records.listing import Page, list_records
from piccobase.records.updating import update_record
from piccobase.records.viewing import view_record
from piccobase.rules.context import RequestContext
from piccobase.rules.wording import describe_reading, describe_verb, describe_writing
from piccobase.schema.actor import Actor
from piccobase.schema.collections import CollectionInfo, Verb
from piccobase.schema.fields import FieldInfo
from piccobase.schema.mail_template import MAIL_KINDS, MailKind, MailTemplate
from piccobase.schema.registry import Registry
from piccobase.schema.system import SUPERUSERS_ID
from piccobase.schema.values.base import InvalidValue
from piccobase.settings.section import SecretText, Section, described, is_secret, is_section, plain, says, wire_name
from piccobase.settings.sections import RateLimitRule, Settings, TrustedProxySettings
from piccobase.settings.service import OwnSection, SettingsService

__all__ = [
    "CORS_HEADER",
    "JOB_STATES",
    "MAIL_KINDS",
    "MOST_COUNTED",
    "SECURITY_HEADERS",
    "SUPERUSERS_ID",
    "Actor",
    "AddressList",
    "Addresses",
    "BadRequest",
    "CollectionInfo",
    "Counter",
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
    "ListQuery",
    "LogPage",
    "LogReader",
    "MailError",
    "MailKind",
    "MailTemplate",
    "Mount",
    "NotFound",
    "NotJSON",
    "OwnSection",
    "Page",
    "Problem",
    "RateLimitRule",
    "Registry",
    "RequestContext",
    "RequestError",
    "SecretText",
    "Section",
    "SeenJob",
    "SeenSchedule",
    "Services",
    "Settings",
    "SettingsService",
    "SignInFailed",
    "StartError",
    "StillReferenced",
    "TooLarge",
    "TooManyRequests",
    "TrustedProxySettings",
    "Unauthorized",
    "Unavailable",
    "Unexpected",
    "Verb",
    "as_page",
    "auth_methods",
    "check_field",
    "create_record",
    "current_job",
    "delete_record",
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
    "now",
    "parse_whole_json",
    "places_of",
    "plain",
    "read_facts",
    "run_sql",
    "says",
    "unexpected",
    "unix_time",
    "update_record",
    "view_record",
    "wire_name",
]
