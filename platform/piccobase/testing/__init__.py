"""The public test kit: an app started in this process, asked as a client asks it, and tables of cases for it.

It needs `httpx`, and works with any runner of asynchronous tests. `docs/how-to/testing.md` shows how.
"""

from piccobase.testing.app import TestApp
from piccobase.testing.calling import PASSWORD, Caller
from piccobase.testing.clock import frozen
from piccobase.testing.databases import fresh_database
from piccobase.testing.factories import Factory
from piccobase.testing.requests import Request, delete, get, patch, post, put
from piccobase.testing.scenarios import Scenario, scenarios

__all__ = [
    "PASSWORD",
    "Caller",
    "Factory",
    "Request",
    "Scenario",
    "TestApp",
    "delete",
    "fresh_database",
    "frozen",
    "get",
    "patch",
    "post",
    "put",
    "scenarios",
]
