"""気がかり: each rule with a case in, a case out and its boundary day; who owns it; putting off; change and night agree."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actions.absences import enter_absence
from accounts.enums import Role
from accounts.models import Appointment, StaffAbsence
from audit.models import ChangeRecord
from cases.actions.closing import ClosingData, close_case
from cases.actions.notes import NoteData, write_note
from cases.actions.silent_risks import put_off, refresh_all, refresh_cases
from cases.enums import RiskKind, RiskOwner
from cases.masters import load_codes
from cases.models import Case, CasePartner, Code, FollowUp, RiskPutOff, SilentRisk, SupportPlan
from common.errors import NotAllowed, RuleViolation
from common.japan.age import age_on
from households.actions.denials import deny_staff
from households.actions.protection import protect_address
from households.models import HouseholdMember, Person
from referrals.actions.answer_referral import answer_referral
from referrals.actions.follow_referral import finish_referral
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from tests import factories as f
from tests.conftest import persona
from tests.referrals.helpers import send

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def moment(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=f.TOKYO)


def stands(case: Case, kind: str, on: date = f.TODAY) -> bool:
    refresh_cases([case.pk], at=moment(on))
    return SilentRisk.objects.standing().filter(case=case, kind=kind).exists()


def set_case(case: Case, **fields) -> Case:
    Case.objects.filter(pk=case.pk).update(**fields)
    case.refresh_from_db()
    return case


def calm(actor) -> Case:
    """Nothing is the matter with it: spoken to today, with a next date."""
    case = f.make_case(actor)
    case.person = Person.objects.get(memberships__household=case.household)
    case.save(update_fields=["person"])
    return set_case(case, last_contact_at=f.NOW, next_on=f.TODAY + 20 * DAY)


def person_of(case: Case) -> Person:
    return Person.objects.get(memberships__household=case.household)


def test_a_calm_case_is_no_worry(worker):
    case = calm(worker.actor)
    assert refresh_cases([case.pk], at=f.NOW).standing == 0


# ── Rules ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("days", "expected"), [(29, False), (30, True), (90, True)])
def test_quiet_from_the_thirtieth_day(worker, days, expected):
    case = set_case(calm(worker.actor), last_contact_at=moment(f.TODAY - days * DAY, 23))
    assert stands(case, RiskKind.QUIET) is expected


def test_quiet_counts_from_opening_where_there_was_no_contact(worker):
    case = set_case(calm(worker.actor), last_contact_at=None, opened_at=moment(f.TODAY - 30 * DAY))
    assert stands(case, RiskKind.QUIET)


def test_quiet_days_are_set_by_kind_of_agency(worker, center_worker, settings):
    settings.KYOSEI_QUIET_DAYS_BY_KIND = {"desk": 10}
    ten = moment(f.TODAY - 10 * DAY)
    ours, theirs = calm(worker.actor), calm(center_worker.actor)
    for case in (ours, theirs):
        set_case(case, last_contact_at=ten)
    assert (stands(ours, RiskKind.QUIET), stands(theirs, RiskKind.QUIET)) == (True, False)


@pytest.mark.parametrize(
    ("contact", "next_in", "expected"),
    [(6, None, False), (7, None, True), (20, 1, False), (20, 0, False), (20, -6, False), (20, -7, True)],
)
def test_no_next_date_for_a_week(worker, contact, next_in, expected):
    next_on = None if next_in is None else f.TODAY + next_in * DAY
    case = set_case(calm(worker.actor), last_contact_at=moment(f.TODAY - contact * DAY), next_on=next_on)
    assert stands(case, RiskKind.NO_NEXT) is expected


@pytest.mark.parametrize(
    ("first", "last", "has_deputy", "expected"),
    [(0, 0, False, True), (0, 0, True, False), (-1, 2, True, False), (-1, 3, True, True), (0, None, True, True),
     (1, 9, False, False), (-9, -1, False, False)],
)  # fmt: skip
def test_owner_away(worker, colleague, first, last, has_deputy, expected):
    end = None if last is None else f.TODAY + (last + 1) * DAY
    StaffAbsence.objects.create(
        staff=worker.staff, deputy=colleague.staff if has_deputy else None, entered_at=f.NOW, entered_by=worker.staff,
        during=DateRange(f.TODAY + first * DAY, end),
    )  # fmt: skip
    assert stands(calm(worker.actor), RiskKind.OWNER_AWAY) is expected


def test_owner_left_from_the_day_after_the_last_one(worker):
    case = calm(worker.actor)
    Appointment.objects.filter(staff=worker.staff).update(during=DateRange(date(2024, 4, 1), f.TODAY + DAY))
    assert not stands(case, RiskKind.OWNER_LEFT)
    assert stands(case, RiskKind.OWNER_LEFT, f.TODAY + DAY)
    assert SilentRisk.objects.get(kind=RiskKind.OWNER_LEFT).due_on == f.TODAY + DAY


def test_owner_left_when_the_worker_was_moved_or_may_no_longer_sign_in(worker, care_center):
    case = calm(worker.actor)
    Appointment.objects.filter(staff=worker.staff).update(agency=care_center)
    assert stands(case, RiskKind.OWNER_LEFT)
    Appointment.objects.filter(staff=worker.staff).update(agency=case.lead_agency)
    assert not stands(case, RiskKind.OWNER_LEFT)
    worker.staff.is_active = False
    worker.staff.save()
    assert stands(case, RiskKind.OWNER_LEFT)


@pytest.mark.parametrize(("days", "expected"), [(6, False), (7, True)])
def test_nobody_acts_a_week_after_the_last_referral_ended(worker, center_worker, days, expected):
    case = set_case(calm(worker.actor), last_contact_at=moment(f.TODAY - days * DAY, 1))
    referral = send(worker.actor, case, center_worker.agency)
    assert not stands(case, RiskKind.NOBODY, f.TODAY + 30 * DAY)  # it waits: the receiver is asked
    withdraw_referral(referral=referral, actor=worker.actor, at=f.NOW)
    Referral.objects.update(answered_at=moment(f.TODAY - days * DAY, 13))
    assert stands(case, RiskKind.NOBODY) is expected


@pytest.mark.parametrize(("days", "expected"), [(6, False), (7, True)])
@pytest.mark.parametrize("ending", ["lead passed on", "not reached", "not needed"])
def test_nobody_acts_after_any_ending(worker, center_worker, ending, days, expected):
    """The former lead stays in the team and a partner that has told what came of it: neither of them acts."""
    ended = moment(f.TODAY - days * DAY)
    sent = ended if ending == "lead passed on" else ended - 20 * DAY
    case = set_case(calm(worker.actor), opened_at=f.NOW - 60 * DAY, last_contact_at=f.NOW - 50 * DAY)
    referral = send(worker.actor, case, center_worker.agency, at=sent - DAY)
    event = "take_lead" if ending == "lead passed on" else "join"
    referral = answer_referral(referral=referral, event=event, actor=center_worker.actor, at=sent)
    if event == "join":
        assert not stands(case, RiskKind.NOBODY)  # it works along
        finish_referral(
            referral=referral, outcome=ending.replace(" ", "_"), note="三度訪ねたが会えない。",
            actor=center_worker.actor, at=ended,
        )  # fmt: skip
    assert CasePartner.objects.get(case=case, ended_at=None)
    assert stands(case, RiskKind.NOBODY) is expected


def test_a_partner_that_goes_on_or_was_asked_again_acts(worker, center_worker):
    case = set_case(calm(worker.actor), opened_at=f.NOW - 60 * DAY, last_contact_at=f.NOW - 50 * DAY)
    for outcome, days in (("eased", 40), ("continues", 30)):
        at = f.NOW - days * DAY
        referral = send(worker.actor, case, center_worker.agency, at=at)
        referral = answer_referral(referral=referral, event="join", actor=center_worker.actor, at=at)
        assert not stands(case, RiskKind.NOBODY)
        finish_referral(referral=referral, outcome=outcome, note="", actor=center_worker.actor, at=at + DAY)
        assert stands(case, RiskKind.NOBODY) is (outcome == "eased")


def test_somebody_acts_who_speaks_to_them_or_works_along(worker, center_worker):
    case = calm(worker.actor)
    referral = send(worker.actor, case, center_worker.agency)
    withdraw_referral(referral=referral, actor=worker.actor, at=f.NOW)
    Referral.objects.update(answered_at=moment(f.TODAY - 10 * DAY))
    assert not stands(case, RiskKind.NOBODY)  # spoken to today
    set_case(case, last_contact_at=moment(f.TODAY - 11 * DAY))
    assert stands(case, RiskKind.NOBODY)
    CasePartner.objects.create(case=case, agency=center_worker.agency, since=f.NOW)
    assert not stands(case, RiskKind.NOBODY)


@pytest.mark.parametrize(("kind", "age"), [("turns_15", 15), ("turns_18", 18), ("turns_65", 65)])
@pytest.mark.parametrize(
    ("days", "expected"), [(-15, False), (-14, True), (0, True), (60, True), (61, False)]
)
def test_a_birthday_that_changes_the_law(worker, kind, age, days, expected):
    case = calm(worker.actor)
    attains = f.TODAY + days * DAY
    birth = (attains + DAY).replace(year=attains.year - age)
    assert (age_on(birth, attains), age_on(birth, attains - DAY)) == (age, age - 1)
    Person.objects.filter(pk=person_of(case).pk).update(birth_on=birth)
    assert stands(case, kind) is expected
    if expected:
        assert SilentRisk.objects.get(kind=kind).due_on == attains


@pytest.mark.parametrize("birth", [date(2012, 2, 29), date(2012, 3, 1), date(2012, 1, 1), date(2013, 3, 1)])
def test_the_day_of_an_age_is_that_of_the_law(worker, birth):
    case = calm(worker.actor)
    Person.objects.filter(pk=person_of(case).pk).update(birth_on=birth)
    refresh_cases([case.pk], at=moment(date(birth.year + 15, 2, 10)))
    found = SilentRisk.objects.filter(kind="turns_15").values_list("due_on", flat=True)
    if found:
        (due,) = found
        assert (age_on(birth, due), age_on(birth, due - DAY)) == (15, 14)
    else:
        assert birth == date(2012, 1, 1)


def test_no_birthday_of_the_dead_or_of_who_left(worker):
    case = calm(worker.actor)
    person = person_of(case)
    Person.objects.filter(pk=person.pk).update(birth_on=date(1961, 12, 10))
    assert stands(case, "turns_65")
    Person.objects.filter(pk=person.pk).update(died_on=f.TODAY)
    assert not stands(case, "turns_65")
    Person.objects.filter(pk=person.pk).update(died_on=None)
    HouseholdMember.objects.update(during=DateRange(date(2020, 4, 1), f.TODAY))
    assert not stands(case, "turns_65")


@pytest.mark.parametrize(("days", "expected"), [(31, False), (30, True), (0, True), (-40, True)])
def test_protection_that_ends_within_a_month_or_has_run_out(worker, center_worker, days, expected):
    case = calm(worker.actor)
    protect_address(
        person=case.person, units=[], first_on=f.TODAY - 300 * DAY, last_on=f.TODAY + days * DAY, actor=worker.actor,
        at=f.NOW,
    )  # fmt: skip
    assert stands(case, RiskKind.PROTECTION) is expected
    seen = SilentRisk.objects.filter(kind=RiskKind.PROTECTION)
    assert seen.visible_to(worker.actor).exists() is expected
    assert not seen.visible_to(center_worker.actor).exists()


@pytest.mark.parametrize(("days", "expected"), [(31, False), (30, True), (0, True), (-3, True)])
def test_consent_that_ends_within_a_month(worker, center_worker, days, expected):
    case = calm(worker.actor)
    given = f.give_consent(case, worker.actor, center_worker.agency, ends_on=f.TODAY + 31 * DAY)
    type(given).objects.update(given_on=f.TODAY - 60 * DAY, ends_on=f.TODAY + days * DAY)
    assert stands(case, RiskKind.CONSENT) is expected
    f.give_consent(case, worker.actor, center_worker.agency)
    assert not stands(case, RiskKind.CONSENT)


@pytest.mark.parametrize(
    ("monitoring", "ends", "expected"),
    [(0, None, False), (-1, None, True), (5, -1, True), (None, None, False), (None, 0, False)],
)
def test_plan_past_its_monitoring(worker, monitoring, ends, expected):
    case = calm(worker.actor)
    SupportPlan.objects.create(
        case=case, ordinal=1, state="decided", agency=worker.agency, written_by=worker.staff, written_at=f.NOW,
        decided_at=f.NOW, decided_by=worker.staff,
        monitoring_on=None if monitoring is None else f.TODAY + monitoring * DAY,
        ends_on=None if ends is None else f.TODAY + ends * DAY,
    )  # fmt: skip
    assert stands(case, RiskKind.PLAN) is expected


def close(case: Case, actor) -> FollowUp:
    reason = Code.objects.get(code_list="closing_reason", code="z01")
    data = ClosingData(
        kind="close", reason=reason, note="落ち着いた。", follow_up_on=f.TODAY + DAY, every="3"
    )
    close_case(case=case, data=data, actor=actor, at=f.NOW)
    return FollowUp.objects.waiting().get(case=case)


def test_a_watch_turn_past_its_day_or_without_a_person(worker, manager):
    case = calm(worker.actor)
    turn = close(case, worker.actor)
    assert not stands(case, RiskKind.WATCH_LATE, turn.due_on)
    assert stands(case, RiskKind.WATCH_LATE, turn.due_on + DAY)
    assert not stands(case, RiskKind.WATCH_NOBODY)
    Appointment.objects.filter(staff=worker.staff).update(during=DateRange(date(2024, 4, 1), f.TODAY))
    assert stands(case, RiskKind.WATCH_NOBODY)
    assert SilentRisk.objects.get(kind=RiskKind.WATCH_NOBODY).owner_staff == manager.staff
    assert not stands(case, RiskKind.OWNER_LEFT)  # it is closed: nobody leads it


def test_a_closed_case_has_no_worry_but_its_watch(worker):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 99 * DAY, next_on=None)
    assert stands(case, RiskKind.QUIET)
    close(case, worker.actor)
    refresh_cases([case.pk], at=f.NOW)
    assert not SilentRisk.objects.standing().exists()


# ── Owner ───────────────────────────────────────────────────────────────────────────────────────────────────


def owner(case: Case) -> tuple[object, str]:
    refresh_cases([case.pk], at=f.NOW)
    risk = SilentRisk.objects.standing().get(case=case, kind=RiskKind.QUIET)
    return risk.owner_staff, risk.owner_as


def test_the_owner_falls_back_to_deputy_manager_and_agency(worker, colleague, desk):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 40 * DAY)
    assert owner(case) == (worker.staff, RiskOwner.LEAD)
    absence = enter_absence(
        staff=worker.staff, first_on=f.TODAY, last_on=None, deputy=colleague.staff, actor=worker.actor, at=f.NOW,
        request_key=uuid4(),
    )  # fmt: skip
    assert owner(case) == (colleague.staff, RiskOwner.DEPUTY)
    boss = persona(desk, Role.AGENCY_MANAGER, name="大森 恵子")
    StaffAbsence.objects.filter(pk=absence.pk).update(deputy=None)
    assert owner(case) == (boss.staff, RiskOwner.MANAGER)
    StaffAbsence.objects.filter(pk=absence.pk).update(deputy=colleague.staff)
    Appointment.objects.filter(staff=colleague.staff).delete()
    assert owner(case) == (boss.staff, RiskOwner.MANAGER)
    StaffAbsence.objects.create(
        staff=boss.staff, during=DateRange(f.TODAY, None), entered_at=f.NOW, entered_by=boss.staff
    )
    assert owner(case) == (None, RiskOwner.AGENCY)


def test_nobody_on_the_deny_list_owns_a_worry(worker, colleague, manager):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 40 * DAY)
    StaffAbsence.objects.create(
        staff=worker.staff, deputy=colleague.staff, during=DateRange(f.TODAY, None), entered_at=f.NOW,
        entered_by=worker.staff,
    )  # fmt: skip
    deny_staff(
        household=case.household, staff=colleague.staff, reason="relative", note="", actor=manager.actor, at=f.NOW
    )  # fmt: skip
    assert owner(case) == (manager.staff, RiskOwner.MANAGER)
    assert not SilentRisk.objects.visible_to(colleague.actor).exists()


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_running_again_changes_nothing_and_a_mended_cause_ends_the_row(worker):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 40 * DAY)
    first = refresh_all(at=f.NOW)
    assert (first.new, first.changed, first.resolved) == (1, 0, 0)
    again = refresh_all(at=f.NOW)
    assert (again.new, again.changed, again.resolved, again.standing) == (0, 0, 0, 1)
    set_case(case, last_contact_at=f.NOW)
    assert refresh_all(at=f.NOW).resolved == 1
    assert SilentRisk.objects.get().resolved_at == f.NOW
    set_case(case, last_contact_at=f.NOW - 40 * DAY)
    refresh_all(at=f.NOW)
    assert SilentRisk.objects.count() == 2


def test_one_case_and_the_night_find_the_same(worker, center_worker):
    cases = [calm(who.actor) for who in (worker, center_worker) for _ in range(4)]
    for n, case in enumerate(cases):
        set_case(case, last_contact_at=f.NOW - n * 12 * DAY, next_on=None if n % 2 else f.TODAY)
        Person.objects.filter(memberships__household=case.household).update(
            birth_on=date(1961, 11, 20) + n * 20 * DAY
        )

    def rows() -> set[tuple]:
        found = SilentRisk.objects.standing().values_list(
            "case", "kind", "subject_id", "about_id", "due_on", "urgency", "owner_agency", "owner_staff", "owner_as"
        )  # fmt: skip
        return set(found)

    for case in cases:
        refresh_cases([case.pk], at=f.NOW)
    one_by_one = rows()
    SilentRisk.objects.all().delete()
    refresh_all(at=f.NOW)
    assert rows() == one_by_one
    assert len(one_by_one) > 8


def test_the_action_that_mends_it_ends_it_at_its_commit(worker, django_capture_on_commit_callbacks):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 40 * DAY, next_on=None)
    refresh_cases([case.pk], at=f.NOW)
    assert SilentRisk.objects.standing().count() == 2
    data = NoteData(
        text="電話で話せた。", way="phone", started_at=f.NOW, minutes=10, next_on=f.TODAY + 3 * DAY
    )
    with django_capture_on_commit_callbacks(execute=True):
        write_note(case=case, data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())
    assert not SilentRisk.objects.standing().exists()


def test_an_absence_moves_the_worries_at_its_commit(worker, colleague, django_capture_on_commit_callbacks):
    case = set_case(calm(worker.actor), last_contact_at=f.NOW - 40 * DAY)
    refresh_cases([case.pk], at=f.NOW)
    with django_capture_on_commit_callbacks(execute=True):
        enter_absence(
            staff=worker.staff, first_on=f.TODAY, last_on=None, deputy=colleague.staff, actor=worker.actor, at=f.NOW,
            request_key=uuid4(),
        )  # fmt: skip
    assert {r.owner_staff for r in SilentRisk.objects.standing()} == {colleague.staff}
    assert SilentRisk.objects.standing().filter(kind=RiskKind.OWNER_AWAY).exists()


# ── Put off ─────────────────────────────────────────────────────────────────────────────────────────────────


def quiet(actor) -> SilentRisk:
    case = set_case(calm(actor), last_contact_at=f.NOW - 40 * DAY)
    refresh_cases([case.pk], at=f.NOW)
    return SilentRisk.objects.standing().get(case=case)


def test_put_off_hides_it_until_that_day_and_is_kept_by_a_refresh(worker):
    risk = quiet(worker.actor)
    until = f.TODAY + 10 * DAY
    put_off(risk=risk, until=until, reason="入院中。退院の予定日に電話する。", actor=worker.actor, at=f.NOW)
    refresh_all(at=f.NOW)
    assert not SilentRisk.objects.waiting(until - DAY).exists()
    assert SilentRisk.objects.waiting(until).get() == risk
    assert RiskPutOff.objects.get().put_off_by == worker.staff
    assert ChangeRecord.objects.filter(action="risk.put_off", target_id=str(risk.pk)).exists()


@pytest.mark.parametrize(
    ("days", "reason", "field"),
    [(0, "理由", "until"), (181, "理由", "until"), (1, "  ", "reason")],
)
def test_put_off_needs_a_day_to_come_and_a_reason(worker, days, reason, field):
    risk = quiet(worker.actor)
    with pytest.raises(RuleViolation) as error:
        put_off(risk=risk, until=f.TODAY + days * DAY, reason=reason, actor=worker.actor, at=f.NOW)
    assert error.value.field == field


def test_only_the_owner_and_the_head_put_off(worker, colleague, manager, center_worker):
    risk = quiet(worker.actor)
    for who in (colleague, center_worker):
        with pytest.raises((NotAllowed, RuleViolation)):
            put_off(risk=risk, until=f.TODAY + DAY, reason="理由", actor=who.actor, at=f.NOW)
    assert put_off(risk=risk, until=f.TODAY + DAY, reason="理由", actor=manager.actor, at=f.NOW)


def test_what_is_over_is_not_put_off(worker):
    risk = quiet(worker.actor)
    set_case(risk.case, last_contact_at=f.NOW)
    refresh_cases([risk.case_id], at=f.NOW)
    with pytest.raises(RuleViolation, match="なくなっています"):
        put_off(risk=risk, until=f.TODAY + DAY, reason="理由", actor=worker.actor, at=f.NOW)
