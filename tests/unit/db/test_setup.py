"""The schema at start, on SQLite and on PostgreSQL."""

import asyncio
import os
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID as PythonUUID

import pytest
from piccolo import columns as c
from piccolo.columns import Array, Boolean, Column, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.column_types import Blob
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check, Unique
from piccolo.table import Table, create_table_class

from piccobase import columns as ours
from piccobase.base.errors import StartError
from piccobase.db import ddl
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.errors import ConstraintFailed, NotUnique
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import normal_type, plan_setup, prepare
from piccobase.db.shape import Shape, check_names, read_shape


def table(name: str, /, **members: Any) -> type[Table]:
    """A table with a key called `id`, unless another is given."""
    if not any(isinstance(it, Column) and it._meta.primary_key for it in members.values()):
        members = {"id": Varchar(length=15, primary_key=True), **members}
    return create_table_class(name.title(), class_kwargs={"tablename": name}, class_members=members)


async def again(engine: Any, *tables: type[Table]) -> list[str]:
    """The problems that the next start would have; also makes sure that it would change nothing where it has none."""
    plan = plan_setup(tables, await read_shape(engine))
    assert not (plan.problems and plan.statements)
    return [*plan.problems, *plan.statements]


async def test_missing_tables_are_created_in_the_order_of_their_foreign_keys(engine: Any) -> None:
    user = table("users", name=Varchar())
    post = table("posts", author=ForeignKey(user), title=Varchar(length=200))
    comment = table("comments", post=ForeignKey(post), author=ForeignKey(user), answers=ForeignKey("self"))
    plan = await prepare(engine, [comment, post, user])
    created = [statement.split('"')[1] for statement in plan.statements]
    assert created.index("users") < created.index("posts") < created.index("comments")
    await user.insert(user(id="u1", name="Ann"))
    await post.insert(post(id="p1", author="u1", title="Hi"))
    await comment.insert(comment(id="c1", post="p1", author="u1"), comment(id="c2", post="p1", answers="c1"))
    assert await comment.select(comment.id, comment.post.author.name).order_by(comment.id) == [
        {"id": "c1", "post.author.name": "Ann"},
        {"id": "c2", "post.author.name": "Ann"},
    ]
    await user.delete().where(user.id == "u1")  # cascades
    assert await comment.count() == 0
    assert await again(engine, user, post, comment) == []


def every_column() -> dict[str, tuple[Column, Any]]:
    """A column of each type, and a value for it."""
    moment = datetime(2026, 11, 23, 0, 16, 37, 866000, UTC)
    return {
        "varchar": (Varchar(length=20), 'it\'s "quoted" \\ ü'),
        "unlimited": (Varchar(length=None), "x" * 1000),
        "char": (c.Char(length=2), "de"),
        "secret": (c.Secret(), "s"),
        "email": (c.Email(), "ann@example.com"),
        "text": (Text(), "line\nline"),
        "integer": (Integer(), -(2**31)),
        "bigint": (c.BigInt(), 2**63 - 1),
        "smallint": (c.SmallInt(), -(2**15)),
        "boolean": (Boolean(), True),
        "real": (c.Real(), 0.5),
        "float": (c.Float(), -0.25),
        "double": (c.DoublePrecision(), 0.1),
        "numeric": (c.Numeric(), Decimal("1234567890.1234567891")),
        "decimal": (c.Decimal(digits=(5, 2)), Decimal("123.45")),
        "uuid": (c.UUID(), PythonUUID("0191d3d0-0000-7000-8000-000000000001")),
        "timestamp": (c.Timestamp(), moment.replace(tzinfo=None)),
        "timestamptz": (Timestamptz(), moment),
        "date": (c.Date(), date(2026, 11, 23)),
        "time": (c.Time(), time(8, 30)),
        "interval": (c.Interval(), timedelta(days=3, seconds=1.5)),
        "json": (c.JSON(), '{"a":[1.10,"b"]}'),
        "jsonb": (c.JSONB(), '{"a": [1, "b"]}'),
        "bytea": (c.Bytea(), b"\x00\xff'"),
        "blob": (Blob(), b"blob"),
        "texts": (Array(Varchar()), ['a"b', "c,d", "\\"]),
        "numbers": (Array(c.BigInt()), [1, 2**40]),
        "days": (Array(c.Date()), [date(2026, 11, 23)]),
        "matrix": (Array(Array(Integer())), [[1, 2], [3, 4]]),
        "created": (ours.AutoDate(), moment),
        "state": (ours.Select(["a", "b"]), "a"),
        "states": (ours.MultiSelect(["a", "b"]), '["b", "a"]'),
        "links": (ours.Relations(), '["x"]'),
        "url": (ours.URL(), "https://example.com"),
        "editor": (ours.Editor(), "<p>"),
        "place": (ours.GeoPoint(), '{"lat": 1, "lon": 2}'),
        "password": (ours.Password(), "$argon2id$"),
        "token": (ours.TokenKey(), "key"),
        "file": (ours.File(), "a.png"),
    }


