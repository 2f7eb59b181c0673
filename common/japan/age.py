"""Age and school year by law."""

from __future__ import annotations

from datetime import date, timedelta

from common.japan.fiscal import fiscal_year


def age_on(birth: date, on: date) -> int:
    """The age in full years that a person has attained by the end of the day ``on``.

    年齢計算ニ関スル法律 with 民法143条: the day of birth counts, so a year of age is complete at 24:00
    of the day before the birthday. Eligibility that the law ties to a *date* (65歳に達した日,
    満18歳に達する日以後) therefore begins on the day before the birthday, and this function already gives
    the new age on that day: born 1961-11-24, the age on 2026-11-23 is 65. Somebody born on 29 February
    attains it on 28 February every year. Raises ``ValueError`` if ``on`` is before ``birth``.
    """
    if on < birth:
        raise ValueError("生年月日より前の日の年齢は計算できません。")
    tomorrow = on + timedelta(days=1)
    return tomorrow.year - birth.year - ((tomorrow.month, tomorrow.day) < (birth.month, birth.day))


def school_grade(birth: date, on: date) -> str:
    """The school year on a date: 年少–年長, 小学1年–6年, 中学1年–3年, 高校1年相当–3年相当; 就学前 before,
    "" after.

    学校教育法17条: school begins at the first 1 April after the day on which the child turns six *by
    law*, so a child born on 1 April goes with those born in the twelve months before, not after. 高校 is
    相当: nobody is obliged to attend. Raises ``ValueError`` if ``on`` is before ``birth``.
    """
    if on < birth:
        raise ValueError("生年月日より前の日の学年は計算できません。")
    year = fiscal_year(on) - fiscal_year(birth - timedelta(days=1)) - 6
    if year > 12:
        return ""
    if year > 9:
        return f"高校{year - 9}年相当"
    if year > 6:
        return f"中学{year - 6}年"
    if year > 0:
        return f"小学{year}年"
    return {0: "年長", -1: "年中", -2: "年少"}.get(year, "就学前")
