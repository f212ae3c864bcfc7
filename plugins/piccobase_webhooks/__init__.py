"""Webhooks: what happens to records is told to URLs, signed, at least once, and with a log of what was delivered.

`App(plugins=["webhooks"])` loads it. `verify` is for receivers that are written in Python.
"""

from piccobase_webhooks.declaring import plugin
from piccobase_webhooks.signing import InvalidSecret, InvalidSignature, verify

__all__ = ["InvalidSecret", "InvalidSignature", "plugin", "verify"]

from piccobase_webhooks import pages, routes, subscribing, working  # noqa: F401  # what the plugin brings
