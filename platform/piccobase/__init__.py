"""Piccobase: a backend from Piccolo tables. What stands in `__all__` is the public face; everything else may change."""

from piccobase.app.declared import App
from piccobase.app.engine import engine
from piccobase.base.version import __version__
from piccobase.jobs.errors import GiveUp
from piccobase.jobs.running import current_job
from piccobase.plugins.plugin import Plugin
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.declaration import AuthCollection, Collection, View
from piccobase.schema.mail_template import MailTemplate
from piccobase.schema.rules import FieldRules, Role, Rules, owner, role, rule, signed_in

__all__ = [
    "App",
    "AuthCollection",
    "AuthOptions",
    "Collection",
    "FieldRules",
    "GiveUp",
    "MailTemplate",
    "Plugin",
    "Role",
    "Rules",
    "View",
    "__version__",
    "current_job",
    "engine",
    "owner",
    "role",
    "rule",
    "signed_in",
]
