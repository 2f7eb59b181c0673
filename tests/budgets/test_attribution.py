"""The decision table, line by line, with the examples that an auditor would ask for."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain, combinations

import pytest

from accounts.enums import Sector
from budgets.actions.derive_entry import facts_of
from budgets.attribution import MEETING, TABLE, Facts, attribute
from budgets.masters import CATEGORIES, STREAMS, load_streams
from budgets.models import FundingShare, FundingStream, WorkCategory
from tests import factories as f
from tests.budgets.work import MONDAY, make_consultation, make_note, moment

S = Sector

EXAMPLES = [
    (72, {S.ELDERLY}, "care", "65歳以上・高齢のみ → 包括的支援事業"),
    (65, {S.ELDERLY}, "care", "65歳以上・高齢のみ → 包括的支援事業"),
    (64, {S.ELDERLY}, "general", "65歳未満・高齢のみ → 単独（65歳以上の財源の対象外）"),
    (None, {S.ELDERLY}, "general", "年齢不明・高齢のみ → 単独（65歳以上と確かめられない）"),
    (72, {S.ELDERLY, S.GAP}, "care", "65歳以上・高齢のみ → 包括的支援事業"),
    (72, {S.ELDERLY, S.POVERTY}, "multi", "複数の分野（高齢・困窮）→ 多機関協働"),
    (45, {S.POVERTY, S.DISABILITY}, "multi", "複数の分野（障害・困窮）→ 多機関協働"),
    (None, {S.CHILD, S.ELDERLY}, "multi", "複数の分野（高齢・児童）→ 多機関協働"),
    (40, {S.DISABILITY}, "disability", "障害のみ → 障害者相談支援（一般相談）"),
    (9, {S.CHILD}, "child", "児童のみ → 利用者支援事業"),
    (34, {S.CHILD}, "child", "児童のみ → 利用者支援事業"),
    (50, {S.POVERTY}, "poverty", "困窮のみ → 自立相談支援事業"),
    (70, {S.POVERTY}, "poverty", "困窮のみ → 自立相談支援事業"),
    (14, {S.EDUCATION}, "child", "18歳未満・教育のみ → 利用者支援事業"),
    (18, {S.EDUCATION}, "general", "教育のみ → 単独（対象になる財源がない）"),
    (None, {S.EDUCATION}, "general", "教育のみ → 単独（対象になる財源がない）"),
    (50, {S.GAP}, "multi", "狭間 → 多機関協働"),
    (65, set(), "care", "65歳以上・分野の記録なし → 包括的支援事業（総合相談）"),
    (64, set(), "general", "18〜64歳・分野の記録なし → 単独（財源を決められない）"),
    (17, set(), "child", "18歳未満・分野の記録なし → 利用者支援事業"),
    (18, set(), "general", "18〜64歳・分野の記録なし → 単独（財源を決められない）"),
    (None, set(), "general", "年齢・分野とも不明 → 単独（財源を決められない）"),
]  # fmt: skip


@pytest.mark.parametrize(("age", "sectors", "code", "reason"), EXAMPLES)
def test_example(age, sectors, code, reason):
    found = attribute(Facts(age, frozenset(sectors)))
    assert (found.category_code, found.reason) == (code, reason)


def test_every_line_of_the_table_has_an_example():
    used = {
        next(n for n, rule in enumerate(TABLE) if rule.holds(Facts(a, frozenset(s)))) for a, s, *_ in EXAMPLES
    }
    assert used == set(range(len(TABLE)))


def test_every_combination_meets_a_line_and_the_65_grant_needs_65():
    codes = {category.code for category in CATEGORIES}
    subsets = chain.from_iterable(combinations(Sector, n) for n in range(7))
    for sectors in subsets:
        for age in (None, 0, 17, 18, 64, 65, 103):
            found = attribute(Facts(age, frozenset(sectors)))
            assert found.category_code in codes
            assert len(found.reason) <= 200
            if found.category_code == "care":
                assert age is not None and age >= 65
    assert MEETING.category_code in codes


@pytest.mark.parametrize(
    ("born", "code"),
    [
        (MONDAY.replace(year=1961) + timedelta(days=1), "care"),  # attains 65 at the end of this day
        (MONDAY.replace(year=1961) + timedelta(days=2), "general"),
        (MONDAY.replace(year=1961), "care"),
    ],
)
def test_the_day_before_the_65th_birthday_counts(worker, born, code):
    person = f.make_person(birth_on=born)
    record = make_consultation(worker, moment(MONDAY, "9:00"), person=person, sectors=[S.ELDERLY])
    assert attribute(facts_of(record)).category_code == code


def test_a_note_takes_the_sectors_of_its_case_and_the_age_of_whom_it_is_about(worker):
    case = f.make_case(worker.actor, sectors=(S.CHILD,))
    child = f.make_person("森下", "蓮", birth_on=date(2015, 5, 1))
    note = make_note(worker, case, moment(MONDAY, "9:00"), person=child)
    assert facts_of(note) == Facts(11, frozenset({S.CHILD}), "phone")


def test_the_contacts_own_sectors_come_before_those_of_the_case(worker):
    case = f.make_case(worker.actor, sectors=(S.ELDERLY, S.POVERTY))
    record = make_consultation(worker, moment(MONDAY, "9:00"), case=case, sectors=[S.ELDERLY])
    assert facts_of(record).sectors == {S.ELDERLY}


# ── What is shipped ─────────────────────────────────────────────────────────────────────────────────────────


def test_shares_add_to_one_exactly():
    from fractions import Fraction

    for stream in STREAMS:
        if stream.shares:
            assert sum(Fraction(n, d) for _, n, d in stream.shares) == 1, stream.code


def test_what_the_board_of_audit_asked_about_has_a_category_and_money_of_its_own(db):
    """介護予防支援 is paid by fees and not by 包括的支援事業; 個別のマッチング of the third layer is no 生活支援体制整備."""
    load_streams()
    stream = {
        c.code: c.stream.code
        for c in WorkCategory.objects.filter(stream__isnull=False).select_related("stream")
    }
    assert {stream["care_plan"], stream["care_management"]} == {"care_plan"}
    assert (stream["care"], stream["life_support"], stream["third_layer"]) == ("care", "care", "general")
    shared = {c.code for c in WorkCategory.objects.filter(stream__isnull=True)}
    assert {"meeting", "training", "travel", "leave"} <= shared


def test_loading_twice_changes_nothing(db):
    load_streams(2026)
    care = FundingStream.objects.get(code="care")
    care.name = "市が直した名称"
    care.save()
    counts = FundingStream.objects.count(), FundingShare.objects.count(), WorkCategory.objects.count()
    load_streams(2026)
    assert counts == (
        FundingStream.objects.count(),
        FundingShare.objects.count(),
        WorkCategory.objects.count(),
    )
    care.refresh_from_db()
    assert care.name == "市が直した名称"


def test_another_year_gets_its_own_shares(db):
    load_streams(2026)
    load_streams(2027)
    assert FundingShare.objects.filter(stream__code="care", fiscal_year=2027).count() == 4


def test_what_nobody_confirmed_is_marked(db):
    load_streams(2026)
    marked = set(FundingStream.objects.filter(needs_check=True).values_list("code", flat=True))
    assert {"child", "poverty", "multi", "health"} <= marked
    assert not {"care", "prevention", "general"} & marked
    assert not FundingShare.objects.filter(source="").exists()
    assert set(
        FundingShare.objects.filter(needs_check=False).values_list("stream__code", flat=True)
    ).isdisjoint(marked)


def test_short_words_are_different(db):
    keys = [category.key for category in CATEGORIES]
    assert len(set(keys)) == len(keys)
