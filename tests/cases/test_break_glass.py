"""緊急閲覧: a reason chosen and written, one hour, notices at once, a review that must be answered."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.actor import build_actor
from accounts.enums import Ground, Role
from accounts.models import Notice
from cases.actions.break_glass import break_glass, review_break_glass
from cases.actions.notes import NoteData, write_note
from cases.actions.open_case import set_sectors
from cases.models import BreakGlass, Case, CaseGrant
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from households.actions.persons import update_household
from households.models import Household, Person
from kyosei.home import home_groups
from tests import factories as f
from tests.conftest import persona
from tests.referrals.helpers import send

TEXT = "三日連絡がとれず、新聞がたまっていると民生委員から電話があった。"


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


@pytest.fixture
def head(care_center):
    return persona(care_center, Role.AGENCY_MANAGER, name="古川 実")


def smash(case, who, **fields):
    data = {"reason": "missing", "text": TEXT, "at": timezone.now(), "request_key": uuid4(), **fields}
    return break_glass(person=case.person, actor=who.actor, **data)


def again(who):
    """The worker's next request."""
    return build_actor(who.staff, on=f.TODAY)


def test_the_case_opens_to_the_worker_alone_for_an_hour(case, center_worker, head, care_center):
    friend = persona(care_center, name="同僚 一")
    opened = smash(case, center_worker)
    assert opened.ends_at - opened.opened_at == timedelta(minutes=60)
    actor = again(center_worker)
    assert Case.objects.visible_to(actor).get() == case
    assert Household.objects.visible_to(actor).get() == case.household
    for other in (friend, head):
        assert not Case.objects.visible_to(again(other)).exists()
    grant = CaseGrant.objects.get(ground=Ground.BREAK_GLASS)
    assert (grant.basis_type, grant.basis_id, grant.ends_at) == (
        "cases.breakglass",
        str(opened.pk),
        opened.ends_at,
    )


def test_after_the_hour_it_is_closed(case, center_worker):
    smash(case, center_worker, at=timezone.now() - timedelta(minutes=61))
    assert not Case.objects.visible_to(again(center_worker)).exists()
    assert center_worker.client.get(f"/cases/{case.number}/").status_code == 404


def test_the_database_allows_no_longer_opening(case, center_worker):
    opened = smash(case, center_worker)
    with pytest.raises(IntegrityError):
        BreakGlass.objects.filter(pk=opened.pk).update(ends_at=opened.opened_at + timedelta(minutes=61))


def test_owner_manager_and_director_hear_of_it_at_once(
    case, worker, center_worker, head, manager, elderly_director, disability_director
):
    smash(case, center_worker)
    told = set(Notice.objects.values_list("staff_id", flat=True))
    assert told == {p.staff.pk for p in (worker, head, manager, elderly_director)}
    text = Notice.objects.all()[0].text
    assert case.number in text
    assert "森下" not in text


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"reason": "curious"}, "reason"), ({"text": "急ぎ"}, "text"), ({"text": "　" * 40}, "text")],
)
def test_a_reason_must_be_chosen_and_written(case, center_worker, fields, field):
    with pytest.raises(RuleViolation) as error:
        smash(case, center_worker, **fields)
    assert error.value.field == field
    assert not BreakGlass.objects.exists()


def test_sent_twice_is_one_opening(case, center_worker):
    key = uuid4()
    assert smash(case, center_worker, request_key=key) == smash(case, center_worker, request_key=key)
    assert Notice.objects.count() == len(set(Notice.objects.values_list("staff_id", flat=True)))


def test_nobody_without_casework_breaks_the_glass(case, finance, auditor, admin, elderly_director):
    for who in (finance, auditor, admin, elderly_director):
        with pytest.raises(NotAllowed):
            smash(case, who)
        assert who.client.get(f"/break-glass/people/{case.person_id}/").status_code == 403


def test_somebody_without_a_case_is_told_so(center_worker):
    with pytest.raises(RuleViolation, match="ケースはありません"):
        break_glass(
            person=f.make_person(), reason="life", text=TEXT, actor=center_worker.actor, at=timezone.now(),
            request_key=uuid4(),
        )  # fmt: skip


