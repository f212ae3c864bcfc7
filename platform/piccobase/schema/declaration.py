"""What a developer derives from: Collection and AuthCollection, Piccolo tables with a key, dates, rules and options."""

from typing import Any, ClassVar

from piccolo.columns import Boolean, Email
from piccolo.table import Table

from piccobase.columns import AutoDate, Password, RecordId, TokenKey
from piccobase.schema.auth_options import AuthOptions
from piccobase.schema.rules import Rules


class Collection(Table):
    """A collection: a Piccolo table whose records are served. Brings `id`, `created` and `updated`.

    Class keywords, beside Piccolo's own (`tablename`, `schema`, …):
        lenient: coerce values as the reference does instead of refusing a wrong type (default False)
        collection_id: the collection's id on the wire (default: derived from kind and name, kept by a rename)
        timestamps: whether there are `created` and `updated` (default True)
    """

    rules: ClassVar[Rules] = Rules()
    lenient: ClassVar[bool] = False
    collection_id: ClassVar[str] = ""
    auth_options: ClassVar[AuthOptions | None] = None

    id = RecordId()
    created = AutoDate()
    updated = AutoDate(on_update=True)

    def __init_subclass__(
        cls, *, lenient: bool | None = None, collection_id: str = "", timestamps: bool = True, **table: Any
    ) -> None:
        if lenient is not None:
            cls.lenient = lenient
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
