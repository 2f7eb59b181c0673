from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.japan.age import age_on, school_grade
from common.japan.business_days import add_working_days, is_working_day
from common.japan.clock import format_minutes, parse_minutes, parse_time
from common.japan.fiscal import (
    add_months,
    fiscal_months,
    fiscal_year,
    fiscal_year_label,
    month_first,
    month_last,
)

days = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


def test_january_to_march_belong_to_the_former_fiscal_year():
    assert [fiscal_year(day) for day in (date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31))] == [
        2025,
        2026,
        2026,
    ]


@pytest.mark.parametrize(
    ("year", "label"), [(2026, "令和8年度"), (2019, "令和元年度"), (2018, "平成30年度"), (1989, "平成元年度"),
                        (1988, "昭和63年度"), (1850, "1850年度")],
)  # fmt: skip
def test_fiscal_year_label(year, label):
    assert fiscal_year_label(year) == label


@given(days)
def test_each_day_is_in_one_of_the_months_of_its_fiscal_year(day):
    months = fiscal_months(fiscal_year(day))
    assert month_first(day) in months
    assert len(set(months)) == 12
    assert month_first(day) <= day <= month_last(day)
    assert add_months(add_months(day, 13), -13) == month_first(day)


def test_age_rises_at_the_end_of_the_day_before_the_birthday():
    birth = date(1961, 11, 24)
    assert age_on(birth, date(2026, 11, 22)) == 64
    assert age_on(birth, date(2026, 11, 23)) == 65
    assert age_on(date(2008, 2, 29), date(2026, 2, 27)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 18
    assert age_on(birth, birth) == 0
    with pytest.raises(ValueError, match="生年月日より前"):
        age_on(birth, date(1961, 11, 23))


@given(days, st.integers(0, 40_000))
def test_age_never_falls_and_rises_by_one(birth, offset):
    on = birth + timedelta(days=offset)
    assert age_on(birth, on + timedelta(days=1)) - age_on(birth, on) in {0, 1}


@pytest.mark.parametrize(
    ("birth", "grade"),
    [(date(2019, 4, 1), "小学2年"), (date(2019, 4, 2), "小学1年"), (date(2020, 4, 1), "小学1年"), (date(2020, 4, 2), "年長"),
     (date(2022, 4, 2), "年少"), (date(2024, 1, 1), "就学前"), (date(2013, 5, 1), "中学1年"), (date(2010, 5, 1), "高校1年相当"),
     (date(2007, 5, 1), "")],
)  # fmt: skip
def test_school_grade_turns_between_the_first_and_the_second_of_april(birth, grade):
    assert school_grade(birth, date(2026, 11, 23)) == grade


def test_everybody_starts_school_in_the_april_after_turning_six_by_law():
    for offset in range(366):
        birth = date(2019, 4, 2) + timedelta(days=offset)
        assert school_grade(birth, date(2026, 4, 1)) == "小学1年"
        assert age_on(birth, date(2026, 3, 31)) == 6


def test_office_is_closed_at_weekends_holidays_and_new_year():
    assert not is_working_day(date(2026, 11, 23))  # 勤労感謝の日
    assert not is_working_day(date(2026, 11, 22))
    assert not is_working_day(date(2026, 12, 29))
    assert is_working_day(date(2026, 12, 28))
    assert add_working_days(date(2026, 12, 28), 1) == date(2027, 1, 4)
    assert add_working_days(date(2027, 1, 4), -1) == date(2026, 12, 28)
    assert add_working_days(date(2026, 11, 23), 0) == date(2026, 11, 24)


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2029, 12, 31)), st.integers(1, 20))
def test_working_days_counted_one_by_one(day, n):
    end = add_working_days(day, n)
    between = [day + timedelta(days=i) for i in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, between)) == n
    assert is_working_day(end)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("９０", 90),
        ("1:30", 90),
        ("１：３０", 90),
        ("１時間３０分", 90),
        ("1時間半", 90),
        ("45分", 45),
        ("24:00", 1440),
    ],
)
def test_minutes_accepts(text, minutes):
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["0", "-5", "1441", "24:01", "", "半", "1.5", "1:75", "時間"])
def test_minutes_refuses_in_words(text):
    with pytest.raises(ValueError, match="時間"):
        parse_minutes(text)


@given(st.integers(1, 1440))
def test_minutes_round_trip(minutes):
    assert parse_minutes(format_minutes(minutes)) == minutes


def test_times():
    assert parse_time("１０：３０") == parse_time("1030") == parse_time("10時30分") == time(10, 30)
    assert (parse_time("午後2時30分"), parse_time("午後12時"), parse_time("930")) == (
        time(14, 30),
        time(12),
        time(9, 30),
    )
    for text in ("25:00", "10:60", "", "十時"):
        with pytest.raises(ValueError, match="時刻"):
            parse_time(text)
