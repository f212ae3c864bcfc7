"""Every kind of field in a strict and in a lenient collection, accounts and roles: an app for requests by chance."""

import sys
from pathlib import Path
from types import new_class

from piccolo.columns import ForeignKey, Varchar

from piccobase import App, AuthCollection, Collection, FieldRules, Role, Rules, role, signed_in

sys.path.insert(0, str(Path(__file__).parents[3]))  # the server is started elsewhere

from tests.api.value_table import OPEN, Target, every_column


class User(AuthCollection, tablename="users"):
    name = Varchar(length=20)
    note = Varchar(secret=True)
    rules = Rules(list=signed_in, view=signed_in, create="", update="id = @request.auth.id", manage=role("admin"))


class Post(Collection, tablename="posts"):
    title = Varchar(length=20, required=True)
    rank = Varchar()
    author = ForeignKey(User, null=False)
    rules = Rules(
        list="title != 'x'",
        view=signed_in,
        create=signed_in & "author = @request.auth.id",
        update=role("editor"),
        fields={"rank": FieldRules(read=role("editor"), write=None)},
    )


def declare(name: str, *, lenient: bool) -> type[Collection]:
    keywords = {"tablename": name, "lenient": lenient}
    return new_class(name.title(), (Collection,), keywords, lambda members: members.update(every_column(), rules=OPEN))


app = App(
    collections=[Target, User, Post, declare("strict", lenient=False), declare("lenient", lenient=True)],
    roles=[Role("editor"), Role("admin", includes=["editor"], may_grant=["editor"])],
)
