"""What a ground opened closes with it; what a seat does not open, neither print nor minutes nor another list tells."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.enums import Ground, Sector
from accounts.models import Notice
from cases.actions.notes import NoteData, write_note
from cases.actions.open_case import set_sectors
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.masters import load_codes
from cases.models import Case, CaseGrant
from cases.selectors import shared_parts
from households.actions.denials import deny_staff
from households.actions.protection import protect_address
from households.contact import HIDDEN, HIDDEN_DESK, shield_for_agency
from households.models import ConsentScan
from households.selectors_protection import home_rows as protection_rows
from referrals.actions.agenda import edit_item, remove_item
from referrals.actions.agenda_order import move_item
from referrals.actions.answer_referral import answer_referral
from referrals.actions.run_conference import close_conference, conclude_item
from referrals.disclosure_rules import coverage
from referrals.handover import open_work, staff_with_work
from referrals.models import AgendaItem, Conference
from referrals.selectors import inbox
from referrals.selectors_conferences import for_list, with_members
from referrals.selectors_conferences import home_rows as conference_rows
from referrals.selectors_home import home_rows as referral_rows
from referrals.selectors_papers import handout
from tests import factories as f
from tests.conftest import persona
from tests.referrals import conferences as c
from tests.referrals.helpers import send

pytestmark = pytest.mark.django_db
FORTNIGHT = timedelta(days=15)


@pytest.fixture
def case(worker):
    person = f.make_person()
    case = f.make_case(worker.actor, household=f.make_household(person=person), sectors=(Sector.ELDERLY,))
    case.person = person
    case.save()
    return case


def deny(case, who, by):
    deny_staff(
        household=case.household, staff=who.staff, reason="relative", note="", actor=by.actor, at=f.NOW
    )


# ── An emergency lasts 14 days ──────────────────────────────────────────────────────────────────────────────


def test_an_emergency_shows_nothing_after_it_is_over(case, worker, center_worker):
    referral = send(
        worker.actor, case, center_worker.agency, ground=Ground.EMERGENCY, parts=("basic", "notes")
    )
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=f.NOW + timedelta(hours=1))
    referral.refresh_from_db()
    assert [p.value for p in coverage(referral, f.TODAY).covered] == ["basic", "notes"]
    over = coverage(referral, f.TODAY + FORTNIGHT)
    assert (over.covered, len(over.held_back)) == ((), 2)
    assert "過ぎました" in over.why


def test_the_papers_of_an_emergency_close_after_14_days(case, worker, center_worker):
    conference = c.convene(worker.actor, invite=(center_worker.agency,))
    item = c.put(conference, case, worker.actor, ground=Ground.EMERGENCY)
    mine = AgendaItem.objects.visible_to(center_worker.actor).filter(pk=item.pk)
    Conference.objects.filter(pk=conference.pk).update(starts_at=timezone.now())
    assert mine.exists()
    Conference.objects.filter(pk=conference.pk).update(starts_at=timezone.now() - FORTNIGHT)
    assert not mine.exists()


# ── Sectors ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_director_whose_sector_was_ticked_by_mistake_does_not_keep_the_case(
    case, worker, elderly_director, disability_director
):
    def seen(who):
        return Case.objects.visible_to(who.actor).filter(pk=case.pk).exists()

    both = [Sector.ELDERLY, Sector.DISABILITY]
    set_sectors(case=case, sectors=both, actor=worker.actor, at=f.NOW)
    assert seen(elderly_director)
    assert seen(disability_director)
    set_sectors(case=case, sectors=[Sector.ELDERLY], actor=worker.actor, at=f.NOW)
    assert not seen(elderly_director)
    assert not seen(disability_director)
    assert seen(worker)
    assert CaseGrant.objects.filter(content_object=case, ground=Ground.COORDINATION).count() == 2
    set_sectors(case=case, sectors=both, actor=worker.actor, at=f.NOW)
    assert seen(disability_director)


# ── Minutes and copies ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def over(case, worker, center_worker, disability_worker):
    """A team meeting on consent: the centre is named by it, the disability section is not."""
    f.give_consent(case, worker.actor, center_worker.agency)
    case.refresh_from_db()
    conference = c.convene(worker.actor, invite=(center_worker.agency, disability_worker.agency))
    item = c.put(conference, case, worker.actor, topic="借金の整理", ground=Ground.CONSENT)
    c.sit(conference, worker.actor)
    conclude_item(item=item, conclusion="破産を申し立てる", actor=worker.actor, at=c.START)
    conference.refresh_from_db()
    return close_conference(
        conference=conference, summary=f"1. 借金の整理（{case.number}）　結論：破産を申し立てる", actor=worker.actor,
        at=c.START + timedelta(minutes=50),
    )  # fmt: skip


def test_minutes_are_for_those_who_may_read_every_item(over, case, worker, center_worker, disability_worker):
    url = f"/conferences/{over.pk}/"
    for reader in (worker, center_worker):
        assert "破産を申し立てる" in reader.client.get(url).content.decode()
    page = disability_worker.client.get(url).content.decode()
    assert "破産" not in page
    assert case.number not in page


def test_the_minutes_name_nothing_to_a_denied_worker(over, case, worker, colleague):
    deny(case, colleague, worker)
    page = colleague.client.get(f"/conferences/{over.pk}/").content.decode()
    assert "破産" not in page
    assert case.number not in page


def test_a_copy_for_another_agency_holds_what_is_open_to_it(
    over, worker, center_worker, disability_worker, time_machine
):
    time_machine.move_to(f.NOW + timedelta(hours=2), tick=False)
    seats = with_members(Conference.objects.visible_to(worker.actor)).get()
    copies = {
        who.agency: len(handout(seats, worker.actor, c.seat(over, who.agency)).papers)
        for who in (worker, center_worker, disability_worker)
    }
    assert copies == {worker.agency: 1, center_worker.agency: 1, disability_worker.agency: 0}


# ── The deny list in queues and counts ──────────────────────────────────────────────────────────────────────


def test_a_denied_worker_of_the_asked_agency_has_no_row(case, worker, center_worker, care_center):
    denied = persona(care_center, name="近親 者")
    send(worker.actor, case, care_center)
    deny(case, denied, worker)
    assert inbox(center_worker.actor).count() == len(referral_rows(center_worker.actor, f.NOW)) == 1
    assert inbox(denied.actor).count() == len(referral_rows(denied.actor, f.NOW)) == 0


def test_a_denied_worker_of_the_doing_agency_has_no_row(case, worker, center_worker, care_center):
    denied = persona(care_center, name="近親 者")
    conference = c.convene(worker.actor, invite=(care_center,))
    item = c.put(conference, case, worker.actor)
    c.sit(conference, worker.actor)
    c.decide(item, care_center, center_worker.staff, worker.actor)
    deny(case, denied, worker)

    def decisions(who):
        return [row for row in conference_rows(who.actor, f.NOW) if row.kind == "決定事項"]

    assert len(decisions(center_worker)) == 1
    assert decisions(denied) == []
    assert [x.items for x in for_list(Conference.objects.all(), center_worker.actor)] == [1]
    assert [x.items for x in for_list(Conference.objects.all(), denied.actor)] == [0]


def test_a_denied_worker_of_the_convening_agency_changes_no_item(case, worker, colleague):
    conference = c.convene(worker.actor)
    item = c.put(conference, case, worker.actor)
    deny(case, colleague, worker)
    for act in (
        lambda: move_item(item=item, to=1, actor=colleague.actor, at=f.NOW),
        lambda: remove_item(item=item, actor=colleague.actor, at=f.NOW),
        lambda: edit_item(
            item=item, actor=colleague.actor, at=f.NOW, topic="x", minutes=5, situation="", request_text="",
            ground=item.ground, referral=None, plan=None,
        ),
    ):  # fmt: skip
        with pytest.raises(Conference.DoesNotExist):
            act()


def test_the_handover_counts_and_names_what_the_manager_may_know(
    case, worker, center_worker, care_center, desk
):
    boss = persona(care_center, "agency_manager", name="所長 者")
    referral = send(worker.actor, case, care_center, ground=Ground.COORDINATION, parts=())
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=f.NOW)
    (piece,) = open_work(center_worker.staff, care_center, boss.actor)
    assert piece.title == case.number
    own = persona(desk, "agency_manager", name="所長 ふたり")
    assert open_work(worker.staff, desk, own.actor)[0].title == f"{case.household.name}（{case.number}）"
    deny(case, own, worker)
    assert staff_with_work(desk, f.TODAY, own.actor) == []


def test_a_notice_tells_no_desk(case, worker, center_worker):
    load_codes()
    f.make_streams()
    receive_consultation(
        data=ContactData(
            started_at=f.NOW - timedelta(minutes=30), minutes=10, way="phone", text="夫が倒れた", outcome="support"
        ),
        person_id=case.person_id, actor=center_worker.actor, at=f.NOW, request_key=uuid4(),
    )  # fmt: skip
    text = Notice.objects.get(staff=worker.staff).text
    assert case.number in text
    assert center_worker.agency.short_name not in text


# ── The API hides the same desks ────────────────────────────────────────────────────────────────────────────


def test_neither_a_row_nor_a_filter_of_the_api_tells_a_hidden_desk(
    case, worker, center_worker, disability_worker
):
    f.share_by_consent(case, worker.actor, center_worker.actor)
    case.refresh_from_db()
    referral = send(worker.actor, case, disability_worker.agency, purpose="若葉製作所へ一緒に行く")
    case.person.workplace = "若葉製作所"
    case.person.save()
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    client, url = center_worker.client, "/api/v1/referrals/"
    (row,) = [r for r in client.get(url).json()["results"] if r["id"] == referral.pk]
    assert (row["from_agency"], row["to_agency"]) == (HIDDEN_DESK, disability_worker.agency.code)
    assert row["purpose"] == f"{HIDDEN}へ一緒に行く"
    for code in (worker.agency.code, disability_worker.agency.code):
        found = client.get(f"{url}?from_agency__code={code}").json()["results"]
        assert found == []
    assert client.get(f"{url}?to_agency__code={center_worker.agency.code}").json()["results"]
    page = client.get(f"/referrals/?tab=history&agency={worker.agency.pk}").content.decode()
    assert case.number not in page


def test_the_timeline_offers_no_hidden_desk(case, worker, center_worker):
    f.share_by_consent(case, worker.actor, center_worker.actor)
    option = f'<option value="{worker.agency.pk}"'
    assert option in center_worker.client.get(f"/cases/{case.number}/").content.decode()
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    assert option not in center_worker.client.get(f"/cases/{case.number}/").content.decode()


def test_parts_of_a_record_name_no_hidden_desk(case, worker, center_worker):
    load_codes()
    f.make_streams()
    write_note(
        case=case, actor=worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(started_at=f.NOW - timedelta(hours=1), minutes=10, way="phone", text="話した"),
    )  # fmt: skip
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    lines = "".join(shared_parts(case, ["notes"], shield_for_agency(center_worker.agency))["notes"])
    assert HIDDEN_DESK in lines
    assert worker.staff.name not in lines


def test_the_scan_of_a_protected_person_is_for_the_units(case, worker, center_worker):
    f.share_by_consent(case, worker.actor, center_worker.actor, scan=b"%PDF-1.7 signed")
    scans = ConsentScan.objects.visible_to(center_worker.actor)
    assert scans.count() == 1
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    assert scans.count() == 0
    assert ConsentScan.objects.visible_to(worker.actor).count() == 1


def test_a_protection_that_ends_is_told_to_nobody_on_the_deny_list(case, worker, colleague):
    protect_address(
        person=case.person, units=[], first_on=f.TODAY, last_on=f.TODAY, actor=worker.actor, at=f.NOW
    )
    assert protection_rows(colleague.actor, f.NOW)
    deny(case, colleague, worker)
    assert protection_rows(colleague.actor, f.NOW) == []
