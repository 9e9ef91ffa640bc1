"""Written words get the times of what was said, whatever the speaker made of them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vbmake.speech.words import place_words


def spans(words):
    return [(word.text, word.start, word.end) for word in words]


def test_each_word_lasts_until_the_next_begins():
    assert spans(place_words("Two ships", [(0, 0), (4, 700)], 1000)) == [("Two", 0, 700), ("ships", 700, 1000)]


def test_a_pause_belongs_to_no_word():
    words = place_words("Stop. Go.", [(0, 0), (6, 700)], 1000, lambda start, end: end - 100)
    assert spans(words) == [("Stop.", 0, 600), ("Go.", 700, 900)]


def test_a_number_read_as_several_words_is_one_written_word():
    words = place_words("In 1,234 years", [(0, 0), (3, 100), (4, 200), (5, 300), (9, 400)], 500)
    assert spans(words) == [("In", 0, 100), ("1,234", 100, 400), ("years", 400, 500)]


def test_a_dash_that_is_not_said_shares_the_time_of_the_word_before_it():
    words = place_words("cost - five", [(0, 0), (7, 850)], 1000)
    assert spans(words) == [("cost", 0, 800), ("-", 800, 850), ("five", 850, 1000)]


def test_an_opening_dash_shares_the_time_of_the_first_word():
    words = place_words("- five", [(2, 0)], 850)
    assert spans(words) == [("-", 0, 50), ("five", 50, 850)]


def test_two_words_said_as_one_share_its_time_by_their_letters():
    words = place_words("one of the days", [(0, 0), (4, 300), (11, 800)], 1000)
    assert spans(words)[1:3] == [("of", 300, 500), ("the", 500, 800)]


def test_an_event_in_the_gap_belongs_to_the_next_word_that_has_none():
    words = place_words("3rd e.g. Mr", [(0, 0), (3, 400), (9, 800)], 1000)
    assert spans(words) == [("3rd", 0, 400), ("e.g.", 400, 800), ("Mr", 800, 1000)]


def test_an_event_in_the_gap_belongs_to_the_word_before_when_the_next_has_its_own():
    words = place_words("\N{GRINNING FACE} ok", [(0, 0), (1, 300), (2, 700)], 1000)
    assert spans(words)[1] == ("ok", 700, 1000)


def test_a_text_of_nothing_but_signs_still_has_all_its_words():
    assert [word.text for word in place_words("... --- !!!", [(8, 0)], 900)] == ["...", "---", "!!!"]


def test_an_empty_text_has_no_words():
    assert place_words(" \n ", [], 100) == []


@given(
    st.text(alphabet="ab .-\n\N{GRINNING FACE}", max_size=40),
    st.lists(st.tuples(st.integers(-1, 45), st.integers(0, 60)), max_size=12),
    st.integers(0, 40),
)
def test_no_word_is_lost_and_none_goes_back_in_time(text, events, more):
    samples = len(text.split()) + more
    words = place_words(text, sorted(events, key=lambda event: event[1]), samples)
    assert [word.text for word in words] == text.split()
    assert all(word.start < word.end for word in words)
    assert all(word.end <= after.start for word, after in pairwise(words))
    assert not words or (words[0].start >= 0 and words[-1].end <= samples)
