"""One contact about several people, and who else has a record open."""

from __future__ import annotations

from uuid import uuid4

import pytest

from cases.masters import load_codes
from cases.models import Case, Consultation, ConsultationPerson
from households.actions.protection import protect_address
from households.models import HouseholdMember, Person
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db):
    load_codes()
    f.make_streams()


def send(persona, **over):
    post = {
        "request_key": str(uuid4()), "started_at_0": "令和8年11月23日", "started_at_1": "9:30", "minutes": "25",
        "way": "visit_desk", "caller": "family", "text": "母と息子の二人で来た。孫のことも話す。", "consent": "unknown",
        "outcome": "support", "person_text": "小松原 フミ", "person": "",
    }  # fmt: skip
    return persona.client.post("/consultations/new/", post | over)


def test_a_family_is_written_down_in_one_go(worker):
    answer = send(
        worker, other_0_text="小松原 健一", other_0_relation="child", other_0_together="on", other_1_text="小松原 ひな",
        other_1_relation="grandchild",
    )  # fmt: skip
    contact = Consultation.objects.get()
    assert answer.status_code == 302
    rows = HouseholdMember.objects.filter(household=contact.household).order_by("pk")
    said = [(m.person.display_name, m.relation, m.lives_together) for m in rows]
    assert said[1:] == [("小松原 健一", "child", True), ("小松原 ひな", "grandchild", False)]
    assert ConsultationPerson.objects.count() == 2
    page = worker.client.get(answer.url).content.decode()
    assert "小松原 健一（子）" in page


def test_a_known_person_is_named_and_not_moved_into_the_household(worker, center_worker):
    case = f.make_case(
        center_worker.actor, household=f.make_household("別 世帯", person=f.make_person("笹岡", "透"))
    )
    other = case.household.members.get().person
    assert (
        send(worker, other_0=str(other.pk), other_0_text="笹岡 透", other_0_relation="relative").status_code
        == 302
    )
    assert other.memberships.count() == 1
    assert ConsultationPerson.objects.get().person == other
    assert not Case.objects.visible_to(worker.actor).filter(pk=case.pk).exists()


def test_an_extra_person_of_a_known_name_is_asked_about_too(worker):
    known = f.make_person("笹岡", "透")
    f.make_household("笹岡 世帯", person=known, agency=worker.agency)
    typed = {"other_1_text": "笹岡 透", "other_1_relation": "relative"}
    answer = send(worker, **typed)
    assert answer.status_code == 422
    assert answer.context["asked"] == "other_1"
    assert [row.person for row in answer.context["namesakes"].people] == [known]
    page = answer.content.decode()
    assert f'name="other_1" value="{known.pk}"' in page
    assert 'name="other_1_another" value="笹岡 透"' in page
    assert page.index('name="other_1" value=""') < page.index(f'name="other_1" value="{known.pk}"')
    assert not Consultation.objects.exists()
    assert send(worker, **typed, other_1=str(known.pk)).status_code == 302
    assert ConsultationPerson.objects.get().person == known
    later = typed | {"person_text": "小松原 ウメ", "started_at_1": "13:30"}
    assert (
        send(worker, **later, other_1_another="別の名").context["asked"] == "other_1"
    )  # said of another name
    assert send(worker, **later, other_1_another="笹岡 透").status_code == 302
    assert Person.objects.filter(family_name="笹岡").count() == 2


def test_the_person_is_asked_about_first_and_the_answer_is_kept(worker):
    for given in ("フミ", "健一"):
        f.make_household(f"{given} 世帯", person=f.make_person("小松原", given), agency=worker.agency)
    typed = {"other_0_text": "小松原 健一", "other_0_relation": "child"}
    assert send(worker, **typed).context["asked"] == "person"
    second = send(worker, **typed, another="小松原 フミ")
    assert second.context["asked"] == "other_0"
    assert 'name="another" value="小松原 フミ"' in second.content.decode()
    assert send(worker, **typed, another="小松原 フミ", other_0_another="小松原 健一").status_code == 302
    assert Person.objects.filter(family_name="小松原").count() == 4


@pytest.mark.parametrize(
    "over",
    [{"other_0": "99999", "other_0_text": "だれか"}, {"other_0_text": "だれか", "other_0_relation": "boss"},
     {"other_0": "abc", "other_0_text": "だれか"}],
)  # fmt: skip
def test_a_wrong_row_keeps_everything_and_writes_nothing(worker, over):
    answer = send(worker, **over)
    assert answer.status_code == 422
    assert "だれか" in answer.content.decode()
    assert "小松原 フミ" in answer.content.decode()
    assert not Person.objects.exists()
    assert not Consultation.objects.exists()


def test_a_denied_worker_cannot_name_whom_they_must_not_find(worker, stranger):
    from households.actions.denials import deny_staff

    case = f.make_case(stranger.actor)
    hidden = case.household.members.get().person
    deny_staff(
        household=case.household,
        staff=worker.staff,
        reason="relative",
        note="",
        actor=stranger.actor,
        at=f.NOW,
    )
    answer = send(worker, other_0=str(hidden.pk), other_0_text="森下 和子")
    assert answer.status_code == 422
    assert "見つかりません" in answer.content.decode()


def test_a_contact_of_a_household_that_another_agency_keeps_adds_nobody_to_it(worker, center_worker):
    case = f.make_case(center_worker.actor)
    person = case.household.members.get().person
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=f.TODAY, actor=center_worker.actor, at=f.NOW
    )
    send(
        worker,
        person=str(person.pk),
        person_text=str(person),
        other_0_text="森下 太郎",
        other_0_relation="child",
    )
    assert case.household.members.count() == 1
    assert ConsultationPerson.objects.get().person.display_name == "森下 太郎"


def test_two_workers_see_each_other_on_a_case(worker, colleague, center_worker, stranger):
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    url = f"/presence/case/{case.number}/"
    assert worker.client.get(url).content.strip() == b""
    assert "中川 千秋さん" in colleague.client.get(url).content.decode()
    page = center_worker.client.get(url).content.decode()
    assert "ほかの機関の職員" in page
    assert "中川" not in page
    assert stranger.client.get(url).status_code == 404
    assert worker.client.get("/presence/secret/1/").status_code == 404


def test_every_page_on_which_a_case_is_written_asks_who_else_is_there(worker):
    case = f.make_case(worker.actor)
    asks = f'hx-get="/presence/case/{case.number}/"'
    for url in (
        f"/households/{case.household_id}/", f"/cases/{case.number}/", f"/cases/{case.number}/close/",
        f"/cases/{case.number}/watch/",
    ):  # fmt: skip
        assert asks in worker.client.get(url).content.decode(), url
