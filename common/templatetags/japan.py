"""Filters that show dates, money and time the way a Japanese office reads them.

Every filter turns ``None`` and "" into "", so ``{{ x|wareki|blank }}`` shows 未記録; zero stays zero.
"""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone

from common.japan import age as age_rules
from common.japan import clock, fiscal, wareki

register = template.Library()

NOT_RECORDED = "未記録"


def _day(value: object) -> date | None:
    """The local calendar day of a date or datetime; ``None`` for anything else."""
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value if isinstance(value, date) else None


@register.filter(name="wareki")
def wareki_filter(value: object) -> str:
    """令和8年11月23日（月）"""
    day = _day(value)
    return wareki.format_wareki(day) if day else ""


@register.filter
def wareki_plain(value: object) -> str:
    """令和8年11月23日, without the weekday: for dates of birth."""
    day = _day(value)
    return wareki.format_wareki(day, weekday=False) if day else ""


@register.filter
def wareki_short(value: object) -> str:
    """R8.11.23(月)"""
    day = _day(value)
    return wareki.format_wareki_short(day) if day else ""


@register.filter
def wareki_time(value: object) -> str:
    """令和8年11月23日（月）10:32, in the office's time zone."""
    if not isinstance(value, datetime):
        return wareki_filter(value)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{wareki.format_wareki(local.date())}{local.hour}:{local.minute:02}"


@register.simple_tag
def wareki_now() -> str:
    """令和8年11月23日（月）10:32: when a paper was printed."""
    return wareki_time(timezone.now())


@register.filter
def days_left(value: object) -> int | None:
    """Whole days from today to the day, negative when it is past: for components/deadline.html."""
    day = _day(value)
    return (day - timezone.localdate()).days if day else None


@register.filter
def wareki_month(value: object) -> str:
    """令和8年11月分"""
    day = _day(value)
    return wareki.format_wareki_month(day) if day else ""


@register.filter
def fiscal_year_label(value: object) -> str:
    """令和8年度, of a date or of the year's number."""
    day = _day(value)
    if day:
        return fiscal.fiscal_year_label(fiscal.fiscal_year(day))
    return fiscal.fiscal_year_label(value) if isinstance(value, int) else ""


@register.filter
def yen(value: object) -> str:
    """412345 → 412,345円; a negative amount as −412,345円."""
    if value is None or value == "":
        return ""
    amount = int(str(value))
    return f"{'−' if amount < 0 else ''}{abs(amount):,}円"


@register.filter
def minutes(value: object) -> str:
    """90 → 1時間30分"""
    if value is None or value == "":
        return ""
    return clock.format_minutes(int(str(value)))


@register.filter
def age(birth: object, on: object) -> str:
    """65歳, the age attained by the end of the day ``on`` (see ``common.japan.age``)."""
    first, second = _day(birth), _day(on)
    if first is None or second is None or second < first:
        return ""
    return f"{age_rules.age_on(first, second)}歳"


@register.filter
def school_grade(birth: object, on: object) -> str:
    """小学3年, or "" for those past school age."""
    first, second = _day(birth), _day(on)
    if first is None or second is None or second < first:
        return ""
    return age_rules.school_grade(first, second)


@register.filter
def blank(value: object) -> object:
    """未記録 for ``None`` and for empty text; zero and False stay what they are."""
    return NOT_RECORDED if value is None or value == "" else value