def as_json_text(value: Any) -> Any:
    """PostgreSQL writes JSONB with blanks."""
    return value.replace(" ", "") if isinstance(value, str) else value


async def test_every_type_of_column_is_created_and_read_back(engine: Any) -> None:
    every = table("every", id=ours.RecordId(), **{name: column for name, (column, _) in every_column().items()})
    await prepare(engine, [every])
    values = {name: value for name, (_, value) in every_column().items()}
    await every.insert(every(id="a", **values))
    [found] = await every.select()
    for name, value in values.items():
        assert as_json_text(found[name]) == as_json_text(value), name
    assert await again(engine, every) == []


async def test_every_type_of_column_is_added_to_a_table_with_rows(engine: Any) -> None:
    before = table("every", id=ours.RecordId(), old=Varchar())
    await prepare(engine, [before])
    await before.insert(before(id="a"), before(id="b"))
    # A token key cannot be the same for two records.
    new = {name: column for name, (column, _) in every_column().items() if name != "token"}
    after = table("every", id=ours.RecordId(), old=Varchar(), **new)
    await prepare(engine, [after])
    assert await again(engine, after) == []
    rows = await after.select().order_by(after.id)
    assert [row["id"] for row in rows] == ["a", "b"]
    assert rows[0]["uuid"] != rows[1]["uuid"]
    assert abs(rows[0]["timestamptz"] - datetime.now(UTC)) < timedelta(minutes=5)
    defaults = {name: row for name, row in rows[0].items() if name not in ("uuid", "timestamp", "timestamptz", "time")}
    assert defaults["texts"] == []
    assert defaults["states"] == "[]"
    assert defaults["interval"] == timedelta()
    assert defaults["numeric"] == 0
    await after.insert(after(id="c"))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Varchar(default="it's"), "it's"),
        (Varchar(default="a\\b \"c\" ''"), "a\\b \"c\" ''"),
        (Text(default="?, $1, {}"), "?, $1, {}"),
        (Integer(default=-1), -1),
        (Boolean(default=True), True),
        (c.DoublePrecision(default=1e-7), 1e-7),
        (c.Numeric(default=Decimal("1.10")), Decimal("1.10")),
        (c.Bytea(default=b"\x01'\xff"), b"\x01'\xff"),
        (c.Date(default=date(2026, 2, 2)), date(2026, 2, 2)),  # Piccolo takes the month for the day
        (c.Time(default=time(8, 30)), time(8, 30)),
        (Timestamptz(default=datetime(2026, 1, 1, tzinfo=UTC)), datetime(2026, 1, 1, tzinfo=UTC)),
        (c.Interval(default=timedelta(days=1, seconds=1.5)), timedelta(days=1, seconds=1.5)),
        (c.UUID(default=PythonUUID(int=7)), PythonUUID(int=7)),
        (c.JSON(default={"a": "it's"}), '{"a":"it\'s"}'),
        (Array(Varchar(), default=["it's", 'say "hi"', "\\", ""]), ["it's", 'say "hi"', "\\", ""]),
        (Array(Integer(), default=[1, -2]), [1, -2]),
        (Varchar(default=lambda: "called"), "called"),
        (Varchar(null=True, default=None), None),
    ],
    ids=lambda it: repr(it) if not isinstance(it, Column) else type(it).__name__,
)
@pytest.mark.parametrize("adding", [False, True], ids=["created", "added"])
async def test_defaults_are_in_the_database_too(engine: Any, column: Column, value: Any, adding: bool) -> None:
    column = column.copy()
    if adding:
        await prepare(engine, [table("things")])
        await engine.rows("INSERT INTO things (id) VALUES ('a')")
    thing = table("things", it=column)
    await prepare(engine, [thing])
    if not adding:
        await engine.rows("INSERT INTO things (id) VALUES ('a')")
    [found] = await thing.select(thing.it)
    assert as_json_text(found["it"]) == as_json_text(value)


