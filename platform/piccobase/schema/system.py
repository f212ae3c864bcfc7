"""The system's own tables: superusers, roles given out, secrets, ids of collections, settings. Made by migrations."""

from piccolo.columns import BigInt, BigSerial, Boolean, DoublePrecision, Text, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table

from piccobase.columns import RecordId
from piccobase.schema.auth_options import SUPERUSER_AUTH_DURATION, AuthOptions
from piccobase.schema.declaration import AuthCollection
from piccobase.schema.rules import Rules

# The SDKs recognise a superuser's token by this id (protocol.md Appendix C).
SUPERUSERS_ID = "pbc_3142635823"
USERS_ID = "_pb_users_auth_"  # of the ordinary auth collection called users (§1.9)


class Superuser(
    AuthCollection,
    tablename="_superusers",
    collection_id=SUPERUSERS_ID,
    lenient=True,
    auth=AuthOptions(tokens={"auth": SUPERUSER_AUTH_DURATION}),
):
    """Whoever passes all rules."""

    rules = Rules()


class RoleGrant(Table, tablename="_roles"):
    """One role that one record has. Closed under inclusion only when read: the table holds what was granted."""

    id = RecordId()
    collection = Varchar(length=255)
    record = Varchar(length=255)
    role = Varchar(length=255)
    granted_once = Unique([collection, record, role])


class Secret(Table, tablename="_secrets"):
    """A secret by name, encrypted with the key of the data dir or the environment."""

    name = Varchar(length=255, primary_key=True)
    value = Text()


class StoredCollection(Table, tablename="_collections"):
    """A collection's id, given at its first registration, and what its tokens depend on."""

    id = Varchar(length=255, primary_key=True)
    name = Varchar(length=255, unique=True)
    kind = Varchar(length=10)
    auth_rule = Text()
    watched = Text()  # JSON: its table, as the change log writes of it; empty for a view


class StoredChange(Table, tablename="_changes"):
    """A record that was created, changed or deleted. On PostgreSQL it has a column more, `tx`: the transaction."""

    position = BigSerial(primary_key=True)
    collection = Varchar(length=255)  # its id
    record = Text()  # its id; empty where all of the collection were deleted at once
    verb = Varchar(length=10)
    fields = Text(null=True, default=None)  # of an update: which ones, a JSON list
    actor_collection = Varchar(length=255)
    actor = Text()
    time = BigInt()  # milliseconds since 1970
    row = Text(null=True, default=None)  # of a delete: the record as it was stored, a JSON object without secrets


class StoredSetting(Table, tablename="_settings"):
    """A group of settings as JSON, without its secrets. The row without a name counts the changes."""

    name = Varchar(length=255, primary_key=True)
    value = Text()
    revision = BigInt()  # of the change that wrote it


class RateWindow(Table, tablename="_rate_windows"):
    """How many requests several processes together have counted for one client, until the window ends."""

    key = Varchar(length=64, primary_key=True)  # a digest of rule, action and address
    used = BigInt()
    ends = DoublePrecision()  # seconds since 1970, by the database's clock


class Repetition(Table, tablename="_repetitions"):
    """A request with an `Idempotency-Key`: who has claimed the key, and the answer once there is one."""

    key = Varchar(length=64, primary_key=True)  # a digest of actor, path and key
    request = Varchar(length=64)  # a digest of the request
    claim = Varchar(length=15)
    created = BigInt()  # seconds since 1970
    done = Boolean()
    answer = Text(null=True, default=None)


class Trashed(Table, tablename="_trash"):
    """Values that a migration has taken away. They are in a table of their own, `_trash_` and the id."""

    id = Varchar(length=15, primary_key=True)
    place = Varchar(length=255)  # `posts.body`, or `posts`
    kind = Varchar(length=10)  # dropped, narrowed or filled
    rows = BigInt()
    migration = Varchar(length=255)
    created = BigInt()  # milliseconds since 1970
    details = Text()  # JSON: what is needed to put them back


SYSTEM_TABLES: tuple[type[Table], ...] = (
    Superuser,
    RoleGrant,
    Secret,
    StoredCollection,
    StoredChange,
    StoredSetting,
    RateWindow,
    Repetition,
    Trashed,
)
SYSTEM_COLLECTIONS: tuple[type[Table], ...] = (Superuser,)
