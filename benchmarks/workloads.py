"""What is asked of the servers. `{name}` in a path stands for a value drawn anew for every request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """One kind of request. `draws` names the lists of `Material` that fill the path; `body` the one that is sent."""

    name: str
    path: str
    method: str = "GET"
    signed_in: bool = False
    draws: tuple[str, ...] = ()
    body: str | None = None
    limited: bool = True  # whether the limit can answer it


LIST = "/api/collections/posts/records"
USERS = "/api/collections/users/records"
ARTICLES = "/api/collections/articles/records"

WORKLOADS = (
    Workload("health", "/api/health"),
    Workload("view", LIST + "/{post}", draws=("post",)),
    Workload("view, rule, signed in", ARTICLES + "/{published}", signed_in=True, draws=("published",)),
    Workload("list 30, no total", LIST + "?page={page}&perPage=30&skipTotal=1", draws=("page",)),
    Workload("list 30, total", LIST + "?page={page}&perPage=30", draws=("page",)),
    Workload(
        "list 30, rule, signed in", ARTICLES + "?page={page}&perPage=30&skipTotal=1", signed_in=True, draws=("page",)
    ),
    Workload(
        "list 30, indexed filter and sort",
        LIST + "?perPage=30&skipTotal=1&filter=(views%3E={views}%20%26%26%20published=true)&sort=-views",
        draws=("views",),
    ),
    Workload(
        "list 30, unindexed filter and sort",
        LIST + "?perPage=30&skipTotal=1&filter=(title~'{word}')&sort=-title",
        draws=("word",),
    ),
    Workload(
        "list 30, filter through a relation",
        LIST + "?perPage=30&skipTotal=1&filter=(author.name~'{word}'%26%26views%3E={views})&sort=-views,id",
        draws=("word", "views"),
        limited=False,
    ),
    Workload(
        "list 30, filter through a relation, total",
        LIST + "?perPage=30&filter=(author.name~'{word}')&sort=-views,id",
        draws=("word",),
        limited=False,
    ),
    Workload("list 30, deep page", LIST + "?page={deep}&perPage=30&skipTotal=1", draws=("deep",)),
    Workload("list 200", LIST + "?page={page}&perPage=200&skipTotal=1", draws=("page",)),
    Workload(
        "list 30, expand one",
        LIST + "?page={page}&perPage=30&skipTotal=1&expand=author",
        draws=("page",),
        limited=False,
    ),
    Workload(
        "list 30, expand back-relation",
        USERS + "?perPage=30&skipTotal=1&sort=id&expand=posts_via_author",
        limited=False,
    ),
    Workload("view, expand back-relation", USERS + "/{user}?expand=posts_via_author", draws=("user",), limited=False),
    Workload("update", LIST + "/{post}", "PATCH", signed_in=True, draws=("post",), body="change"),
    Workload("update one", LIST + "/{one}", "PATCH", signed_in=True, draws=("one",), body="change", limited=False),
    # Last, because they make the database grow.
    Workload("create", "/api/collections/notes/records", "POST", signed_in=True, body="new"),
    Workload("batch of 20 creates", "/api/batch", "POST", signed_in=True, body="batch", limited=False),
)
