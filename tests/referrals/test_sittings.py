"""The window of a secret sitting: who hears which item, from opening to closing, and on which ground (domain.md 1.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cases.actions.consent import withdraw_consent
from cases.models import Case
from common.errors import RuleViolation
from households.actions.protection import NOT_TOGETHER, protect_address
from households.enums import InformationKind
from households.models import Consent, Person
from referrals.actions.agenda import edit_item
from referrals.actions.run_conference import (
    close_conference,
    conclude_item,
    extend_papers,
    start_conference,
)
from referrals.enums import ConferenceKind
from referrals.models import AgendaItem, Conference
from referrals.selectors_conferences import with_members
from referrals.selectors_papers import handout
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def test_each_item_is_heard_by_those_chosen_for_it(worker, disability_worker, center_worker, case):
    agencies = (disability_worker.agency, center_worker.agency)
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=agencies)
    for who in (disability_worker, center_worker):
        c.accept(conference, who.actor)
    both = c.put(conference, case, worker.actor)
    one = c.put(
        conference,
        f.make_case(worker.actor),
        worker.actor,
        attendees=[c.seat(conference, center_worker.agency)],
    )
    c.sit(conference, worker.actor)

    def hears(persona):
        return set(AgendaItem.objects.visible_to(persona.actor))

    assert hears(worker) == hears(center_worker) == {both, one}
    assert hears(disability_worker) == {both}


def test_the_papers_shut_when_it_ends_and_when_nobody_ends_it(worker, disability_worker, case):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_worker.agency,))
    item = c.put(conference, case, worker.actor)
    c.accept(conference, disability_worker.actor)
    c.sit(conference, worker.actor)
    mine = AgendaItem.objects.visible_to(disability_worker.actor)
    assert mine.get() == item
    Conference.objects.filter(pk=conference.pk).update(papers_until=NOW)
    assert not mine.exists(), "forgotten: the papers shut by themselves"
    extend_papers(conference=conference, actor=worker.actor, at=datetime(2199, 1, 1, tzinfo=UTC))
    assert mine.exists()
    conclude_item(item=item, conclusion="訪問する", actor=worker.actor, at=c.START)
    close_conference(
        conference=conference, summary="", actor=worker.actor, at=c.START + timedelta(minutes=50)
    )
    assert not mine.exists()
    assert AgendaItem.objects.visible_to(worker.actor).get() == item, "who called it keeps the minutes"


def test_it_opens_only_with_the_reason_why_there_is_no_consent(worker, case):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT)
    item = c.put(conference, case, worker.actor, no_consent_reason="")
    with pytest.raises(RuleViolation, match="同意を得られない理由"):
        start_conference(conference=conference, actor=worker.actor, at=c.START)
    fields = {n: getattr(item, n) for n in ("topic", "minutes", "situation", "request_text", "ground")}
    edit_item(
        item=item,
        referral=None,
        plan=None,
        no_consent_reason="判断がむずかしい",
        actor=worker.actor,
        at=NOW,
        **fields,
    )
    assert start_conference(conference=conference, actor=worker.actor, at=c.START).papers_until


def test_consent_withdrawn_before_the_sitting_stops_a_multilayered_one(worker, care_center, case):
    case.person = Person.objects.filter(memberships__household=case.household).get()
    case.save()
    consent = f.give_consent(case, worker.actor, care_center)
    conference = c.convene(worker.actor, kind=ConferenceKind.MULTILAYERED)
    c.put(conference, Case.objects.get(pk=case.pk), worker.actor)
    withdraw_consent(consent=consent, withdrawn_on=NOW.date(), note="", version=1, actor=worker.actor, at=NOW)
    with pytest.raises(RuleViolation, match="本人の同意が前提"):
        start_conference(conference=conference, actor=worker.actor, at=c.START)


def test_an_entrusted_body_calls_no_support_conference(worker):
    worker.agency.is_entrusted = True
    worker.agency.save()
    with pytest.raises(RuleViolation) as caught:
        c.convene(f.actor_of(worker.staff), kind=ConferenceKind.SUPPORT)
    assert caught.value.field == "kind"


def test_a_protected_person_and_whom_they_fled_from_are_not_in_one_sitting(worker, case):
    her = Person.objects.filter(memberships__household=case.household).get()
    him = f.make_person("森下", "剛")
    his = f.make_case(worker.actor, household=f.make_household("森下 剛 世帯", person=him))
    protect_address(
        person=her, units=[], first_on=NOW.date(), last_on=NOW.date() + timedelta(days=365), adversary=him,
        actor=worker.actor, at=NOW,
    )  # fmt: skip
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT)
    c.put(conference, case, worker.actor)
    with pytest.raises(RuleViolation, match=NOT_TOGETHER) as caught:
        c.put(conference, his, worker.actor)
    assert caught.value.field == "case"


def test_a_copy_holds_only_the_items_of_its_recipient(worker, disability_worker, center_worker, case):
    agencies = (disability_worker.agency, center_worker.agency)
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=agencies)
    item = c.put(conference, case, worker.actor, attendees=[c.seat(conference, center_worker.agency)])
    seats = with_members(Conference.objects.visible_to(worker.actor)).get()
    copies = {
        agency: [p.item for p in handout(seats, worker.actor, c.seat(conference, agency)).papers]
        for agency in agencies
    }
    assert copies == {disability_worker.agency: [], center_worker.agency: [item]}


def test_the_local_name_shows_and_the_legal_kind_stays(worker, settings):
    settings.CONFERENCE_NAMES = {"support": "包括的支援会議"}
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT)
    page = worker.client.get(f"/conferences/{conference.pk}/").content.decode()
    assert "包括的支援会議" in page
    assert "106条の6" in page
    assert "包括的支援会議（支援会議）" in worker.client.get("/conferences/new/").content.decode()


def test_the_convener_extends_on_the_page(worker, disability_worker, case):
    conference = c.convene(worker.actor, kind=ConferenceKind.SUPPORT, invite=(disability_worker.agency,))
    c.put(conference, case, worker.actor)
    c.sit(conference, worker.actor)
    assert disability_worker.client.post(f"/conferences/{conference.pk}/extend/").status_code == 403
    assert worker.client.post(f"/conferences/{conference.pk}/extend/").status_code == 302
    conference.refresh_from_db()
    assert conference.papers_until == NOW + timedelta(minutes=30)


# ── Conferences that are not secret: a seat alone opens nothing ─────────────────────────────────────────────


def consenting(case):
    case.person = Person.objects.filter(memberships__household=case.household).get()
    case.save()
    return case


def test_a_seat_opens_no_case_that_the_agency_does_not_see(worker, disability_worker, case):
    conference = c.convene(worker.actor, invite=(disability_worker.agency,))
    c.put(conference, case, worker.actor, situation="長男が年金を使う")
    c.sit(conference, worker.actor)
    assert not AgendaItem.objects.visible_to(disability_worker.actor).exists()
    page = disability_worker.client.get(f"/conferences/{conference.pk}/").content.decode()
    assert "長男が年金を使う" not in page
    own = worker.client.get(f"/conferences/{conference.pk}/").content.decode()
    assert "この議題が見えない機関：障害福祉室" in own


def test_a_consent_that_names_the_agency_opens_the_item_until_it_is_withdrawn(
    worker, disability_worker, case
):
    consent = f.give_consent(consenting(case), worker.actor, disability_worker.agency)
    conference = c.convene(worker.actor, kind=ConferenceKind.MULTILAYERED, invite=(disability_worker.agency,))
    item = c.put(conference, Case.objects.get(pk=case.pk), worker.actor)
    mine = AgendaItem.objects.visible_to(disability_worker.actor)
    assert mine.get() == item
    page = worker.client.get(f"/conferences/{conference.pk}/").content.decode()
    assert "この議題が見えない機関" not in page
    withdraw_consent(consent=consent, withdrawn_on=NOW.date(), note="", version=1, actor=worker.actor, at=NOW)
    assert not mine.exists()


@pytest.mark.parametrize(
    "ground", ["child_abuse_law", "elder_abuse_law", "disability_abuse_law", "emergency"]
)
def test_a_law_against_abuse_opens_the_item_to_all_seats(worker, disability_worker, case, ground):
    conference = c.convene(worker.actor, invite=(disability_worker.agency,))
    item = c.put(conference, case, worker.actor, ground=ground)
    assert AgendaItem.objects.visible_to(disability_worker.actor).get() == item


@pytest.mark.parametrize("fields", [{"kinds": ("identity",)}, {"of": "somebody else"}])
def test_a_narrower_consent_or_anothers_opens_no_papers(worker, disability_worker, case, fields):
    """Papers hold notes and problems: a consent to the name and age alone, or of another member, does not open them."""
    case = consenting(case)
    kinds = fields.get("kinds", tuple(InformationKind.values))
    consent = f.give_consent(case, worker.actor, disability_worker.agency, kinds=kinds)
    conference = c.convene(worker.actor, kind=ConferenceKind.MULTILAYERED, invite=(disability_worker.agency,))
    c.put(conference, Case.objects.get(pk=case.pk), worker.actor)
    if "of" in fields:
        Consent.objects.filter(pk=consent.pk).update(person=f.make_person("森下", "茂"))
    assert not AgendaItem.objects.visible_to(disability_worker.actor).exists()
    page = worker.client.get(f"/conferences/{conference.pk}/").content.decode()
    assert "この議題が見えない機関：障害福祉室" in page