async def test_a_plain_table_with_an_integer_key_counts(engine: Any) -> None:
    class Band(Table, tablename="band"):
        name = Varchar()

    class Gig(Table, tablename="gig"):
        id = c.BigSerial(primary_key=True)
        band = ForeignKey(Band)

    await prepare(engine, [Gig, Band])
    await Band.insert(Band(name="a"), Band(name="b"))
    await Gig.insert(Gig(band=2))
    assert await Gig.select(Gig.id, Gig.band.name) == [{"id": 1, "band.name": "b"}]
    assert await again(engine, Gig, Band) == []


async def test_odd_names_are_quoted(engine: Any) -> None:
    odd = table(
        "order-Lines",
        Select=Varchar(index=True),
        wire=Varchar(db_column_name="emailVisibility", index=True, unique=True),
        pair=Unique(["Select", "emailVisibility"]),
        long=Varchar(index=True, db_column_name="x" * 60),
        longer=Varchar(index=True, db_column_name="x" * 60 + "y"),
    )
    await prepare(engine, [odd])
    await odd.insert(odd(id="a", Select="s", wire="w"))
    with pytest.raises(NotUnique) as caught:
        await odd.insert(odd(id="b", Select="t", wire="w"))
    assert caught.value.columns == ("emailVisibility",)
    assert await again(engine, odd) == []


async def test_an_optional_unique_text_may_be_empty_many_times(engine: Any) -> None:
    user = table(
        "users",
        email=Varchar(unique=True),
        nick=Varchar(unique=True, null=True, default=None),
        login=Varchar(unique=True, required=True),
        number=Integer(unique=True, null=True, default=None),
    )
    await prepare(engine, [user])
    await user.insert(user(id="1", login="a"), user(id="2", login="b"), user(id="3", login="c", nick=""))
    await user.insert(user(id="4", login="d", nick="", email="x@example.com", number=1))
    for column, values in {
        "email": {"login": "e", "email": "x@example.com"},
        "login": {"login": "a"},
        "number": {"login": "f", "number": 1},
    }.items():
        with pytest.raises(NotUnique) as caught:
            await user.insert(user(id="5", **values))
        assert caught.value.columns == (column,)
    assert await again(engine, user) == []


async def test_what_a_foreign_key_points_to_is_unique_altogether(engine: Any) -> None:
    user = table("users", login=Varchar(unique=True))
    post = table("posts", author=ForeignKey(user, target_column=user.login))
    await prepare(engine, [user, post])
    await user.insert(user(id="1", login="ann"))
    await post.insert(post(id="p", author="ann"))
    with pytest.raises(NotUnique):
        await user.insert(user(id="2", login="ann"))
    assert await again(engine, user, post) == []


async def test_constraints_of_several_columns_hold(engine: Any) -> None:
    def ticket(name: str) -> type[Table]:
        return table(
            name,
            row=Integer(),
            seat=Integer(null=True, default=None),
            price=Integer(),
            once=Unique(["row", "seat"]),
            once_at_most=Unique(["price", "seat"], nulls_distinct=False),
            positive=Check("price >= 0"),
        )

    # The same names in two tables.
    one, two = ticket("tickets"), ticket("other_tickets")
    await prepare(engine, [one, two])
    await one.insert(one(id="a", row=1, seat=1, price=1), one(id="b", row=1, price=2), one(id="c", row=1, price=3))
    with pytest.raises(NotUnique) as caught:
        await one.insert(one(id="d", row=1, seat=1, price=9))
    assert set(caught.value.columns) == {"row", "seat"}
    with pytest.raises(NotUnique):
        await one.insert(one(id="d", row=2, price=3))
    with pytest.raises(ConstraintFailed):
        await one.insert(one(id="d", row=3, price=-1))
    await two.insert(two(id="a", row=1, seat=1, price=1))
    assert await again(engine, one, two) == []


