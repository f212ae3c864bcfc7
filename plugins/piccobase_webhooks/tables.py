"""What is stored: subscriptions, the log of what was delivered, and how far the change log was read."""

from typing import Any

from piccolo.columns import Boolean, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar

from piccobase import Collection, Rules
from piccobase.columns import AutoDate, JSONOf, MultiSelect, Select

VERBS = ("create", "update", "delete")
STATES = ("pending", "delivered", "failed", "dropped")


class Webhook(Collection, tablename="webhooks"):
    """A subscription: which changes are told to which URL."""

    rules = Rules()  # superusers only

    name = Varchar(length=100, required=True, help_text="What people call it.")
    url = Varchar(length=2048, required=True, help_text="Where messages are sent: https://…")
    collections = JSONOf(
        list[str], default="[]", help_text="Names of the collections it is about; none: all but the system's."
    )
    verbs = MultiSelect(VERBS, help_text="Which changes it is about; none: all.")
    filter = Text(help_text="Only records for which this filter holds.")
    fields = JSONOf(list[str], default="[]", help_text="The fields that are sent; none: all.")
    headers = JSONOf(dict[str, str], default="{}", secret=True, help_text="Sent along. Values are not shown again.")
    active = Boolean(default=True, help_text="Whether anything is sent.")
    inactive_reason = Text(db_column_name="inactiveReason", help_text="Why it was switched off by itself.")
    secret = Text(secret=True, help_text="What messages are signed with; made where none is given, and never shown.")


class Delivery(Collection, tablename="webhook_deliveries", change_log=False):
    """A message, and what became of it."""

    rules = Rules()

    created = AutoDate(index=True)  # by which the oldest are found
    webhook = ForeignKey(Webhook, on_delete=OnDelete.cascade, index=True)
    message = Varchar(length=40, help_text="The id that the receiver gets, the same in all attempts.")
    type = Varchar(length=40, help_text="record.created, record.updated …")
    collection = Varchar(length=255)
    record = Text(help_text="The record's id.")
    state = Select(STATES, default="pending")
    attempts = Integer(default=0, help_text="How often it was tried.")
    status = Integer(default=0, help_text="What was answered the last time; 0: nothing.")
    duration = Integer(default=0, help_text="Milliseconds that the last attempt took.")
    error = Text(help_text="Why the last attempt failed.")
    answer = Text(help_text="The beginning of what was answered.")
    log = JSONOf(default="[]", help_text="The last attempts: at, status, ms, error.")
    ended = Timestamptz(null=True, default=None)
    body = Text(help_text="What is sent, to the byte.")


class Position(Collection, tablename="webhook_positions", timestamps=False, change_log=False):
    """How far the change log was read: one row."""

    rules = Rules()

    position = Text()


TABLES: tuple[type[Any], ...] = (Webhook, Delivery, Position)
