"""What is remembered of a statement's answer holds until somebody changes a table that it reads, in whatever way."""

from contextlib import suppress

import pytest

from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.tables_of import Tables

SCHEMA = (
    "CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE band (id INTEGER PRIMARY KEY, name TEXT, owner INTEGER REFERENCES owner (id) ON DELETE CASCADE)",
    "CREATE TABLE gig (id INTEGER PRIMARY KEY, band INTEGER REFERENCES band (id) ON DELETE SET NULL)",
    "CREATE TABLE tally (gigs INTEGER)",
    "CREATE TABLE other (id INTEGER PRIMARY KEY)",
    "CREATE VIEW named AS SELECT name FROM band",
    "CREATE TRIGGER counted AFTER INSERT ON gig BEGIN UPDATE tally SET gigs = gigs + 1; END",
    "INSERT INTO tally VALUES (0)",
    "INSERT INTO owner VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO band VALUES (1, 'x', 1)",
    "INSERT INTO gig VALUES (1, 1)",
)


@pytest.fixture
async def concerts(db: EmbeddedEngine) -> EmbeddedEngine:
    for statement in SCHEMA:
        await db.rows(statement)
    return db


@pytest.mark.parametrize(
    ("sql", "read", "changed"),
    [
        ("SELECT count(*) FROM gig", {"gig"}, set()),
        ("SELECT GIG.id FROM GIG", {"gig"}, set()),
        ("SELECT * FROM named", {"named", "band"}, set()),
        ("SELECT 1 FROM owner WHERE EXISTS (SELECT 1 FROM band WHERE owner = owner.id)", {"owner", "band"}, set()),
        ("WITH o AS (SELECT id FROM other) SELECT * FROM o", {"other"}, set()),
        ("UPDATE tally SET gigs = 1", set(), {"tally"}),
        ("UPDATE tally SET gigs = (SELECT count(*) FROM gig)", {"gig"}, {"tally"}),
        ("INSERT INTO gig VALUES (2, NULL)", {"tally"}, {"gig", "tally"}),
        ("DELETE FROM gig", set(), {"gig"}),
    ],
)
async def test_the_tables_of_a_statement(concerts: EmbeddedEngine, sql: str, read: set[str], changed: set[str]) -> None:
    found = concerts._tables_of.of(sql, ())
    assert found is not None
    assert found == Tables(found.read, frozenset(changed))
    assert read <= found.read


READS = {
    "owner": "SELECT count(*) FROM owner",
    "band": "SELECT name FROM named",
    "gig": "SELECT id FROM GIG WHERE band = 1",
    "tally": "SELECT gigs FROM tally",
    "other": "SELECT * FROM other",
}


def versions(db: EmbeddedEngine) -> dict[str, int]:
    return {name: db.version(sql) for name, sql in READS.items()}


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("INSERT INTO other VALUES (1)", {"other"}),
        ("INSERT INTO gig VALUES (2, NULL)", {"gig", "tally"}),
        ("UPDATE band SET name = 'y'", {"band"}),
        ("DELETE FROM owner WHERE id = 1", {"owner", "band", "gig"}),
        ("DELETE FROM owner", {"owner", "band", "gig"}),
        ("DELETE FROM gig", {"gig"}),
        ("CREATE INDEX named_band ON band (name)", set(READS)),
        ("VACUUM", set(READS)),
    ],
)
async def test_a_commit_changes_the_versions_of_what_it_may_have_changed_and_of_nothing_else(
    concerts: EmbeddedEngine, sql: str, changed: set[str]
) -> None:
    before = versions(concerts)
    assert versions(concerts) == before
    await concerts.rows(sql)
    after = versions(concerts)
    # What a foreign key could do but did not may be among them.
    assert {name for name in READS if after[name] != before[name]} >= changed
    assert ("other" in changed) == (after["other"] != before["other"])


async def test_a_transaction_changes_all_that_its_statements_change_and_only_when_it_is_kept(
    concerts: EmbeddedEngine,
) -> None:
    before = versions(concerts)
    with suppress(KeyError):
        async with concerts.transaction():
            await concerts.rows("INSERT INTO other VALUES (1)")
            raise KeyError
    assert versions(concerts) == before
    async with concerts.transaction():
        await concerts.rows("INSERT INTO other VALUES (1)")
        await concerts.rows("UPDATE tally SET gigs = 5 + (SELECT count(*) FROM other)")
        assert versions(concerts) == before
    after = versions(concerts)
    assert {name for name in READS if after[name] != before[name]} == {"other", "tally"}


async def test_whatever_another_process_commits_changes_all_versions(
    concerts: EmbeddedEngine, impatient: EmbeddedEngine
) -> None:
    before = versions(concerts)
    await impatient.rows("INSERT INTO other VALUES (1)")
    after = versions(concerts)
    assert not {name for name in READS if after[name] == before[name]}


async def test_a_statement_about_a_table_that_is_not_committed_yet_may_change_anything(
    concerts: EmbeddedEngine,
) -> None:
    before = versions(concerts)
    async with concerts.transaction():
        await concerts.rows("CREATE TABLE fresh (id INTEGER)")
        await concerts.rows("INSERT INTO fresh VALUES (1)")
    after = versions(concerts)
    assert not {name for name in READS if after[name] == before[name]}
    assert concerts.version("SELECT * FROM fresh") == concerts.version("SELECT * FROM fresh")
    seen = concerts.version("SELECT * FROM fresh")
    await concerts.rows("INSERT INTO fresh VALUES (1)")
    assert concerts.version("SELECT * FROM fresh") != seen