async def test_columns_are_added_with_their_indexes(engine: Any) -> None:
    await prepare(engine, [table("posts", title=Varchar())])
    user = table("users")
    post = table(
        "posts",
        title=Varchar(index=True),  # an index on a column that is there
        slug=Varchar(unique=True),
        rank=Integer(index=True),
        code=Integer(unique=True, null=True, default=None),
        author=ForeignKey(user, on_delete=OnDelete.set_null),
    )
    await engine.rows("INSERT INTO posts (id) VALUES ('a'), ('b')")
    await prepare(engine, [post, user])
    indexed = {index.columns: index.unique for index in (await read_shape(engine)).tables["posts"].indexes}
    assert indexed == {("title",): False, ("slug",): True, ("rank",): False, ("code",): True}
    await user.insert(user(id="u"))
    await post.update({post.author: "u"}, force=True)
    await user.delete(force=True)
    assert await post.select(post.author).output(as_list=True) == [None, None]
    assert await again(engine, post, user) == []


async def test_a_second_start_changes_nothing(engine: Any) -> None:
    post = table("posts", title=Varchar(index=True), tags=ours.MultiSelect(["a"], index=True))
    assert (await prepare(engine, [post])).statements
    assert not (await prepare(engine, [post])).statements


async def test_all_problems_are_told_together_and_nothing_is_changed(engine: Any) -> None:
    await prepare(
        engine,
        [
            table("users"),
            table(
                "posts",
                title=Varchar(length=200),
                views=Integer(),
                note=Text(null=True, default=None),
                body=Text(),
                gone=Integer(default=None),
                kept=Integer(),
                author=ForeignKey(table("users")),
                slug=Varchar(),
                code=Varchar(unique=True),
            ),
        ],
    )
    before = await read_shape(engine)
    tag = table("tags")
    post = table(
        "posts",
        key=Varchar(length=15, primary_key=True, db_column_name="key"),
        title=Integer(),
        views=Integer(null=True),
        note=Text(),
        body=Text(),
        author=ForeignKey(tag, on_delete=OnDelete.restrict),
        slug=Varchar(unique=True),
        code=Varchar(),
        needed=Integer(default=None),
        number=Integer(unique=True),
        once=Unique(["title", "views"]),
        positive=Check("views > 0"),
    )
    with pytest.raises(StartError) as caught:
        await prepare(engine, [post, tag, table("fresh")])
    type_there = "character varying(200)" if engine.dialect == "postgres" else "text"
    assert caught.value.message.splitlines() == [
        "The database does not fit the code:",
        "posts: the key is id in the database, key in the code.",
        f"posts.title: the type is {type_there} in the database, integer in the code.",
        "posts.views: is NOT NULL in the database, NULL in the code.",
        "posts.note: is NULL in the database, NOT NULL in the code.",
        "posts.author: points to users ON DELETE CASCADE in the database, to tags ON DELETE RESTRICT in the code.",
        "posts.needed: is missing in the database, and can only be added with null=True or a default.",
        "posts.number: is missing in the database, and unique: all records there would get the same default.",
        "posts.gone: is only in the database, NOT NULL without default: no record could be added.",
        "posts.code: is unique in the database, and not in the code.",
        "posts.slug: is unique in the code, and not in the database.",
        "posts.title+views: is unique in the code, and not in the database.",
        "posts: the check positive is in the code, and not in the database.",
    ]
    assert await read_shape(engine) == before


