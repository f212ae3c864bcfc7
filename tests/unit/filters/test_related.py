"""Paths to many: what filters and sorts find through them, as seen on the reference where nothing else is said."""

from typing import Any

import pytest
from tests.unit.filters.conftest import Database
from tests.unit.filters.world import LIST_RULES

from piccobase.filters.bindings import Bindings
from piccobase.filters.closing import closed, restrictions
from piccobase.filters.compiler import compile_filter, open_filter
from piccobase.filters.errors import InvalidFilter, LockedRelation, UnknownField
from piccobase.filters.fragments import Fragment
from piccobase.filters.joins import Joins, Listed
from piccobase.filters.names import CollectionNames, not_hidden
from piccobase.filters.parser import parse
from piccobase.schema.actor import GUEST
from piccobase.schema.collections import CollectionInfo

ALL = "p1 p2 p3 p4 p5"
FOUND = [
    # a point of a record that is not there is empty
    ("cat.posts_via_cat.geo = ''", "p3 p5"),
    ("cat.posts_via_cat.geo != ''", "p1 p2 p4"),
    ("cat.posts_via_cat.geo.lon = null", "p3 p5"),
    ("dt:lower >= 100", ALL),
    ("dt:lower ~ ''", ALL),
    # relations to many: plain is all, ? is some
    ("mcats.name = 'red'", ""),
    ("mcats.name ?= 'red'", "p1 p4"),
    ("mcats.name != 'red'", "p2 p3 p5"),
    ("mcats.name ?!= 'red'", ALL),
    ("mcats.name ~ 'e'", "p1 p2 p4"),
    ("mcats.name !~ 're'", "p2"),
    ("mcats.name = ''", "p3 p5"),
    ("mcats.name != ''", "p1 p2 p4"),
    ("mcats.name = 'red' || mcats.name = 'Blue'", "p2"),
    ("mcats.id = mcats.id", "p2 p3 p5"),
    ("mcats.name = mcats.name", "p2 p3 p5"),
    ("mcats.name ?= mcats.name", ALL),
    ("mcats.name ?!= mcats.name", ""),
    ("mcats.n > 1", "p2"),
    ("mcats.n ?> 1", "p1 p2 p4"),
    ("1 ?< mcats.n", "p1 p2 p4"),
    ("mcats.id = ''", "p3 p5"),
    ("mcats.id ?= 'c1'", "p1 p4"),
    ("mcats.id:lower ?= 'c1'", "p1 p4"),
    ("mcats.name:lower = 'blue'", "p2"),
    ("mcats.name:length = 1", ""),
    ("mcats:length = 2", "p1"),
    ("mcats.kids.name = ''", ALL),
    ("mcats.parent.name = ''", ALL),
    ("mcats.name ?= title || cat.name = 'red'", "p1 p4"),
    # one path is one row
    ("mcats.name ?= 'red' && mcats.name ?= 'Blue'", ""),
    ("mcats.n >= 2 && mcats.n ?= 3", ""),
    ("mcats:each ?= 'c1' && mcats.name ?= 'Blue'", ""),
    ("mcats:each ?= 'c2' && mcats.name ?= 'Blue'", "p1 p2 p4"),
    ("mcats.id ?= 'c1' && mcats.name ?= 'Blue'", ""),
    ("msel:each ?= 'a' && msel:each ?= 'b'", ""),
    ("(mcats.name ?= 'red' || num = 5) && mcats.name ?= 'Blue'", ""),
    ("(mcats.name ?= 'red' || num = 2) && mcats.name ?= 'Blue'", "p2"),
    ("mcats.name ?= 'red' && (msel:each ?= 'b' || comments_via_post.text ?= 'c2')", "p1 p4"),
    ("mcats.name !~ 'e' || num = 3", "p3"),
    # elements
    ("msel:each = 'b'", "p2"),
    ("msel:each ?= 'b'", "p1 p2 p4"),
    ("msel:each ?= sel", "p1 p3 p5"),
    ("msel:each = sel", "p3 p5"),
    ("msel:each != sel", "p2 p4"),
    ("msel:each ~ 'a'", ""),
    ("msel:each > 'a'", "p2"),
    ("sel:each = 'a'", "p1"),
    ("cat:each = 'x'", ""),
    ("title:each = 'p1'", "p1"),
    ("js:each = 1", ""),
    ("js:length = 2", ""),
    ("locks:each ?= 'x'", ""),
    ("locks:length > 0", "p5"),
    # back-relations
    ("comments_via_post.text = 'c1'", ""),
    ("comments_via_post.text ?= 'c1'", "p1"),
    ("comments_via_post.text ~ 'c'", "p1 p2"),
    ("comments_via_post.text = ''", "p3 p4 p5"),
    ("comments_via_post.id = ''", "p3 p4 p5"),
    ("comments_via_post.post = ''", "p3 p4 p5"),
    ("comments_via_post.post.id ?= 'x'", ""),
    ("comments_via_post.post.mcats.name ?= 'red'", "p1"),
    ("comments_via_posts.text ?= 'c1'", "p1"),
    ("comments_via_posts.text ?= 'c2'", "p1 p2"),
    ("COMMENTS_via_post.text ?= 'c1'", "p1"),
    ("cat.posts_via_cat.title ?= 'p1'", "p1 p4"),
    ("cat.posts_via_mcats.title ?= 'p2'", "p2"),
    ("mcats.posts_via_mcats.title ?= 'p2'", "p1 p2 p4"),
    ("mcats.posts_via_mcats.title = 'p2'", ""),
    ("uniq_via_post.text = 'uq'", "p1"),
    ("uniq_via_post.text = ''", "p2 p3 p4 p5"),
    ("uniq_via_post.id = ''", "p2 p3 p4 p5"),
    # other collections
    ("@collection.cats.name ?= 'red'", ALL),
    ("@collection.CATS.name ?= 'red'", ALL),
    ("@collection.cats.name = 'red'", ""),
    ("@collection.locked.name = 'x'", ALL),
    ("@collection.cats:x.name:lower ?= 'red'", ALL),
    ("@collection.posts:each.title ?= 'p1'", ALL),
    ("@collection.posts.mcats.name ?= 'red'", ALL),
    ("@collection.posts.mcats.name = 'red'", ""),
    ("@collection.cats.id ?= cat", "p1 p2 p4"),
    ("@collection.cats.id = cat", ""),
    ("@collection.cats.id ?!= cat", ALL),
    ("@collection.cats:a.id ?= cat && @collection.cats:b.name ?= 'Blue'", "p1 p2 p4"),
    ("@collection.cats:a.id ?= cat && @collection.cats:a.name ?= 'red'", "p1 p4"),
    ("@collection.hidrel.text = ''", ALL),
    ("@collection.hidrel.text ?= 'x'", ""),
]


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[case[0] for case in FOUND])
def test_a_path_to_many_finds_what_the_reference_finds(related: Database, text: str, expected: str) -> None:
    assert related.ask("posts", text) == expected


