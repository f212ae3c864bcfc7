"""The public face: a new public name is a deliberate line here."""

import piccobase
from piccobase import columns, testing

PUBLIC = {
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
    "current_job",
    "engine",
    "owner",
    "role",
    "rule",
    "signed_in",
}

# Their module path is frozen: migration files import them from there.
COLUMNS = {
    "AutoDate",
    "Editor",
    "File",
    "Files",
    "GeoPoint",
    "MultiSelect",
    "Password",
    "RecordId",
    "Relations",
    "Select",
    "TokenKey",
    "URL",
}

TESTING = {
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
}


def test_the_package_offers_exactly_these_names() -> None:
    assert set(piccobase.__all__) == PUBLIC | {"__version__"}


def test_every_name_offered_is_there() -> None:
    assert [name for name in piccobase.__all__ if not hasattr(piccobase, name)] == []


def test_the_test_kit_offers_exactly_these_names() -> None:
    assert set(testing.__all__) == TESTING


def test_our_columns_stand_where_migrations_look_for_them() -> None:
    assert {name for name in COLUMNS if getattr(columns, name).__module__ != "piccobase.columns"} == set()