async def test_what_the_code_does_not_declare_may_stay_where_it_does_no_harm(engine: Any) -> None:
    await prepare(engine, [table("posts", title=Varchar(), old=Integer(null=True), older=Varchar(default="x"))])
    await engine.rows("CREATE TABLE elsewhere (x INTEGER)")
    await engine.rows("CREATE INDEX by_hand ON posts (lower(title))")
    await engine.rows("CREATE UNIQUE INDEX by_hand_too ON posts (lower(older), id) WHERE older != 'x'")
    post = table("posts", title=Varchar())
    assert await again(engine, post) == []
    post._meta.db = engine
    await post.insert(post(id="a", title="t"))


async def test_tables_that_point_to_each_other_are_a_problem(engine: Any) -> None:
    one = table("ones")
    two = table("twos", one=ForeignKey(one))
    one = table("ones", two=ForeignKey(two))
    two.one._foreign_key_meta.references = one
    with pytest.raises(StartError, match="point to each other"):
        await prepare(engine, [one, two])


async def test_a_foreign_key_to_a_table_that_is_nowhere_is_a_problem(engine: Any) -> None:
    user = table("users")
    user._meta.db = engine
    post = table("posts", author=ForeignKey(user))
    with pytest.raises(StartError, match=r"posts\.author: points to users, which is neither declared"):
        await prepare(engine, [post])
    await engine.rows("CREATE TABLE users (id VARCHAR(15) PRIMARY KEY)")
    await prepare(engine, [post])


async def test_a_statement_that_fails_undoes_the_others(engine: Any) -> None:
    broken = table("broken", title=Varchar(), wrong=Check("nonsense >"))
    with pytest.raises(StartError, match="CREATE TABLE"):
        await prepare(engine, [table("fine"), broken])
    assert (await read_shape(engine)).tables == {}


async def test_two_starts_at_once_do_it_once(engine: Any, database_url: str | None, tmp_path: Path) -> None:
    other = EmbeddedEngine(str(tmp_path / "data.db")) if database_url is None else PostgresEngine(database_url)

    async def start(one: Any) -> int:
        plan = await prepare(one, [table("users"), table("posts", title=Varchar(index=True))])
        return len(plan.statements)

    done = await asyncio.gather(start(engine), start(other), start(engine), start(other))
    assert sorted(done) == [0, 0, 0, 3]
    await other.close()


