"""The app under measurement. `contestants.py` declares the same collections for PocketBase: keep the two alike."""

from piccolo.columns import Boolean, ForeignKey, Integer, Text, Varchar

from piccobase import App, AuthCollection, Collection, Rules, signed_in


class User(AuthCollection, tablename="users"):
    name = Varchar()
    avatar = Varchar()  # every new PocketBase has one, so that its answers hold as much
    rules = Rules(list="", view="", create="")


class Post(Collection, tablename="posts"):
    """Everybody may read: what the server costs without a rule."""

    title = Varchar(length=200, required=True)
    body = Text()
    published = Boolean(default=False)
    views = Integer(default=0, index=True)
    author = ForeignKey(User)
    rules = Rules(list="", view="", create=signed_in, update=signed_in)


class Article(Collection, tablename="articles"):
    """The same behind a rule that looks at the record and at who asks."""

    title = Varchar(length=200, required=True)
    body = Text()
    published = Boolean(default=False)
    views = Integer(default=0, index=True)
    author = ForeignKey(User)
    rules = Rules(
        list="published = true || author = @request.auth.id",
        view="published = true || author = @request.auth.id",
        create=signed_in,
    )


class Note(Collection, tablename="notes"):
    """Empty at first: where records are created, so that the lists of the others keep their length."""

    title = Varchar(length=200, required=True)
    body = Text()
    published = Boolean(default=False)
    views = Integer(default=0, index=True)
    author = ForeignKey(User)
    rules = Rules(create=signed_in)


app = App(collections=[User, Post, Article, Note])
