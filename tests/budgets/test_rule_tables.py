"""区分の表 as data: read back as it was, complete, true to its examples, and a change shows first what it moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.enums import Sector
from budgets.actions.rules import period_of, save_table
from budgets.attribution import (
    EXAMPLES,
    TABLE,
    Example,
    Facts,
    Rule,
    TableError,
    attribute,
    check_table,
    read_examples,
    read_table,
)
from budgets.forms.rules import example_text, read_example_text
from budgets.masters import CATEGORIES, load_streams
from budgets.models import AttributionTable, MonthApproval, WorkCategory, WorkEntry
from budgets.rule_tables import move_lines, moves, moves_in_parts, stretches, table_on
from common.errors import NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, approve_all, derive, lock, make_consultation, make_note, moment

CODES = {c.code for c in CATEGORIES}
NOVEMBER = date(2026, 11, 1)
YEAR_END = date(2027, 4, 1)
# 40歳から64歳の第2号の人も包括的支援で受ける市: one line before all others
YOUNGER = (Rule("multi", "40〜64歳・高齢のみ → 多機関協働", Sector.ELDERLY, ages=(40, 65)), *TABLE)


def test_the_shipped_table_survives_storage_and_is_complete():
    assert read_table([rule.as_data() for rule in TABLE], CODES) == TABLE
    assert read_examples([e.as_data() for e in EXAMPLES]) == EXAMPLES
    check_table(TABLE, EXAMPLES)
    assert read_example_text(example_text(EXAMPLES), CODES) == list(EXAMPLES)


def test_a_gap_and_a_failing_example_are_named():
    with pytest.raises(TableError, match="年齢不明・分野なし"):
        check_table(TABLE[:-1], ())
    with pytest.raises(TableError, match="64歳・高齢"):
        check_table(TABLE, [Example(64, frozenset({Sector.ELDERLY}), "care")])


@pytest.mark.parametrize(
    ("change", "words"),
    [({"category": "nothing"}, "業務区分"), ({"label": " "}, "説明"), ({"only": "moon"}, "分野"),
     ({"age_from": 65, "age_below": 65}, "年齢の範囲"), ({"age_from": 1, "age_unknown": True}, "どちらか")],
)  # fmt: skip
def test_a_line_that_cannot_be_is_named_with_its_number(change, words):
    lines = [rule.as_data() for rule in TABLE]
    lines[2] |= {"age_from": None, "age_below": None} | change
    with pytest.raises(TableError, match=f"3行目.*{words}"):
        read_table(lines, CODES)


@pytest.mark.parametrize(
    "text", ["72 高齢 = care", "高齢 → care", "72 月 → care", "72 高齢 → nothing", "72 " + "・" * 200]
)
def test_an_example_that_cannot_be_read_is_quoted(text):
    with pytest.raises(TableError, match="を読めません"):
        read_example_text(text, CODES)


@pytest.fixture
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


@pytest.fixture
def contacts(loaded, worker) -> dict[str, WorkEntry]:
    """Notes and consultations of four ages, entered by the shipped table."""
    made = {}
    for n, (name, birth, sectors) in enumerate(
        [("64", date(1962, 1, 1), (Sector.ELDERLY,)), ("72", date(1954, 1, 1), (Sector.ELDERLY,)),
         ("50", date(1976, 1, 1), (Sector.ELDERLY,)), ("child", date(2016, 1, 1), (Sector.CHILD,))]
    ):  # fmt: skip
        person = f.make_person("柳", name, birth_on=birth)
        if name == "64":
            case = f.make_case(worker.actor, sectors=sectors)
            record = make_note(worker, case, moment(MONDAY, f"{9 + n}:00"), person=person)
        else:
            record = make_consultation(
                worker, moment(MONDAY, f"{9 + n}:00"), person=person, sectors=list(sectors)
            )
        made[name] = derive(record, worker)
    return made


def save(finance, table=YOUNGER, examples=EXAMPLES[:2], valid_from=NOVEMBER, expected=2, note="市の要綱"):
    return save_table(
        table=table,
        examples=examples,
        valid_from=valid_from,
        note=note,
        expected_moved=expected,
        actor=finance.actor,
        at=f.NOW,
    )


def meanwhile(finance, act):
    """``save``, and ``act`` after the entries were looked at and before they move."""

    def tell(done, whole):
        if done == 0:
            act()

    with pytest.raises(RuleViolation) as refused, transaction.atomic():
        save_table(
            table=YOUNGER, examples=EXAMPLES[:2], valid_from=NOVEMBER, note="要綱", expected_moved=2, actor=finance.actor,
            at=f.NOW, on_progress=tell,
        )  # fmt: skip
    assert not AttributionTable.objects.exists()
    return refused.value.message


def test_what_a_worker_corrects_meanwhile_is_not_overwritten(contacts, finance):
    (first,) = moves(YOUNGER, NOVEMBER, YEAR_END, with_ids=True)[0].ids[:1]
    other = WorkCategory.objects.get(code="poverty")

    def correct():
        entry = WorkEntry.objects.get(pk=first)
        WorkEntry.objects.filter(pk=first).update(
            category=other, derived_category=entry.category, correction="困窮の相談だった", corrected_at=f.NOW
        )

    assert "直されました" in meanwhile(finance, correct)
    before = code(WorkEntry.objects.get(pk=first))
    assert before[0] != "poverty"  # the correction of the test was undone with all the rest


def test_a_month_that_is_locked_meanwhile_is_left_alone(contacts, finance):
    assert "締められました" in meanwhile(finance, lambda: lock(NOVEMBER, finance.staff))


def test_another_line_of_the_same_category_says_why(contacts, finance):
    """No minute moves and no approval is taken back; the entry says what decides it now."""
    approve_all(NOVEMBER, moment(date(2026, 12, 1), "9:00"))
    before = code(contacts["child"])
    worded = tuple(replace(rule, label=f"{rule.label}（本年度）") for rule in TABLE)
    save(finance, table=worded, examples=EXAMPLES, expected=0)
    after = code(contacts["child"])
    assert (after[0], after[1]) == (before[0], f"{before[1]}（本年度）")
    assert MonthApproval.objects.standing().exists()


def test_a_table_ends_where_a_later_one_begins(contacts, finance):
    save(finance, valid_from=date(2026, 12, 1), expected=0)
    assert period_of(NOVEMBER) == (NOVEMBER, date(2026, 12, 1))
    assert period_of(date(2026, 12, 1)) == (date(2026, 12, 1), date(2027, 4, 1))
    save(finance)
    assert {row.valid_from for row in AttributionTable.objects.all()} == {NOVEMBER, date(2026, 12, 1)}


def code(entry: WorkEntry) -> tuple[str, str]:
    entry.refresh_from_db()
    return entry.category.code, entry.reason


def test_a_change_shows_what_it_moves_and_moves_exactly_that(contacts, finance, worker):
    found = moves(YOUNGER, NOVEMBER, YEAR_END)
    (line,) = move_lines(found)
    assert (line.from_name, line.to_name, line.entries, line.minutes) == (
        "単独（一般財源）",
        "多機関協働",
        2,
        60,
    )
    examples = [e for e in EXAMPLES if not (e.age == 64 and e.sectors)]
    saved = save(finance, examples=examples)
    assert (saved.version, saved.fiscal_year) == (1, 2026)
    for name in ("64", "50"):
        assert code(contacts[name]) == ("multi", "40〜64歳・高齢のみ → 多機関協働")
    assert code(contacts["72"])[0] == "care"
    assert moves(YOUNGER, NOVEMBER, YEAR_END) == []
    assert table_on(MONDAY) == YOUNGER
    assert table_on(NOVEMBER - timedelta(days=1)) == TABLE
    person = f.make_person("柳", "新", birth_on=date(1970, 1, 1))
    late = make_consultation(worker, moment(MONDAY, "15:00"), person=person, sectors=[Sector.ELDERLY])
    assert derive(late, worker).category.code == "multi"


def test_nothing_is_saved_that_is_incomplete_or_no_longer_what_was_shown(contacts, finance, worker):
    for kwargs, words in (
        ({"table": YOUNGER[:-1]}, "当てはまる行がありません"), ({"examples": EXAMPLES}, "例「64歳・高齢」"),
        ({"examples": ()}, "例を1つ以上"), ({"expected": 1}, "1件 → 2件"), ({"note": " "}, "変更の理由"),
    ):  # fmt: skip
        with pytest.raises(RuleViolation, match=words):
            save(finance, **({"examples": [e for e in EXAMPLES if e.age == 72]} | kwargs))
    with pytest.raises(NotAllowed):
        save(worker)
    assert not AttributionTable.objects.exists()
    assert code(contacts["50"])[0] == "general"


def test_locked_months_stay_and_a_version_is_never_changed(contacts, finance):
    lock(date(2026, 9, 1), finance.staff)
    with pytest.raises(RuleViolation, match="締められた月"):
        save(finance, valid_from=date(2026, 9, 15))
    save(finance, examples=EXAMPLES[:2])
    with pytest.raises(DatabaseError), transaction.atomic():
        AttributionTable.objects.update(note="x")
    lock(NOVEMBER, finance.staff)
    assert moves(TABLE, date(2026, 10, 1), YEAR_END) == []


def typed(table, extra=()) -> dict[str, str]:
    post = {}
    for n, rule in enumerate([*extra, *table]):
        low, high = rule.ages or ("", "")
        only = "several" if rule.several else "*" if rule.only is None else rule.only or "-"
        post |= {
            f"l{n}-order": str(n), f"l{n}-category": rule.category_code, f"l{n}-label": rule.label, f"l{n}-only": only,
            f"l{n}-age_from": str(low), f"l{n}-age_below": str(high), f"l{n}-activity": rule.activity,
            f"l{n}-dedicated": "-" if rule.dedicated == "" else rule.dedicated or "", f"l{n}-qualification": rule.qualification,
        }  # fmt: skip
        if rule.age_unknown:
            post[f"l{n}-unknown"] = "on"
    return post


def test_the_page_previews_before_it_saves(contacts, finance, auditor, worker):
    post = typed(YOUNGER) | {
        "valid_from": "令和8年11月1日",
        "note": "要綱の改正",
        "examples": "72 高齢 → care\n不明 → general",
    }
    url = "/apportionment/rules/edit/"
    page = finance.client.post(url, post)
    assert page.status_code == 200
    assert "この表で動く業務実績：2件" in page.content.decode()
    assert not AttributionTable.objects.exists()
    bad = finance.client.post(url, post | {"examples": "64 高齢 → care"})
    assert bad.status_code == 422
    assert "例「64歳・高齢」が、書かれた区分になりません" in bad.content.decode()
    assert finance.client.post(url, post | {"l3-age_from": "九"}).status_code == 422
    stale = finance.client.post(url, post | {"save": "1", "expected": "5"})
    assert stale.status_code == 422
    assert finance.client.post(url, post | {"save": "1", "expected": "2"}).status_code == 302
    assert code(contacts["50"])[0] == "multi"
    page = auditor.client.get("/apportionment/rules/").content.decode()
    for words in ("40〜64歳・高齢のみ", "令和8年度 第1版", "文は経理担当が読めます（5字", "72歳・高齢"):
        assert words in page
    assert "要綱の改正" in finance.client.get("/apportionment/rules/").content.decode()
    assert auditor.client.post(url, post).status_code == 403
    assert worker.client.get("/apportionment/rules/").status_code == 403


def test_facts_with_several_sectors_name_them_in_any_table():
    own = (Rule("general", "複数の分野 → 単独", several=True), *TABLE[1:])
    assert (
        attribute(Facts(30, frozenset({Sector.CHILD, Sector.POVERTY})), own).reason
        == "複数の分野（児童・困窮）→ 単独"
    )


def plain(rows):
    return sorted((str(m.facts), m.from_category, m.to.category_code, m.entries, m.minutes) for m in rows)


@pytest.mark.parametrize(("days", "parts"), [(0, 1), (6, 1), (7, 2), (29, 4), (300, 4)])
def test_in_parts_is_the_same_and_tells_its_progress(loaded, worker, days, parts):
    """From the first to the last entry that is asked, in four stretches at most, none shorter than a week."""
    person = f.make_person("柳", "仮", birth_on=date(1976, 1, 1))
    for day in {MONDAY - timedelta(days=days), MONDAY - timedelta(days=days // 2), MONDAY}:
        derive(
            make_consultation(worker, moment(day, "9:00"), person=person, sectors=[Sector.ELDERLY]), worker
        )
    first, told = date(2026, 1, 1), []
    found = moves_in_parts(YOUNGER, first, YEAR_END, on_progress=lambda done, of: told.append((done, of)))
    assert plain(found) == plain(moves(YOUNGER, first, YEAR_END))
    assert sum(m.entries for m in found) == len({0, days // 2, days})
    assert told == [(n, parts) for n in range(parts + 1)]


def test_in_parts_of_nothing_is_nothing(loaded):
    assert stretches(NOVEMBER, YEAR_END) == []
    assert moves_in_parts(YOUNGER, NOVEMBER, YEAR_END) == []


def test_what_a_table_moves_takes_the_approval_back(contacts, finance, worker):
    late = date(2026, 12, 1)
    approve_all(NOVEMBER, moment(late, "9:00"))
    assert MonthApproval.objects.standing().exists()
    save(finance)
    assert not MonthApproval.objects.standing().exists()
    assert MonthApproval.objects.get().withdrawn_reason == "区分の表が変わったため"
