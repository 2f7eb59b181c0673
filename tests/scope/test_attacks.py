"""Somebody tries to learn what is not theirs by a way that no page offers: each of these was a hole, or might become one."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actor import build_actor
from accounts.enums import Ground
from accounts.models import Notice
from cases.actions.assessment import ItemData, add_item
from cases.actions.break_glass import break_glass, review_break_glass
from cases.actions.consent import withdraw_consent
from cases.actions.notes import NoteData, write_note
from cases.models import Case, Draft
from common.errors import RuleViolation
from households.actions.denials import deny_staff
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.enums import MovementKind
from households.models import Person
from referrals.actions.answer_referral import answer_referral
from referrals.actions.follow_referral import finish_referral
from tests import factories as f
from tests.referrals import conferences as c
from tests.referrals.helpers import send

pytestmark = pytest.mark.django_db
NOW = f.NOW


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW)


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


def page(who, url):
    return who.client.get(url).content.decode()


def note(case, who, text):
    data = NoteData(started_at=NOW - timedelta(hours=1), minutes=15, way="phone", text=text)
    return write_note(case=case, data=data, actor=who.actor, at=NOW, request_key=uuid4())


def told(who):
    return Notice.objects.visible_to(build_actor(who.staff, on=f.TODAY)).exists()


def deny(case, who, by):
    deny_staff(household=case.household, staff=who.staff, reason="relative", note="", actor=by.actor, at=NOW)


def test_a_sender_who_lost_the_case_reads_no_more_of_it(case, worker, center_worker, disability_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    need = add_item(case=case, data=ItemData("problem", "藍色の課題"), actor=worker.actor, at=NOW)
    referral = send(
        center_worker.actor, case, disability_worker.agency, ground=Ground.EMERGENCY,
        parts=("basic", "problems", "notes"),
    )  # fmt: skip
    referral.need = need
    referral.save()
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="", version=consent.version, actor=worker.actor, at=NOW
    )
    note(case, worker, "鵯色の記録")
    assert not Case.objects.visible_to(center_worker.actor).exists()
    shown = page(center_worker, f"/referrals/{referral.pk}/")
    assert "介護保険の申請" in shown
    assert "鵯色の記録" not in shown
    assert "藍色の課題" not in shown
    assert "鵯色の記録" in page(disability_worker, f"/referrals/{referral.pk}/")


def test_the_result_is_not_told_to_a_sender_who_lost_the_case(case, worker, center_worker, disability_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    referral = send(center_worker.actor, case, disability_worker.agency, ground=Ground.COORDINATION, parts=())
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW, note="鶸色の返事")
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="", version=consent.version, actor=worker.actor, at=NOW
    )
    finish_referral(
        referral=referral, outcome="eased", note="縹色の結果", actor=disability_worker.actor, at=NOW
    )
    shown = page(center_worker, f"/referrals/{referral.pk}/")
    assert "縹色の結果" not in shown
    for who in (worker, disability_worker):
        assert "縹色の結果" in page(who, f"/referrals/{referral.pk}/")


def test_words_sent_on_a_consent_close_with_it(case, worker, center_worker):
    consent = f.give_consent(case, worker.actor, center_worker.agency)
    referral = send(
        worker.actor,
        case,
        center_worker.agency,
        ground=Ground.CONSENT,
        message="翡翠色の事情",
        parts=("basic",),
    )
    assert "翡翠色の事情" in page(center_worker, f"/referrals/{referral.pk}/")
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="", version=consent.version, actor=worker.actor, at=NOW
    )
    for url in (f"/referrals/{referral.pk}/", "/referrals/", f"/referrals/{referral.pk}/answer/join/"):
        assert "翡翠色の事情" not in page(center_worker, url)
    assert "翡翠色の事情" in page(worker, f"/referrals/{referral.pk}/")


def test_who_is_denied_later_hears_of_no_answer(case, worker, colleague, center_worker):
    referral = send(colleague.actor, case, center_worker.agency)
    deny(case, colleague, worker)
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=NOW)
    assert not told(colleague)


def test_who_is_denied_later_hears_of_no_review_and_loses_the_banner(case, worker, center_worker, manager):
    opened = break_glass(
        person=case.person, reason="missing", text="三日連絡がとれず、新聞がたまっている。", actor=center_worker.actor,
        at=timezone.now(), request_key=uuid4(),
    )  # fmt: skip
    assert case.number in page(center_worker, "/")
    deny(case, center_worker, worker)
    assert case.number not in page(center_worker, "/")
    assert case.number not in page(center_worker, "/break-glass/")
    assert center_worker.client.get(f"/break-glass/{opened.pk}/").status_code == 404
    review_break_glass(opened=opened, verdict="fit", note="確かめた", actor=manager.actor, at=timezone.now())
    assert not told(center_worker)


def test_old_notices_of_a_case_go_when_its_worker_is_denied(case, worker, colleague, center_worker):
    referral = send(colleague.actor, case, center_worker.agency)
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=NOW)
    assert case.number in page(colleague, "/")
    deny(case, colleague, worker)
    assert case.number not in page(colleague, "/")
    assert not told(colleague)


def test_drafts_of_a_case_go_with_the_right_to_see_it(case, worker, colleague, center_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    for who in (colleague, center_worker):
        Draft.objects.create(
            staff=who.staff, agency=who.agency, key=f"note:{case.number}", title="支援経過: 母が倒れた",
            url=f"/cases/{case.number}/", data={"text": ["母が倒れた"]}, updated_at=NOW,
        )  # fmt: skip
        assert "母が倒れた" in page(who, "/")
    withdraw_consent(
        consent=consent, withdrawn_on=f.TODAY, note="", version=consent.version, actor=worker.actor, at=NOW
    )
    deny(case, colleague, worker)
    for who in (colleague, center_worker):
        assert "母が倒れた" not in page(who, "/")


def test_a_sitting_about_a_denied_household_alone_does_not_exist(case, worker, colleague, center_worker):
    sitting = c.convene(worker.actor, title="森下さん世帯のこと", invite=(center_worker.agency,))
    c.put(sitting, case, worker.actor)
    deny(case, colleague, worker)
    deny(case, center_worker, worker)
    for who in (colleague, center_worker):
        assert who.client.get(f"/conferences/{sitting.pk}/").status_code == 404
        for url in ("/", "/conferences/", "/conferences/?tab=past"):
            assert "森下さん世帯のこと" not in page(who, url)
    other = f.make_case(worker.actor)
    c.put(sitting, other, worker.actor)
    assert colleague.client.get(f"/conferences/{sitting.pk}/").status_code == 200


def test_the_key_of_a_movement_elsewhere_is_no_answer(case, worker, stranger):
    """The keys of an imported file can be worked out: they must not tell that somebody moved."""
    key = uuid4()
    moved = Moved(on=f.TODAY, people=(case.person_id,), request_key=key)
    change_living(
        household=case.household, moved=moved, kind=MovementKind.FACILITY_IN, actor=worker.actor, at=NOW
    )
    person = f.make_person("百目鬼", "椿")
    home = f.make_household(person=person, agency=stranger.agency)
    with pytest.raises(RuleViolation, match="開き直して"):
        change_living(
            household=home, moved=Moved(on=f.TODAY, people=(person.pk,), request_key=key),
            kind=MovementKind.FACILITY_IN,
            actor=stranger.actor, at=NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    "given", [{}, {"HTTP_IF_MATCH": '"1"'}, {"HTTP_IF_MATCH": '"99"'}, {"HTTP_IF_MATCH": "x"}]
)
def test_hidden_and_missing_answer_alike_whatever_version_is_named(case, worker, stranger, given):
    """Neither status nor body nor ETag tells that a row is there."""
    written = note(case, worker, "鵯色の記録")
    for path, missing in (
        (f"/api/v1/cases/{case.number}/", "/api/v1/cases/K99-99999/"),
        (f"/api/v1/notes/{written.pk}/", "/api/v1/notes/99999999/"),
        (f"/api/v1/people/{case.person_id}/", "/api/v1/people/99999999/"),
        (f"/api/v1/households/{case.household_id}/", "/api/v1/households/99999999/"),
    ):
        for method in ("get", "patch", "put", "delete", "post"):
            send_to = getattr(stranger.client, method)
            extra = {} if method == "get" else {"data": {"text": "x"}, "content_type": "application/json"}
            one, two = send_to(path, **extra, **given), send_to(missing, **extra, **given)
            assert (one.status_code, one.content, one.get("ETag")) == (
                two.status_code,
                two.content,
                two.get("ETag"),
            ), path
