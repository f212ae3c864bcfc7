"""What a developer derives from: Collection, AuthCollection and View, Piccolo tables with a key, rules and options."""

from collections.abc import Mapping
from typing import Any, ClassVar

from piccolo.columns import Boolean, Column, Email
from piccolo.table import Table

from piccobase.columns import AutoDate, Password, RecordId, TokenKey
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.rules import Rules
from piccobase.schema.values.base import Dialect


class Collection(Table):
    """A collection: a Piccolo table whose records are served. Brings `id`, `created` and `updated`.

    Class keywords, beside Piccolo's own (`tablename`, `schema`, …):
        lenient: coerce values as the reference does instead of refusing a wrong type (default False)
        collection_id: the collection's id on the wire (default: derived from kind and name, kept by a rename)
        timestamps: whether there are `created` and `updated` (default True)
        change_log: whether the change log has what happens to its records (default True). Without it nothing that goes
            by the log hears of them: for records that are themselves a log of something
    """

    rules: ClassVar[Rules] = Rules()
    lenient: ClassVar[bool] = False
    collection_id: ClassVar[str] = ""
    change_log: ClassVar[bool] = True
    auth_options: ClassVar[AuthOptions | None] = None

    id = RecordId()
    created = AutoDate()
    updated = AutoDate(on_update=True)

    def __init_subclass__(
        cls,
        *,
        lenient: bool | None = None,
        collection_id: str = "",
        timestamps: bool = True,
        change_log: bool | None = None,
        **table: Any,
    ) -> None:
        if lenient is not None:
            cls.lenient = lenient
        if change_log is not None:
            cls.change_log = change_log
        cls.collection_id = collection_id
        if not timestamps:
            # Piccolo collects what is a Column, also from the classes above: something else hides it.
            cls.created = cls.updated = None  # type: ignore[assignment]
        super().__init_subclass__(**table)


class AuthCollection(Collection):
    """A collection whose records can sign in. Brings `email`, `emailVisibility`, `verified`, `password`, `tokenKey`.

    Class keyword, beside those of Collection:
        auth: AuthOptions (default: by e-mail and password)
    """

    auth_options: ClassVar[AuthOptions | None] = AuthOptions()

    password = Password(required=True)
    token_key = TokenKey(db_column_name="tokenKey")
    email = Email(unique=True, required=True)
    email_visibility = Boolean(default=False, db_column_name="emailVisibility")
    verified = Boolean(default=False)

    def __init_subclass__(cls, *, auth: AuthOptions | None = None, **options: Any) -> None:
        if auth is not None:
            cls.auth_options = auth
        super().__init_subclass__(**options)


class View(Table):
    """A collection that is selected from others and not stored: it can be listed and viewed, and not be written.

    Each column of the query becomes a field. One that passes a collection's field on is a field of its kind, relations
    included; of the others the type is told from the query where that is possible, or declared like a column of a
    table. A column called `id` tells the records apart.

    Class keywords, beside Piccolo's own:
        query: one SELECT, or one for each database: `{"sqlite": "SELECT …", "postgres": "SELECT …"}`
        lenient: whether values and filters follow the reference (default False)
        collection_id: the collection's id on the wire (default: derived from kind and name, kept by a rename)
    """

    rules: ClassVar[Rules] = Rules()
    query: ClassVar[str | Mapping[Dialect, str]] = ""
    lenient: ClassVar[bool] = False
    collection_id: ClassVar[str] = ""
    declared_columns: ClassVar[Mapping[str, Column]] = {}  # by the names that the query gives them

    id = RecordId()

    def __init_subclass__(
        cls,
        *,
        query: str | Mapping[Dialect, str] = "",
        lenient: bool | None = None,
        collection_id: str = "",
        **table: Any,
    ) -> None:
        cls.query, cls.collection_id = query, collection_id
        if lenient is not None:
            cls.lenient = lenient
        declared = [name for name, value in vars(cls).items() if isinstance(value, Column)]
        if "id" in declared:
            cls.id._meta.primary_key = True  # whatever its type: else Piccolo would add a key of its own
        super().__init_subclass__(**table)
        columns = [cls._meta.get_column_by_name(name) for name in declared]
        cls.declared_columns = {column._meta.db_column_name: column for column in columns}
