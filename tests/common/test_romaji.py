"""Readings of names in Latin letters."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.japan.names import fold
from common.japan.romaji import loose_readings, romaji_beginning, romaji_readings


@pytest.mark.parametrize(
    ("word", "kana"),
    [("ohno", "おおの"), ("ono", "おおの"), ("ono", "おの"), ("oono", "おおの"), ("Ōno", "おおの"), ("ôno", "おおの"), ("satoh", "さとう"),
     ("satou", "さとう"), ("sato", "さとう"), ("sato", "さと"), ("shin'ichi", "しんいち"), ("shin’ichi", "しんいち"),
     ("shinichi", "しんいち"), ("shinichi", "しにち"), ("sinniti", "しんにち"), ("ken-ichi", "けんいち"), ("ohashi", "おおはし"),
     ("ohyama", "おおやま"), ("homma", "ほんま"), ("honma", "ほんま"), ("hattori", "はっとり"), ("matchi", "まっち"), ("zyun", "じゅん"),
     ("jun", "じゅん"), ("tuda", "つだ"), ("tsuda", "つだ"), ("ookouchi", "おおこうち"), ("okochi", "おおこうち"), ("yuki", "ゆうき"),
     ("KYOKO", "きょうこ"), ("ＫＹＯＵＫＯ", "きょうこ"), ("nana", "なな"), ("kanna", "かんな"), ("vinsento", "びんせんと")],
)  # fmt: skip
def test_spellings(word, kana):
    assert fold(kana) in romaji_readings(word)


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("ohno", "おの"),
        ("satoh", "さと"),
        ("oono", "おの"),
        ("Ōno", "おの"),
        ("shin'ichi", "しにち"),
        ("keiko", "けこ"),
    ],
)
def test_what_is_written_long_is_long(word, kana):
    assert fold(kana) not in romaji_readings(word)


@pytest.mark.parametrize(
    "word", ["smith", "x", "a", "", "山田", "やまだ", "123", "http", "qu", "o'", "takahash"]
)
def test_what_is_no_romaji_has_no_reading(word):
    assert romaji_readings(word) == []


def test_a_word_still_being_typed_has_a_beginning():
    assert "たかは" in romaji_beginning("takahash")
    assert romaji_beginning("takahashi") == romaji_beginning("") == romaji_beginning("山") == []


@given(st.text(max_size=60))
def test_nothing_breaks_it(word):
    assert len(romaji_readings(word)) <= 128
    romaji_beginning(word)


@given(st.text(alphabet="おうのこゆきやまだんつえいあ", max_size=40))
@example("あああああおうお")  # what follows the seven that are varied may be lengthened by the last of them
def test_other_lengths_are_folded_and_bounded(kana):
    folded = fold(kana)
    found = loose_readings(folded)
    assert folded not in found and len(found) <= 256
    assert all(fold(reading) == reading for reading in found[:20])


def test_other_lengths():
    assert fold("ゆうこ") in loose_readings("ゆこ")
    assert "おの" in loose_readings(fold("おおの"))
    assert "まり" in loose_readings(fold("マリー"))
