"""Which bodies are read, and how. By the numbers of protocol.md §10."""

from tests.process.conformance.asking import PASSWORD, POSTS, RECORDS, SAMPLES, SIGN_IN, Case, ask, fixed, multipart

BODIES = (
    Case(12, "no body is no data", (ask("POST", SAMPLES), ask("POST", SAMPLES, "", kind="text/plain"))),
    Case(
        13,
        "what a JSON body must be",
        tuple(
            ask("POST", SAMPLES, text) for text in ("  ", "null", "[]", '"str"', "1", "{", "{bad", "", "{'title':1}")
        ),
    ),
    Case(
        14,
        "what follows the value is ignored, a doubled key is not",
        (
            ask("POST", SAMPLES, '{"title":"a"} trailing garbage'),
            ask("POST", SAMPLES, '{"title":"a"}{"title":"b"}'),
            ask("POST", SAMPLES, '{"title":"a","title":"b"}'),
            ask("POST", SAMPLES, '{"js":{"a":1,"a":2}}'),
        ),
    ),
    Case(14, "text must be UTF-8", (ask("POST", SAMPLES, b'{"title":"\xff"}'),)),
    Case(
        15,
        "which content types are read",
        tuple(
            ask("POST", SAMPLES, '{"title":"a"}', kind=kind)
            for kind in (
                "text/plain",
                "Application/JSON",
                "",
                "application/json; charset=utf-8",
                "application/jsonx",
                "image/png",
            )
        ),
    ),
    Case(
        15,
        "a form is read",
        (
            ask("POST", SAMPLES, "title=12&num=12&flag=true&msel=a&msel=b", kind="application/x-www-form-urlencoded"),
            ask(
                "POST",
                SAMPLES,
                "title=0012&num=1e3&flag=t&js=%7B%22a%22%3A1%7D",
                kind="application/x-www-form-urlencoded",
            ),
            ask("POST", SAMPLES, "title=&num=&flag=&msel=&cat=&dt=", kind="application/x-www-form-urlencoded"),
        ),
    ),
    Case(
        16,
        "a GET reads its body too",
        (
            ask("GET", f"{POSTS}?fields=id&sort=id", "{bad"),
            ask("GET", f"{POSTS}/{fixed('post1')}?fields=id", "{bad"),
            ask("GET", f"{POSTS}?fields=id&sort=id", "{}"),
            ask("GET", f"{POSTS}?fields=id&sort=id", "x", kind="text/plain"),
        ),
    ),
    Case(
        17,
        "a body is parsed before a record is looked for",
        (
            ask("PATCH", f"{SAMPLES}/{fixed('nobody')}", "{bad"),
            ask("PATCH", f"{SAMPLES}/{fixed('nobody')}", {"title": "x"}),
            ask("DELETE", f"{SAMPLES}/{fixed('nobody')}", "{bad"),
            ask("POST", RECORDS.format("nope"), "{bad"),
            ask("POST", RECORDS.format("locked"), "{bad"),
        ),
    ),
    Case(
        18,
        "keys of records have a letter case, keys of forms do not",
        (
            ask("POST", SAMPLES, {"TITLE": "a"}),
            ask("POST", SIGN_IN, {"Identity": "ann@example.com", "PASSWORD": PASSWORD}),
        ),
    ),
    Case(
        19,
        "a form has types, a record takes what comes",
        (
            ask("POST", SIGN_IN, {"identity": 123, "password": PASSWORD}),
            ask("POST", SAMPLES, {"title": 123}),
        ),
    ),
    Case(
        20,
        "multipart bodies",
        tuple(
            ask("POST", SAMPLES, body, kind=kind)
            for kind, body in (
                ("multipart/form-data", multipart(("title", "a"))),
                (
                    "multipart/form-data; boundary=limit",
                    multipart(("title", "a"), ("num", "12"), ("msel", "a"), ("msel", "b")),
                ),
                ("multipart/form-data; boundary=limit", multipart(("@jsonPayload", "{bad"))),
                (
                    "multipart/form-data; boundary=limit",
                    multipart(("@jsonPayload", '{"title":"a","num":1}'), ("@jsonPayload", '{"num":2}')),
                ),
                (
                    "multipart/form-data; boundary=limit",
                    multipart(("@jsonPayload", '{"title":"payload"}'), ("title", "part")),
                ),
                ("multipart/form-data; boundary=limit", multipart(("title", "null"), ("num", "-3"), ("js", '{"a":1}'))),
            )
        ),
    ),
)
