"""Entries that follow records: made, corrected, frozen, never twice (invariants 3 and 8)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.enums import Sector
from audit.models import ChangeRecord
from budgets.actions.derive_entry import Meeting, derive_meeting_entry, settle_finding
from budgets.actions.work_entries import add_entry
from budgets.enums import SourceType
from budgets.masters import load_streams
from budgets.models import WorkEntry, WorkFinding
from cases.signals import contact_recorded
from common.errors import Overlap, RuleViolation
from referrals.enums import Attendance, ConferenceKind
from referrals.models import Conference, ConferenceMember
from referrals.signals import conference_closed
from tests import factories as f
from tests.budgets.work import MONDAY, derive, lock, make_consultation, make_note, moment, until

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor, sectors=(Sector.POVERTY,))


def test_derive_consultation_by_signal(worker):
    record = make_consultation(worker, moment(MONDAY, "10:00"), 45, sectors=[Sector.POVERTY])
    contact_recorded.send(type(record), record=record, actor=worker.actor, at=f.NOW)
    entry = WorkEntry.objects.get()
    assert (entry.staff, entry.agency, entry.minutes, entry.worked_on) == (
        worker.staff,
        worker.agency,
        45,
        MONDAY,
    )
    assert (entry.source_type, entry.source_id) == (SourceType.CONSULTATION, record.pk)
    assert (entry.category.code, entry.reason) == ("poverty", "困窮のみ → 自立相談支援事業")
    assert entry.case_number == record.receipt_no
    assert ChangeRecord.objects.filter(action="work_entry.derive").count() == 1


def test_derive_note_bears_the_case_number(worker, case):
    entry = derive(make_note(worker, case, moment(MONDAY, "10:00")), worker)
    assert (entry.case_number, entry.source_type) == (case.number, SourceType.NOTE)


def test_derive_again_changes_nothing(worker, case):
    note = make_note(worker, case, moment(MONDAY, "10:00"))
    first, second = derive(note, worker), derive(note, worker)
    assert first.pk == second.pk
    assert WorkEntry.objects.count() == 1
    assert not ChangeRecord.objects.filter(action="work_entry.follow").exists()


def test_derive_follows_a_correction(worker, colleague, case):
    note = make_note(worker, case, moment(MONDAY, "10:00"), 30)
    derive(note, worker)
    note.started_at, note.minutes, note.staff = moment(MONDAY, "14:00"), 90, colleague.staff
    note.save()
    entry = derive(note, worker)
    assert (entry.during.lower, until(entry), entry.staff) == (note.started_at, note.ends_at, colleague.staff)
    assert WorkEntry.objects.count() == 1


def test_derive_touching_stretches_do_not_collide(worker, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 30), worker)
    derive(make_note(worker, case, moment(MONDAY, "10:30"), 30), worker)
    assert WorkEntry.objects.count() == 2


def test_derive_overlap_names_the_stretch(worker, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 45, way="home_visit"), worker)
    with pytest.raises(Overlap) as found:
        derive(make_note(worker, case, moment(MONDAY, "10:30"), 30), worker)
    assert found.value.field == "minutes"
    assert found.value.message == (
        f"10:00〜10:45 の「訪問（{case.number}）」と重なっています。始まりを10:45からにするか、時間（分）を直してください。"
    )
    assert WorkEntry.objects.count() == 1


def test_derive_overlap_does_not_tell_a_colleague_the_case(worker, colleague, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 45, way="home_visit"), worker)
    with pytest.raises(Overlap) as found:
        derive(make_note(worker, case, moment(MONDAY, "10:30"), 30), colleague)
    assert case.number not in found.value.message


def test_another_workers_same_hour_is_no_overlap(worker, colleague, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00")), worker)
    derive(make_note(colleague, case, moment(MONDAY, "10:00")), colleague)
    assert WorkEntry.objects.count() == 2


def test_overlap_found_only_by_the_database_is_told_in_words(worker, case, monkeypatch):
    """Two records at the same moment: the look beforehand sees nothing, the constraint does."""
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 45), worker)
    from budgets.actions import entry_guard

    real, calls = entry_guard.colliding, []

    def blind_once(entry):
        calls.append(entry)
        return None if len(calls) == 1 else real(entry)

    monkeypatch.setattr(entry_guard, "colliding", blind_once)
    with pytest.raises(Overlap, match="10:00〜10:45"):
        derive(make_note(worker, case, moment(MONDAY, "10:30")), worker)


# ── Locked months ───────────────────────────────────────────────────────────────────────────────────────────


def test_locked_month_lets_words_pass_and_refuses_time(worker, case, finance):
    note = make_note(worker, case, moment(date(2026, 10, 5), "10:00"), 30)
    entry = derive(note, worker)
    lock(date(2026, 10, 1), finance.staff)
    note.text = "言葉を直した。"
    note.save()
    assert derive(note, worker).pk == entry.pk
    for field, value in (("minutes", 60), ("started_at", moment(MONDAY, "10:00"))):
        before = getattr(note, field)
        setattr(note, field, value)
        with pytest.raises(RuleViolation, match="この月は締められています") as found:
            derive(note, worker)
        assert found.value.field == "minutes"
        setattr(note, field, before)


def test_locked_month_keeps_the_category(worker, case, finance):
    note = make_note(worker, case, moment(date(2026, 10, 5), "10:00"), 30)
    derive(note, worker)
    lock(date(2026, 10, 1), finance.staff)
    case.sectors = [Sector.ELDERLY, Sector.POVERTY]
    case.save()
    note.refresh_from_db()
    assert derive(note, worker).category.code == "poverty"


def test_new_record_dated_into_a_locked_month_is_refused(worker, case, finance):
    lock(date(2026, 10, 1), finance.staff)
    with pytest.raises(RuleViolation, match="締められています"):
        derive(make_note(worker, case, moment(date(2026, 10, 5), "10:00")), worker)


def test_moving_into_a_locked_month_is_refused(worker, case, finance):
    note = make_note(worker, case, moment(MONDAY, "10:00"))
    derive(note, worker)
    lock(date(2026, 10, 1), finance.staff)
    note.started_at = moment(date(2026, 10, 30), "10:00")
    note.save()
    with pytest.raises(RuleViolation, match="締められています"):
        derive(note, worker)


def test_the_database_itself_refuses_a_locked_month(worker, case, finance):
    entry = derive(make_note(worker, case, moment(date(2026, 10, 5), "10:00")), worker)
    lock(date(2026, 10, 1), finance.staff)
    for write in (
        lambda: WorkEntry.objects.filter(pk=entry.pk).update(note="x"),
        lambda: entry.delete(),
        lambda: WorkEntry.objects.create(
            staff=worker.staff, agency=worker.agency, category=entry.category,
            during=(moment(date(2026, 10, 6), "9:00"), moment(date(2026, 10, 6), "10:00")),
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
            write()


# ── Conferences ─────────────────────────────────────────────────────────────────────────────────────────────


def meet(persona, *, clock: str = "10:00", minutes: int = 60, source_id: int = 7) -> WorkEntry | None:
    meeting = Meeting(source_id, "支援会議", moment(MONDAY, clock), minutes)
    return derive_meeting_entry(
        meeting=meeting, staff=persona.staff, agency=persona.agency, actor=persona.actor, at=f.NOW
    )


def test_closed_conference_enters_those_who_attended(worker, center_worker, disability_worker, case):
    conference = Conference.objects.create(
        kind=ConferenceKind.SUPPORT, title="森下家の支援会議", convener=worker.agency, convened_by=worker.staff,
        starts_at=moment(MONDAY, "13:30"), minutes=90,
    )  # fmt: skip
    for persona, attendance in (
        (worker, Attendance.ATTENDING), (center_worker, Attendance.ATTENDING), (disability_worker, Attendance.ABSENT)
    ):  # fmt: skip
        ConferenceMember.objects.create(
            conference=conference, agency=persona.agency, staff=persona.staff, attendance=attendance
        )
    for _ in range(2):
        conference_closed.send(Conference, conference=conference, actor=worker.actor, at=f.NOW)
    entries = WorkEntry.objects.order_by("pk")
    assert [(e.staff, e.agency, e.minutes, e.category.code) for e in entries] == [
        (worker.staff, worker.agency, 90, "meeting"), (center_worker.staff, center_worker.agency, 90, "meeting")
    ]  # fmt: skip
    assert {e.note for e in entries} == {"支援会議"}  # the title may name a person


def test_closed_conference_counts_from_opening_to_closing(worker):
    conference = Conference.objects.create(
        kind=ConferenceKind.AREA, title="エリア会議", convener=worker.agency, convened_by=worker.staff,
        starts_at=moment(MONDAY, "13:30"), minutes=90, started_at=moment(MONDAY, "13:35") + timedelta(seconds=41),
        closed_at=moment(MONDAY, "14:22") + timedelta(seconds=10), state="closed",
    )  # fmt: skip
    ConferenceMember.objects.create(
        conference=conference, agency=worker.agency, staff=worker.staff, attendance=Attendance.ATTENDING
    )
    conference_closed.send(Conference, conference=conference, actor=worker.actor, at=f.NOW)
    entry = WorkEntry.objects.get()
    assert (entry.during.lower, entry.minutes) == (moment(MONDAY, "13:35"), 46)


def test_seconds_do_not_make_neighbours_collide(worker, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00") + timedelta(seconds=37), 30), worker)
    derive(make_note(worker, case, moment(MONDAY, "10:30"), 30), worker)
    assert WorkEntry.objects.count() == 2


def test_conference_that_collides_enters_what_is_free_and_says_so(worker, case):
    derive(make_note(worker, case, moment(MONDAY, "10:00"), 20, way="phone"), worker)
    entry = meet(worker)
    assert entry is not None
    assert (entry.during.lower, entry.minutes) == (moment(MONDAY, "10:20"), 40)
    finding = WorkFinding.objects.get()
    assert "10:00〜10:20 の「電話" in finding.text
    assert "10:20〜11:00 だけを入れました" in finding.text
    assert meet(worker).pk == entry.pk
    assert WorkFinding.objects.count() == 1


def test_conference_without_a_free_minute_leaves_a_finding(worker, case):
    derive(make_note(worker, case, moment(MONDAY, "9:00"), 180), worker)
    assert meet(worker) is None
    assert meet(worker) is None
    assert "入れていません" in WorkFinding.objects.get().text


def test_conference_in_a_locked_month_leaves_a_finding(worker, finance):
    lock(date(2026, 11, 1), finance.staff)
    assert meet(worker) is None
    assert "締められています" in WorkFinding.objects.get().text


def test_settle_finding_is_the_workers_own(worker, colleague, manager, case):
    derive(make_note(worker, case, moment(MONDAY, "9:00"), 180), worker)
    meet(worker)
    finding = WorkFinding.objects.get()
    with pytest.raises(WorkFinding.DoesNotExist):
        settle_finding(finding=finding, actor=colleague.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="本人だけ"):
        settle_finding(finding=finding, actor=manager.actor, at=f.NOW)
    assert settle_finding(finding=finding, actor=worker.actor, at=f.NOW).settled_by == worker.staff
    assert not WorkFinding.objects.visible_to(worker.actor).waiting().exists()


def test_a_meeting_typed_by_hand_first_stands(worker):
    load_streams(2026)
    add_entry(
        starts_at=moment(MONDAY, "10:00"), minutes=60, category_code="meeting", actor=worker.actor, at=f.NOW
    )
    assert meet(worker) is None
    assert WorkFinding.objects.count() == 1


def test_past_midnight(worker, case):
    entry = derive(make_note(worker, case, moment(MONDAY, "23:30"), 60), worker)
    assert (entry.worked_on, entry.minutes) == (MONDAY, 60)
    with pytest.raises(Overlap, match="23:30〜翌日0:30"):
        derive(make_note(worker, case, moment(MONDAY + timedelta(days=1), "0:10"), 10), worker)
