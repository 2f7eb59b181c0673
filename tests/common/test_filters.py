from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

WHEN = datetime(2026, 11, 23, 1, 2, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("source", "value", "shown"),
    [
        ("x|wareki", DAY, "令和8年11月23日（月）"),
        ("x|wareki", datetime(2026, 11, 22, 15, 0, tzinfo=UTC), "令和8年11月23日（月）"),
        ("x|wareki_plain", DAY, "令和8年11月23日"),
        ("x|wareki_short", DAY, "R8.11.23(月)"),
        ("x|wareki_time", WHEN, "令和8年11月23日（月）10:02"),
        ("x|wareki_month", DAY, "令和8年11月分"),
        ("x|fiscal_year_label", DAY, "令和8年度"),
        ("x|fiscal_year_label", 2019, "令和元年度"),
        ("x|yen", 412345, "412,345円"),
        ("x|yen", 0, "0円"),
        ("x|yen", -500, "−500円"),
        ("x|minutes", 90, "1時間30分"),
        ("x|minutes", 0, "0分"),
        ("x|age:day", date(1961, 11, 24), "65歳"),
        ("x|school_grade:day", date(2019, 4, 2), "小学1年"),
        ("x|blank", None, "未記録"),
        ("x|blank", "", "未記録"),
        ("x|blank", 0, "0"),
        ("x|wareki|blank", None, "未記録"),
        ("x|yen|blank", None, "未記録"),
    ],
)
def test_shows(source, value, shown):
    text = Template("{% load japan %}{{ " + source + " }}").render(Context({"x": value, "day": DAY}))
    assert text == shown


@pytest.mark.parametrize(
    "name", ["wareki", "wareki_plain", "wareki_short", "wareki_time", "wareki_month", "fiscal_year_label", "yen",
             "minutes", "age:day", "age:x", "school_grade:x"],
)  # fmt: skip
def test_nothing_is_shown_for_nothing(name):
    for value in (None, ""):
        template = Template("{% load japan %}{{ x|" + name + " }}")
        assert template.render(Context({"x": value, "day": DAY})) == ""
