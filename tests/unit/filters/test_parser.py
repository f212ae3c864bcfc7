"""Tokens to a tree, within limits."""

import pytest

from piccobase.base.errors import Forbidden
from piccobase.filters import tree
from piccobase.filters.errors import FilterSyntax, FilterTooLong, TooManyComparisons
from piccobase.filters.parser import CLIENT_LIMITS, parse, refuse_reserved


def shown(node: tree.Node | tree.Operand) -> str:
    """A tree as text: comparisons with their places, joins with parentheses around them."""
    match node:
        case tree.All(parts):
            return "(" + " & ".join(map(shown, parts)) + ")"
        case tree.Any(parts):
            return "(" + " | ".join(map(shown, parts)) + ")"
        case tree.Comparison():
            some = "?" if node.some else ""
            return f"{shown(node.left)}{some}{node.operator}{shown(node.right)}@{node.at}"
        case tree.Name():
            return str(node)
        case tree.Constant():
            return f"${node.index}{node.kind}"
        case tree.Call():
            return f"{node.function}({', '.join(map(shown, node.arguments))})"


TREES = [
    ("a = 1", "a=$0integer@0", (1,)),
    ("a=1||b=2&&c=3", "(a=$0integer@0 | (b=$1integer@5 & c=$2integer@10))", (1, 2, 3)),
    ("(a=1||b=2)&&c=3", "((a=$0integer@1 | b=$1integer@6) & c=$2integer@12)", (1, 2, 3)),
    ("a=1&&b=2&&c=3", "(a=$0integer@0 & b=$1integer@5 & c=$2integer@10)", (1, 2, 3)),
    ("((a=1))", "a=$0integer@2", (1,)),
    ("(a=1)(b=2)", "(a=$0integer@1 & b=$1integer@6)", (1, 2)),
    ("a=1(b=2)", "(a=$0integer@0 & b=$1integer@4)", (1, 2)),
    ("a.b:lower ?~ 'x'", "a.b:lower?~$0text@0", ("x",)),
    ("'' != \"it's\"", "$0empty!=$1text@0", ("", "it's")),
    ("a = '12' && b = ' 1e3 '", "(a=$0numeric@0 & b=$1numeric@12)", ("12", " 1e3 ")),
    ("a > '2024-01-01 00:00:00.000Z'", "a>$0instant@0", ("2024-01-01 00:00:00.000Z",)),
    ("a > '2024-01-01'", "a>$0date@0", ("2024-01-01",)),
    ("a > '2024-02-31'", "a>$0text@0", ("2024-02-31",)),
    ("a > '2024-02-31 00:00:00.000Z'", "a>$0text@0", ("2024-02-31 00:00:00.000Z",)),
    ("a > '02 Jan 2024'", "a>$0date@0", ("02 Jan 2024",)),
    ("a = 99999999999999999999", "a=$0number@0", (99999999999999999999,)),
    ("f(a, 1, g('x'),) < 2", "f(a, $0integer, g($1text))<$2integer@0", (1, "x", 2)),
    ("f() = 1", "f()=$0integer@0", (1,)),
    ("a = 'x' // (", "a=$0text@0", ("x",)),
    ("a = @request.auth.id", "a=@request.auth.id@0", ()),
]


@pytest.mark.parametrize(("text", "expected", "literals"), TREES, ids=[case[0] for case in TREES])
def test_a_filter_becomes_a_tree(text: str, expected: str, literals: tuple[object, ...]) -> None:
    parsed = parse(text)
    assert shown(parsed.root) == expected
    assert parsed.literals == literals


ESCAPES = [
    (r"'a\'b'", "a'b"), (r"'a\"b'", 'a"b'), (r"'a\nb\rc\td'", "a\nb\rc\td"), (r"'a\\b'", "a\\b"), (r"'a\b'", "a\\b"),
    (r"'\u0041\/\x\%'", r"\u0041\/\x\%"), (r"'\\n'", "\\n"), (r"'\\\n'", "\\\n"), ('"a\nb"', "a\nb"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), ESCAPES, ids=[case[0] for case in ESCAPES])
