"""Text to tokens (protocol.md §3.1)."""

import pytest

from piccobase.filters.errors import FilterSyntax
from piccobase.filters.lexer import tokenize

TOKENS = [
    ("", []),
    (" \t\n", []),
    ("// all comment", []),
    ("a=1", ["name a 0", "operator = 1", "number 1 2"]),
    ("a ?!= -1.50", ["name a 0", "operator ?!= 2", "number -1.50 6"]),
    ("a>=b<=c", ["name a 0", "operator >= 1", "name b 3", "operator <= 4", "name c 6"]),
    ("a!~b?~c", ["name a 0", "operator !~ 1", "name b 3", "operator ?~ 4", "name c 6"]),
    ("a<-.5", ["name a 0", "operator < 1", "number -.5 2"]),
    ("(a&&b)||c", ["open ( 0", "name a 1", "join && 2", "name b 4", "close ) 5", "join || 6", "name c 8"]),
    ("@request.auth.id", ["name @request.auth.id 0"]),
    ("@collection.cats:x.name:lower", ["name @collection.cats:x.name:lower 0"]),
    ("_a #b a1_.b2", ["name _a 0", "name #b 3", "name a1_.b2 6"]),
    ("f(a,'b')", ["call f( 0", "name a 2", "comma , 3", "text 'b' 4", "close ) 7"]),
    ("f (a)", ["name f 0", "open ( 2", "name a 3", "close ) 4"]),
    ("'it\\'s' \"\\\"\"", ["text 'it\\'s' 0", 'text "\\"" 8']),
    ("'a\\\\' 'b'", ["text 'a\\\\' 0", "text 'b' 6"]),
    ("'a\"b' \"a'b\"", ["text 'a\"b' 0", 'text "a\'b" 6']),
    ("'\n\té💥'", ["text '\n\té💥' 0"]),
    ("a // it's\n= 'x' // y", ["name a 0", "operator = 10", "text 'x' 12"]),
    ("a='//'", ["name a 0", "operator = 1", "text '//' 2"]),
    ("a\n=\t1", ["name a 0", "operator = 2", "number 1 4"]),
    ("a.b..c", ["name a.b..c 0"]),
]


@pytest.mark.parametrize(("text", "tokens"), TOKENS, ids=[case[0] for case in TOKENS])
def test_a_text_falls_apart_into_tokens_with_their_places(text: str, tokens: list[str]) -> None:
    *found, end = tokenize(text)
    assert [f"{token.kind} {token.text} {token.at}" for token in found] == tokens
    assert (end.kind, end.text, end.at) == ("end", "", len(text))


NO_TOKENS = [
    ("a = 'x", 4, "no end"), ("a = 'x\\'", 4, "no end"), ('a = "x\'', 4, "no end"), ("a = 1.", 4, "number"),
    ("a = .5", 4, "number"), ("a = 5a", 4, "number"), ("a = 1.2.3", 4, "number"), ("a = 1e3", 4, "number"),
    ("a = - 5", 4, "number"), ("a = +5", 4, "'+'"), ("a & b", 2, "&&"), ("a | b", 2, "||"), ("a. = 1", 0, "end in"),
    ("a: = 1", 0, "end in"), ("@ = 1", 0, "alone"), ("_ = 1", 0, "alone"), ("# = 1", 0, "alone"),
    ("a\r= 1", 1, "\\\\r"),
    ("a = é", 4, "é"), ("a ! = 1", 2, "!"), ("a = 1; b", 5, ";"), ("a = [1]", 4, "\\["), ("a = ٣", 4, "number"),
    ("a = b\x00", 5, "x00"), ("a\xa0= 1", 1, "xa0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "message"), NO_TOKENS, ids=[case[0] for case in NO_TOKENS])
def test_where_no_token_begins_is_said(text: str, at: int, message: str) -> None:
    with pytest.raises(FilterSyntax) as refused:
        tokenize(text)
    assert refused.value.at == at
    assert message.replace("\\", "") in refused.value.message.replace("\\", "")


def test_a_text_without_end_is_refused_in_linear_time() -> None:
    with pytest.raises(FilterSyntax):
        tokenize("'" + "\\'a" * 100_000)
    with pytest.raises(FilterSyntax):
        tokenize("// a\n " * 100_000 + "'")
