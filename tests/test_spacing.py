"""Words stand apart where their script parts them."""

from __future__ import annotations

import pytest

from vbmake.spacing import joined


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["One", "two."], "One two."),
        (["吾輩は", "猫である。"], "吾輩は猫である。"),
        (["東京", "Tokyo", "です"], "東京 Tokyo です"),
        (["안녕", "하세요"], "안녕 하세요"),
        (["", "a", "", "b"], "a b"),
        ([], ""),
    ],
)
def test_words_are_joined_as_their_script_does(words: list[str], text: str) -> None:
    whole, edges = joined(words)
    assert whole == text
    assert [whole[start:end] for start, end in edges] == words