def test_only_quotes_backslashes_and_three_letters_are_escapes(written: str, meant: str) -> None:
    assert parse(f"a = {written}").literals == (meant,)


NO_FILTERS = [
    ("", 0), (" ", 1), ("//x", 3), ("()", 1), ("a", 1), ("1", 1), ("a=", 2), ("=1", 0), ("a==1", 2), ("a=1 b=2", 4),
    ("a=1&&", 5), ("||a=1", 0), ("(a=1", 4), ("a=1)", 3), ("a=1 && && b=2", 7), ("f(a", 3), ("f(a b)=1", 4),
    ("f(,)=1", 2),
    ("a..b=1", 0), (".a=1", 0), ("a.:lower=1", 0), ("a:b:c=1", 0), ("a:b.c=1", None), ("(a=1))", 5), ("a=(1)", 2),
    ("not a=1", 4),
    ("f(f(f(f(1))))=1", 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at"), NO_FILTERS, ids=[case[0] for case in NO_FILTERS])
def test_what_is_no_filter_is_refused_with_its_place(text: str, at: int | None) -> None:
    if at is None:  # a segment with a colon is for @collection: whoever resolves names refuses it
        assert str(parse(text).root.left) == "a:b.c"
        return
    with pytest.raises(FilterSyntax) as refused:
        parse(text)
    assert refused.value.at == at
    assert refused.value.code == "filter.syntax"


def test_a_message_says_where_and_shows_what_stands_there() -> None:
    with pytest.raises(FilterSyntax) as refused:
        parse("title = 'a' && published")
    assert refused.value.message == "Expected an operator such as = or ~ here. (at 25: the end)"


def test_200_comparisons_pass_and_201_fail() -> None:
    assert len(parse("&&".join(["a=1"] * 200), limits=CLIENT_LIMITS).literals) == 200
    with pytest.raises(TooManyComparisons):
        parse("&&".join(["a=1"] * 201), limits=CLIENT_LIMITS)


def test_3500_bytes_pass_and_3501_fail() -> None:
    parse("a='" + "é" * 1748 + "'", limits=CLIENT_LIMITS)
    parse("a='" + "x" * 3496 + "'", limits=CLIENT_LIMITS)
    for text in ("a='" + "x" * 3497 + "'", "a='" + "é" * 1748 + "x'"):
        with pytest.raises(FilterTooLong):
            parse(text, limits=CLIENT_LIMITS)


def test_parentheses_nest_50_deep_and_no_deeper() -> None:
    parse("(" * 50 + "a=1" + ")" * 50)
    with pytest.raises(TooManyComparisons):
        parse("(" * 51 + "a=1" + ")" * 51)
    with pytest.raises(TooManyComparisons):
        parse("(" * 3000 + "a=1" + ")" * 3000)


def test_a_number_can_have_any_number_of_digits() -> None:
    [value] = parse("a = " + "9" * 5000).literals
    assert value == 10**5000 - 1


def test_what_no_database_takes_is_refused() -> None:
    for text in ("a = 'x\0y'", "a = '\ud800'"):
        with pytest.raises(FilterSyntax):
            parse(text)


@pytest.mark.parametrize(
    "text", ["@request.auth.id = 1", "title='@request.'", "title = '@collection.x'", "// @request.\na=1"]
)
def test_words_of_rules_are_refused_even_in_quotes(text: str) -> None:
    with pytest.raises(Forbidden, match=r"Only superusers can filter by @(request|collection)\.") as refused:
        refuse_reserved(text)
    assert (refused.value.status, refused.value.code) == (403, "filter.reserved")


@pytest.mark.parametrize("text", ["", "title = 'x'", "title = '@request'", "created > @now", "a = '@ request.'"])
def test_other_words_are_not(text: str) -> None:
    refuse_reserved(text)
