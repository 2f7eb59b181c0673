"""Reading decision lines: a table of what people type, and properties over any text."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.japan.wareki import format_wareki, format_wareki_short
from referrals.decision_lines import Named, parse_decision, parse_due

MONDAY = date(2026, 11, 23)
WEDNESDAY = date(2026, 11, 25)
AGENCIES = (
    Named(1, ("包括", "地域包括支援センター")),
    Named(2, ("まちの保健室 つつじが丘", "まちの保健室 つつじが丘")),
    Named(3, ("まちの保健室 桔梗が丘", "まちの保健室 桔梗が丘")),
    Named(4, ("障害福祉室", "障害福祉室")),
    Named(5, ("社協", "社会福祉協議会")),
)
STAFF = (
    Named(11, ("山田 花子", "やまだ はなこ"), 1),
    Named(12, ("中川 千秋", "なかがわ ちあき"), 2),
    Named(13, ("中川 亮", "なかがわ りょう"), 4),
    Named(14, ("林 一", "はやし はじめ"), 5),
)


def parse(line, today=MONDAY):
    return parse_decision(line, agencies=AGENCIES, staff=STAFF, today=today)


@pytest.mark.parametrize(
    ("line", "agency", "staff", "due_on", "text"),
    [
        ("包括 山田 来週金曜 訪問して確認", 1, 11, date(2026, 12, 4), "訪問して確認"),
        ("包括　山田さん　来週金曜まで　訪問", 1, 11, date(2026, 12, 4), "訪問"),
        ("山田花子 12/5 介護保険の申請", 1, 11, date(2026, 12, 5), "介護保険の申請"),
        ("山田 花子 明日 電話", 1, 11, date(2026, 11, 24), "電話"),
        ("障害 中川 今月末までに 手帳の確認", 4, 13, date(2026, 11, 30), "手帳の確認"),
        ("つつじが丘 中川 R8.12.5 見守り", 2, 12, date(2026, 12, 5), "見守り"),
        ("社協、林、1/10、家計の相談", 5, 14, date(2027, 1, 10), "家計の相談"),
        # two desks begin alike: the word stays in the text, and so does a name borne by two people
        ("まちの保健室 12/1 連絡", None, None, date(2026, 12, 1), "まちの保健室 連絡"),
        ("中川 明日 訪問", None, None, date(2026, 11, 24), "中川 訪問"),
        ("訪問する", None, None, None, "訪問する"),
        ("", None, None, None, ""),
        ("包括", 1, None, None, ""),
    ],
)
def test_line(line, agency, staff, due_on, text):
    found = parse(line)
    assert (found.agency, found.staff, found.due_on, found.text) == (agency, staff, due_on, text)


@pytest.mark.parametrize(
    ("word", "today", "day"),
    [
        ("今日", MONDAY, MONDAY),
        ("あさって", MONDAY, date(2026, 11, 25)),
        ("金曜", WEDNESDAY, date(2026, 11, 27)),
        ("水曜日", WEDNESDAY, WEDNESDAY),
        ("火曜", WEDNESDAY, date(2026, 12, 1)),
        ("今週金曜", WEDNESDAY, date(2026, 11, 27)),
        ("来週月", WEDNESDAY, date(2026, 11, 30)),
        ("再来週の水曜", WEDNESDAY, date(2026, 12, 9)),
        ("来週中", MONDAY, date(2026, 12, 4)),
        ("今週末", MONDAY, date(2026, 11, 27)),
        ("月末", date(2028, 2, 3), date(2028, 2, 29)),
        ("来月末", date(2026, 12, 31), date(2027, 1, 31)),
        ("来月10日", date(2026, 12, 15), date(2027, 1, 10)),
        ("20日", MONDAY, date(2026, 12, 20)),
        ("30日", MONDAY, date(2026, 11, 30)),
        ("３日後", MONDAY, date(2026, 11, 26)),
        ("2週間後", MONDAY, date(2026, 12, 7)),
        ("11/22", MONDAY, date(2027, 11, 22)),
        ("１２月５日まで", MONDAY, date(2026, 12, 5)),
        ("令和8年12月5日", MONDAY, date(2026, 12, 5)),
        ("2026-12-05", MONDAY, date(2026, 12, 5)),
        ("2/30", MONDAY, None),
        ("13/1", MONDAY, None),
        ("R8.13.40", MONDAY, None),
        ("訪問", MONDAY, None),
        ("まで", MONDAY, None),
        ("土", MONDAY, None),
    ],
)
def test_due(word, today, day):
    assert parse_due(word, today) == day


@given(st.text(max_size=80))
def test_any_text_is_read_without_error(line):
    found = parse(line)
    assert found.agency in {None, *(a.pk for a in AGENCIES)}
    assert found.staff in {None, *(s.pk for s in STAFF)}


DAYS = st.dates(date(2020, 1, 1), date(2098, 12, 31))


@given(DAYS)
def test_written_dates_come_back(day):
    for written in (
        format_wareki(day, weekday=False),
        format_wareki_short(day, weekday=False),
        day.isoformat(),
    ):
        assert parse(f"包括 山田 {written} 訪問").due_on == day


@given(DAYS, st.sampled_from("月火水木金土日"))
def test_a_weekday_is_within_a_week(today, weekday):
    found = parse_due(f"{weekday}曜", today)
    assert found is not None
    assert timedelta(0) <= found - today < timedelta(days=7)


@given(DAYS, st.integers(1, 12), st.integers(1, 28))
def test_a_day_without_a_year_is_never_past(today, month, day):
    found = parse_due(f"{month}/{day}", today)
    assert found is not None
    assert today <= found
    assert (found.month, found.day) == (month, day)


WORDS = st.lists(st.sampled_from(["訪問", "電話する", "同行", "様子を見る", "書類"]), min_size=1, max_size=5)


@given(WORDS, st.permutations(["包括", "山田", "12/5"]))
def test_words_that_mean_nothing_else_are_kept_in_order(words, marks):
    found = parse(" ".join([*marks, *words]))
    assert found.text == " ".join(words)
    assert (found.agency, found.staff, found.due_on) == (1, 11, date(2026, 12, 5))
