"""Routing, authorization and locked collections. By the numbers of protocol.md §10."""

from tests.process.conformance.asking import POSTS, RECORDS, REFRESH, Case, ask, fixed, get, listed

ROUTING = (
    Case(
        1,
        "what is not routed is a 404",
        (
            ask("POST", "/api/health"),
            ask("PUT", f"{POSTS}/{fixed('post1')}", {}),
            ask("DELETE", POSTS),
            ask("PATCH", POSTS, {}),
            ask("POST", f"{POSTS}/{fixed('post1')}", {}),
            get("/api/nope"),
            get("/API/health"),
            get(REFRESH),
        ),
    ),
    Case(2, "a trailing slash is a 404", (get("/api/health/"), get(f"{POSTS}/"), get(f"{POSTS}/{fixed('post1')}/"))),
    Case(
        3,
        "OPTIONS is answered everywhere",
        (
            ask("OPTIONS", POSTS),
            ask("OPTIONS", "/api/nope/nowhere"),
            ask(
                "OPTIONS",
                POSTS,
                Origin="http://a.example",
                Access_Control_Request_Method="POST",
                Access_Control_Request_Headers="authorization,content-type",
            ),
        ),
    ),
    Case(3, "an origin is answered", (get("/api/health", Origin="http://a.example"), get("/api/health"))),
    Case(
        4,
        "HEAD is GET without a body",
        (
            ask("HEAD", "/api/health"),
            ask("HEAD", POSTS),
            ask("HEAD", f"{POSTS}/{fixed('post1')}"),
            ask("HEAD", f"{POSTS}/{fixed('nobody')}"),
        ),
    ),
    Case(
        5,
        "a collection's name has no letter case, ids have",
        (
            listed("POSTS"),
            listed("Posts"),
            listed("pbc_1125843985"),
            listed("PBC_1125843985"),
            get(f"{POSTS}/{fixed('post1').upper()}"),
        ),
    ),
    Case(
        7,
        "which authorizations count",
        tuple(
            ask("POST", REFRESH, Authorization=value)
            for value in (
                "{ann}",
                "Bearer {ann}",
                "bearer {ann}",
                "BEARER {ann}",
                "Token {ann}",
                "Bearer  {ann}",
                "Bearer",
                "{ann}x",
            )
        ),
    ),
    Case(
        8,
        "an invalid token makes a guest",
        tuple(
            answer
            for token in ("garbage", "a.b.c", "{revoked}")
            for answer in (
                get(f"{POSTS}?fields=id&sort=id", Authorization=token),
                ask("POST", REFRESH, Authorization=token),
                get(RECORDS.format("locked"), Authorization=token),
            )
        ),
    ),
    Case(
        9,
        "the token of a deleted record makes a guest",
        (
            get(f"{POSTS}?fields=id&sort=id", actor="gone"),
            ask("POST", REFRESH, actor="gone"),
        ),
    ),
    Case(
        10,
        "an unknown collection is a 404",
        (
            get(RECORDS.format("nope")),
            get(RECORDS.format("nope") + "/abc"),
            ask("POST", RECORDS.format("nope"), {}),
            ask("PATCH", RECORDS.format("nope") + "/abc", {}),
            ask("DELETE", RECORDS.format("nope") + "/abc"),
            ask("POST", "/api/collections/nope/auth-with-password", {}),
            ask("POST", "/api/collections/posts/auth-with-password", {}),
        ),
    ),
    *(
        Case(
            11,
            f"a locked collection, asked by {actor or 'a guest'}",
            (
                get(RECORDS.format("locked"), actor=actor),
                get(RECORDS.format("locked") + "/" + fixed("nobody"), actor=actor),
                ask("POST", RECORDS.format("locked"), {}, actor=actor),
                ask("PATCH", RECORDS.format("locked") + "/" + fixed("nobody"), {}, actor=actor),
                ask("DELETE", RECORDS.format("locked") + "/" + fixed("nobody"), actor=actor),
            ),
        )
        for actor in ("", "ann")
    ),
    Case(
        11,
        "a locked collection is open to superusers",
        (
            get(RECORDS.format("locked") + "?sort=id", actor="root"),
            get(RECORDS.format("locked") + "/" + fixed("nobody"), actor="root"),
            ask("POST", RECORDS.format("locked"), {"id": fixed("11root"), "name": "x"}, actor="root"),
            ask("DELETE", RECORDS.format("locked") + "/" + fixed("11root"), actor="root"),
        ),
    ),
)
