import asyncpg
import pytest

from piccobase.db.errors import (
    ConstraintFailed,
    DatabaseFailed,
    DatabaseUnavailable,
    NotUnique,
    SchemaChanged,
    SerializationFailed,
    StillReferenced,
    ValueRefused,
)
from piccobase.db.postgres_errors import columns_of_key, translated


@pytest.mark.parametrize(
    ("detail", "columns"),
    [
        ("Key (title)=(x) already exists.", ("title",)),
        ("Key (a, b)=(1, (2)) already exists.", ("a", "b")),
        ("Schlüssel »(title)=(x)« existiert bereits.", ("title",)),
        ('Key ("emailVisibility", "it, is")=(t, x) already exists.', ("emailVisibility", "it, is")),
        ('Key ("odd)=(name")=(x) already exists.', ("odd)=(name",)),
        ('Key ("say ""hi""")=(x) already exists.', ('say "hi"',)),
        ("Key (lower(email))=(x) already exists.", ("email",)),
        ("Key (lower(email::text))=(x) already exists.", ("email",)),
        ('Key (lower(("eMail")::text), org)=(x, 1) already exists.', ("eMail", "org")),
        ("Key (COALESCE(a, 'none'::character varying))=(x) already exists.", ("a",)),
        ("Key ((first || ' (), '::text || last))=(x) already exists.", ("first", "last")),
        ("Key ((deleted IS NULL))=(t) already exists.", ("deleted",)),
        ('Key ((name COLLATE "C"))=(t) already exists.', ("name",)),
        ("Key (größe)=(t) already exists.", ("größe",)),
        ("Key (a, a)=(1, 1) already exists.", ("a",)),
        ("", ()),
        ("no brackets", ()),
    ],
)
def test_the_columns_of_a_unique_key_are_read_from_the_detail(detail: str, columns: tuple[str, ...]) -> None:
    assert columns_of_key(detail) == columns


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("23505", NotUnique),
        ("23503", StillReferenced),
        ("23502", ConstraintFailed),
        ("23514", ConstraintFailed),
        ("23P01", ConstraintFailed),
        ("22003", ValueRefused),
        ("22P02", ValueRefused),
        ("22021", ValueRefused),
        ("40001", SerializationFailed),
        ("40P01", SerializationFailed),
        ("55P03", SerializationFailed),
        ("08006", DatabaseUnavailable),
        ("28P01", DatabaseUnavailable),
        ("3D000", DatabaseUnavailable),
        ("25006", DatabaseUnavailable),
        ("53100", DatabaseUnavailable),
        ("53300", DatabaseUnavailable),
        ("57014", DatabaseUnavailable),
        ("57P01", DatabaseUnavailable),
        ("57P03", DatabaseUnavailable),
        ("42601", DatabaseFailed),
        ("42703", SchemaChanged),
        ("42P01", SchemaChanged),
        ("42804", SchemaChanged),
        ("42883", SchemaChanged),
        ("25P02", DatabaseFailed),
        ("P0001", DatabaseFailed),
        ("XX000", DatabaseFailed),
    ],
)
def test_errors_of_the_server_become_ours_by_code(code: str, ours: type[Exception]) -> None:
    assert type(translated(asyncpg.PostgresError.new({"C": code, "M": "…"}))) is ours


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.InterfaceError("connection is closed"),
    ],
    ids=repr,
)
def test_a_lost_connection_is_a_database_out_of_reach(error: Exception) -> None:
    assert type(translated(error)) is DatabaseUnavailable


def test_a_wrong_use_of_the_driver_is_our_bug() -> None:
    error = asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed")
    assert type(translated(error)) is DatabaseFailed


def test_a_refused_constraint_is_named() -> None:
    error = asyncpg.PostgresError.new({"C": "23514", "M": "…", "n": "positive", "t": "account"})
    ours = translated(error)
    assert isinstance(ours, ConstraintFailed)
    assert ours.constraint == "positive"
