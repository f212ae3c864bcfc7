"""The app that the hooks of these tests are around: writers, their posts, and comments on these, open to everybody."""

from typing import Any

from piccolo.columns import ForeignKey, Integer, Varchar

from piccobase import App, AuthCollection, Collection, Rules
from piccobase.testing import TestApp

OPEN = Rules(list="", view="", create="", update="", delete="")
POSTS = "/api/collections/posts/records"
COMMENTS = "/api/collections/comments/records"


class Writer(AuthCollection, tablename="writers"):
    name = Varchar()
    rules = OPEN


class Post(Collection, tablename="posts"):
    title = Varchar(length=50, required=True)
    slug = Varchar()
    views = Integer(default=0)
    author = ForeignKey(Writer, null=True)
    rules = OPEN


class Comment(Collection, tablename="comments"):
    text = Varchar()
    post = ForeignKey(Post, null=True)
    rules = OPEN


def posts_app() -> App:
    """A new one, to which a test adds its hooks."""
    return App([Writer, Post, Comment])


async def batch(api: TestApp, requests: list[tuple[str, str, Any]], **headers: str) -> Any:
    """The answer to a batch, asked by a guest; batches are turned on for that."""
    root = await api.superuser()
    await root.patch("/api/settings", {"batch": {"enabled": True}})
    body = {"requests": [{"method": method, "url": url, "body": sent} for method, url, sent in requests]}
    return await api.post("/api/batch", body, headers=headers)
