"""Lines of 区分の表 by activity and by the worker's 従事の割当: what holds, what is explained, what moves, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain, combinations, product

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.enums import Sector
from audit.models import ChangeRecord
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.derive_entry import facts_of
from budgets.actions.rules import save_table
from budgets.attribution import (
    EXAMPLES,
    LABEL_LIMIT,
    QUALIFICATION_LIMIT,
    TABLE,
    WORK_LABEL_LIMIT,
    Asks,
    Example,
    Facts,
    Rule,
    TableError,
    asks_of,
    attribute,
    check_table,
    read_examples,
    read_table,
)
from budgets.enums import Activity
from budgets.forms.rules import as_typed, example_text, read_example_text, read_lines
from budgets.masters import CATEGORIES, STREAMS
from budgets.models import AttributionTable, DutyAssignment, FundingStream, MonthApproval, WorkEntry
from budgets.rule_tables import _FACTS, moves, moves_in_parts, table_on, tables_between
from cases.actions.closing import ClosingData, close_case
from cases.enums import WatchWay, Way
from cases.masters import load_codes
from cases.models import Code, FollowUp, WatchAttempt
from common.japan.age import age_on
from tests import factories as f
from tests.budgets.test_rule_tables import NOVEMBER, YEAR_END, loaded, typed
from tests.budgets.work import MONDAY, approve_all, derive, lock, make_consultation, make_note, moment

__all__ = ["loaded"]
S = Sector
CODES = {c.code for c in CATEGORIES}
STREAM_CODES = {s.code for s in STREAMS}
EDIT = "/apportionment/rules/edit/"
BY_ACTIVITY = (Rule("meeting", "会議の記録 → 共通", activity=Activity.MEETING), *TABLE)
DEDICATED = Rule("care", "包括の専従の職員 → 包括的支援事業", dedicated="care")
BY_WORKER = (
    DEDICATED,
    Rule("health", "保健師の来所対応 → 健康増進", activity="visit_desk", qualification="保健師"),
    *TABLE,
)
CHILD = frozenset({S.CHILD})


def assign(
    who,
    finance,
    stream: str | None,
    first: date = NOVEMBER,
    qualification: str = "",
    last: date | None = None,
):
    return set_assignment(
        data=AssignmentData(
            who.staff, who.agency, FundingStream.objects.get(code=stream) if stream else None, first, last,
            qualification=qualification,
        ),
        actor=finance.actor, at=f.NOW,
    )  # fmt: skip


def save(finance, table, expected: int, valid_from: date = NOVEMBER) -> AttributionTable:
    return save_table(
        table=table, examples=EXAMPLES[:1], valid_from=valid_from, note="要綱", expected_moved=expected, actor=finance.actor,
        at=f.NOW,
    )  # fmt: skip


def child_note(worker, clock: str = "9:00", way: str = Way.PHONE, day: date = MONDAY):
    return make_note(worker, f.make_case(worker.actor, sectors=(S.CHILD,)), moment(day, clock), way=way)


def told(entry: WorkEntry) -> tuple[str, str]:
    entry.refresh_from_db()
    return entry.category.code, entry.reason


# ── What a line holds for ───────────────────────────────────────────────────────────────────────────────────


def test_the_activities_are_the_ways_of_notes_and_two_more():
    ways = {way.value: way.label for way in Way}
    activities = {a.value: a.label for a in Activity}
    assert {value: activities[value] for value in ways} == ways
    assert set(activities) - set(ways) == {Activity.CONSULTATION, Activity.WATCH}


@pytest.mark.parametrize(
    ("facts", "code", "reason"),
    [
        (Facts(9, CHILD, "meeting"), "meeting", "会議の記録 → 共通（活動：会議）"),
        (Facts(9, CHILD, "home_visit"), "child", "児童のみ → 利用者支援事業"),
        (Facts(9, CHILD), "child", "児童のみ → 利用者支援事業"),
    ],
)
def test_a_line_by_activity(facts, code, reason):
    found = attribute(facts, BY_ACTIVITY)
    assert (found.category_code, found.reason) == (code, reason)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(9, CHILD, "phone", "care"), "care"),  # the case of another field
        (Facts(9, CHILD, "phone", "child"), "child"),
        (Facts(9, CHILD, "phone", ""), "child"),
        (Facts(9, CHILD, "visit_desk", "", "社会福祉士、保健師"), "health"),
        (Facts(9, CHILD, "visit_desk", "", "准保健師"), "child"),
        (Facts(9, CHILD, "phone", "", "保健師"), "child"),
        (Facts(9, CHILD, "visit_desk", "care", "保健師"), "care"),  # the first line
    ],
)
def test_a_line_by_the_workers_assignment(facts, code):
    assert attribute(facts, BY_WORKER).category_code == code


def test_a_line_for_those_who_are_dedicated_to_nothing():
    table = (Rule("general", "兼務の職員 → 単独", dedicated=""), *TABLE)
    assert attribute(Facts(9, CHILD, "phone", ""), table).reason == "兼務の職員 → 単独（専従でない職員）"
    assert attribute(Facts(9, CHILD, "phone", "care"), table).category_code == "child"


def test_the_longest_explanation_fits_into_an_entry():
    label = "複数の分野 →" + "あ" * (WORK_LABEL_LIMIT - 7)
    line = Rule(
        "general",
        label,
        several=True,
        activity="agency",
        dedicated="",
        qualification="主" * QUALIFICATION_LIMIT,
    )
    (line,) = read_table([line.as_data()], CODES)
    found = attribute(Facts(9, frozenset(Sector), "agency", "", "主" * QUALIFICATION_LIMIT), (line,))
    assert "活動：他機関との照会・協議、専従でない職員、資格：主" in found.reason
    assert len(found.reason) <= WorkEntry._meta.get_field("reason").max_length


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activity": "moon"}, "活動が正しくありません"), ({"dedicated": "moon"}, "専従の財源がありません"),
        ({"qualification": "保健師・社会福祉士"}, "資格は1つだけ"), ({"qualification": "あ" * 21}, "資格は1つだけ"),
        ({"activity": "phone", "label": "あ" * LABEL_LIMIT}, f"{WORK_LABEL_LIMIT}字まで"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_named_with_its_number(change, words):
    lines = [rule.as_data() for rule in TABLE]
    lines[3] |= change
    with pytest.raises(TableError, match=f"4行目.*{words}") as caught:
        read_table(lines, CODES, STREAM_CODES)
    assert caught.value.line == 4


def test_tables_saved_before_there_were_these_conditions_read_as_they_were(loaded, finance):
    new = {"activity", "dedicated", "qualification"}
    lines = [{k: v for k, v in rule.as_data().items() if k not in new} for rule in TABLE]
    examples = [{k: v for k, v in example.as_data().items() if k not in new} for example in EXAMPLES]
    AttributionTable.objects.create(
        fiscal_year=2026, version=1, valid_from=NOVEMBER, lines=lines, examples=examples, note="x", saved_at=f.NOW,
        saved_by=finance.staff,
    )  # fmt: skip
    assert table_on(MONDAY) == TABLE
    assert read_examples(examples) == EXAMPLES
    assert asks_of(TABLE) == Asks(activity=False, dedicated=False, qualification=False)


def test_a_table_with_these_conditions_survives_storage_and_typing():
    for table in (BY_ACTIVITY, BY_WORKER, (Rule("general", "兼務", dedicated=""), *TABLE)):
        assert read_table([rule.as_data() for rule in table], CODES, STREAM_CODES) == table
        assert read_lines([as_typed(r, n) for n, r in enumerate(table)], CODES, STREAM_CODES) == table


# ── Completeness ────────────────────────────────────────────────────────────────────────────────────────────

conditions = st.fixed_dictionaries(
    {
        "only": st.sampled_from([None, "", S.CHILD]), "several": st.sampled_from([False, False, True]),
        "ages": st.sampled_from([None, (18, 65), (0, 200)]), "activity": st.sampled_from(["", "phone", "watch"]),
        "dedicated": st.sampled_from([None, None, "", "care", "child"]), "qualification": st.sampled_from(["", "保健師"]),
    }
)  # fmt: skip
lines_by_chance = st.lists(conditions.map(lambda c: Rule("general", "行", **c)), max_size=4)
rest = st.sampled_from(
    [
        TABLE, TABLE[:-1], TABLE[1:], (Rule("general", "専従でない", dedicated=""), DEDICATED),
        (Rule("general", "残り"),), (Rule("general", "専従でない", dedicated=""), DEDICATED, *TABLE[1:]),
    ]
)  # fmt: skip


@given(first=lines_by_chance, rest=rest)
@settings(max_examples=40, deadline=None)
def test_a_table_passes_exactly_when_every_combination_meets_a_line(first, rest):
    table = (*first, *rest)
    subsets = [frozenset(s) for s in chain.from_iterable(combinations(Sector, n) for n in range(3))]
    every = product(
        (None, 0, 17, 18, 64, 65, 103), subsets, ("", "phone", "watch", "mail"), ("", "care", "child", "poverty"),
        ("", "保健師", "社会福祉士"),
    )  # fmt: skip
    is_complete = all(any(rule.holds(Facts(*facts)) for rule in table) for facts in every)
    try:
        check_table(table, ())
        passed = True
    except TableError as error:
        assert "当てはまる行がありません" in error.message
        passed = False
    assert passed == is_complete


def test_a_gap_that_only_some_workers_fall_into_is_named():
    own = (Rule("general", "専従でない職員 → 単独", dedicated=""), DEDICATED)
    with pytest.raises(TableError, match=r"専従：（ほかの財源）"):
        check_table(own, ())
    check_table((*own, Rule("multi", "そのほか → 多機関協働")), ())


def test_examples_say_activity_and_worker():
    examples = [
        Example(9, CHILD, "meeting", "meeting"), Example(9, CHILD, "child", "agency", "child", "保健師"),
        Example(None, frozenset(), "general", "mail"),
    ]  # fmt: skip
    text = example_text(examples)
    assert text.splitlines() == [
        "9 児童 会議 → meeting", "9 児童 他機関との照会・協議 専従:child 資格:保健師 → child", "不明 メール・SNS → general",
    ]  # fmt: skip
    assert read_example_text(text.replace(":", "："), CODES, STREAM_CODES) == examples
    assert list(read_examples([e.as_data() for e in examples])) == examples
    check_table(BY_ACTIVITY, examples)
    with pytest.raises(
        TableError, match="例「9歳・児童、会議」が、書かれた区分になりません（「会議の記録 → 共通"
    ):
        check_table(BY_ACTIVITY, [Example(9, CHILD, "child", "meeting")])


@pytest.mark.parametrize(
    "line",
    [
        "9 児童 会議 訪問 → child",
        "9 専従:moon → child",
        "9 資格: → child",
        "9 専従 → child",
        "9 会食 → child",
    ],
)
def test_an_example_that_cannot_be_read_is_quoted(line):
    with pytest.raises(TableError, match=f"例「{line}」を読めません"):
        read_example_text(line, CODES, STREAM_CODES)


# ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────


def make_watch(worker, way: str) -> WatchAttempt:
    data = ClosingData(
        kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"), note="納得している。",
        follow_up_on=date(2026, 12, 23), every="1",
    )  # fmt: skip
    case = close_case(case=f.make_case(worker.actor), data=data, actor=worker.actor, at=f.NOW)
    return WatchAttempt.objects.create(
        follow_up=FollowUp.objects.get(case=case), case=case, agency=worker.agency, staff=worker.staff, minutes=20,
        started_at=moment(MONDAY, "9:00"), way=way, has_reached=True, written_at=f.NOW,
    )  # fmt: skip


births = st.one_of(st.none(), st.dates(date(1920, 1, 1), MONDAY))
asked = st.builds(Asks, st.booleans(), st.booleans(), st.booleans())
ALL_ASKED = Asks()


def asking(asks: Asks) -> tuple[Rule, ...]:
    """A table that asks this much, and moves everything."""
    rules = [Rule("health", "すべて")]
    if asks.qualification:
        rules.insert(0, Rule("health", "資格", qualification="保健師"))
    if asks.dedicated:
        rules.insert(0, Rule("health", "専従", dedicated="care"))
    if asks.activity:
        rules.insert(0, Rule("health", "活動", activity="phone"))
    return tuple(rules)


@given(
    birth=births, sectors=st.sets(st.sampled_from(list(Sector))), kind=st.sampled_from(["note", "consultation", "watch"]),
    way=st.sampled_from(list(Way)), watch_way=st.sampled_from(list(WatchWay)), asks=st.one_of(st.just(ALL_ASKED), asked),
    stream=st.sampled_from([None, "care", "child", "general"]), qualification=st.sampled_from(["", "保健師", "保健師・社会福祉士"]),
    days=st.sampled_from([None, (0, None), (-30, 0), (-30, 1), (1, None), (0, 1)]),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_reads_the_same_facts_as_the_record(
    loaded, worker, finance, birth, sectors, kind, way, watch_way, asks, stream, qualification, days
):
    """facts_of in Python and in SQL: the age by law, whose sectors, the activity, and the assignment on the very day."""
    with transaction.atomic():
        load_codes()
        person = f.make_person("柳", "仮", birth_on=birth)
        if days:
            first, last = (None if n is None else MONDAY + timedelta(days=n) for n in days)
            DutyAssignment.objects.create(
                staff=worker.staff, agency=worker.agency, during=DateRange(first, last), qualification=qualification,
                stream=FundingStream.objects.get(code=stream) if stream else None, set_at=f.NOW, set_by=finance.staff,
            )  # fmt: skip
        if kind == "note":
            case = f.make_case(worker.actor, sectors=tuple(sectors) or (S.GAP,))
            record = make_note(worker, case, moment(MONDAY, "9:00"), person=person, way=way)
        elif kind == "watch":
            record = make_watch(worker, watch_way)
        else:
            record = make_consultation(
                worker, moment(MONDAY, "9:00"), person=person, sectors=sorted(sectors), way=way
            )
        entry = derive(record, worker)
        table = asking(asks)
        assert asks_of(table) == asks
        (move,) = moves(table, MONDAY, MONDAY + timedelta(days=1), with_ids=True)
        assert move.ids == (entry.pk,)
        assert move.facts == facts_of(record, asks)
        assert attribute(move.facts) == attribute(facts_of(record))
        assert moves(table, MONDAY, MONDAY + timedelta(days=1), staff_id=finance.staff.pk) == []
        full = facts_of(record)
        assert full.activity == (way if kind == "note" else kind)
        covers = days in [(0, None), (-30, 1), (0, 1)]
        assert (full.dedicated, full.qualification) == ((stream or "", qualification) if covers else ("", ""))
        transaction.set_rollback(True)


def test_the_database_counts_ages_as_the_law_does(db):
    """Every day around a birthday, for births on the edges of months and on 29 February, over common and leap years."""
    births = [
        date(1960, 2, 28),
        date(1960, 2, 29),
        date(1960, 3, 1),
        date(1959, 12, 31),
        date(1961, 1, 1),
        date(1961, 5, 31),
    ]
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(1500)]
    sql = """SELECT date_part('year', age((d.day + 1)::timestamp, b.birth::timestamp))::int
               FROM unnest(%s::date[]) WITH ORDINALITY b(birth, m), unnest(%s::date[]) WITH ORDINALITY d(day, n) ORDER BY m, n"""
    assert "date_part('year', age((e.worked_on + 1)::timestamp, p.birth_on::timestamp))::int" in _FACTS
    with connection.cursor() as cursor:
        cursor.execute(sql, [births, days])
        found = [age for (age,) in cursor.fetchall()]
    assert found == [age_on(birth, day) for birth in births for day in days]


def test_the_same_sectors_in_another_order_are_one_combination(loaded, worker):
    notes = child_note(worker, "9:00", Way.PHONE), child_note(worker, "10:00", Way.PHONE)
    for note, sectors in zip(notes, (["poverty", "child"], ["child", "poverty"]), strict=True):
        derive(note, worker)
        type(note.case).objects.filter(pk=note.case_id).update(sectors=sectors)
    (move,) = moves((Rule("general", "すべて"),), NOVEMBER, YEAR_END)
    assert (move.entries, move.facts.sectors) == (2, {"poverty", "child"})


def test_what_no_line_asks_is_neither_looked_up_nor_told_apart(loaded, worker):
    """The shipped table: no query about assignments, and one combination for two activities."""
    notes = child_note(worker, "9:00", Way.PHONE), child_note(worker, "10:00", Way.HOME_VISIT)
    for note in notes:
        derive(note, worker)
    with CaptureQueriesContext(connection) as queries:
        assert [facts_of(note, asks_of(TABLE)).activity for note in notes] == ["", ""]
        (move,) = moves((Rule("general", "すべて"),), NOVEMBER, YEAR_END)
        assert "budgets_dutyassignment" not in str([q["sql"] for q in queries])
        facts_of(notes[0])
        assert "budgets_dutyassignment" in queries[-1]["sql"]
    assert (move.entries, move.facts.activity) == (2, "")
    table = (Rule("multi", "電話", activity="phone"), Rule("general", "すべて"))
    assert [(m.facts.activity, m.entries, m.to.category_code) for m in moves(table, NOVEMBER, YEAR_END)] == [
        ("home_visit", 1, "general"), ("phone", 1, "multi"),
    ]  # fmt: skip
    assert moves_in_parts(table, NOVEMBER, YEAR_END) == moves(table, NOVEMBER, YEAR_END)


def test_by_activity_moves_the_records_of_that_activity_alone(loaded, worker, finance):
    met, called = (
        derive(child_note(worker, clock, way), worker)
        for clock, way in (("9:00", Way.MEETING), ("10:00", Way.PHONE))
    )
    assert told(met)[0] == "child"
    save(finance, BY_ACTIVITY, expected=1)
    assert told(met) == ("meeting", "会議の記録 → 共通（活動：会議）")
    assert told(called) == ("child", "児童のみ → 利用者支援事業")
    late = child_note(worker, "14:00", Way.MEETING)
    assert told(derive(late, worker))[0] == "meeting"
    late.way = Way.HOME_VISIT
    late.save()
    assert told(derive(late, worker))[0] == "child"


def test_the_case_of_another_field_by_a_dedicated_worker_goes_where_the_table_says(
    loaded, center_worker, worker, finance
):
    assign(center_worker, finance, "care", MONDAY)
    own = derive(child_note(center_worker), center_worker)
    day_before = derive(child_note(center_worker, day=MONDAY - timedelta(days=1)), center_worker)
    others = derive(child_note(worker), worker)
    assert told(own)[0] == "child"  # the shipped table does not ask: the finding stands, as C市 needs it
    save(finance, BY_WORKER, expected=1)
    assert told(own) == ("care", "包括の専従の職員 → 包括的支援事業（専従の職員）")
    assert (told(day_before)[0], told(others)[0]) == ("child", "child")
    assert told(derive(child_note(center_worker, "14:00"), center_worker))[0] == "care"


# ── An assignment that changes ──────────────────────────────────────────────────────────────────────────────


def test_entries_follow_an_assignment_that_changes_where_the_table_asks_for_it(
    loaded, worker, colleague, finance
):
    days = [date(2026, 10, 20), MONDAY, MONDAY + timedelta(days=1)]
    october, before, after = (derive(child_note(worker, day=day), worker) for day in days)
    other = derive(child_note(colleague), colleague)
    approve_all(NOVEMBER, moment(date(2026, 12, 1), "9:00"))
    save(finance, BY_WORKER, expected=0, valid_from=date(2026, 10, 1))
    assert MonthApproval.objects.standing().exists()
    lock(date(2026, 10, 1), finance.staff)
    assign(worker, finance, "care", MONDAY + timedelta(days=1))
    assert [told(e)[0] for e in (october, before, after, other)] == ["child", "child", "care", "child"]
    trail = ChangeRecord.objects.get(action="attribution_table.follow")
    assert (trail.detail["moved"], trail.detail["since"]) == (1, "2026-11-17")
    assert MonthApproval.objects.get().withdrawn_reason == "従事の割当が変わったため"
    assign(worker, finance, None, MONDAY + timedelta(days=2))
    assert told(after)[0] == "care"


def test_an_assignment_moves_nothing_where_no_line_asks_for_it(loaded, worker, finance):
    entry = derive(child_note(worker), worker)
    WorkEntry.objects.filter(pk=entry.pk).update(reason="前の説明")
    assign(worker, finance, "care")
    assert told(entry) == ("child", "前の説明")
    assert not ChangeRecord.objects.filter(action="attribution_table.follow").exists()


def test_each_table_decides_about_its_own_days(loaded, worker, finance):
    early, late = (derive(child_note(worker, day=day), worker) for day in (date(2026, 11, 10), MONDAY))
    save(finance, BY_WORKER, expected=0, valid_from=date(2026, 11, 12))
    assert [(table, low) for table, low, _ in tables_between(NOVEMBER, YEAR_END)] == [
        (TABLE, NOVEMBER), (BY_WORKER, date(2026, 11, 12)),
    ]  # fmt: skip
    assign(worker, finance, "care", NOVEMBER)
    assert (told(early)[0], told(late)[0]) == ("child", "care")


# ── The page ────────────────────────────────────────────────────────────────────────────────────────────────


def post(table, examples: str = "9 児童 会議 → meeting\n72 高齢 → care") -> dict[str, str]:
    return typed(table) | {"valid_from": "令和8年11月1日", "note": "要綱の改正", "examples": examples}


def test_the_page_offers_shows_and_saves_both_conditions(
    loaded, worker, finance, auditor, django_assert_max_num_queries
):
    assign(worker, finance, None, qualification="保健師、社会福祉士")
    entry = derive(child_note(worker, way=Way.MEETING), worker)
    client, reader = finance.client, auditor.client
    with django_assert_max_num_queries(15):
        page = client.get(EDIT).content.decode()
    for words in (
        '<option value="home_visit" >訪問</option>', '<option value="care" >専従：包括的支援</option>',
        '<option value="保健師" >保健師</option>', 'aria-label="1行目の活動"', 'aria-label="1行目の専従の財源"',
    ):  # fmt: skip
        assert words in page
    table = (*BY_ACTIVITY[:1], *BY_WORKER)
    page = client.post(EDIT, post(table)).content.decode()
    assert "この表で動く業務実績：1件" in page
    assert "会議の記録 → 共通（活動：会議）" in page
    assert '<option value="meeting" selected>会議</option>' in page
    assert '<option value="care" selected>専従：包括的支援</option>' in page
    assert not AttributionTable.objects.exists()
    assert client.post(EDIT, post(table) | {"save": "1", "expected": "1"}).status_code == 302
    assert table_on(MONDAY) == table
    assert told(entry)[0] == "meeting"
    with django_assert_max_num_queries(15):
        page = reader.get("/apportionment/rules/").content.decode()
    for words in ("活動：会議", "専従：包括的支援", "活動：来所、資格：保健師", "9歳・児童、会議"):
        assert words in page
    assert "活動：来所、資格：保健師" not in client.get(EDIT).content.decode()
    assert '<option value="保健師" selected>' in client.get(EDIT).content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"l2-activity": "moon"}, "3行目：活動が正しくありません"), ({"l2-dedicated": "moon"}, "3行目：専従の財源がありません"),
        ({"l2-qualification": "保健師 社会福祉士"}, "3行目：資格は1つだけ"), ({"examples": "9 児童 → meeting"}, "例「9歳・児童」"),
        ({"examples": "9 児童 専従:moon → child"}, "を読めません"),
    ],
)  # fmt: skip
def test_bad_input_is_told_beside_its_line_and_saves_nothing(loaded, finance, change, words):
    answer = finance.client.post(EDIT, post(BY_ACTIVITY) | change)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    rows = page.split('aria-label="表の行"')[1].split("<tbody>")[1].split("</tbody>")[0].split("<tr")[1:]
    marked = [n for n, row in enumerate(rows, start=1) if row.startswith(' class="is-changed"')]
    assert marked == ([3] if words.startswith("3行目") else [])
    assert not AttributionTable.objects.exists()
