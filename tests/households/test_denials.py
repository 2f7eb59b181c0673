"""閲覧させない職員: the deny list beats every role, in every surface, count and search."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budgets.models import WorkEntry
from cases.actions.break_glass import break_glass
from cases.actions.notes import NoteData, write_note
from cases.models import Case, Consultation
from cases.selectors.intake import find_people
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.denials import deny_staff, release_staff
from households.models import Household, HouseholdDenial, Kinship, Person
from referrals.models import Referral
from tests import factories as f
from tests.conftest import persona
from tests.referrals.helpers import send


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


def deny(case, worker, staff):
    return deny_staff(
        household=case.household, staff=staff, reason="relative", note="", actor=worker.actor, at=f.NOW
    )


def test_a_denied_colleague_sees_nothing_of_it(case, worker, colleague, center_worker):
    send(worker.actor, case, center_worker.agency)
    assert Case.objects.visible_to(colleague.actor).count() == 1
    deny(case, worker, colleague.staff)
    for model in (Case, Household, Person, Consultation, Referral, Kinship):
        assert not model.objects.visible_to(colleague.actor).exists(), model
    assert find_people(actor=colleague.actor, query="森下") == []
    assert Case.objects.visible_to(worker.actor).count() == 1


@pytest.mark.parametrize(
    "url",
    ["/cases/{n}/", "/households/{h}/", "/households/{h}/protection/", "/households/people/{p}/",
     "/break-glass/people/{p}/", "/cases/{n}/consent/", "/api/v1/cases/{n}/"],
)  # fmt: skip
def test_its_pages_answer_as_if_it_were_not_there(case, worker, colleague, url):
    deny(case, worker, colleague.staff)
    path = url.format(n=case.number, h=case.household_id, p=case.person_id)
    assert colleague.client.get(path).status_code == 404
    missing = url.format(n="K08-99999", h=10**9, p=10**9)
    assert colleague.client.get(missing).status_code == 404


def test_lists_counts_and_search_are_silent(case, worker, colleague):
    deny(case, worker, colleague.staff)
    for url in ("/", "/cases/", "/households/", "/referrals/", "/consultations/", "/search/?q=森下"):
        text = colleague.client.get(url).content.decode()
        assert "森下 和子" not in text
        assert case.number not in text


def test_it_beats_break_glass_and_the_managers_role(case, worker, manager, desk):
    deny(case, worker, manager.staff)
    assert not Case.objects.visible_to(manager.actor).exists()
    with pytest.raises(Person.DoesNotExist):
        break_glass(
            person=case.person, reason="life", text="倒れていると近所から連絡があった", actor=manager.actor, at=f.NOW,
            request_key=f.uuid4(),
        )  # fmt: skip


def test_a_case_opened_later_for_the_household_is_denied_too(case, worker, colleague):
    deny(case, worker, colleague.staff)
    Case.objects.filter(pk=case.pk).update(
        state="closed", closed_at=f.NOW, closed_by=worker.staff, no_follow_up_reason="転居",
        closing_reason=f.make_code("closing_reason", "x", "転居"),
    )  # fmt: skip
    again = f.make_case(worker.actor, household=case.household)
    assert Case.objects.visible_to(worker.actor).filter(pk=again.pk).exists()
    assert not Case.objects.visible_to(colleague.actor).exists()


def test_twice_is_once_and_release_opens_again(case, worker, colleague):
    denial = deny(case, worker, colleague.staff)
    assert deny(case, worker, colleague.staff) == denial
    with pytest.raises(RuleViolation, match="理由"):
        release_staff(denial=denial, reason=" ", actor=worker.actor, at=f.NOW)
    release_staff(denial=denial, reason="転居した", actor=worker.actor, at=f.NOW)
    assert Case.objects.visible_to(colleague.actor).exists()
    with pytest.raises(InvalidTransition):
        release_staff(denial=denial, reason="もう一度", actor=worker.actor, at=f.NOW)


def test_nobody_denies_themselves_or_without_the_right(case, worker, colleague, stranger, elderly_director):
    with pytest.raises(RuleViolation, match="自分自身"):
        deny(case, worker, worker.staff)
    for other in (stranger, elderly_director):
        with pytest.raises((Household.DoesNotExist, NotAllowed)):
            deny(case, other, colleague.staff)
    assert not HouseholdDenial.objects.exists()


def test_the_page_names_a_worker_by_number_or_name(case, worker, colleague, desk):
    url = f"/households/{case.household_id}/protection/deny/"
    persona(desk, name="西尾 悠")  # a namesake of the colleague
    client = worker.client
    wrong = client.post(url, {"staff_text": "いない人", "reason": "relative"})
    assert "見つかりません" in wrong.content.decode()
    two = client.post(url, {"staff_text": "西尾 悠", "reason": "relative"})
    assert "同じ氏名の職員" in two.content.decode()
    assert not HouseholdDenial.objects.exists()
    client.post(url, {"staff_text": colleague.staff.username, "reason": "relative"})
    assert HouseholdDenial.objects.get().staff == colleague.staff


def test_minutes_of_a_denied_case_bear_no_number(case, worker, manager, finance, desk):
    """The minutes stay, or the month would not add up; whose they are is not told."""
    note = NoteData(started_at=f.NOW - timedelta(hours=2), minutes=30, way="phone", text="電話した。")
    f.make_streams()
    write_note(case=case, data=note, actor=worker.actor, at=f.NOW, request_key=f.uuid4())
    for reader in (manager, finance):
        rows = WorkEntry.objects.visible_to(reader.actor).with_shown_number(reader.actor)
        assert rows.get().shown_number == case.number
        deny(case, worker, reader.staff)
        assert (rows.get().shown_number, rows.get().minutes) == ("", 30)
    assert case.number not in finance.client.get("/api/v1/work-entries/").content.decode()
