"""Adding somebody whom one only found (名寄せ) to a household of one's own does not open their record."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.actions.silent_risks import refresh_all
from cases.models import Consultation, SilentRisk
from cases.selectors.intake import intake_hint
from common.errors import RuleViolation
from households.actions.kinship import add_kinship, record_marriage
from households.actions.members import add_member, edit_member
from households.actions.merge_people import MergeData, merge_people
from households.actions.movements import Moved
from households.actions.protection import protect_address, set_safe_contact
from households.enums import MovementKind
from households.models import HouseholdMember, Kinship, Person
from tests import factories as f

pytestmark = pytest.mark.django_db
PHONE = "080-3319-6675"


@pytest.fixture
def kept(worker):
    """A person whose record the desk keeps."""
    person = f.make_person(phone=PHONE, workplace="若葉製作所", note="夜は電話に出ない")
    f.make_case(worker.actor, household=f.make_household(person=person))
    return person


@pytest.fixture
def theirs(center_worker):
    other = f.make_person("榊原", "薫", family_kana="さかきばら", given_kana="かおる")
    return f.make_case(center_worker.actor, household=f.make_household("榊原 世帯", person=other))


def add(person, case, who):
    return add_member(
        household=case.household, person=person, data=None, relation="other", lives_together=True,
        is_key_person=False, since=None, actor=who.actor, at=f.NOW,
    )  # fmt: skip


def test_the_record_stays_closed(kept, theirs, center_worker):
    member = add(kept, theirs, center_worker)
    assert member.by_identity
    assert not Person.objects.visible_to(center_worker.actor).filter(pk=kept.pk).exists()
    client = center_worker.client
    assert client.get(f"/households/people/{kept.pk}/").status_code == 404
    assert client.get(f"/trail/people/{kept.pk}/").status_code == 404
    for url in (f"/households/{theirs.household_id}/", f"/cases/{theirs.number}/?tab=family"):
        page = client.get(url).content.decode()
        assert kept.display_name in page
        assert PHONE not in page
        assert "若葉製作所" not in page


def test_who_keeps_the_record_sees_it_as_before(kept, theirs, worker, center_worker):
    add(kept, theirs, center_worker)
    assert Person.objects.visible_to(worker.actor).filter(pk=kept.pk).exists()


def test_kinship_inside_the_household_can_be_told_all_the_same(kept, theirs, center_worker):
    add(kept, theirs, center_worker)
    other = theirs.household.members.exclude(person=kept).get().person
    kinship = add_kinship(
        household=theirs.household, person=other, relative=kept, kind="sibling", note="", actor=center_worker.actor,
        at=f.NOW,
    )  # fmt: skip
    assert kinship.pk


def test_somebody_whom_nobody_keeps_is_seen_at_once(theirs, center_worker):
    loose = f.make_person("堀江", "蓮", family_kana="ほりえ", given_kana="れん")
    assert not add(loose, theirs, center_worker).by_identity
    assert Person.objects.visible_to(center_worker.actor).filter(pk=loose.pk).exists()


def test_it_opens_when_somebody_who_sees_the_record_confirms_the_membership(
    kept, theirs, worker, center_worker
):
    member = add(kept, theirs, center_worker)
    edit = {"relation": "other", "lives_together": True, "is_key_person": False, "at": f.NOW}
    edit_member(member=member, **edit, actor=center_worker.actor)
    assert HouseholdMember.objects.get(pk=member.pk).by_identity
    f.share_by_consent(_with_person(theirs), center_worker.actor, worker.actor)
    with pytest.raises(RuleViolation, match="別の世帯で同居"):
        edit_member(member=member, **edit, actor=worker.actor)
    edit_member(member=member, **edit | {"lives_together": False}, actor=worker.actor)
    assert not HouseholdMember.objects.get(pk=member.pk).by_identity
    assert Person.objects.visible_to(center_worker.actor).filter(pk=kept.pk).exists()


def _with_person(case):
    case.person = case.household.members.order_by("pk").first().person
    case.save()
    return case


def test_two_records_are_not_merged_by_adding_one_to_a_household(kept, theirs, center_worker):
    add(kept, theirs, center_worker)
    mine = theirs.household.members.exclude(person=kept).get().person
    with pytest.raises(RuleViolation, match="見つかりません"):
        merge_people(
            kept=mine, absorbed=kept, versions=(mine.version, kept.version),
            data=MergeData(basis="本人に確かめた"), request_key=uuid4(), actor=center_worker.actor, at=f.NOW,
        )  # fmt: skip


def test_a_contact_about_them_lands_with_who_keeps_the_record(kept, theirs, worker, center_worker, stranger):
    add(kept, theirs, center_worker)
    own = kept.memberships.get(by_identity=False).household
    for who in (worker, stranger):
        contact = receive_consultation(
            data=ContactData(started_at=f.NOW, minutes=10, way="phone", text="だれにも言わないで", outcome="information"),
            person_id=kept.pk, actor=who.actor, at=f.NOW, request_key=uuid4(),
        )  # fmt: skip
        assert contact.household == own
        assert not Consultation.objects.visible_to(center_worker.actor).filter(pk=contact.pk).exists()
    hint = intake_hint(actor=stranger.actor, person_id=kept.pk, codes=[], on=f.TODAY)
    assert theirs.lead_agency.short_name not in str(hint)


def test_a_protection_is_not_told_by_adding_somebody_by_name(kept, theirs, worker, center_worker):
    protect_address(
        person=kept,
        units=[],
        first_on=date(2026, 4, 1),
        last_on=date(2027, 3, 31),
        actor=worker.actor,
        at=f.NOW,
    )
    set_safe_contact(
        person=kept, may_call=True, may_write=False, may_visit=False, when="平日10時から", by_whom="係長から", caution="",
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    add_member(
        household=theirs.household, person=kept, data=None, relation="other", lives_together=False, is_key_person=False,
        since=None, actor=center_worker.actor, at=f.NOW,
    )  # fmt: skip
    refresh_all(at=f.NOW)
    client = center_worker.client
    page = client.get(f"/households/{theirs.household_id}/").content.decode()
    assert theirs.household.address in page
    told = client.get(f"/api/v1/households/{theirs.household_id}/").json()["contact"]
    assert told["is_hidden"] is False
    assert told["safe_contact"] == []
    assert "係長から" not in page
    assert not SilentRisk.objects.filter(case=theirs, kind="protection").exists()


def test_no_marriage_is_written_into_a_record_of_another_agency(kept, theirs, center_worker):
    add(kept, theirs, center_worker)
    other = theirs.household.members.exclude(person=kept).get().person
    moved = Moved(on=f.TODAY, people=(kept.pk, other.pk))
    with pytest.raises(RuleViolation, match="ほかの機関が記録している人"):
        record_marriage(
            household=theirs.household,
            moved=moved,
            kind=MovementKind.MARRIAGE,
            actor=center_worker.actor,
            at=f.NOW,
        )
    assert not Kinship.objects.exists()
