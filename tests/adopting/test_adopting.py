"""Databases that others have made, adopted by the command and served, with what is in them and without a change."""

import hashlib
import re
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.asking import serving_app
from tests.postgres_server import PostgresServer
from tests.process.commands import command

from piccobase.app.loading import load_app
from piccobase.testing import Caller

HERE = Path(__file__).parent


def adopt(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run(folder, "adopt", *arguments)


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return command(folder, *words, COLUMNS="200")


def adopted(folder: Path, *arguments: str) -> str:
    """What the command has printed."""
    done = adopt(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def served(app_file: Path, database_url: str | None, data_dir: Path) -> AsyncIterator[Caller]:
    """The adopted app, asked by a superuser, since its rules are closed."""
    app = load_app(str(app_file))
    assert app.check() == []
    async with serving_app(app, database_url, data_dir) as api:
        for collection in app.collections:
            assert (await api.ask("GET", api.records(collection._meta.tablename))).status_code == 403
        yield await api.superuser()


async def listed(api: Caller, name: str, **query: str) -> list[dict[str, Any]]:
    answer = await api.ask("GET", api.records(name), query={"sort": "id", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return [{key: value for key, value in item.items() if not key.startswith("collection")} for item in items]


# --- PostgreSQL


@pytest.fixture
async def shop(postgres_url: str) -> str:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute((HERE / "shop_postgres.sql").read_text())
    await connection.close()
    return postgres_url


async def test_a_postgres_shop_is_served_as_it_is(shop: str, postgres_server: PostgresServer, tmp_path: Path) -> None:
    before = postgres_server.dump(shop)
    told = adopted(tmp_path, shop)
    assert postgres_server.dump(shop) == before
    for line in (
        "not served: order_items: its key is made of order_id and product_id",
        "not served: Order Sheet: a collection is called by a word",
        "not served: notes_without_key: has no primary key",
        "not served: open_orders: is a view",
        "not declared: customers.ip: there is no column for the type inet",
        "not declared: products.total: is computed by the database",
        "not declared: products: unique index products_sku_live: CREATE UNIQUE INDEX",
        "Made app.py: 4 collections",
    ):
        assert line in told
    async with served(tmp_path / "app.py", shop, tmp_path / "data") as api:
        ada, bob = await listed(api, "customers")
        assert bob["referred_by"] == ada["id"] == "1"
        assert (ada["tags"], ada["scores"], ada["preferences"]) == (["math", "a b"], [1, 2], {"a": [1, None]})
        [paid] = await listed(api, "orders", filter="status = 'paid' && customer_id.email = 'ada@example.com'")
        assert paid["id"] == "1"
        assert [order["id"] for order in await listed(api, "orders", sort="-status")] == ["1", "2"]
        await _write_to_the_postgres_shop(api, bob)
        await _has_taken_up_its_first_migration(api)
    after = postgres_server.dump(shop)
    assert _definitions(before) <= _definitions(after)  # beside what the server needs, and what was written to it


async def _has_taken_up_its_first_migration(api: Caller) -> None:
    done = await api.services.engine.rows("SELECT name FROM migration WHERE app_name = 'app'")
    assert len(done) == 1


async def _write_to_the_postgres_shop(api: Caller, bob: dict[str, Any]) -> None:
    order = await api.create("orders", customer_id=bob["id"], status="it's shipped")
    assert (order["id"], order["placed"] != "") == ("3", True)
    defaults = await api.create("orders", customer_id=2)
    assert (defaults["status"], defaults["note"]) == ("new", None)
    for wrong in ("lost", ""):
        answer = await api.ask("PATCH", api.records("orders", "3"), {"status": wrong})
        assert answer.json()["data"]["status"]["code"] == "validation_invalid_value", answer.text
    answer = await api.ask("PATCH", api.records("orders", "3"), {"status": "paid", "note": "thanks"})
    assert (answer.json()["status"], answer.json()["note"]) == ("paid", "thanks")
    product = await api.create("products", sku="B1", price=0.1, lasts=60, picture="AP8=")
    assert (product["price"], product["stock"], product["name"]) == (0.1, -1, "it's new")
    clash = await api.ask("POST", api.records("products"), {"sku": "B1", "price": 1, "name": "another"})
    assert clash.json()["data"]["sku"]["code"] == "validation_not_unique"  # by the index of those that are not deleted
    missing = await api.ask("POST", api.records("customers"), {})
    assert missing.json()["data"].keys() == {"email", "fullName"}
    customer = await api.create("customers", email="eve@example.com", fullName="Eve", count=3, **{"class": "a"})
    assert (customer["id"], customer["count"], customer["class"], customer["active"]) == ("3", 3, "a", True)
    assert (await api.ask("DELETE", api.records("customers", "3"))).status_code == 204


def _definitions(dump: str) -> set[str]:
    """The statements of a dump that make something, without rows and numbers."""
    statements = dump.split(";\n")
    return {text.strip() for text in statements if "CREATE " in text or "ALTER TABLE" in text} - {""}


# What was made by others is dropped by its own name, and what has none by what it does.
CHANGES = [
    (r"( +)note = Text\((.*)\n( +)placed", r"\1rating = Integer(default=3)\n\1remark = Text(\2\n\1placed"),
    (r"(email = .*), unique=True, required=True", r"\1"),
    (r"(fullName = .*), index=True", r"\1"),
    (r"(referred_by = .*)OnDelete.set_null", r"\1OnDelete.cascade"),
    (r"\n    (email_check|email_has_at|status_check|price_check|sku_name) = .*", ""),
    (r"length=200", "length=300"),
]


async def test_changes_of_an_adopted_postgres_database_are_migrations_like_any_other(shop: str, tmp_path: Path) -> None:
    adopted(tmp_path, shop)
    _change(tmp_path / "app.py", tmp_path, "--rename", "orders.note=remark", "--database-url", shop)
    connection = await asyncpg.connect(shop)
    assert await connection.fetchval("SELECT array_agg(DISTINCT rating) FROM orders WHERE remark IS NULL") == [3]
    assert (
        await connection.fetchval("SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conname ~ '^(cu|pr)'")
        == 0
    )
    await connection.close()


def test_changes_of_an_adopted_sqlite_database_are_migrations_like_any_other(shop_file: Path, tmp_path: Path) -> None:
    adopted(tmp_path, "shop.db")
    _change(tmp_path / "app.py", tmp_path)
    with closing(sqlite3.connect(tmp_path / "data" / "data.db")) as copy:
        tables = dict(copy.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
    assert "UNIQUE" not in tables["customers"]
    assert "email_has_at" not in tables["customers"]
    assert "ON DELETE CASCADE" in tables["customers"]
    assert "CHECK" not in tables["orders"]
    assert not {"UNIQUE", "CHECK"} & set(tables["products"].split())


def _change(file: Path, folder: Path, *options: str) -> None:
    """Applies the first migration, then one of all changes, with nothing left to do afterwards."""
    where = options[options.index("--database-url") :] if "--database-url" in options else ()
    _succeeds(folder, "migrate", *where)
    for pattern, change in CHANGES:
        file.write_text(re.sub(pattern, change, file.read_text()))
    _succeeds(folder, "migrate", "new", *options)
    _succeeds(folder, "migrate", *where)
    _succeeds(folder, "migrate", "check", *where)


def _succeeds(folder: Path, *words: str) -> None:
    done = run(folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_another_schema_and_single_tables_are_adopted_when_asked_for(shop: str, tmp_path: Path) -> None:
    sales, orders = tmp_path / "sales", tmp_path / "orders"
    sales.mkdir()
    orders.mkdir()
    adopted(sales, shop, "--schema", "sales")
    told = adopted(orders, shop, "--table", "orders", "--output", "orders.py")
    for folder in (sales, orders):
        shutil.rmtree(folder / "migrations")  # a database keeps the record of one app's
    assert "not declared: orders.customer_id: its foreign key to customers, which is not served" in told
    async with served(sales / "app.py", shop, tmp_path / "data") as api:
        parent = await api.create("regions", name="World", kind="a")
        child = await api.create("regions", name="Europe", parent=parent["id"])
        assert [one["id"] for one in await listed(api, "regions", filter="parent.kind = 'a'")] == [child["id"]]
    async with served(orders / "orders.py", shop, tmp_path / "data") as api:
        assert (await api.create("orders", customer_id=1))["customer_id"] == 1
        refused = await api.ask("POST", api.records("orders"), {"customer_id": 77})
        assert refused.status_code == 400
    assert "There is no table order." in adopt(tmp_path, shop, "--table", "order", "--output", "x.py").stderr
    assert "There are: public, sales" in adopt(tmp_path, shop, "--schema", "sale", "--output", "x.py").stderr


# --- SQLite


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((HERE / "shop_sqlite.sql").read_text())
    return path


def _fingerprint(path: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.parent.glob(f"{path.name}*")}


async def test_a_sqlite_shop_is_copied_and_served_with_its_values_in_the_servers_forms(
    shop_file: Path, tmp_path: Path
) -> None:
    before = _fingerprint(shop_file)
    told = adopted(tmp_path, "shop.db")
    assert _fingerprint(shop_file) == before
    for line in (
        "not served: order_items: its key is made of order_id and product_id",
        "not served: search: is a virtual table",
        "note: customers.seen_at: its values were seconds since 1970, and are moments now",
        "note: customers.created_at: its moments are cut to milliseconds",
        "note: customers.mixed: its values are of several kinds, so all are texts now",
        "Made app.py: 5 collections",
    ):
        assert line in told
    assert 'check = Check("balance >= 0")' in (tmp_path / "app.py").read_text()  # which had no name
    async with served(tmp_path / "app.py", None, tmp_path / "data") as api:
        ada, bob = await listed(api, "customers")
        assert (ada["balance"], bob["balance"]) == (9.99, 1234567890.12)
        assert (ada["vip"], bob["vip"], ada["active"], ada["prefs"]) == (True, False, True, {"a": [1, None]})
        assert (ada["created_at"], bob["created_at"]) == ("2024-01-01 10:00:00.000Z", "2024-01-01 10:00:00.123Z")
        assert (ada["seen_at"], ada["birthday"], ada["opens"]) == (
            "2023-11-14 22:13:20.000Z",
            "1990-05-06 00:00:00.000Z",
            "08:30:00",
        )
        assert (ada["mixed"], bob["mixed"], bob["referred_by"], ada["big"]) == ("abc", "7", "1", 5000000000)
        assert [one["id"] for one in await listed(api, "customers", sort="-balance")] == ["2", "1"]
        assert await listed(api, "customers", filter="created_at = '2024-01-01 10:00:00.000Z'") == [ada]
        assert [one["id"] for one in await listed(api, "tags", sort="@rowid")] == ["a", "b"]
        await _write_to_the_sqlite_shop(api)
        await _has_taken_up_its_first_migration(api)


async def _write_to_the_sqlite_shop(api: Caller) -> None:
    order = await api.create("orders", customer_id="2")
    assert (order["id"], order["status"]) == ("3", "new")
    refused = await api.ask("PATCH", api.records("orders", "3"), {"status": "lost"})  # by a check
    assert refused.status_code == 400
    assert (await api.ask("PATCH", api.records("orders", "3"), {"status": "paid"})).json()["status"] == "paid"
    [_, bob] = await listed(api, "customers")
    assert bob["count"] == 1  # the trigger still works
    customer = await api.create("customers", email="eve@example.com", fullName="Eve", prefs=[1], vip=None)
    assert (customer["id"], customer["balance"], customer["prefs"]) == ("3", 0, [1])
    assert (await api.ask("DELETE", api.records("customers", "2"))).status_code == 204
    assert [one["customer_id"] for one in await listed(api, "orders")] == ["1"]
    items = await api.services.engine.rows("SELECT count(*) FROM order_items")  # a table that is not served
    assert items == [(1,)]


def test_a_file_that_is_in_use_is_read_with_what_its_log_has(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        connection.execute("INSERT INTO notes VALUES (1, 'in the log alone')")
        adopted(tmp_path, f"sqlite:///{tmp_path}/live.db")
        connection.execute("INSERT INTO notes VALUES (2, 'goes on')")
    with closing(sqlite3.connect(tmp_path / "data" / "data.db")) as copy:
        assert copy.execute("SELECT * FROM notes").fetchall() == [(1, "in the log alone")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.db",), "There is no file none.db."),
        (("mysql://root@localhost/shop",), "mysql:// cannot be adopted: give postgresql://… or a SQLite file."),
        (("notes.txt",), "notes.txt cannot be read: file is not a database"),
        (("shop.db", "--output", "taken.py"), "taken.py is there already. Name another file with --output."),
        (("shop.db", "--data-dir", "full"), "full has a database already. Choose another data dir with --data-dir."),
        (("empty.db",), "There is no table that could be served."),
        (("postgresql://nobody@127.0.0.1:1/none",), "Cannot connect to PostgreSQL at 127.0.0.1:1/none"),
    ],
)
def test_what_cannot_be_adopted_is_said_and_nothing_is_left_behind(
    shop_file: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "notes.txt").write_text("this is no database at all" * 100)
    (tmp_path / "taken.py").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "data.db").write_text("")
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE a (b)").connection.close()
    done = adopt(tmp_path, *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "app.py").exists()
    assert not (tmp_path / "data" / "data.db").exists()
