"""`Table.alter()`: what it does on PostgreSQL it does on SQLite."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import (
    UUID,
    BigInt,
    Boolean,
    ForeignKey,
    Integer,
    Numeric,
    Real,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Check, Unique
from piccolo.query.methods import alter as piccolo_alter
from piccolo.query.methods.alter import Alter
from piccolo.table import create_table_class

from piccobase.base.errors import PiccobaseError, StartError
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, DatabaseFailed, NotUnique, StillReferenced, ValueRefused
from piccobase.db.postgres import PostgresEngine
from piccobase.db.shape import TableShape, read_shape

Engine = EmbeddedEngine | PostgresEngine


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    opened = EmbeddedEngine(tmp_path / "data.db")
    yield opened
    await opened.close()


async def posts(engine: Engine) -> Any:
    """A table with rows, and one that points to it."""
    members: dict[str, Any] = {
        "id": Varchar(length=15, primary_key=True),
        "title": Varchar(length=100, null=True, default=None, index=True),
        "body": Text(),
        "number": Varchar(default="7"),
        "price": Integer(default=0),
        "slug": Varchar(unique=True, null=True, default=None),
        "many": Check('"price" >= 0'),  # type: ignore[arg-type]
    }
    post: Any = create_table_class("Post", class_kwargs={"db": engine}, class_members=members)
    comment = create_table_class(
        "Comment",
        class_kwargs={"db": engine},
        class_members={"id": Varchar(length=15, primary_key=True), "post": ForeignKey(post)},
    )
    await post.create_table()
    await comment.create_table()
    await post.insert(post(id="a", title="A", price=3), post(id="b", title=None, price=5, slug="s"))
    await comment.insert(comment(id="x", post="a"), comment(id="y", post="b"))
    return post


async def shape_of(engine: Engine, table: str = "post") -> TableShape:
    return (await read_shape(engine)).tables[table]


async def refused(engine: Engine, error: type[Exception], insert: str) -> None:
    with pytest.raises(error):
        await engine.rows(insert)


async def test_columns_change(engine: Engine) -> None:
    post = await posts(engine)
    await post.alter().set_null("body", True)
    assert (await shape_of(engine)).columns["body"].nullable
    await post.alter().set_null("body", False)
    await refused(engine, ConstraintFailed, "INSERT INTO post (id, body) VALUES ('c', NULL)")
    with pytest.raises(ConstraintFailed):
        await post.alter().set_null("title", False)
    await post.alter().set_default(post.body, "it is empty")
    await post.alter().drop_default("number")
    await post.alter().set_null("number", True)
    await engine.rows("INSERT INTO post (id) VALUES ('c')")
    assert await engine.rows("SELECT body, number FROM post WHERE id = 'c'") == [("it is empty", None)]
    assert await engine.rows("SELECT id, post FROM comment ORDER BY id") == [("x", "a"), ("y", "b")]


@pytest.mark.parametrize(
    ("old", "new", "stored", "read"),
    [
        (Varchar(), Integer(), ["7", " 12", None], [7, 12, None]),
        (Varchar(), Numeric(digits=(10, 2)), ["7.10", "-1"], [Decimal("7.10"), Decimal("-1.00")]),
        (Varchar(), Boolean(), ["true", "no", None], [True, False, None]),
        (Integer(), Varchar(), [7, None], ["7", None]),
        (Integer(), BigInt(), [7], [7]),
        (Integer(), Real(), [7], [7.0]),
        (Integer(), Boolean(), [7, 0], [True, False]),
        (Numeric(digits=(10, 2)), Text(), [Decimal("1.50")], ["1.50"]),
        (Varchar(length=10), Text(), ["a"], ["a"]),
    ],
)
async def test_the_type_of_a_column_changes(
    engine: Engine, old: Any, new: Any, stored: list[Any], read: list[Any]
) -> None:
    for column in (old, new):
        column._meta.null, column.default, column._meta.params["default"] = True, None, None
    thing: Any = create_table_class("Thing", class_kwargs={"db": engine}, class_members={"value": old.copy()})
    await thing.create_table()
    await thing.insert(*(thing(value=value) for value in stored))
    await thing.alter().drop_default("value")
    new = new.copy()
    new._meta._table = thing
    using = f'"value"::{new.column_type}'
    if isinstance(engine, EmbeddedEngine) or not isinstance(old, Integer) or not isinstance(new, Boolean):
        await thing.alter().set_column_type(thing.value, new, using_expression=using)
    else:
        await thing.alter().set_column_type(thing.value, new, using_expression='"value" != 0')
    changed: Any = create_table_class("Thing", class_kwargs={"db": engine}, class_members={"value": new.copy()})
    assert [row["value"] for row in await changed.select(changed.value).order_by(changed.id)] == read


async def test_a_value_that_the_new_type_cannot_hold_is_told(engine: Engine) -> None:
    post = await posts(engine)
    await post.alter().drop_default("title")
    with pytest.raises(ValueRefused):
        await post.alter().set_column_type(post.title, Integer(), using_expression='"title"::INTEGER')
    assert await engine.rows("SELECT title FROM post ORDER BY id") == [("A",), (None,)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Integer(default=3), 3),
        (Varchar(null=True, default=None, unique=True), None),
        (Varchar(default="x", index=True), "x"),
        (Boolean(default=True), True),
    ],
)
async def test_columns_are_added(engine: Engine, column: Any, value: Any) -> None:
    post = await posts(engine)
    await post.alter().add_column("more", column)
    shape = await shape_of(engine)
    assert shape.columns["more"].nullable is column._meta.null
    assert any(it.unique and it.columns == ("more",) for it in shape.indexes) is column._meta.unique
    more = create_table_class("Post", class_kwargs={"db": engine}, class_members={"id": post.id.copy(), "more": column})
    assert await more.select(more.more).first() == {"more": value}


async def test_each_row_gets_its_own_random_or_present_value(engine: Engine) -> None:
    post = await posts(engine)
    await post.alter().add_column("key", UUID())
    await post.alter().add_column("made", Timestamptz())
    rows = await engine.rows("SELECT key, made FROM post")
    assert len({key for key, _ in rows}) == 2
    assert all(made is not None for _, made in rows)
    with pytest.raises(ConstraintFailed):
        await post.alter().add_column("wrong", Integer(default=None))


async def test_columns_are_dropped_with_what_stands_on_them(engine: Engine) -> None:
    post = await posts(engine)
    for name in ("title", "slug", "price"):  # indexed, unique, in a check
        await post.alter().drop_column(name)
    shape = await shape_of(engine)
    assert set(shape.columns) == {"id", "body", "number"}
    assert not shape.indexes
    assert not shape.checks
    assert len(await engine.rows("SELECT * FROM comment")) == 2


async def test_columns_and_tables_are_renamed(engine: Engine) -> None:
    post = await posts(engine)
    await post.alter().rename_column("slug", "handle")
    await post.alter().rename_table("essay")
    shape = await shape_of(engine, "essay")
    assert "handle" in shape.columns
    assert any(it.unique and it.columns == ("handle",) for it in shape.indexes)
    assert (await shape_of(engine, "comment")).foreign_keys["post"].table == "essay"


async def test_constraints_are_added_and_dropped(engine: Engine) -> None:
    post = await posts(engine)
    few, pair = Check('"price" < 100'), Unique([post.title, post.body])  # type: ignore[arg-type]
    few._meta._name, pair._meta._name = "few", "pair"
    await post.alter().add_constraint(few)
    await post.alter().add_constraint(pair)
    await refused(engine, ConstraintFailed, "INSERT INTO post (id, price) VALUES ('c', 100)")
    await refused(engine, NotUnique, "INSERT INTO post (id, title, body) VALUES ('c', 'A', '')")
    await post.alter().rename_constraint("few", "a_few")
    assert (await shape_of(engine)).checks == {"many", "a_few"}
    await post.alter().drop_constraint("a_few")
    await post.alter().drop_constraint("pair")
    await post.alter().drop_constraint("never_there")
    await engine.rows("INSERT INTO post (id, price, title, body) VALUES ('c', 100, 'A', '')")
    tight = Check('"price" < 10')  # type: ignore[arg-type]
    tight._meta._name = "tight"
    with pytest.raises(ConstraintFailed):
        await post.alter().add_constraint(tight)


async def test_columns_become_unique_and_cease_to_be(engine: Engine) -> None:
    post = await posts(engine)
    await post.alter().set_unique(post.title, True)
    await refused(engine, NotUnique, "INSERT INTO post (id, title) VALUES ('c', 'A')")
    await post.alter().set_unique(post.title, False)
    await engine.rows("INSERT INTO post (id, title) VALUES ('c', 'A')")
    await post.alter().set_unique(post.slug, False)
    await engine.rows("INSERT INTO post (id, slug) VALUES ('d', 's')")
    with pytest.raises(NotUnique):
        await post.alter().set_unique(post.title, True)
    with pytest.raises(DatabaseFailed):
        await post.alter().set_unique(post.body, False)


async def test_foreign_keys_are_dropped_and_added(engine: Engine) -> None:
    post = await posts(engine)
    comment: Any = create_table_class(
        "Comment",
        class_kwargs={"db": engine},
        class_members={"id": Varchar(primary_key=True), "post": ForeignKey(post)},
    )
    await comment.alter().drop_foreign_key_constraint("post")
    assert not (await shape_of(engine, "comment")).foreign_keys
    await engine.rows("INSERT INTO comment (id, post) VALUES ('z', 'nobody')")
    with pytest.raises(PiccobaseError):
        await comment.alter().add_foreign_key_constraint(comment.post, on_delete=OnDelete.set_null)
    await engine.rows("DELETE FROM comment WHERE id = 'z'")
    await comment.alter().add_foreign_key_constraint(comment.post, on_delete=OnDelete.set_null)
    assert (await shape_of(engine, "comment")).foreign_keys["post"].on_delete == "SET NULL"
    await refused(engine, StillReferenced, "INSERT INTO comment (id, post) VALUES ('z', 'nobody')")
    await engine.rows("DELETE FROM post WHERE id = 'a'")
    assert await engine.rows("SELECT post FROM comment ORDER BY id") == [(None,), ("b",)]
    await comment.alter().drop_foreign_key_constraint("post")
    await comment.alter().add_foreign_key_constraint(comment.post, constraint_name="mine")
    await comment.alter().drop_constraint("mine")
    assert not (await shape_of(engine, "comment")).foreign_keys


async def test_a_table_that_others_point_to_is_dropped_only_with_their_foreign_keys(engine: Engine) -> None:
    post = await posts(engine)
    with pytest.raises(DatabaseFailed):
        await post.alter().drop_table()
    assert len(await engine.rows("SELECT * FROM comment")) == 2
    await post.alter().drop_table(cascade=True)
    await post.alter().drop_table(if_exists=True)
    assert len(await engine.rows("SELECT * FROM comment")) == 2
    assert not (await shape_of(engine, "comment")).foreign_keys


async def test_a_transaction_around_keeps_rows_that_point_to_the_table(engine: Engine) -> None:
    """SQLite cannot do it there, unless it has been told before that the schema will change."""
    post = await posts(engine)
    change: Callable[[], Alter] = lambda: post.alter().set_null("body", True)  # noqa: E731
    if isinstance(engine, EmbeddedEngine):
        with pytest.raises(DatabaseFailed, match=r"outside of a transaction, or in .*schema_transaction"):
            async with engine.transaction():
                await change()
    async with engine.schema_transaction():
        await change()
        await post.alter().drop_constraint("many")
    assert (await shape_of(engine)).columns["body"].nullable
    assert len(await engine.rows("SELECT * FROM comment")) == 2
    comment: Any = create_table_class("Comment", class_kwargs={"db": engine})
    async with engine.transaction():  # nobody points to it
        await comment.alter().set_null("post", False)
        assert len(await engine.rows("SELECT * FROM comment")) == 2
    assert not (await shape_of(engine, "comment")).columns["post"].nullable
    with pytest.raises(KeyError):
        async with engine.transaction():
            await comment.alter().set_null("post", True)
            raise KeyError
    assert not (await shape_of(engine, "comment")).columns["post"].nullable


async def test_sqlite_has_no_schemas(engine: Engine) -> None:
    post = await posts(engine)
    with pytest.raises(DatabaseFailed):
        await post.alter().set_schema("elsewhere")


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("ALTER TABLE t ADD CHECK (a > 0)", 'CREATE TABLE "t" (a INTEGER, b TEXT, CHECK (a > 0))'),
        ("alter table T alter a drop not null;", 'CREATE TABLE "t" (a INTEGER, b TEXT)'),
        ("ALTER TABLE main.t DROP b", "CREATE TABLE t (a INTEGER)"),
        ("ALTER TABLE t ADD c TEXT", "CREATE TABLE t (a INTEGER, b TEXT, c TEXT)"),
        (
            "ALTER TABLE t ALTER COLUMN a SET DEFAULT (1 + 1) -- why",
            'CREATE TABLE "t" (a INTEGER DEFAULT (1 + 1), b TEXT)',
        ),
        (
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (a) ON DELETE SET NULL",
            'CREATE TABLE "t" (a INTEGER, b TEXT, FOREIGN KEY (a) REFERENCES t (a) ON DELETE SET NULL)',
        ),
        (
            "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a, b) REFERENCES t (b, a)",
            'CREATE TABLE "t" (a INTEGER, b TEXT, CONSTRAINT "c" FOREIGN KEY (a, b) REFERENCES t (b, a))',
        ),
    ],
)
async def test_what_somebody_writes_by_hand_is_understood_too(
    embedded: EmbeddedEngine, statement: str, table: str
) -> None:
    await embedded.rows("CREATE TABLE t (a INTEGER, b TEXT)")
    if "REFERENCES" in statement:
        with pytest.raises(StartError, match="must be a primary key or unique"):
            await embedded.run_ddl(statement)
        await embedded.rows("CREATE UNIQUE INDEX one ON t (a)")
        await embedded.rows("CREATE UNIQUE INDEX two ON t (b, a)")
    await embedded.run_ddl(statement)
    assert await embedded.rows("SELECT sql FROM sqlite_schema WHERE type = 'table'") == [(table,)]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE t ALTER COLUMN z DROP NOT NULL", "t has no column z"),
        ("ALTER TABLE z ADD COLUMN b TEXT", "There is no table z"),
        ("ALTER TABLE t ALTER COLUMN a SET STATISTICS 5", "not known: SET STATISTICS 5"),
        ("ALTER TABLE t INHERIT s", "not known: INHERIT s"),
        ("ALTER TABLE t DROP CONSTRAINT z", "t has no constraint z"),
        ("ALTER TABLE t", "ends too early"),
    ],
)
async def test_what_is_not_understood_is_refused(embedded: EmbeddedEngine, statement: str, message: str) -> None:
    await embedded.rows("CREATE TABLE t (a INTEGER)")
    with pytest.raises(DatabaseFailed, match=message):
        await embedded.run_ddl(statement)


def test_piccolo_has_no_other_forms() -> None:
    """A newer Piccolo with another one needs a line in `alter_planning`."""
    forms = {name for name, it in vars(piccolo_alter).items() if isinstance(it, type) and hasattr(it, "ddl")}
    assert forms == {
        *("AddColumn", "AddConstraint", "AddForeignKeyConstraint", "Alter", "AlterColumnStatement", "AlterStatement"),
        *("Column", "DDL", "DropColumn", "DropConstraint", "DropDefault", "DropTable", "ForeignKey", "Numeric"),
        *("RenameColumn", "RenameConstraint", "RenameTable", "SetColumnType", "SetDefault", "SetDigits", "SetLength"),
        *("SetNull", "SetSchema", "SetUnique", "Varchar", "Constraint"),
    }
