"""A request after it was sent: need, opened, begun, its result; and the former lead, who reads on to a last day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Notice
from cases.actions.assessment import ItemData, add_item, end_item
from cases.actions.closing import ClosingData, close_case
from cases.actions.notes import NoteData, write_note
from cases.actions.team import end_soft_handovers, set_last_day
from cases.models import AssessmentItem, Case, CasePartner, ProgressNote
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.models import Household
from referrals.actions.answer_referral import answer_referral
from referrals.actions.follow_referral import finish_referral, see_referral, start_referral
from referrals.actions.send_referral import NOT_HEARD_YET, send_referral, send_to_several
from referrals.models import Referral
from referrals.selectors import coordination_directory, next_step
from referrals.workflow import STAGE_MEANING, Stage
from tests import factories as f
from tests.factories import NOW
from tests.referrals.helpers import bring_to, send

LATER = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def referral(worker, case, disability_worker):
    return send(worker.actor, case, disability_worker.agency)


def asked(case, actor, to_agency, **more):
    return send_referral(
        case=case, to_agency=to_agency, purpose="一緒に訪問してほしい", message="", ground=Ground.COORDINATION, parts=[],
        deadline_at=NOW + timedelta(days=3), actor=actor, at=NOW, request_key=uuid4(), **more,
    )  # fmt: skip


# ── The need ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_belongs_to_a_standing_need(worker, disability_worker, case):
    need = add_item(
        case=case, data=ItemData(kind="problem", text="家賃が3か月分たまっている"), actor=worker.actor, at=NOW
    )
    assert asked(case, worker.actor, disability_worker.agency, need=need).need == need


def test_words_become_a_problem_of_the_assessment_once(worker, disability_worker, care_center, case):
    first = asked(case, worker.actor, disability_worker.agency, need_text="薬の管理ができない")
    second = asked(case, worker.actor, care_center, need_text=" 薬の管理ができない ")
    assert first.need == second.need
    assert list(AssessmentItem.objects.values_list("kind", "text")) == [("problem", "薬の管理ができない")]


def test_without_words_the_first_need_that_stands_is_meant(worker, disability_worker, care_center, case):
    assert asked(case, worker.actor, disability_worker.agency).need.text == NOT_HEARD_YET
    other = f.make_case(worker.actor)
    need = add_item(case=other, data=ItemData(kind="wish", text="働きたい"), actor=worker.actor, at=NOW)
    assert asked(other, worker.actor, care_center).need == need


def test_a_need_of_another_household_or_one_that_is_over_is_refused(worker, disability_worker, case):
    other = f.make_case(worker.actor)
    theirs = add_item(case=other, data=ItemData(kind="problem", text="別の世帯"), actor=worker.actor, at=NOW)
    over = add_item(case=case, data=ItemData(kind="problem", text="終わったこと"), actor=worker.actor, at=NOW)
    end_item(item=over, actor=worker.actor, at=NOW)
    over.refresh_from_db()
    for need in (theirs, over):
        with pytest.raises(RuleViolation) as refused:
            asked(case, worker.actor, disability_worker.agency, need=need)
        assert refused.value.field == "need"


def test_several_agencies_share_one_need(worker, disability_worker, care_center, case):
    sent = send_to_several(
        case=case, agencies=[disability_worker.agency, care_center], purpose="訪問してほしい", message="",
        ground=Ground.COORDINATION, parts=[], deadline_at=NOW + timedelta(days=3), actor=worker.actor, at=NOW,
        request_key=uuid4(), need_text="食事がとれていない",
    )  # fmt: skip
    assert len({r.need_id for r in sent}) == 1


def test_the_receiver_reads_the_need_only_with_the_problems(worker, disability_worker, case):
    hidden = send(worker.actor, case, disability_worker.agency, parts=("concerns",), purpose="相談したい")
    Referral.objects.filter(pk=hidden.pk).update(
        need=add_item(
            case=case, data=ItemData(kind="problem", text="借金の取り立て"), actor=worker.actor, at=NOW
        )
    )
    url = reverse("referrals:detail", args=[hidden.pk])
    assert "借金の取り立て" in worker.client.get(url).content.decode()
    assert "借金の取り立て" not in disability_worker.client.get(url).content.decode()
    Referral.objects.filter(pk=hidden.pk).update(parts=["problems"])
    assert "借金の取り立て" in disability_worker.client.get(url).content.decode()


# ── Opened, begun, done ─────────────────────────────────────────────────────────────────────────────────────


def test_every_stage_has_its_definition_and_its_query(worker, disability_worker, case):
    assert set(STAGE_MEANING) == set(Stage)
    for state in ("lead", "partner", "conference", "settled", "withdrawn"):
        one = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
        bring_to(one, state, receiver=disability_worker.actor, sender=worker.actor)
    send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    for row in Referral.objects.all():
        assert [s for s in Stage if Referral.objects.at_stage(s).filter(pk=row.pk).exists()] == [row.stage]


def test_the_sender_sees_that_it_was_opened(referral, worker, disability_worker):
    url = reverse("referrals:detail", args=[referral.pk])
    worker.client.get(url)
    referral.refresh_from_db()
    assert (referral.seen_at, referral.stage) == (None, Stage.SENT)
    disability_worker.client.get(url)
    referral.refresh_from_db()
    assert (referral.seen_at, referral.stage) == (NOW, Stage.SEEN)
    see_referral(referral=referral, actor=disability_worker.actor, at=LATER)
    referral.refresh_from_db()
    assert referral.seen_at == NOW
    assert "既読・返事待ち" in worker.client.get(url).content.decode()


def test_the_first_record_of_the_receiver_is_the_beginning(referral, worker, disability_worker, case):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    referral.refresh_from_db()
    assert (referral.stage, referral.owes_outcome) == (Stage.PARTNER, True)
    data = NoteData(started_at=NOW, minutes=30, way="home_visit", text="訪問した")
    write_note(case=case, data=data, actor=disability_worker.actor, at=NOW, request_key=uuid4())
    referral.refresh_from_db()
    assert (referral.stage, referral.started_at) == (Stage.WORKING, NOW)


def test_the_result_reaches_the_sender_once(referral, worker, disability_worker, stranger):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    step = next_step(Referral.objects.get(pk=referral.pk), coordination_directory())
    assert step.who == disability_worker.agency.short_name
    for who in (worker, stranger):
        with pytest.raises((NotAllowed, Referral.DoesNotExist)):
            finish_referral(referral=referral, outcome="eased", note="", actor=who.actor, at=NOW)
    start_referral(referral=referral, actor=disability_worker.actor, at=NOW)
    done = finish_referral(
        referral=referral,
        outcome="connected",
        note="居宅介護につながった",
        actor=disability_worker.actor,
        at=LATER,
    )
    assert (done.stage, done.started_at, done.finished_at) == (Stage.DONE, NOW, LATER)
    told = Notice.objects.filter(staff=worker.staff, text__contains="結果が届きました")
    assert told.count() == 1
    with pytest.raises(InvalidTransition):
        finish_referral(referral=referral, outcome="eased", note="", actor=disability_worker.actor, at=LATER)
    assert told.count() == 1


@pytest.mark.parametrize(
    ("outcome", "note", "field"),
    [("", "", "outcome"), ("case_closed", "", "outcome"), ("not_reached", " ", "note")],
)
def test_a_result_without_words_is_refused_beside_its_field(
    outcome, note, field, referral, disability_worker
):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    with pytest.raises(RuleViolation) as refused:
        finish_referral(referral=referral, outcome=outcome, note=note, actor=disability_worker.actor, at=NOW)
    assert refused.value.field == field


def test_nothing_is_owed_before_it_is_taken(referral, disability_worker):
    with pytest.raises(InvalidTransition):
        start_referral(referral=referral, actor=disability_worker.actor, at=NOW)


def test_results_page_for_both_ends(referral, worker, disability_worker, django_assert_max_num_queries):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    url = reverse("referrals:list") + "?tab=results"
    for who, column in ((worker, "owed"), (disability_worker, "to_tell")):
        client = who.client
        client.get(url)
        with django_assert_max_num_queries(9):
            page = client.get(url)
        assert [row.referral for row in page.context[column]] == [referral]
    form = reverse("referrals:outcome", args=[referral.pk])
    assert worker.client.get(form).status_code == 403
    wrong = disability_worker.client.post(form, {"outcome": "not_reached", "note": ""})
    assert wrong.status_code == 422
    assert "どのように会おうとしたか" in wrong.content.decode()
    assert disability_worker.client.post(form, {"outcome": "eased", "note": "落ち着いた"}).status_code == 302
    page = worker.client.get(reverse("referrals:detail", args=[referral.pk])).content.decode()
    assert "困りごとが軽くなった" in page
    assert "落ち着いた" in page


def test_a_closed_case_owes_nothing(referral, worker, disability_worker, case):
    answer_referral(referral=referral, event="join", actor=disability_worker.actor, at=NOW)
    close_case(
        case=case, actor=worker.actor, at=LATER,
        data=ClosingData(
            kind="close", reason=f.make_code("closing_reason", "z01", "目標達成"), note="落ち着いた",
            no_follow_up_reason="転居のため",
        ),
    )  # fmt: skip
    referral.refresh_from_db()
    assert (referral.stage, referral.outcome) == (Stage.DONE, "case_closed")


def test_unsent_drafts_stand_in_the_list(worker, case):
    from cases.models import Draft

    Draft.objects.create(
        staff=worker.staff, agency=worker.agency, key=f"referral:{case.number}", title="訪問のお願い",
        url=f"{reverse('referrals:new')}?case={case.number}", updated_at=NOW, data={"purpose": ["訪問のお願い"]},
    )  # fmt: skip
    page = worker.client.get(reverse("referrals:list") + "?tab=waiting").content.decode()
    assert "訪問のお願い" in page
    assert "下書き" in page


# ── The former lead ─────────────────────────────────────────────────────────────────────────────────────────


def take(referral, actor, until: date | None):
    return answer_referral(referral=referral, event="take_lead", actor=actor, at=NOW, former_until=until)


def day_after(last: date) -> datetime:
    return timezone.make_aware(datetime(last.year, last.month, last.day)) + timedelta(days=1, minutes=1)


def test_the_former_lead_reads_to_the_last_day_and_no_longer(
    referral, worker, disability_worker, case, time_machine
):
    last = NOW.date() + timedelta(days=30)
    take(referral, disability_worker.actor, last)
    partner = CasePartner.objects.get(case=case, agency=worker.agency)
    assert (partner.role_note, partner.reads_until) == ("前の主担当", last)
    assert Case.objects.visible_to(worker.actor).filter(pk=case.pk).exists()
    # access is measured by the clock of the database: move the end into the past instead of waiting for it
    grants = case.grants.filter(group=worker.agency.group_id)
    assert {g.ends_at for g in grants} == {day_after(last) - timedelta(minutes=1)}
    homes = case.household.grants.filter(group=worker.agency.group_id, basis_id=str(case.pk))
    assert {g.ends_at for g in homes} == {day_after(last) - timedelta(minutes=1)}
    grants.update(ends_at=NOW - timedelta(days=400))
    homes.update(ends_at=NOW - timedelta(days=400))
    assert not Case.objects.visible_to(worker.actor).filter(pk=case.pk).exists()
    assert not Household.objects.visible_to(worker.actor).filter(pk=case.household_id).exists()
    assert end_soft_handovers(actor=Actor.system("試験"), at=day_after(last)) == 1
    assert end_soft_handovers(actor=Actor.system("試験"), at=day_after(last)) == 0
    partner.refresh_from_db()
    assert partner.ended_at is not None


def test_without_a_last_day_it_stays(referral, worker, disability_worker, case):
    take(referral, disability_worker.actor, None)
    assert end_soft_handovers(actor=Actor.system("試験"), at=NOW + timedelta(days=900)) == 0
    assert case.grants.filter(group=worker.agency.group_id, ends_at__isnull=True).exists()


@pytest.mark.parametrize("days", [-1, 400])
def test_an_impossible_last_day_is_refused_and_nothing_moves(days, referral, worker, disability_worker, case):
    with pytest.raises(RuleViolation) as refused:
        take(referral, disability_worker.actor, NOW.date() + timedelta(days=days))
    assert refused.value.field == "former_until"
    case.refresh_from_db()
    assert case.lead_agency == worker.agency


def test_the_lead_changes_the_day_and_nobody_else(referral, worker, disability_worker, case):
    take(referral, disability_worker.actor, NOW.date() + timedelta(days=30))
    partner = CasePartner.objects.get(case=case, agency=worker.agency)
    with pytest.raises(NotAllowed):
        set_last_day(partner=partner, last=None, actor=worker.actor, at=NOW)
    url = reverse("cases:reads_until", args=[case.number, partner.pk])
    assert worker.client.get(url).status_code == 403
    assert disability_worker.client.post(url, {"former_until": ""}).status_code == 422
    assert disability_worker.client.post(url, {"former_until": "R7.1.1"}).status_code == 422
    assert disability_worker.client.post(url, {"former_until": "R9.3.31"}).status_code == 302
    partner.refresh_from_db()
    assert partner.reads_until == date(2027, 3, 31)
    assert disability_worker.client.post(url, {"stays": "on"}).status_code == 302
    partner.refresh_from_db()
    assert partner.reads_until is None
    assert not case.grants.filter(group=worker.agency.group_id, ends_at__isnull=False).exists()


def test_the_form_asks_until_when(referral, worker, disability_worker, case):
    url = reverse("referrals:answer", args=[referral.pk, "take_lead"])
    page = disability_worker.client.get(url).content.decode()
    assert "前の主担当が記録を見られる期間" in page
    done = disability_worker.client.post(
        url, {"staff": disability_worker.staff.pk, "note": "", "former": "30"}
    )
    assert done.status_code == 302
    partner = CasePartner.objects.get(case=case, agency=worker.agency)
    assert partner.reads_until == NOW.date() + timedelta(days=30)


def test_a_joint_visit_is_a_record_with_its_companion(referral, worker, disability_worker, case, stranger):
    take(referral, disability_worker.actor, NOW.date() + timedelta(days=30))
    url = reverse("cases:note_add", args=[case.number])
    data = {
        "request_key": uuid4(), "text": "顔合わせに一緒に伺った", "way": "home_visit", "started_at_0": "R8.11.23",
        "started_at_1": "9:00", "minutes": "60", "companion": worker.staff.pk,
    }  # fmt: skip
    assert disability_worker.client.post(url, data).status_code == 302
    note = ProgressNote.objects.get()
    assert note.companion == worker.staff
    page = disability_worker.client.get(reverse("cases:detail", args=[case.number])).content.decode()
    assert f"同行 {worker.staff.name}" in page
    wrong = disability_worker.client.post(
        url, data | {"companion": stranger.staff.pk, "request_key": uuid4()}
    )
    assert wrong.status_code == 422
    with pytest.raises(RuleViolation) as refused:
        write_note(
            case=case, actor=disability_worker.actor, at=NOW, request_key=uuid4(),
            data=NoteData(
                started_at=NOW, minutes=5, way="home_visit", text="別の人と", companion=stranger.staff
            ),
        )  # fmt: skip
    assert refused.value.field == "companion"
