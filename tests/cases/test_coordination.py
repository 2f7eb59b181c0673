"""The coordination model in force: setting it, and what it does to cases that are opened, heard of and answered."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role, Sector
from accounts.models import Notice
from cases.actions.coordination import set_model, withdraw_model
from cases.actions.grants import grant_case
from cases.actions.open_case import set_sectors
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.actions.take_up import take_up_case
from cases.coordination import Model, Project
from cases.masters import load_codes
from cases.models import Case, CaseGrant, CasePartner, CoordinationSetting
from cases.selectors.coordination import load_directory
from common.errors import NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from households.actions.persons import PersonData
from referrals.actions.escalate_referrals import escalate_overdue
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW, TODAY
from tests.referrals.helpers import send

BOTH = (Sector.ELDERLY, Sector.DISABILITY)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def promoter(db):
    """相談支援包括化推進員: a desk worker of an office that coordinates."""
    office = f.make_agency("相談支援包括化推進室", kind=AgencyKind.DIRECTOR_OFFICE)
    return persona(office, name="増田 順")


@pytest.fixture
def choose(admin):
    """Put a model in force from a day, yesterday unless said; through the real action, on the day before."""

    def chosen(model, center=None, *, on=TODAY - timedelta(days=1), operators=None, **over):
        return set_model(
            model=model, starts_on=on, center=center, coordinator_may_lead=over.pop("coordinator_may_lead", False),
            conference_days=over.pop("conference_days", None), operators=operators or {}, reason="連携を見直すため",
            actor=over.pop("actor", admin.actor), at=over.pop("at", NOW - timedelta(days=30)), request_key=uuid4(),
        )  # fmt: skip

    return chosen


def hear(actor, *, sectors=BOTH, at=NOW - timedelta(hours=1)):
    load_codes()
    contact = ContactData(
        started_at=at, minutes=30, way="phone", text="父の介護と自分の通院が重なり、眠れない。", sectors=sectors,
        outcome="support",
    )  # fmt: skip
    person = PersonData(family_name="藤堂", given_name="明", family_kana="とうどう", given_kana="あきら")
    return receive_consultation(data=contact, actor=actor, at=at, request_key=uuid4(), new_person=person).case


def heard_of(who) -> list[str]:
    """Of cases; that the model itself changes is heard of in ``told_of_change``."""
    notices = Notice.objects.filter(staff=who.staff).order_by("pk")
    return list(notices.exclude(url="/manage/coordination/").values_list("text", flat=True))


def told_of_change(who) -> list[str]:
    notices = Notice.objects.filter(staff=who.staff, url="/manage/coordination/")
    return list(notices.order_by("pk").values_list("text", flat=True))


def sees(who, case) -> bool:
    return Case.objects.visible_to(who.actor).filter(pk=case.pk).exists()


# ── The default ─────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_setting_there_is_a_director_per_sector(worker, elderly_director, disability_director):
    case = hear(worker.actor)
    assert (case.lead_agency, case.lead_staff) == (worker.agency, worker.staff)
    assert sees(elderly_director, case) and sees(disability_director, case)
    assert heard_of(elderly_director) == [f"{case.number}が、調整するケースになりました。"]


def test_a_coordinator_hears_once_of_a_case_however_often_its_sectors_change(worker, elderly_director):
    case = hear(worker.actor)
    set_sectors(case=case, sectors=[*BOTH, Sector.CHILD], actor=worker.actor, at=NOW)
    assert len(heard_of(elderly_director)) == 1


def test_a_denied_director_hears_nothing(worker, elderly_director):
    case = f.make_case(worker.actor)
    deny_staff(
        household=case.household,
        staff=elderly_director.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=NOW,
    )
    set_sectors(case=case, sectors=BOTH, actor=worker.actor, at=NOW)
    assert heard_of(elderly_director) == []


# ── The models at work ──────────────────────────────────────────────────────────────────────────────────────


def test_a_promoter_who_takes_cases_leads_what_crosses_sectors(worker, promoter, elderly_director, choose):
    choose(Model.PROMOTER_TAKES, promoter.agency)
    case = hear(worker.actor)
    assert (case.lead_agency, case.lead_staff) == (promoter.agency, promoter.staff)
    assert heard_of(promoter) == [f"{case.number}の主担当になりました。"]
    assert heard_of(elderly_director) == [] and not sees(elderly_director, case)
    assert hear(worker.actor, sectors=(Sector.ELDERLY,), at=NOW).lead_agency == worker.agency


def test_the_desk_that_heard_the_person_stays_beside_and_reads_on_to_a_last_day(
    worker, promoter, choose, settings
):
    settings.HANDOVER_READ_DAYS = 90
    choose(Model.PROMOTER_TAKES, promoter.agency)
    case = hear(worker.actor)
    seat = CasePartner.objects.get(case=case, agency=worker.agency)
    assert (seat.role_note, seat.reads_until) == ("相談を受けた機関", TODAY + timedelta(days=90))
    assert sees(worker, case)
    grant = CaseGrant.objects.get(content_object=case, group_id=worker.agency.group_id)
    assert grant.ends_at is not None and grant.ends_at.date() >= TODAY + timedelta(days=90)


def test_of_several_promoters_the_one_with_the_fewest_cases_leads(worker, promoter, choose):
    choose(Model.PROMOTER_TAKES, promoter.agency)
    second = persona(promoter.agency, name="安藤 光")
    assert hear(worker.actor).lead_staff == promoter.staff
    assert hear(worker.actor, at=NOW).lead_staff == second.staff


def test_where_no_promoter_is_at_work_the_desk_that_heard_leads(worker, promoter, choose):
    from accounts.actions.absences import enter_absence

    choose(Model.PROMOTER_TAKES, promoter.agency)
    enter_absence(
        staff=promoter.staff, first_on=TODAY, last_on=TODAY, deputy=None, actor=promoter.actor, at=NOW,
        request_key=uuid4(),
    )  # fmt: skip
    case = hear(worker.actor)
    assert (case.lead_agency, case.lead_staff) == (worker.agency, worker.staff)


def test_a_promoter_who_only_convenes_hears_and_never_leads(worker, promoter, disability_worker, choose):
    choose(Model.PROMOTER_CONVENES, promoter.agency)
    case = hear(worker.actor)
    assert case.lead_agency == worker.agency and sees(promoter, case)
    with pytest.raises(RuleViolation, match="主担当になれないため、ケースを始められません"):
        hear(promoter.actor, at=NOW)
    case.lead_agency = promoter.agency
    with pytest.raises(DatabaseError, match="only coordinates"), transaction.atomic():
        case.save()


def test_one_stop_gathers_every_contact(worker, center_worker, choose):
    choose(Model.ONE_STOP, center_worker.agency)
    one, both = hear(worker.actor, sectors=(Sector.CHILD,)), hear(worker.actor, at=NOW)
    assert {one.lead_agency, both.lead_agency} == {center_worker.agency}
    own = hear(center_worker.actor, at=NOW + timedelta(minutes=1))
    assert (own.lead_staff, CasePartner.objects.filter(case=own).exists()) == (center_worker.staff, False)


def test_hubs_lead_and_the_operators_stand_behind(
    worker, center_worker, disability_worker, elderly_director, choose
):
    council = persona(f.make_agency("社会福祉協議会", kind=AgencyKind.COUNCIL), name="牧 冬子")
    choose(Model.HUBS, operators={Project.COOPERATION: [disability_worker.agency, council.agency]})
    case = hear(worker.actor)
    assert case.lead_agency == worker.agency
    assert sees(disability_worker, case) and sees(council, case)
    assert not sees(center_worker, case) and not sees(elderly_director, case)


def test_a_case_of_the_area_goes_to_its_hub(worker, center_worker, disability_worker, choose):
    choose(Model.HUBS, operators={Project.COOPERATION: [disability_worker.agency]})
    home = f.make_household("藤堂 世帯", agency=center_worker.agency, actor=center_worker.actor)
    home.area = worker.agency.area
    home.save()
    case = take_up_case(household=home, actor=center_worker.actor, at=NOW, reason="", sectors=BOTH)
    assert (case.lead_agency, case.lead_staff) == (worker.agency, worker.staff)


def test_an_unanswered_request_rises_to_whoever_coordinates(
    worker, disability_worker, promoter, disability_director, choose
):
    choose(Model.PROMOTER_CONVENES, promoter.agency)
    referral = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    escalate_overdue(actor=Actor.system("試験"), at=NOW + timedelta(days=4))
    referral.refresh_from_db()
    assert referral.escalated_to == promoter.agency


def test_who_coordinates_does_not_stand_over_itself(worker, center_worker, elderly_director, choose):
    choose(Model.ONE_STOP, center_worker.agency)
    case = f.make_case(f.actor_of(f.make_staff(f.make_agency("生活支援室", sector=Sector.POVERTY))))
    case.lead_agency, case.lead_staff = worker.agency, worker.staff  # the centre has handed it on
    case.save()
    grant_case(
        case=case, agency=worker.agency, ground=Ground.OWN_DUTY, basis=case, actor=worker.actor, at=NOW
    )
    referral = send(worker.actor, case, center_worker.agency)
    escalate_overdue(actor=Actor.system("試験"), at=NOW + timedelta(days=4))
    referral.refresh_from_db()
    assert referral.escalated_to == elderly_director.agency


# ── The past stands ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_never_rewrites_the_past(worker, promoter, elderly_director, disability_director, choose):
    before = hear(worker.actor)
    change = TODAY + timedelta(days=3)
    choose(Model.PROMOTER_TAKES, promoter.agency, on=change, at=NOW)
    before.refresh_from_db()
    assert before.lead_agency == worker.agency and sees(elderly_director, before)
    at = NOW + timedelta(days=4)
    set_sectors(case=before, sectors=[*BOTH, Sector.CHILD], actor=worker.actor, at=at)
    before.refresh_from_db()
    assert before.lead_agency == worker.agency and sees(elderly_director, before)
    assert hear(worker.actor, at=at).lead_agency == promoter.agency
    directory = load_directory()
    assert [directory.setup_on(d).model for d in (TODAY, change - timedelta(days=1), change)] == [
        Model.DIRECTOR_PER_SECTOR, Model.DIRECTOR_PER_SECTOR, Model.PROMOTER_TAKES,
    ]  # fmt: skip


def test_a_setting_that_has_begun_can_be_neither_changed_nor_removed_even_by_hand(promoter, choose):
    setting = choose(Model.PROMOTER_TAKES, promoter.agency)
    for change in (
        lambda: CoordinationSetting.objects.filter(pk=setting.pk).update(model=Model.HUBS),
        lambda: CoordinationSetting.objects.filter(pk=setting.pk).update(starts_on=TOMORROW),
        lambda: CoordinationSetting.objects.filter(pk=setting.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="has begun"), transaction.atomic():
            change()


def test_what_has_not_begun_can_be_taken_back_and_the_row_stays(promoter, choose, admin, worker):
    setting = choose(Model.PROMOTER_TAKES, promoter.agency, on=TOMORROW, at=NOW)
    withdraw_model(setting=setting, actor=admin.actor, at=NOW)
    assert hear(worker.actor, at=NOW + timedelta(days=2)).lead_agency == worker.agency
    assert CoordinationSetting.objects.get().withdrawn_by == admin.staff
    choose(Model.HUBS, on=TOMORROW, at=NOW, operators={Project.COOPERATION: [worker.agency]})
    with pytest.raises(RuleViolation, match="始まった型は取り消せません"):
        withdraw_model(setting=choose(Model.PROMOTER_TAKES, promoter.agency), actor=admin.actor, at=NOW)


# ── Bad input ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_is_refused_beside_its_field(choose, promoter, worker, care_center, elderly_director):
    closed = f.make_agency("旧窓口")
    closed.closed_on = date(2026, 4, 1)
    closed.save()
    empty = f.make_agency("空室", kind=AgencyKind.DIRECTOR_OFFICE)
    refused = [
        ("starts_on", {"model": Model.HUBS, "on": TODAY, "at": NOW}),
        ("model", {"model": "everything", "on": TOMORROW}),
        ("center", {"model": Model.ONE_STOP, "on": TOMORROW}),
        ("center", {"model": Model.ONE_STOP, "center": closed, "on": TOMORROW}),
        ("center", {"model": Model.ONE_STOP, "center": elderly_director.agency, "on": TOMORROW}),
        ("center", {"model": Model.PROMOTER_CONVENES, "center": worker.agency, "on": TOMORROW}),
        ("center", {"model": Model.CENTRAL_DIRECTOR, "center": empty, "on": TOMORROW}),
        ("cooperation", {"model": Model.HUBS, "on": TOMORROW}),
        ("cooperation", {"model": Model.HUBS, "on": TOMORROW, "operators": {"cooperation": [closed]}}),
        ("conference_days", {"model": Model.DIRECTOR_PER_SECTOR, "on": TOMORROW, "conference_days": 0}),
    ]
    for field, wrong in refused:
        with pytest.raises(RuleViolation) as error:
            choose(**wrong)
        assert error.value.field == field, wrong
    assert not CoordinationSetting.objects.exists()
    choose(Model.DIRECTOR_PER_SECTOR, on=TOMORROW)
    with pytest.raises(RuleViolation, match="すでにあります"):
        choose(Model.DIRECTOR_PER_SECTOR, on=TOMORROW)


def test_only_the_administrator_sets_it(choose, worker, elderly_director, manager):
    for who in (worker, elderly_director, manager):
        with pytest.raises(NotAllowed):
            choose(Model.DIRECTOR_PER_SECTOR, on=TOMORROW, actor=who.actor)


def test_the_directors_and_the_center_are_told_of_a_change(choose, promoter, elderly_director, worker):
    choose(Model.PROMOTER_CONVENES, promoter.agency, on=TOMORROW, at=NOW)
    words = ["連携の型が令和8年11月24日（火）から「推進員は会議だけを開く」に変わります。"]
    assert told_of_change(promoter) == told_of_change(elderly_director) == words
    assert told_of_change(worker) == []


def test_the_lead_passes_over_a_denied_worker(worker, promoter, choose):
    choose(Model.PROMOTER_TAKES, promoter.agency)
    second = persona(promoter.agency, Role.AGENCY_MANAGER, name="安藤 光")
    home = f.make_household("藤堂 世帯", agency=worker.agency, actor=worker.actor)
    deny_staff(household=home, staff=promoter.staff, reason="relative", note="", actor=worker.actor, at=NOW)
    case = take_up_case(household=home, actor=worker.actor, at=NOW, reason="", sectors=BOTH)
    assert case.lead_staff == second.staff