SORTED = [
    ("mcats.name,id", "p3 p5 p2 p4 p1"),
    ("-mcats.name,id", "p1 p4 p2 p3 p5"),
    ("mcats.name,-id", "p5 p3 p2 p4 p1"),
    ("comments_via_post.text,id", "p3 p4 p5 p1 p2"),
    ("-comments_via_post.text,id", "p2 p1 p3 p4 p5"),
    ("msel:each,id", "p3 p5 p1 p4 p2"),
    ("mcats:each,id", "p3 p5 p1 p2 p4"),
    ("mcats:length,id", "p3 p5 p2 p1 p4"),
    ("uniq_via_post.text,id", "p2 p3 p4 p5 p1"),
    ("mcats.id,id", "p3 p5 p1 p2 p4"),
    ("mcats.n,id", "p3 p5 p1 p2 p4"),
    ("author.email,id", "p3 p4 p5 p1 p2"),
    ("-author.email,id", "p2 p1 p3 p4 p5"),
]


@pytest.mark.parametrize(("sort", "expected"), SORTED, ids=[case[0] for case in SORTED])
def test_a_record_sorts_by_the_first_of_its_related_ones(related: Database, sort: str, expected: str) -> None:
    assert related.ask("posts", "id != ''", sort=sort) == expected


