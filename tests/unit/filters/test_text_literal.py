"""Texts that code puts into a filter stay texts, whatever is in them."""

from hypothesis import given
from hypothesis import strategies as st

from piccobase.filters.lexer import tokenize
from piccobase.filters.literals import text_literal, text_value


@given(st.text() | st.text(alphabet="'\"\\ntr|& =/"))
def test_a_text_is_one_token_that_means_itself(text: str) -> None:
    [token, end] = tokenize(text_literal(text))
    assert (token.kind, end.kind, text_value(token.text)) == ("text", "end", text)
