"""What is said of a birth when nobody knows the day."""

from __future__ import annotations

from datetime import date

import pytest

from common.japan.births import rough_birth
from common.japan.wareki import parse_year

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    "text",
    [
        "昭和51年", "昭和５１年ごろ", "S51", "1976年", "昭和51年 生まれ", "昭和51年3月ごろ", "昭和50年代", "昭和51年か52年ごろ", "50歳くらい",
        "約50才", "80代", "たぶん五十歳", "不詳",
    ],
)  # fmt: skip
def test_words_stay_as_they_were_typed(text):
    assert rough_birth(f" {text} ", today=TODAY) == text


@pytest.mark.parametrize(
    "text",
    ["昭和51年4月1日", "S51.4.1", "S510401", "令和8年13月1日", "令和8年13月1日ごろ", "51/4/1", "来週", ""],
)
def test_a_day_is_read_as_a_day_and_anything_else_is_not_taken_for_words(text):
    assert rough_birth(text, today=TODAY) == ""


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("令和8年13月", "13月という月はありません"),
        ("令和8年12月", "今日より後"),
        ("令和9年ごろ", "今日より後"),
        ("昭和99年", "昭和99年はありません"),
        ("300歳くらい", "年齢を確かめて"),
    ],
)
def test_what_cannot_be_is_refused_in_words(text, part):
    with pytest.raises(ValueError, match=part):
        rough_birth(text, today=TODAY)


def test_a_year_alone():
    assert (parse_year("昭和51年"), parse_year("S51"), parse_year("１９７６年")) == (1976, 1976, 1976)
    assert parse_year("昭和64年") == parse_year("平成元年") == 1989
