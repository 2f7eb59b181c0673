from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.japan.wareki import (
    ERAS,
    format_wareki,
    format_wareki_month,
    format_wareki_short,
    parse_month,
    parse_wareki,
)

days = st.dates(min_value=date(1868, 10, 23), max_value=date(2199, 12, 31))
ALL_DAYS = (date(2199, 12, 31) - date(1868, 10, 23)).days


def test_every_day_since_meiji_survives_the_round_trip():
    for offset in range(ALL_DAYS + 1):
        day = date(1868, 10, 23) + timedelta(days=offset)
        assert parse_wareki(format_wareki(day)) == day


@given(days)
def test_every_way_of_writing_a_day_is_the_same_day(day):
    full_width = str.maketrans("0123456789", "０１２３４５６７８９")
    for text in (
        format_wareki(day, weekday=False),
        format_wareki(day).translate(full_width),
        format_wareki_short(day),
        format_wareki_short(day, weekday=False).replace(".", "/"),
        format_wareki_short(day, weekday=False).lower(),
        day.isoformat(),
        day.strftime("%Y/%m/%d"),
        day.strftime("%Y%m%d"),
        f"{day.year}年{day.month}月{day.day}日",
        f"　{day.year} 年 {day.month} 月 {day.day} 日 ",
    ):
        assert parse_wareki(text) == day


@given(st.text(max_size=20))
def test_any_text_is_a_date_or_a_value_error(text):
    try:
        assert isinstance(parse_wareki(text), date)
    except ValueError as error:
        assert str(error).endswith(("。", "）。"))


@pytest.mark.parametrize(
    "text", ["R8.11.23", "R8/11/23", "r8-11-23", "R081123", "令8.11.23", "㋿8年11月23日", "Ｒ８．１１．２３",
             "令和８年１１月２３日（月）", "2026-11-23", "2026/11/23", "20261123", "2026年11月23日"],
)  # fmt: skip
def test_accepts(text):
    assert parse_wareki(text) == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("令和8年2月30日", "令和8年2月30日という日付はありません"),
        ("2027-02-29", "2027年2月29日という日付はありません"),
        ("平成40年1月1日", "令和10年1月1日"),
        ("昭和64年2月1日", "平成元年2月1日"),
        ("平成31年5月1日", "令和元年5月1日"),
        ("令和元年4月30日", "平成31年4月30日"),
        ("令和0年1月1日", "元年"),
        ("R8.13.1", "令和8年13月1日"),
        ("R8.11.23(火)", "月曜日です"),
        ("0026-11-23", "西暦1800年から"),
        ("来週", "日付として読めません"),
        ("", "日付として読めません"),
        ("令和8年13月", "13月という月はありません"),
        ("令和8年11月", "日がありません"),
        ("R8.11", "日がありません"),
        ("昭和51年", "月と日がありません"),
    ],
)
def test_refuses_in_words(text, part):
    with pytest.raises(ValueError, match=part):
        parse_wareki(text)


def test_first_year_is_gannen():
    assert format_wareki(date(2019, 5, 1)) == "令和元年5月1日（水）"
    assert format_wareki_short(date(2019, 5, 1)) == "R1.5.1(水)"
    assert parse_wareki("令和元年5月1日") == parse_wareki("令和1年5月1日") == parse_wareki("R元.5.1")


def test_day_of_change_belongs_to_both_eras_where_the_edict_says_so():
    assert parse_wareki("大正15年12月25日") == parse_wareki("昭和元年12月25日") == date(1926, 12, 25)
    assert parse_wareki("明治45年7月30日") == parse_wareki("大正元年7月30日") == date(1912, 7, 30)
    assert parse_wareki("昭和64年1月7日") == date(1989, 1, 7)
    with pytest.raises(ValueError, match="平成元年1月8日"):
        parse_wareki("昭和64年1月8日")


def test_before_meiji_the_gregorian_year_stands_alone():
    assert format_wareki(date(1850, 1, 1), weekday=False) == "1850年1月1日"


def test_months():
    assert format_wareki_month(date(2026, 11, 23)) == "令和8年11月分"
    assert format_wareki_month(date(1989, 1, 20)) == "昭和64年1月分"
    for text in ("令和8年11月", "令和8年11月分", "R8.11", "2026-11", "202611", "2026/11", "2026年11月"):
        assert parse_month(text) == date(2026, 11, 1)
    assert parse_month("昭和64年1月") == parse_month("平成元年1月") == date(1989, 1, 1)
    for text in ("令和8年13月", "平成31年5月", "令和元年4月", "11月"):
        with pytest.raises(ValueError, match="。"):
            parse_month(text)


def test_eras_are_in_order_and_have_distinct_marks():
    assert [era.first for era in ERAS] == sorted(era.first for era in ERAS)
    assert len({era.letter for era in ERAS}) == len({era.name[0] for era in ERAS}) == len(ERAS)


@pytest.mark.parametrize(
    "text", ["8/11/20", "８／１１／２０", "8.11.20", "8年11月20日", "８・１１・２０（金）"]
)
def test_a_bare_year_is_of_the_era_that_runs_where_it_is_asked_for(text):
    assert parse_wareki(text, bare_year=True) == date(2026, 11, 20)
    with pytest.raises(ValueError, match="元号か西暦"):
        parse_wareki(text)


@pytest.mark.parametrize("text", ["8/2/30", "0/1/1", "8/11/20（月）"])
def test_a_bare_year_is_judged_like_any_other(text):
    with pytest.raises(ValueError):
        parse_wareki(text, bare_year=True)