SORTED_OF_FOUND = [
    ("mcats.name ?= 'Blue'", "mcats.name,id", "p1 p2 p4"),
    ("mcats.name ?= 'Blue'", "-mcats.name,id", "p1 p2 p4"),
    ("mcats.name ?= 'green' || title = 'p1'", "mcats.name,id", "p4 p1"),
]


@pytest.mark.parametrize(("text", "sort", "expected"), SORTED_OF_FOUND, ids=[f"{c[0]} {c[1]}" for c in SORTED_OF_FOUND])
def test_a_record_sorts_by_the_first_related_one_that_the_filter_found(
    related: Database, text: str, sort: str, expected: str
) -> None:
    assert related.ask("posts", text, sort=sort) == expected


# What clients may see of related records. On the reference a comparison with all values looks at unlistable ones as
# well, and a record that nothing but unlistable ones point to is left out: both tell of what must not be read.
CLIENTS = [
    ("vcats.name = 'red'", "p1 p4"),  # the reference looks at p1's hidden Blue
    ("vcats.name ?= 'red'", "p1 p4"),
    ("vcats.name = ''", "p3 p5"),
    ("vcats.name != 'x'", "p1 p3 p4 p5"),
    ("vcats.name ?!= 'x'", "p1 p3 p4 p5"),
    ("vcats.name ?= 'Blue'", ""),
    ("title != 'x' || vcats.name ?= 'y'", "p1 p3 p4 p5"),
    ("vcat.name = ''", "p3 p4 p5"),
    ("vcat.name != 'x'", "p1 p3 p4 p5"),
    ("vcat.id = 'v2'", "p2"),
    ("vcats.id ?= 'v2'", ""),
    ("vcats ~ 'v2'", "p1 p2"),
    ("vcomments_via_post.text = ''", "p2 p3 p4 p5"),  # the reference leaves out p2, which only a hidden one points to
    ("vcomments_via_post.text != ''", "p1"),
    ("vcomments_via_post.text = 'c1'", "p1"),  # the reference looks at p1's hidden c2
    ("vcomments_via_post.text ?= 'c2'", ""),
    ("vcomments_via_post.text !~ 'zz'", "p1"),
    ("vcomments_via_post.post.vcats.name ?= 'Blue'", ""),
    ("locks:length > 0", "p5"),
    ("author.email != 'x'", "p1"),
    ("author.email = 'u1@x.io' || title = 'p2'", "p1 p2"),
    ("readers.email ?~ 'x.io'", "p1 p4"),
    ("readers.email ~ 'x.io'", "p1 p4"),
    ("readers.email != 'zz'", "p1 p4"),
    ("readers.email = ''", ""),
    ("readers.email = 'u1@x.io'", "p1 p4"),  # the reference looks at p1's private u2@x.io
    ("readers.email ?= 'u2@x.io'", ""),
    ("readers.email ?!= 'u1@x.io'", ""),
]
CLIENTS_SORTED = [
    ("vcats.name,id", "p3 p5 p1 p4"),
    ("vcat.name,id", "p3 p4 p5 p1"),
    ("vcomments_via_post.text,id", "p2 p3 p4 p5 p1"),
    ("author.email,id", "p2 p3 p4 p5 p1"),  # the reference sorts private addresses too
]


def client(database: Database) -> dict[str, Any]:
    """What a guest's filter is compiled with."""

    def passage(target: CollectionInfo) -> Listed | None:
        rule = LIST_RULES.get(target.name, "")
        if rule is None:
            raise LockedRelation(f"{target.name} is locked.")

        def listed(alias: str, joins: Joins) -> Fragment:
            names = CollectionNames(
                collection=target, find=database.registry.find, joins=joins, alias=alias.strip('"'), optional=True
            )
            return compile_filter(parse(rule or ""), names, joins.dialect, constants=True)

        return listed if rule else None

    return {"passage": passage, "readable": not_hidden, "private_email": True}


@pytest.mark.parametrize(("text", "expected"), CLIENTS, ids=[case[0] for case in CLIENTS])
def test_a_client_finds_nothing_by_what_it_may_not_list(related: Database, text: str, expected: str) -> None:
    assert related.ask("posts", text, **client(related)) == expected


