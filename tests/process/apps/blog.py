"""The blog that every page of the documentation talks about: users who write posts, with two roles above them."""

from piccolo.columns import Boolean, ForeignKey, Integer, Text, Varchar

from piccobase import App, AuthCollection, Collection, Role, Rules, owner, role, rule, signed_in


class User(AuthCollection, tablename="users"):
    name = Varchar()
    rules = Rules(list=signed_in, view=signed_in, create="", update=owner, delete=owner)


class Post(Collection, tablename="posts"):
    title = Varchar(length=200, required=True)
    body = Text()
    published = Boolean(default=False)
    views = Integer(default=0)
    author = ForeignKey(User)
    rules = Rules(
        list="published = true || author = @request.auth.id",
        view=rule("published = true") | owner("author") | role("editor"),
        create=signed_in & "author = @request.auth.id",
        update=owner("author") | role("editor"),
        delete=role("admin"),
    )


app = App(collections=[User, Post], roles=[Role("editor"), Role("admin", includes=["editor"], may_grant=["editor"])])
