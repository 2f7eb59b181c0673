"""An agency is dissolved in mid-referral: everything that waited for it has its next actor, and the director knows."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role, Sector
from accounts.models import Appointment, Notice
from audit.models import ChangeRecord
from cases.models import Case, CasePartner
from common.errors import NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from referrals.actions.answer_referral import answer_referral
from referrals.actions.close_agency import close_agency, duties_of
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.models import ActionItem, Referral
from referrals.selectors import coordination_directory, next_step
from referrals.workflow import ReferralState
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW, TODAY, give_consent
from tests.referrals import conferences as c
from tests.referrals.helpers import send

SYSTEM = Actor.system("試験")


@pytest.fixture
def heir(db):
    """Two workers and the head of the agency that goes on."""
    agency = f.make_agency("福祉相談課", kind=AgencyKind.DEPARTMENT, sector=Sector.DISABILITY)
    return [persona(agency, name=name) for name in ("桑田 修", "入江 千尋")]


@pytest.fixture
def shut(admin, disability_section, heir):
    def closed(successor="heir", **over):
        chosen = heir[0].agency if successor == "heir" else successor
        fields = {"reason": "機構改革", "actor": admin.actor, "at": NOW, "agency": disability_section, **over}
        return close_agency(successor=chosen, **fields)

    return closed


def told(who) -> str:
    return " / ".join(Notice.objects.filter(staff=who.staff).order_by("pk").values_list("text", flat=True))


def test_cases_go_to_named_people_who_are_there(shut, heir, disability_worker, disability_director):
    cases = [f.make_case(disability_worker.actor, sectors=("disability",)) for _ in range(4)]
    shut()
    rows = Case.objects.filter(pk__in=[case.pk for case in cases])
    assert {row.lead_agency for row in rows} == {heir[0].agency}
    leads = [row.lead_staff_id for row in rows]
    assert {leads.count(who.staff.pk) for who in heir} == {2}  # spread, not heaped
    assert Case.objects.visible_to(heir[0].actor).count() == 4
    assert not Case.objects.visible_to(disability_worker.actor).exists()
    assert "2件の仕事を引き継ぎました" in told(heir[0])
    assert "障害福祉室が廃止され、福祉相談課が引き継ぎました（ケース4件、つなぎ0件）" in told(
        disability_director
    )


def test_a_request_in_its_hands_gets_a_new_receiver_and_a_new_deadline(shut, heir, worker, disability_worker):
    referral = send(
        worker.actor,
        f.make_case(worker.actor),
        disability_worker.agency,
        deadline_at=NOW + timedelta(hours=2),
    )
    shut()
    referral.refresh_from_db()
    assert (referral.to_agency, referral.state, referral.seen_at) == (
        heir[0].agency,
        ReferralState.SENT,
        None,
    )
    assert referral.deadline_at > NOW + timedelta(days=2)
    step = next_step(referral, coordination_directory())
    assert step is not None and "福祉相談課" in step.who
    assert "つなぎ先が、機関の廃止により変わりました" in told(worker)
    answer_referral(referral=referral, event="join", actor=heir[0].actor, at=NOW)


def test_a_consent_that_named_the_old_agency_shows_the_new_one_nothing(shut, heir, worker, disability_worker):
    case = f.make_case(worker.actor)
    give_consent(case, worker.actor, disability_worker.agency)
    referral = send(worker.actor, case, disability_worker.agency, ground=Ground.CONSENT)
    shut()
    referral.refresh_from_db()
    assert (referral.ground, referral.consent) == (Ground.COORDINATION, None)
    page = heir[0].client.get(f"/referrals/{referral.pk}/").content.decode()
    assert "森下" not in page and referral.purpose in page


def test_a_partner_seat_passes_on_without_the_record(shut, heir, worker, disability_worker):
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, disability_worker.actor)
    shut()
    seat = CasePartner.objects.get(case=case, ended_at__isnull=True)
    assert seat.agency == heir[0].agency and seat.staff in {who.staff for who in heir}
    assert not Case.objects.visible_to(heir[0].actor).exists()
    assert not Case.objects.visible_to(disability_worker.actor).exists()


def test_a_request_that_would_ask_its_own_sender_is_taken_back(shut, heir, disability_worker):
    referral = send(heir[0].actor, f.make_case(heir[0].actor), disability_worker.agency)
    shut()
    referral.refresh_from_db()
    assert (referral.state, referral.answer_note) == (ReferralState.WITHDRAWN, "障害福祉室の廃止のため")


def test_one_waiting_request_each_where_both_were_asked(shut, heir, worker, disability_worker):
    case = f.make_case(worker.actor)
    first, second = (
        send(worker.actor, case, disability_worker.agency),
        send(worker.actor, case, heir[0].agency),
    )
    shut()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (ReferralState.WITHDRAWN, ReferralState.SENT)


def test_what_it_asked_and_what_rose_to_it_goes_on(
    shut, admin, heir, worker, center_worker, disability_worker, disability_director
):
    own = send(disability_worker.actor, f.make_case(disability_worker.actor), center_worker.agency)
    shut()
    own.refresh_from_db()
    assert own.from_agency == heir[0].agency
    asked = send(worker.actor, f.make_case(worker.actor), heir[0].agency)
    escalate_overdue(actor=SYSTEM, at=NOW + timedelta(days=4))
    asked.refresh_from_db()
    assert asked.escalated_to == disability_director.agency
    other = f.make_agency("ＡＤ 総合", kind=AgencyKind.DIRECTOR_OFFICE, may_lead=False)
    keeper = persona(other, Role.AREA_DIRECTOR, sector=Sector.DISABILITY)
    shut(other, agency=disability_director.agency, at=NOW + timedelta(days=5))
    asked.refresh_from_db()
    assert asked.escalated_to == other
    assert Case.objects.visible_to(keeper.actor).filter(pk=asked.case_id).exists()


def test_decisions_and_conferences_go_with_it(shut, heir, worker, disability_worker, elderly_director):
    case = f.make_case(worker.actor, sectors=("elderly", "disability"))
    conference = c.convene(elderly_director.actor, kind="area", invite=(disability_worker.agency,))
    item = c.put(conference, case, elderly_director.actor)
    c.sit(conference, elderly_director.actor)
    decision = c.decide(item, disability_worker.agency, disability_worker.staff, elderly_director.actor)
    own = c.convene(disability_worker.actor)
    shut()
    decision.refresh_from_db()
    own.refresh_from_db()
    assert decision.agency == own.convener == heir[0].agency
    assert decision.staff in {who.staff for who in heir}
    assert ActionItem.objects.visible_to(heir[0].actor).filter(pk=decision.pk).exists()


def test_a_denied_worker_of_the_successor_gets_nothing_of_the_household(shut, heir, disability_worker):
    case = f.make_case(disability_worker.actor)
    deny_staff(
        household=case.household,
        staff=heir[0].staff,
        reason="relative",
        note="",
        actor=disability_worker.actor,
        at=NOW,
    )
    shut()
    case.refresh_from_db()
    assert case.lead_staff == heir[1].staff


def test_nothing_is_half_done_when_nobody_is_there(shut, worker, disability_worker):
    case = f.make_case(disability_worker.actor)
    empty = f.make_agency("空室")
    with pytest.raises(RuleViolation) as error:
        shut(empty)
    assert error.value.field == "successor"
    case.refresh_from_db()
    disability_worker.agency.refresh_from_db()
    assert (case.lead_agency, disability_worker.agency.closed_on) == (disability_worker.agency, None)


def test_wrong_input_is_refused_beside_its_field(shut, worker, disability_worker, elderly_director, admin):
    f.make_case(disability_worker.actor)
    gone = f.make_agency("旧室")
    gone.closed_on = TODAY
    gone.save()
    for successor, over, field in (
        (None, {}, "successor"), (disability_worker.agency, {}, "successor"), (gone, {}, "successor"),
        (elderly_director.agency, {}, "successor"), ("heir", {"reason": " "}, "reason"), ("heir", {"agency": admin.agency}, None),
    ):  # fmt: skip
        with pytest.raises(RuleViolation) as error:
            shut(successor, **over)
        assert error.value.field == field
    with pytest.raises(NotAllowed):
        shut(actor=worker.actor)


def test_closing_twice_changes_nothing_and_rights_end(shut, disability_worker, disability_section, admin):
    shut()
    assert shut(None).successor is not None
    assert ChangeRecord.objects.filter(action="agency.close").count() == 1
    assert not Appointment.objects.current(TODAY).filter(agency=disability_section).exists()
    assert duties_of(disability_section, NOW).total == 0


def test_an_agency_with_nothing_to_do_needs_no_successor(shut, disability_section):
    assert shut(None).closed_on == TODAY


def test_closed_by_hand_a_request_to_it_rises_at_once(worker, disability_worker, disability_director):
    send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    disability_worker.agency.closed_on = TODAY
    disability_worker.agency.save()
    assert escalate_overdue(actor=SYSTEM, at=NOW + timedelta(minutes=5)) == 1
    assert Referral.objects.get().escalated_to == disability_director.agency


def test_the_page_counts_and_names_nobody(admin, worker, disability_worker, disability_section, heir):
    case = f.make_case(disability_worker.actor)
    url = f"/manage/agencies/{disability_section.pk}/close/"
    page = admin.client.get(url).content.decode()
    assert "主担当のケース" in page and case.number not in page and "森下" not in page
    assert worker.client.get(url).status_code == 403
    wrong = admin.client.post(url, {"successor": "", "reason": "機構改革"})
    assert wrong.status_code == 422 and "引き継ぐ機関を選んでください" in wrong.content.decode()
    answer = admin.client.post(url, {"successor": heir[0].agency.pk, "reason": "機構改革"})
    assert answer.status_code == 302
    assert "福祉相談課が引き継ぎ" in admin.client.get("/manage/agencies/").content.decode()
    assert admin.client.get(url).status_code == 404


def test_the_duties_of_a_closed_center_are_its_successors(admin, worker, heir, disability_section):
    from cases.actions.coordination import set_model
    from cases.coordination import Model
    from tests.cases.test_coordination import hear

    persona(disability_section)
    set_model(
        model=Model.ONE_STOP, starts_on=TODAY - timedelta(days=1), center=disability_section, coordinator_may_lead=True,
        conference_days=None, operators={}, reason="窓口を一つに", actor=admin.actor, at=NOW - timedelta(days=9),
        request_key=uuid4(),
    )  # fmt: skip
    close_agency(
        agency=disability_section, successor=heir[0].agency, reason="機構改革", actor=admin.actor, at=NOW
    )
    assert hear(worker.actor, at=NOW).lead_agency == heir[0].agency