@pytest.mark.parametrize(("sort", "expected"), CLIENTS_SORTED, ids=[case[0] for case in CLIENTS_SORTED])
def test_a_client_sorts_by_nothing_that_it_may_not_list(related: Database, sort: str, expected: str) -> None:
    assert related.ask("posts", "id != ''", sort=sort, **client(related)) == expected


RULES_AND_CLIENTS = [
    ("vcomments_via_post.text = ''", "vcomments_via_post.text = ''", "p3 p4 p5"),
    ("vcomments_via_post.text != ''", "vcomments_via_post.text ?= 'c2'", ""),
    ("vcomments_via_post.text ?= 'c2'", "vcomments_via_post.text ?= 'c1'", "p1"),
    ("vcats.name ?= 'Blue'", "vcats.name ?= 'Blue'", ""),
    ("vcats.name ?= 'Blue'", "vcats.name ?= 'red'", ""),  # of one and the same, as on the reference
    ("mcats.name ?= 'red'", "mcats.name ?= 'Blue'", ""),
    ("mcats.name = 'Blue'", "mcats.name ?= 'Blue'", "p2"),
    ("msel:each ?= 'a'", "msel:each ?= 'b'", ""),
]


@pytest.mark.parametrize("rule_first", [True, False])
@pytest.mark.parametrize(
    ("rule", "asked", "expected"), RULES_AND_CLIENTS, ids=[f"{c[0]}, {c[1]}" for c in RULES_AND_CLIENTS]
)
def test_rule_and_filter_are_about_the_same_rows_but_for_what_only_the_rule_sees(
    related: Database, rule: str, asked: str, expected: str, rule_first: bool
) -> None:
    """Were they about the same rows there, the filter would make the rule blind, or the rule give the filter sight."""
    joins = Joins(related.dialect)
    options: dict[str, Any] = {
        "collection": related.collection("posts"), "find": related.registry.find, "joins": joins, "alias": "r",
    }  # fmt: skip
    compile_both = [
        (rule, CollectionNames(**options)),
        (asked, CollectionNames(**options, **client(related))),
    ]
    conditions = [
        open_filter(parse(text), names, related.dialect, constants=True)
        for text, names in (compile_both if rule_first else compile_both[::-1])
    ]
    where = [closed([*conditions, *restrictions(joins)])]
    found = related.select("posts", joins, where, Fragment('"r"."id"'), Bindings())
    assert " ".join(row[0] for row in found) == expected


