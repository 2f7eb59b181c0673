"""The one-line entry: what is understood, and what is said about the rest."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.masters import CATEGORIES
from budgets.quick_entry import Choice, NotReadable, parse_line

CHOICES = [Choice(c.code, c.name, c.key) for c in CATEGORIES]


@pytest.mark.parametrize(
    ("text", "start", "minutes", "code", "note"),
    [
        ("9:30 60 地域づくり", time(9, 30), 60, "community", ""),
        ("930-1030 会議", time(9, 30), 60, "meeting", ""),
        ("9:30-10:30 会議", time(9, 30), 60, "meeting", ""),
        ("９：３０〜１０：３０　会議", time(9, 30), 60, "meeting", ""),
        ("9:30～10:45 研修 虐待対応", time(9, 30), 75, "training", "虐待対応"),
        ("9-10 移動", time(9), 60, "travel", ""),
        ("930 60 会議", time(9, 30), 60, "meeting", ""),
        ("9 90 会議", time(9), 90, "meeting", ""),
        ("9:30 10:30 会議", time(9, 30), 60, "meeting", ""),
        ("930 1030 会議", time(9, 30), 60, "meeting", ""),
        ("9:30 1500 会議", time(9, 30), 330, "meeting", ""),
        ("9:30 1:30 会議", time(9, 30), 90, "meeting", ""),
        ("9:30 120 会議", time(9, 30), 120, "meeting", ""),
        ("9:30 1時間半 会議", time(9, 30), 90, "meeting", ""),
        ("13時30分 1時間30分 会議 市と 打合せ", time(13, 30), 90, "meeting", "市と 打合せ"),
        ("60 事務", None, 60, "office", ""),
        ("45分 事務", None, 45, "office", ""),
        ("22:00-24:00 アウト", time(22), 120, "outreach", ""),
        ("0:00-24:00 休暇", time(0), 1440, "leave", ""),
        ("9:30 60 ｱｳﾄﾘｰﾁ", time(9, 30), 60, "outreach", ""),
        ("9:30 60 meeting", time(9, 30), 60, "meeting", ""),
        ("8:30 60 包括", time(8, 30), 60, "care", ""),
        ("8:30 60 予防支援", time(8, 30), 60, "care_plan", ""),
    ],
)
def test_read(text, start, minutes, code, note):
    line = parse_line(text, CHOICES)
    assert (line.start, line.minutes, line.category_code, line.note) == (start, minutes, code, note)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "時刻・分・業務を入力"),
        ("会議", "はじめに時刻か分"),
        ("9:30 会議", "何分かかったか"),
        ("930 会議", "何分かかったか"),
        ("9:30 60", "業務（地域・会議・研修など）も"),
        ("9:30-10:30", "業務（地域・会議・研修など）も"),
        ("9:30 0 会議", "1分以上"),
        ("9:30 -30 会議", "1分以上"),
        ("9:30 2500 会議", "1分以上"),
        ("10:30-9:30 会議", "終わりの時刻"),
        ("9:30-9:30 会議", "終わりの時刻"),
        ("25:00 60 会議", "25時0分という時刻はありません"),
        ("9:70-10:00 会議", "という時刻はありません"),
        ("9:30 60 おやつ", "「おやつ」という業務はありません"),
        ("9:30 60 介護予防", "どれかを入力"),
        ("9:30 60 会議 " + "あ" * 101, "100文字まで"),
    ],
)
def test_not_read(text, says):
    with pytest.raises(NotReadable) as found:
        parse_line(text, CHOICES)
    assert says in found.value.message
    assert found.value.field == "line"


@given(st.text(max_size=40))
def test_never_breaks(text):
    try:
        line = parse_line(text, CHOICES)
    except NotReadable:
        return
    assert 1 <= line.minutes <= 1440


@given(
    st.integers(0, 1439), st.integers(1, 600), st.sampled_from(CHOICES),
)  # fmt: skip
def test_what_is_shown_for_typing_over_reads_back(start, minutes, choice):
    end = start + minutes
    if end > 1440:
        return
    text = f"{start // 60}:{start % 60:02}-{end // 60}:{end % 60:02} {choice.key} 内容"
    line = parse_line(text, CHOICES)
    assert (line.start, line.minutes, line.category_code) == (
        time(start // 60, start % 60),
        minutes,
        choice.code,
    )
