"""What a database says of itself, for people who look after it."""

from dataclasses import dataclass

from piccobase.db.engine import Database

_QUESTIONS = {
    "sqlite": (
        "SQLite",
        "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    ),
    "postgres": (
        "PostgreSQL",
        "SELECT split_part(current_setting('server_version'), ' ', 1), pg_database_size(current_database())",
    ),
}


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """`size` is what the data takes on the disk, in bytes."""

    product: str
    version: str
    size: int


async def read_facts(db: Database) -> DatabaseFacts:
    """Asks the database. Quick, however much is in it."""
    product, question = _QUESTIONS[db.dialect]
    [(version, size)] = await db.rows(question)
    return DatabaseFacts(product, version, size)