REFUSED = [
    ("locks.name ?= 'x'", LockedRelation, "locked is locked. (at 1: locks.name ?= 'x')"),
    ("locks.nope = 'x'", LockedRelation, None),
    ("title = 'x' && locks.id ?= 'x'", LockedRelation, "locked is locked. (at 16: locks.id ?= 'x')"),
    ("hidrel_via_post.text = ''", UnknownField, None),
    ("author.password = ''", UnknownField, None),
    ("readers.tokenKey ?= ''", UnknownField, None),
    ("@collection.cats.name ?= 'x'", UnknownField, None),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_client_may_not_even_ask(
    related: Database, text: str, error: type[InvalidFilter], message: str | None
) -> None:
    with pytest.raises(error) as refused:
        related.ask("posts", text, **client(related))
    assert message is None or refused.value.message == message


NOWHERE = [
    ("comments_via_post = 'a'", "Name a field of comments behind comments_via_post, comments_via_post.id for example."),
    ("comments_via_post:length = 1", "Name a field of comments behind comments_via_post"),
    ("nope_via_post.text = 'a'", '"nope_via_post" leads nowhere: no collection of that name has a relation'),
    ("comments_via_nope.text = 'a'", '"comments_via_nope" leads nowhere'),
    ("comments_via_text.text = 'a'", '"comments_via_text" leads nowhere'),
    ("cats_via_parent.name = 'a'", "of that name to posts."),
    ("cat.comments_via_post.text = 'a'", "of that name to cats."),
    ("@collection.cats = 'x'", "Name a field of cats behind cats."),
    ("@collection.cats:x ?= 'red'", "Name a field of cats behind cats."),
    ("@collection.cats.nope ?= 'x'", 'cats has no field "nope".'),
    ("@collection.nope.name ?= 'x'", 'There is no collection "nope".'),
    ("@collection.cats:x.y.name ?= 'red'", 'cats has no field "y".'),
    ("msel:each:lower = 'a'", "A name can have one modifier"),
    ("cat:each.name = 'red'", 'posts has no field "cat:each".'),
    ("mcats.nmae = 1", 'cats has no field "nmae". Did you mean "name"?'),
    ("mcats.name.x = 1", "cats.name leads no further: it is no relation."),
    ("mcats.parent.parent.parent.parent.parent.parent.name = 1", "A path can go through 6 relations and no more."),
    ("@request.body.mcats.parent.parent.parent.parent.parent.parent.name = 1", "through 6 relations and no more."),
]


@pytest.mark.parametrize(("text", "message"), NOWHERE, ids=[case[0] for case in NOWHERE])
def test_a_path_that_leads_nowhere_is_refused_and_says_where(related: Database, text: str, message: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        related.ask("posts", text)
    assert message in refused.value.message


OF_ACTORS = [  # u1, u2, a guest
    ("@request.auth.fav.name = 'red'", ALL, "", ""),
    ("@request.auth.favs.name ?= 'red'", ALL, "", ""),
    ("@request.auth.favs.name = 'red'", "", "", ""),
    ("@request.auth.favs.name = ''", "", ALL, ALL),
    ("@request.auth.favs.name ?= cat.name", "p1 p2 p4", "p3 p5", "p3 p5"),
    ("@request.auth.favs.id ?= cat", "p1 p2 p4", "p3 p5", "p3 p5"),
    ("@request.auth.favs:each ?= cat", "p1 p2 p4", "p3 p5", "p3 p5"),
    ("@request.auth.favs:each = cat", "", "p3 p5", "p3 p5"),
    ("@request.auth.favs:length = 2", ALL, "", ""),
    ("@request.auth.tags:each ?= 'a'", ALL, "", ""),
    ("@request.auth.tags:each = 'a'", "", "", ""),
    ('@request.auth.tags = \'["a","b"]\'', ALL, "", ""),
    ("@request.auth.tags ~ 'a'", ALL, "", ""),
    ("@request.auth.posts_via_author.title ?= 'p1'", ALL, "", ""),
    ("@request.auth.posts_via_author.title = title", "p1", "p2", ""),
    ("@request.auth.posts_via_author.id ?= id", "p1", "p2", ""),
    ("@request.auth.posts_via_readers.id ?= id", "p1 p4", "p1 p2", ""),
    ("@request.auth.fav.posts_via_cat.title ?= title", "p1 p4", "", ""),
    ("@request.auth.name:length = 1", "", "", ""),
    ("@request.auth.fav:length = 1", ALL, "", ""),
    ("@request.auth.name:each = 'u1'", ALL, "", ""),
    ("@request.auth.nope.x = ''", ALL, ALL, ALL),
    ("@request.auth.nope_via_x.y = ''", ALL, ALL, ALL),
    ("@request.auth.favs.name ?= 'red' && @request.auth.favs.name ?= 'Blue'", "", "", ""),
]


@pytest.mark.parametrize("case", OF_ACTORS, ids=[case[0] for case in OF_ACTORS])
def test_paths_of_the_auth_record_are_those_of_whoever_asks(related: Database, case: tuple[str, str, str, str]) -> None:
    text, *expected = case
    found = [related.ask("posts", text, actor=actor) for actor in ("people/u1", "people/u2", GUEST)]
    assert found == expected


OF_BODIES: list[tuple[str, list[tuple[dict[str, Any], bool]]]] = [
    ("@request.body.msel:each = 'a'", [({"msel": ["a"]}, True), ({"msel": ["a", "b"]}, False), ({}, False)]),
    ("@request.body.msel:each ?= 'a'", [({"msel": ["a", "b"]}, True), ({"msel": ["b"]}, False), ({}, False)]),
    ("@request.body.msel:each ?= 'a' && @request.body.msel:each ?= 'b'", [({"msel": ["a", "b"]}, False)]),
    ("@request.body.msel:each ?= 'a' && @request.body.msel:length = 2", [({"msel": ["a", "b"]}, True)]),
    ("@request.body.msel:each != 'a'", [({"msel": ["a", "b"]}, False), ({}, True), ({"msel": ["b"]}, True)]),
    ("@request.body.msel:each ?= msel:each", [({"msel": ["a"]}, True), ({"msel": ["a", "b"]}, True)]),
    ("@request.body.msel:each = msel:each", [({"msel": ["a"]}, True), ({"msel": ["a", "b"]}, False)]),
    ("@request.body.msel:each ~ 'a'", [({"msel": ["a"]}, True), ({"msel": ["a", "b"]}, False), ({}, False)]),
    ("@request.body.sel:each = 'a'", [({"sel": "a"}, True), ({"sel": "b"}, False), ({}, False)]),
    ("@request.body.sel:length = 1", [({"sel": "a"}, True), ({}, False)]),
    ("@request.body.mcats:length > 1", [({"mcats": ["c1", "c2"]}, True), ({}, False)]),
    ("@request.body.mcats.name ?= 'red'", [({"mcats": ["c1", "c2"]}, True), ({"mcats": ["c2"]}, False), ({}, False)]),
    ("@request.body.mcats.name = 'red'", [({"mcats": ["c1", "c2"]}, False), ({"mcats": ["c1"]}, True), ({}, False)]),
    ("@request.body.mcats.name = ''", [({"mcats": ["c1"]}, False), ({}, True)]),
    ("@request.body.mcats.id ?= 'c1'", [({"mcats": ["c1", "c2"]}, True), ({"mcats": ["c2"]}, False)]),
    ("@request.body.mcats.name ?= mcats.name", [({"mcats": ["c1", "c2"]}, True), ({}, True)]),
    (
        "@request.body.mcats.name = mcats.name",
        [({"mcats": ["c1", "c2"]}, False), ({"mcats": ["c1"]}, True), ({}, True)],
    ),
    ("@request.body.mcats.name:lower ?= 'red'", [({"mcats": ["c1"]}, True)]),
    ("@request.body.cat.name = 'red'", [({"cat": "c1"}, True), ({"cat": "c2"}, False), ({}, False)]),
    ("@request.body.cat.name = ''", [({"cat": "c1"}, False), ({}, True)]),
    ("@request.body.cat.id = 'c1'", [({"cat": "c1"}, True), ({"cat": "c2"}, False), ({}, False)]),
    ("@request.body.cat.posts_via_cat.title ?= 'p1'", [({"cat": "c1"}, True), ({"cat": "c2"}, False), ({}, False)]),
    (
        "@request.body.mcats.posts_via_mcats.title ?= 'p4'",
        [({"mcats": ["c3"]}, True), ({"mcats": []}, False), ({}, False)],
    ),
    ("@request.body.comments_via_post.text = ''", [({}, True)]),
    ("@request.body.mcats = '[\"c1\"]'", [({"mcats": ["c1"]}, True)]),
    ("@request.body.mcats ~ 'c1'", [({"mcats": ["c1"]}, True)]),
    ("mcats.name ?= 'red'", [({"mcats": ["c1", "c2"]}, True), ({"mcats": ["c2"]}, False), ({}, False)]),
    ("mcats.name = 'red'", [({"mcats": ["c1", "c2"]}, False), ({"mcats": ["c1"]}, True), ({}, False)]),
    ("comments_via_post.text = ''", [({}, True)]),
    ("msel:each = 'a'", [({"msel": ["a"]}, True), ({"msel": ["a", "b"]}, False)]),
    ("msel:length = 2", [({"msel": ["a"]}, False), ({"msel": ["a", "b"]}, True)]),
    ("@collection.cats.id ?= cat", [({"cat": "c1"}, True), ({}, False)]),
    ("@request.body.title:changed = true", [({"title": "y"}, False), ({}, False)]),
    ("@request.body.title:changed = false", [({"title": "y"}, True), ({}, True)]),
]


@pytest.mark.parametrize(("text", "bodies"), OF_BODIES, ids=[case[0] for case in OF_BODIES])
def test_a_create_rule_sees_what_was_sent(
    related: Database, text: str, bodies: list[tuple[dict[str, Any], bool]]
) -> None:
    stamps = dict.fromkeys(("created", "updated"))
    for body, holds in bodies:
        assert related.ask_draft("posts", text, {"id": "new", "num": 0, **stamps, **body}, body=body) is holds, body


CHANGED: list[tuple[str, list[tuple[dict[str, Any], bool]]]] = [
    ("@request.body.title:changed = false", [({"title": "p1"}, True), ({}, True), ({"title": "y"}, False)]),
    ("@request.body.title:changed = true", [({"title": "p1"}, False), ({}, False), ({"title": "y"}, True)]),
    ("@request.body.title:changed = 1", [({"title": "p1"}, False), ({"title": "y"}, True)]),
    ("@request.body.title:changed != true", [({"title": "p1"}, True), ({}, True), ({"title": "y"}, False)]),
    ("@request.body.title:changed = ''", [({"title": "p1"}, False), ({}, False), ({"title": "y"}, False)]),
    ("@request.body.title:changed > 0", [({"title": "p1"}, False), ({"title": "y"}, True)]),
    ("@request.body.title:changed ~ '1'", [({"title": "p1"}, False), ({}, False), ({"title": "y"}, True)]),
    ("@request.body.msel:changed = false", [({"msel": ["a", "b"]}, True), ({"msel": ["b", "a"]}, False), ({}, True)]),
    ("@request.body.mcats:changed = false", [({"mcats": ["c1", "c2"]}, True), ({"mcats": ["c2", "c1"]}, False)]),
    ("@request.body.num:changed = false", [({"num": 1}, True), ({"num": 2}, False)]),
    ("@request.body.js:changed = false", [({"js": [1, "a"]}, True), ({"js": None}, False), ({}, True)]),
    ("@request.body.dt:changed = false", [({"dt": "2024-01-31 10:00:00.000Z"}, True), ({"dt": ""}, False)]),
    (
        "@request.body.geo:changed = false",
        [({"geo": {"lat": -7, "lon": 12.5}}, True), ({"geo": {"lat": 1, "lon": 1}}, False)],
    ),
    ("@request.body.sel:changed = false", [({"sel": "a"}, True), ({"sel": "b"}, False)]),
]


@pytest.mark.parametrize(("text", "bodies"), CHANGED, ids=[case[0] for case in CHANGED])
def test_an_update_rule_sees_whether_a_value_was_changed(
    related: Database, text: str, bodies: list[tuple[dict[str, Any], bool]]
) -> None:
    for body, holds in bodies:
        assert ("p1" in related.ask("posts", text, body=body)) is holds, body


NOT_OF_BODIES = [
    "@request.body.nope:changed = false",
    "@request.body.title.x:changed = false",
    "@request.query.title:changed = false",
    "@request.body.title:each = 'a'",
    "@request.body.title:length = 1",
    "@request.body.nope:each = 'a'",
    "@request.body.nope:length = 1",
]


@pytest.mark.parametrize("text", NOT_OF_BODIES)
def test_a_modifier_that_asks_of_a_field_needs_such_a_field(related: Database, text: str) -> None:
    with pytest.raises(UnknownField):
        related.ask("posts", text)


OF_ROLES = [
    ("title ?= @request.roles", {"p1", "p2"}, "p1 p2"),
    ("title = @request.roles", {"p1", "p2"}, ""),
    ("title = @request.roles", {"p1"}, "p1"),
    ("@request.roles ?= title", {"p3"}, "p3"),
    ("sel ?= @request.roles", set(), "p2 p3 p4 p5"),
    ("mcats.name ?= @request.roles", {"red"}, "p1 p4"),
    ("mcats.name = @request.roles", {"Blue"}, "p2"),
    ("@request.roles ?= 'a' && @request.roles ?= 'b'", {"a", "b"}, ALL),
]


@pytest.mark.parametrize(("text", "roles", "expected"), OF_ROLES, ids=[f"{c[0]} {sorted(c[1])}" for c in OF_ROLES])
def test_roles_are_compared_with_fields(related: Database, text: str, roles: set[str], expected: str) -> None:
    assert related.ask("posts", text, actor=related.actor("people", "u1", roles=frozenset(roles))) == expected