PROCESS = """
import asyncio, sys
from piccolo.columns import ForeignKey, Varchar
from piccolo.table import Table
from piccobase.db.embedded import EmbeddedEngine
from piccobase.db.postgres import PostgresEngine
from piccobase.db.setup import prepare

class User(Table, tablename="users"):
    name = Varchar(unique=True)

class Post(Table, tablename="posts"):
    author = ForeignKey(User)
    title = Varchar(index=True)

async def main(path, url):
    engine = PostgresEngine(url) if url else EmbeddedEngine(path)
    print("ready", flush=True)
    sys.stdin.readline()
    print(len((await prepare(engine, [Post, User])).statements))
    await engine.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_that_start_at_once_do_it_once(database_url: str | None, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    async def start(together: asyncio.Barrier) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROCESS, str(tmp_path / "data.db"), database_url or ""),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        await together.wait()
        out, _ = await process.communicate(b"go\n")
        assert process.returncode == 0
        return int(out)

    together = asyncio.Barrier(3)
    assert sorted(await asyncio.gather(*(start(together) for _ in range(3)))) == [0, 0, 4]


async def test_text_is_compared_by_bytes_on_postgresql(postgres_engine: PostgresEngine) -> None:
    user = table("users", name=Varchar(index=True), bio=Text(), rank=Integer())
    post = table("posts", author=ForeignKey(user))
    await prepare(postgres_engine, [user, post])
    rows = await postgres_engine.rows(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_name IN ('users', 'posts') ORDER BY 1 DESC, ordinal_position"
    )
    assert [(column, collation) for _, column, collation in rows] == [
        ("id", "C"),
        ("name", "C"),
        ("bio", "C"),
        ("rank", None),
        ("id", "C"),
        ("author", "C"),
    ]
    await postgres_engine.rows("SET enable_seqscan = off")
    plan = await postgres_engine.rows("EXPLAIN SELECT 1 FROM users WHERE name COLLATE \"C\" LIKE 'a%'")
    assert "users_name" in str(plan)


async def test_tables_can_be_in_a_schema_of_postgresql(postgres_engine: PostgresEngine) -> None:
    class Invoice(Table, tablename="invoices", schema="billing"):
        number = Varchar(unique=True)
        previous = ForeignKey("self")

    await prepare(postgres_engine, [Invoice])
    await Invoice.insert(Invoice(number="1"))
    assert await again(postgres_engine, Invoice) == []
    assert "billing.invoices" in (await read_shape(postgres_engine)).tables


async def test_other_kinds_of_index_are_made_where_they_exist(engine: Any) -> None:
    post = table(
        "posts",
        slug=Varchar(index=True, index_method=IndexMethod.hash),
        data=c.JSONB(index=True, index_method=IndexMethod.gin),
    )
    await prepare(engine, [post])
    await post.insert(post(id="a"))
    assert await again(engine, post) == []


async def test_a_table_that_piccolo_has_created_fits(engine: Any) -> None:
    user = table("users", name=Varchar(unique=True), age=Integer(index=True), born=Timestamptz(null=True))
    post = table("posts", author=ForeignKey(user), row=Integer(), once=Unique(["author", "row"]))
    for it in (user, post):
        it._meta.db = engine
        await it.create_table()
    assert await again(engine, user, post) == []


@pytest.mark.parametrize(
    ("declared", "found", "dialect"),
    [
        ("VARCHAR(200)", "character varying(200)", "postgres"),
        ("VARCHAR", "character varying", "postgres"),
        ("CHAR", "character(1)", "postgres"),
        ("TEXT", "text", "postgres"),
        ("SERIAL", "integer", "postgres"),
        ("BIGSERIAL", "bigint", "postgres"),
        ("NUMERIC(5, 2)", "numeric(5,2)", "postgres"),
        ("TIMESTAMPTZ", "timestamp with time zone", "postgres"),
        ("TIMESTAMP", "timestamp without time zone", "postgres"),
        ("TIME", "time without time zone", "postgres"),
        ("DOUBLE PRECISION", "double precision", "postgres"),
        ("VARCHAR(255)[]", "character varying(255)[]", "postgres"),
        ("INTEGER[][]", "integer[]", "postgres"),
        ("VARCHAR(200)", "TEXT", "sqlite"),
        ("NUMERIC(5, 2)", "DECIMAL_TEXT(5, 2)", "sqlite"),
        ("JSON", "JSON_TEXT", "sqlite"),
        ("BOOLEAN", "boolean", "sqlite"),
    ],
)
def test_a_type_has_one_spelling(declared: str, found: str, dialect: Any) -> None:
    assert normal_type(declared, dialect) == normal_type(found, dialect)


@pytest.mark.parametrize(
    ("one", "other", "dialect"),
    [
        ("VARCHAR(200)", "character varying(255)", "postgres"),
        ("TEXT", "character varying", "postgres"),
        ("INTEGER", "bigint", "postgres"),
        ("TIMESTAMP", "timestamp with time zone", "postgres"),
        ("INTEGER", "integer[]", "postgres"),
        ("INTEGER", "TEXT", "sqlite"),
        ("JSON", "JSONB", "sqlite"),
    ],
)
def test_other_types_differ(one: str, other: str, dialect: Any) -> None:
    assert normal_type(one, dialect) != normal_type(other, dialect)


def test_the_names_of_checks_are_found_in_the_text_of_a_table() -> None:
    sql = 'CREATE TABLE t (a INTEGER, CONSTRAINT "a ""b""" CHECK (a > 0), constraint c check (a < 9), CHECK (a != 5))'
    assert check_names(sql) == ['a "b"', "c"]


def test_a_default_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        ddl.literal(object(), "postgres")


def test_an_empty_plan_needs_no_table() -> None:
    plan = plan_setup([], Shape("sqlite"))
    assert (plan.statements, plan.problems) == ((), ())
