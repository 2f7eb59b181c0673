"""One request to several agencies at once: each answers for itself, the sender sees how many did."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.enums import AgencyKind, Ground, Sector
from cases.actions.drafts import save_draft
from cases.actions.team import join_case
from common.errors import RuleViolation
from referrals.actions.answer_referral import answer_referral
from referrals.actions.send_referral import MOST_AT_ONCE, send_to_several
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import Referral
from referrals.selectors import sent_together
from referrals.workflow import STAGE_MEANING, Stage
from tests import factories as f
from tests.factories import NOW

LATER = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def third(db):
    return f.make_agency("子ども家庭室", kind=AgencyKind.DEPARTMENT, sector=Sector.CHILD)


@pytest.fixture
def agencies(disability_worker, care_center, third):
    return [disability_worker.agency, care_center, third]


def send_all(actor, case, agencies, key=None, **changes):
    asked = {
        "purpose": "一緒に訪問してほしい", "message": "", "ground": Ground.COORDINATION, "parts": ["concerns"],
        "deadline_at": NOW + timedelta(days=3), **changes,
    }  # fmt: skip
    return send_to_several(
        case=case, agencies=agencies, actor=actor, at=NOW, request_key=key or uuid4(), **asked
    )


def test_all_go_out_together_and_the_sender_sees_how_many_answered(worker, disability_worker, case, agencies):
    sent = send_all(worker.actor, case, agencies)
    assert len(sent) == 3
    assert len({r.batch for r in sent}) == 1
    assert sent[0].batch is not None
    answer_referral(referral=sent[0], event="join", actor=disability_worker.actor, at=LATER)
    together = sent_together(sent[1], worker.actor)
    assert (together.answered, together.sent) == (1, 3)
    page = worker.client.get(reverse("referrals:detail", args=[sent[1].pk])).content.decode()
    assert "<strong>1 / 3</strong> 回答済み" in page


def test_one_alone_is_no_batch(worker, case, agencies):
    (alone,) = send_all(worker.actor, case, agencies[:1])
    assert alone.batch is None
    assert sent_together(alone, worker.actor) is None
    assert (
        "同時に送った" not in worker.client.get(reverse("referrals:detail", args=[alone.pk])).content.decode()
    )


def test_the_same_form_twice_sends_once(worker, case, agencies):
    key = uuid4()
    first, again = (send_all(worker.actor, case, agencies, key) for _ in range(2))
    assert first == again
    assert Referral.objects.count() == 3


def test_an_agency_named_twice_is_asked_once(worker, case, agencies):
    assert len(send_all(worker.actor, case, [agencies[0], agencies[0], agencies[1]])) == 2


def test_a_withdrawn_one_does_not_count(worker, case, agencies):
    sent = send_all(worker.actor, case, agencies)
    withdraw_referral(referral=sent[2], actor=worker.actor, at=LATER)
    together = sent_together(sent[0], worker.actor)
    assert (together.answered, together.sent) == (0, 2)


def test_one_wrong_agency_sends_none(worker, case, agencies):
    with pytest.raises(RuleViolation) as refused:
        send_all(worker.actor, case, [*agencies, worker.agency])
    assert refused.value.field == "also"
    assert not Referral.objects.exists()


def test_too_many_at_once(worker, case):
    many = [f.make_agency(f"{n}課") for n in range(MOST_AT_ONCE + 1)]
    with pytest.raises(RuleViolation) as refused:
        send_all(worker.actor, case, many)
    assert refused.value.field == "also"


def test_an_asked_agency_on_the_team_does_not_see_the_others_until_it_answers(
    worker, disability_worker, case, agencies
):
    join_case(
        case=case, agency=disability_worker.agency, staff=disability_worker.staff, actor=disability_worker.actor, at=NOW,
        basis=case, ground=Ground.PARTICIPATION, opens_record=True, ends_at=None,
    )  # fmt: skip
    before = send_all(worker.actor, case, [f.make_agency("別の課")])
    sent = send_all(worker.actor, case, agencies)
    actor = disability_worker.actor
    assert set(Referral.objects.visible_to(actor)) == {sent[0], *before}
    assert sent_together(sent[0], actor) is None
    for other in sent[1:]:
        assert disability_worker.client.get(reverse("referrals:detail", args=[other.pk])).status_code == 404
    answer_referral(referral=sent[0], event="to_conference", actor=actor, at=LATER, note="役割を話し合いたい")
    assert set(Referral.objects.visible_to(actor)) == {*sent, *before}
    answered = Referral.objects.get(pk=sent[0].pk)
    assert sent_together(answered, actor).answered == 1


def test_the_stream_tells_no_answer_before_ones_own(worker, disability_worker, center_worker, case, agencies):
    join_case(
        case=case, agency=disability_worker.agency, staff=disability_worker.staff, actor=disability_worker.actor, at=NOW,
        basis=case, ground=Ground.PARTICIPATION, opens_record=True, ends_at=None,
    )  # fmt: skip
    before = send_all(worker.actor, case, [f.make_agency("別の課")], purpose="前に頼んだこと")
    sent = send_all(worker.actor, case, agencies)
    answer_referral(
        referral=sent[1],
        event="to_conference",
        actor=center_worker.actor,
        at=LATER,
        note="夜間の体制を話し合いたい",
    )
    urls = [
        reverse("households:detail", args=[case.household_id]),
        reverse("cases:stream", args=[case.household_id]),
    ]
    for url in (*urls, f"{reverse('cases:detail', args=[case.number])}?tab=referrals"):
        page = disability_worker.client.get(url).content.decode()
        assert "夜間の体制" not in page
        assert f"/referrals/{sent[1].pk}/" not in page
    assert f"/referrals/{before[0].pk}/" in disability_worker.client.get(urls[0]).content.decode()
    assert "夜間の体制" in worker.client.get(urls[0]).content.decode()
    answer_referral(referral=sent[0], event="join", actor=disability_worker.actor, at=LATER)
    assert "夜間の体制" in disability_worker.client.get(urls[0]).content.decode()


def test_every_stage_says_what_it_means_on_hover(worker, colleague, case, agencies):
    save_draft(
        key=f"referral:{case.number}", title="書きかけの同行依頼", url="/referrals/new/", data={"purpose": ["x"]}, actor=worker.actor,
        at=NOW,
    )  # fmt: skip
    sent = send_all(worker.actor, case, agencies)
    page = worker.client.get(reverse("referrals:list")).content.decode()
    for stage in (Stage.DRAFT, Stage.SENT):
        assert f'title="{STAGE_MEANING[stage]}"' in page
    together = worker.client.get(reverse("referrals:detail", args=[sent[0].pk])).content.decode()
    assert together.count(f'title="{STAGE_MEANING[Stage.SENT]}"') == 4  # in the head, and once for each
    home = worker.client.get(reverse("households:detail", args=[case.household_id])).content.decode()
    assert home.count(f'title="{STAGE_MEANING[Stage.SENT]}"') == 3
    assert "書きかけの同行依頼" not in colleague.client.get(reverse("referrals:list")).content.decode()
    assert set(STAGE_MEANING) == set(Stage)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("2027-01-01", "1月1日（金）は閉庁日です。次の開庁日は令和9年1月4日（月）です。"),
        ("2026-11-28", "閉庁日です"),
        ("2027-01-04", ""),
    ],
)
def test_a_deadline_over_new_year(worker, case, agencies, typed, word):
    url = reverse("referrals:new") + f"?case={case.number}"
    answer = worker.client.post(url, form_data(agencies[:1], deadline_at_0=typed, deadline_at_1="10:00"))
    assert answer.status_code == (422 if word else 302)
    assert word in answer.content.decode()
    assert Referral.objects.exists() is not bool(word)


def test_an_agency_outside_the_team_never_sees_the_others(worker, disability_worker, case, agencies):
    sent = send_all(worker.actor, case, agencies)
    answer_referral(
        referral=sent[0], event="to_conference", actor=disability_worker.actor, at=LATER, note="話し合いたい"
    )
    assert list(Referral.objects.visible_to(disability_worker.actor)) == [sent[0]]
    page = disability_worker.client.get(reverse("referrals:detail", args=[sent[0].pk])).content.decode()
    assert "子ども家庭室" not in page


def test_the_outbox_counts_what_went_out_together(worker, disability_worker, case, agencies):
    send_all(worker.actor, case, [f.make_agency("前に頼んだ課")])
    sent = send_all(worker.actor, case, agencies)
    answer_referral(referral=sent[0], event="join", actor=disability_worker.actor, at=LATER)
    rows = worker.client.get(reverse("referrals:list")).context["sent"]
    assert sorted((row.answered, row.sent) for row in rows) == [(0, 1), (1, 3), (1, 3)]


# ── The form ────────────────────────────────────────────────────────────────────────────────────────────────


def form_data(agencies, **changes):
    first, *others = agencies
    return {
        "request_key": str(uuid4()), "to_agency": str(first.pk), "to_agency_text": first.name,
        "also": [str(a.pk) for a in others], "purpose": "一緒に訪問してほしい", "message": "", "deadline": "3",
        "deadline_at_0": "", "deadline_at_1": "", "ground": Ground.COORDINATION, "parts": ["concerns"], **changes,
    }  # fmt: skip


def test_the_form_sends_to_three(worker, case, agencies):
    url = reverse("referrals:new") + f"?case={case.number}"
    assert "ほかの機関にも同時にお願いする" in worker.client.get(url).content.decode()
    answer = worker.client.post(url, form_data(agencies), follow=True)
    assert "0 / 3" in answer.content.decode()
    assert Referral.objects.count() == 3


def test_a_wrong_agency_stands_beside_the_field_with_the_ticks_kept(worker, case, agencies):
    send_all(worker.actor, case, [agencies[1]])
    url = reverse("referrals:new") + f"?case={case.number}"
    answer = worker.client.post(url, form_data(agencies))
    assert answer.status_code == 422
    assert "返事待ちのつなぎがすでにあります" in str(answer.context["form"].errors["also"])
    assert answer.context["also"] == {str(a.pk) for a in agencies[1:]}
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("others", [1, 9])
def test_queries_of_the_page_do_not_grow(worker, case, others, django_assert_max_num_queries):
    sent = send_all(worker.actor, case, [f.make_agency(f"{n}課") for n in range(others + 1)])
    client = worker.client
    url = reverse("referrals:detail", args=[sent[0].pk])
    client.get(url)
    with django_assert_max_num_queries(15):
        assert client.get(url).status_code == 200
