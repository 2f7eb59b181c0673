"""A worker corrects the category that 区分の表 gave, with a reason; the record's corrections go on following."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.enums import Sector
from audit.models import ChangeRecord
from budgets.actions.correct_category import correct_category
from budgets.actions.work_entries import add_entry
from budgets.attribution import TABLE
from budgets.models import WorkEntry
from budgets.rule_tables import moves
from common.errors import NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.work import MONDAY, derive, lock, make_note, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(worker):
    case = f.make_case(worker.actor, sectors=(Sector.POVERTY,))
    return make_note(worker, case, moment(MONDAY, "10:00"), 30)


def correct(entry, code: str, who, reason: str = "家計の相談ではなく、子の学習の相談だった") -> WorkEntry:
    return correct_category(entry=entry, category_code=code, reason=reason, actor=who.actor, at=f.NOW)


def test_the_worker_says_what_it_was_and_the_table_is_still_told(worker, note):
    entry = derive(note, worker)
    row = correct(entry, "child", worker)
    row.refresh_from_db()
    assert (row.category.code, row.derived_category.code, row.correction) == (
        "child", "poverty", "家計の相談ではなく、子の学習の相談だった",
    )  # fmt: skip
    assert row.reason == "困窮のみ → 自立相談支援事業"
    trail = ChangeRecord.objects.get(action="work_entry.correct_category")
    assert (trail.detail["by_table"], trail.detail["category"]) == ("poverty", "child")


def test_corrections_of_the_record_keep_it_and_the_same_verdict_ends_it(worker, note):
    entry = correct(derive(note, worker), "child", worker)
    note.minutes = 60
    note.save()
    row = derive(note, worker)
    assert (row.minutes, row.category.code, row.derived_category.code) == (60, "child", "poverty")
    note.case.sectors = [Sector.CHILD]
    note.case.save()
    note.refresh_from_db()
    row = derive(note, worker)
    assert (row.category.code, row.is_corrected, row.correction) == ("child", False, "")
    assert WorkEntry.objects.get().pk == entry.pk


def test_back_to_the_tables_word_needs_no_reason(worker, note):
    entry = correct(derive(note, worker), "child", worker)
    row = correct(entry, "poverty", worker, reason="")
    assert (row.category.code, row.is_corrected, row.corrected_at) == ("poverty", False, None)


def test_a_change_of_the_table_does_not_move_what_was_corrected(worker, note):
    correct(derive(note, worker), "child", worker)
    assert moves(TABLE, date(2026, 4, 1), date(2027, 4, 1)) == []


def test_what_is_refused(worker, colleague, finance, note):
    entry = derive(note, worker)
    for code, reason, words in (
        ("child", " ", "理由"),
        ("nothing", "x", "業務区分"),
        ("child", "あ" * 201, "200字"),
    ):
        with pytest.raises(RuleViolation, match=words):
            correct(entry, code, worker, reason=reason)
    for who in (colleague, finance):
        with pytest.raises((NotAllowed, WorkEntry.DoesNotExist)):
            correct(entry, "child", who)
    own = add_entry(
        starts_at=moment(MONDAY, "14:00"), minutes=30, category_code="care", actor=worker.actor, at=f.NOW
    )
    with pytest.raises(RuleViolation, match="手で入れた"):
        correct(own, "child", worker)
    lock(date(2026, 11, 1), finance.staff)
    with pytest.raises(RuleViolation, match="締められています"):
        correct(entry, "child", worker)
    assert WorkEntry.objects.filter(derived_category__isnull=False).count() == 0


def test_on_the_week_page(worker, note, time_machine):
    time_machine.move_to(f.NOW)
    entry = derive(note, worker)
    client, url = worker.client, f"/work/{entry.pk}/category/"
    page = client.get(url).content.decode()
    assert "表の説明：困窮のみ → 自立相談支援事業" in page
    assert client.post(url, {"category": "child", "reason": ""}).status_code == 422
    assert (
        client.post(
            url, {"category": "child", "reason": "子の学習"}, headers={"HX-Request": "true"}
        ).status_code
        == 200
    )
    page = client.get(f"/work/?day={MONDAY}").content.decode()
    assert "表では「自立相談支援事業」。直した理由：子の学習" in page