# ── Review ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_review_waits_on_the_home_page_until_it_is_answered(case, center_worker, head):
    opened = smash(case, center_worker)

    def waiting():
        return [
            r.row.kind
            for g in home_groups(head.actor, timezone.now())
            for r in g.rows
            if r.row.kind == "緊急閲覧"
        ]

    assert waiting() == ["緊急閲覧"]
    review_break_glass(
        opened=opened, verdict="fit", note="訪問して無事を確かめた", actor=head.actor, at=timezone.now()
    )
    assert waiting() == []
    assert Notice.objects.filter(staff=center_worker.staff, text__contains="確認されました").exists()
    with pytest.raises(InvalidTransition):
        review_break_glass(opened=opened, verdict="fit", note="もう一度", actor=head.actor, at=timezone.now())


def test_who_opened_it_does_not_review_it(case, care_center):
    boss = persona(care_center, Role.AGENCY_MANAGER, name="古川 実")
    opened = smash(case, boss)
    with pytest.raises(NotAllowed, match="自分"):
        review_break_glass(opened=opened, verdict="fit", note="よい", actor=boss.actor, at=timezone.now())


def test_strangers_do_not_see_openings(case, center_worker, stranger, disability_director, finance):
    opened = smash(case, center_worker)
    for who in (stranger, disability_director, finance):
        assert who.client.get(f"/break-glass/{opened.pk}/").status_code == 404
        with pytest.raises(BreakGlass.DoesNotExist):
            review_break_glass(opened=opened, verdict="fit", note="x", actor=who.actor, at=timezone.now())


def test_a_review_needs_a_verdict_and_words(case, center_worker, head):
    opened = smash(case, center_worker)
    for verdict, note, field in (("", "x", "verdict"), ("fit", " ", "note")):
        with pytest.raises(RuleViolation) as error:
            review_break_glass(opened=opened, verdict=verdict, note=note, actor=head.actor, at=timezone.now())
        assert error.value.field == field


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_from_opening_to_review(case, center_worker, head):
    client = center_worker.client
    url = f"/break-glass/people/{case.person_id}/"
    assert "60分" in client.get(url).content.decode()
    wrong = client.post(url, {"request_key": uuid4(), "reason": "life", "text": "短い"})
    assert wrong.status_code == 422
    answer = client.post(url, {"request_key": uuid4(), "reason": "life", "text": TEXT})
    assert answer.url == f"/cases/{case.number}/"
    for page in (answer.url, "/", "/households/"):
        assert "緊急閲覧中" in client.get(page).content.decode()
    opened = BreakGlass.objects.get()
    boss = head.client
    assert TEXT in boss.get(f"/break-glass/{opened.pk}/").content.decode()
    assert (
        boss.post(f"/break-glass/{opened.pk}/", {"verdict": "fit", "note": "無事を確認"}).status_code == 302
    )
    assert "緊急閲覧は適切だった" in boss.get("/break-glass/").content.decode()
    assert "緊急閲覧中" not in boss.get("/").content.decode()


def test_a_notice_is_read_by_following_it(case, worker, center_worker, stranger):
    smash(case, center_worker)
    notice = Notice.objects.get(staff=worker.staff)
    assert stranger.client.get(f"/staff/notices/{notice.pk}/").status_code == 404
    assert worker.client.get(f"/staff/notices/{notice.pk}/").url == notice.url
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_what_an_emergency_opened_is_read_and_noted_but_not_changed(case, center_worker, care_center):
    """Or the hour could be used to make it last: no consent for one's own agency, no referral, no protection."""
    smash(case, center_worker)
    actor = again(center_worker)
    acts = [
        lambda: f.give_consent(case, actor, care_center),
        lambda: send(actor, case, f.make_agency("よその課")),
        lambda: set_sectors(case=case, sectors=["child"], actor=actor, at=f.NOW),
        lambda: deny_staff(
            household=case.household, staff=case.lead_staff, reason="wish", note="", actor=actor, at=f.NOW
        ),
        lambda: update_household(
            household=case.household, name="x", area=None, postal_code="", address="", phone="",
            version=case.household.version, actor=actor, at=f.NOW,
        ),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(NotAllowed, match="緊急閲覧で開いた"):
            act()
    note = NoteData(
        started_at=f.NOW - timedelta(minutes=30), minutes=20, way="home_visit", text="無事を確かめた。"
    )
    assert write_note(case=case, data=note, actor=actor, at=f.NOW, request_key=uuid4()).agency == care_center


def test_no_notice_reaches_whom_the_deny_list_names(case, worker, center_worker, head, manager):
    deny_staff(
        household=case.household,
        staff=manager.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    smash(case, center_worker)
    told = set(Notice.objects.values_list("staff_id", flat=True))
    assert head.staff.pk in told
    assert manager.staff.pk not in told
