"""The plugin, and its section of the settings. What it consists of is declared beside it, a module for each part."""

from piccobase import Plugin, __version__
from piccobase_webhooks.settings import WebhookSettings
from piccobase_webhooks.tables import TABLES

plugin = Plugin("webhooks", __version__, collections=TABLES)
section = plugin.settings("webhooks", WebhookSettings, title="Webhooks")
