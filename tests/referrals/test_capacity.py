"""受け入れの問い合わせ: asked without naming anybody, answered with a word, kept, and counted where nothing was found."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Notice
from audit.models import AccessRecord, ChangeRecord
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year
from households.actions.protection import protect_address
from households.contact import shield_for
from households.models import HouseholdDenial
from referrals.actions.capacity import answer_capacity, ask_capacity, withdraw_capacity
from referrals.identity_words import identity_in
from referrals.models import CapacityAnswer, CapacityQuestion, Referral
from referrals.selectors import office_hours_deadline
from referrals.selectors_capacity import gaps, state_word
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.referrals.outside import ROOM, ask_room

LATER = NOW + timedelta(hours=2)
OVER = NOW + timedelta(days=4)
YEAR = fiscal_year(TODAY)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    made = f.make_case(worker.actor)
    home = made.household
    home.address, home.phone = "美旗野市蔵持町3丁目12番地8", "0595632104"
    home.save()
    return made


def answer(question, persona, reply, note="ひとこと", at=LATER):
    mine = CapacityAnswer.objects.get(question=question, agency=persona.agency)
    return answer_capacity(answer=mine, reply=reply, note=note, actor=persona.actor, at=at)


# ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_agencies_are_asked_and_told_without_the_case(worker, disability_worker, center_worker, case):
    question = ask_room(worker.actor, [disability_worker.agency, center_worker.agency], case=case)
    for persona in (disability_worker, center_worker):
        assert Notice.objects.get(staff=persona.staff).text == "受け入れの問い合わせが届きました。"
        page = persona.client.get(reverse("capacity:detail", args=[question.pk])).content.decode()
        assert ROOM in page
        assert case.number not in page
        assert "森下" not in page
    page = worker.client.get(reverse("capacity:detail", args=[question.pk])).content.decode()
    assert case.number in page


def test_whoever_does_not_see_the_case_reads_the_question_alone(worker, case, disability_worker, colleague):
    question = ask_room(worker.actor, [disability_worker.agency], case=case)
    HouseholdDenial.objects.create(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=NOW,
    )
    assert colleague.client.get(reverse("capacity:detail", args=[question.pk])).status_code == 404
    assert not CapacityQuestion.objects.visible_to(colleague.actor).exists()


def test_a_stranger_sees_nothing(worker, stranger, disability_worker):
    question = ask_room(worker.actor, [disability_worker.agency])
    assert stranger.client.get(reverse("capacity:detail", args=[question.pk])).status_code == 404
    assert not CapacityAnswer.objects.visible_to(stranger.actor).exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("森下 和子さんを2週間", "氏名"), ("もりした　かずこさんを2週間", "氏名"), ("モリシタカズコさん", "氏名"),
        ("0595-63-2104に電話をください", "電話番号"), ("０９０ー１２３４ー５６７８へ", "電話番号"),
        ("x.y@example.jp に返事を", "メールアドレス"), ("〒518-0701の方", "住所"),
        ("本町3丁目12番地の近くで", "住所"), ("蔵持町三丁目十二番地八から通えますか", "住所"),
        ("蔵持町 3-12-8 から通えますか", "住所か電話"),
    ],
)  # fmt: skip
def test_identity_in_the_words_is_refused(worker, disability_worker, case, text, found):
    with pytest.raises(RuleViolation) as refused:
        ask_room(worker.actor, [disability_worker.agency], case=case, text=text, is_checked=True)
    assert refused.value.field == "text"
    assert found in str(refused.value)
    assert not CapacityQuestion.objects.exists()
    assert not Notice.objects.exists()


def test_a_name_that_may_be_a_word_is_asked_about_once(worker, disability_worker, case):
    with pytest.raises(RuleViolation, match="世帯の人の名前"):
        ask_room(worker.actor, [disability_worker.agency], case=case, text="和子という名の施設に入れますか")
    assert ask_room(
        worker.actor,
        [disability_worker.agency],
        case=case,
        text="和子という名の施設に入れますか",
        is_checked=True,
    )
    detail = ChangeRecord.objects.get(action="capacity.ask").detail
    assert detail["is_checked"] is True


@pytest.mark.parametrize(
    "text", [ROOM, "65歳の方、週3回、10時から15時まで", "定員20名のうち2名分", "令和8年12月1日から14日まで"]
)
def test_ordinary_words_pass(worker, case, text):
    found = identity_in(text, case.household, shield_for(worker.actor))
    assert (found.sure, found.likely) == ((), ())


def test_what_is_protected_from_the_writer_is_not_confirmed(worker, case):
    """Who may not know an address learns nothing by typing guesses."""
    case = Case.objects.select_related("household").get(pk=case.pk)
    assert identity_in("蔵持町で受けられますか", case.household, shield_for(worker.actor)).likely
    protect_address(
        person=case.person,
        units=[],
        first_on=TODAY,
        last_on=TODAY + timedelta(days=300),
        actor=worker.actor,
        at=NOW,
    )
    shield = shield_for(f.actor_of(f.make_staff(f.make_agency("よその課"))))
    assert identity_in("蔵持町で受けられますか", case.household, shield).likely == ()


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(worker, disability_worker, case):
    url = reverse("capacity:new") + f"?case={case.number}"
    data = {
        "request_key": str(uuid4()), "agencies": [str(disability_worker.agency.pk)], "theme": str(f.make_code().pk), "area": "",
        "text": "森下和子さんを2週間", "period": "", "deadline": "3",
    }  # fmt: skip
    response = worker.client.post(url, data)
    assert response.status_code == 422
    assert "氏名が入っているようです" in response.content.decode()
    assert not CapacityQuestion.objects.exists()
    sent = worker.client.post(url, {**data, "text": ROOM}, follow=True)
    assert "返事を待っています" in sent.content.decode()
    question = CapacityQuestion.objects.get()
    assert question.deadline_at == office_hours_deadline(NOW, 3)
    again = worker.client.post(url, {**data, "text": ROOM}, follow=True)
    assert again.status_code == 200
    assert CapacityQuestion.objects.count() == 1


def test_own_agency_and_nobody_are_refused(worker):
    for agencies in ([], [worker.agency]):
        with pytest.raises(RuleViolation) as refused:
            ask_room(worker.actor, agencies)
        assert refused.value.field == "agencies"


# ── Answering ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_answers_for_itself(worker, disability_worker, center_worker):
    question = ask_room(worker.actor, [disability_worker.agency, center_worker.agency])
    answer(question, disability_worker, "conditions", "平日の昼だけなら")
    theirs = center_worker.client.get(reverse("capacity:detail", args=[question.pk])).content.decode()
    assert "平日の昼だけ" not in theirs
    assert "障害福祉室" not in theirs
    ours = worker.client.get(reverse("capacity:detail", args=[question.pk])).content.decode()
    assert "平日の昼だけ" in ours
    assert "<strong>1 / 2</strong> 回答済み" in ours
    assert "条件つきで受けられる" in Notice.objects.get(staff=worker.staff).text


@pytest.mark.parametrize("reply", ["conditions", "no"])
def test_a_word_is_needed(worker, disability_worker, reply):
    question = ask_room(worker.actor, [disability_worker.agency])
    with pytest.raises(RuleViolation) as refused:
        answer(question, disability_worker, reply, "")
    assert refused.value.field == "note"


def test_only_the_asked_answer(worker, disability_worker, colleague):
    question = ask_room(worker.actor, [disability_worker.agency])
    mine = question.answers.get()
    with pytest.raises(NotAllowed):
        answer_capacity(answer=mine, reply="yes", note="", actor=colleague.actor, at=LATER)


def test_a_question_taken_back_is_not_answered(worker, disability_worker):
    question = ask_room(worker.actor, [disability_worker.agency])
    withdraw_capacity(question=question, actor=worker.actor, at=LATER)
    with pytest.raises(InvalidTransition):
        answer(question, disability_worker, "yes")
    assert gaps(worker.actor, YEAR, OVER) == []


def test_it_is_told_on_the_home_page_and_answered_on_its_own(worker, disability_worker):
    question = ask_room(worker.actor, [disability_worker.agency])
    client = disability_worker.client
    assert "受け入れの問い合わせが届きました" in client.get("/").content.decode()
    assert "返事が必要" in client.get(reverse("capacity:list")).content.decode()
    url = reverse("capacity:detail", args=[question.pk])
    assert client.post(url, {"reply": "conditions", "note": ""}).status_code == 422
    client.post(url, {"reply": "yes", "note": "火曜から"})
    assert CapacityAnswer.objects.get().reply == "yes"
    assert "返事が必要" not in client.get(reverse("capacity:list")).content.decode()


def test_a_referral_rests_on_the_yes(worker, disability_worker, case):
    question = ask_room(worker.actor, [disability_worker.agency], case=case)
    yes = answer(question, disability_worker, "conditions", "平日の昼だけなら")
    page = worker.client.get(reverse("capacity:detail", args=[question.pk])).content.decode()
    way = f"{reverse('referrals:new')}?case={case.number}&amp;answer={yes.pk}"
    assert way in page
    form = worker.client.get(way.replace("&amp;", "&"))
    assert form.context["form"]["purpose"].value() == f"{ROOM}（条件：平日の昼だけなら）"
    assert form.context["agency_value"] == disability_worker.agency.pk
    worker.client.post(
        way.replace("&amp;", "&"),
        {"request_key": str(uuid4()), "to_agency": disability_worker.agency.pk, "purpose": ROOM, "ground": "coordination",
         "deadline": "3", "parts": []},
    )  # fmt: skip
    yes.refresh_from_db()
    assert yes.referral == Referral.objects.get()
    with pytest.raises(InvalidTransition):
        answer(question, disability_worker, "no")


def test_a_referral_does_not_rest_on_a_no_or_on_another_agencys_yes(
    worker, disability_worker, center_worker, case
):
    question = ask_room(worker.actor, [disability_worker.agency, center_worker.agency], case=case)
    answer(question, center_worker, "yes")
    no = answer(question, disability_worker, "no")
    other = CapacityAnswer.objects.get(agency=center_worker.agency)
    for row in (no, other):
        worker.client.post(
            f"{reverse('referrals:new')}?case={case.number}&answer={row.pk}",
            {"request_key": str(uuid4()), "to_agency": disability_worker.agency.pk, "purpose": ROOM,
             "ground": "coordination", "deadline": "3", "parts": []},
        )  # fmt: skip
    assert Referral.objects.exists()
    assert not CapacityAnswer.objects.filter(referral__isnull=False).exists()


# ── 不足 ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_a_question_stands(worker, disability_worker, center_worker):
    question = ask_room(worker.actor, [disability_worker.agency, center_worker.agency])

    def word(at):
        return state_word(question, list(question.answers.all()), at)

    assert word(LATER) == "返事待ち"
    answer(question, disability_worker, "no")
    assert word(LATER) == "返事待ち"
    assert word(OVER) == "返事なし（不足）"
    answer(question, center_worker, "no")
    assert word(LATER) == "空きなし（不足）"
    answer(question, center_worker, "yes")
    assert word(OVER) == "受け入れ先あり"


def test_refused_and_unanswered_are_gaps_by_theme_and_area(
    worker, disability_worker, center_worker, elderly_director
):
    area = f.make_area("桔梗が丘")
    both = [disability_worker.agency, center_worker.agency]
    care = f.make_code(code="c02", label="介護のこと")
    refused = ask_room(worker.actor, both, area=area)
    ask_room(worker.actor, both, area=area)  # nobody answers
    half = ask_room(worker.actor, both, area=area)
    met = ask_room(worker.actor, both, area=area)
    ask_room(worker.actor, both, theme=care, deadline_at=NOW + timedelta(days=30))  # still time
    for persona in (disability_worker, center_worker):
        answer(refused, persona, "no")
    answer(half, disability_worker, "no")
    answer(met, center_worker, "yes")
    rows = gaps(elderly_director.actor, YEAR, OVER)
    found = {(g.theme, g.area): (g.asked, g.gaps, g.refused, g.unanswered) for g in rows}
    assert found == {
        ("病気や健康、障害のこと", "桔梗が丘"): (4, 3, 1, 2), ("介護のこと", "市内のどこでも"): (1, 0, 0, 0),
    }  # fmt: skip
    assert gaps(elderly_director.actor, YEAR - 1, OVER) == []


@pytest.mark.parametrize(("many", "shown"), [(4, "5未満"), (5, "5")])
def test_few_are_not_counted_out_for_everybody(
    worker, disability_worker, elderly_director, time_machine, many, shown
):
    for _ in range(many):
        ask_room(worker.actor, [disability_worker.agency])
    time_machine.move_to(OVER, tick=False)
    text = worker.client.get(reverse("capacity:gaps_csv")).content.decode("utf-8-sig")
    assert text.splitlines() == ["テーマ,地区,不足", f"病気や健康、障害のこと,市内のどこでも,{shown}"]
    assert shown in worker.client.get(reverse("capacity:gaps")).content.decode()
    exact = elderly_director.client.get(reverse("capacity:gaps_csv") + "?code=cp932").content.decode("cp932")
    assert exact.splitlines()[1] == f"病気や健康、障害のこと,市内のどこでも,{many},{many},0,{many}"
    assert AccessRecord.objects.filter(kind="export", target_type="capacity.gaps").count() == 2


def test_who_counts_nothing_reads_nothing(worker, disability_worker, admin):
    ask_room(worker.actor, [disability_worker.agency])
    assert admin.client.get(reverse("capacity:gaps")).status_code == 403
    assert gaps(admin.actor, YEAR, OVER) == []


@pytest.mark.parametrize("rows", [1, 12])
def test_the_list_takes_the_same_queries(
    worker, disability_worker, center_worker, rows, django_assert_num_queries
):
    for _ in range(rows):
        ask_room(worker.actor, [disability_worker.agency, center_worker.agency])
    client = worker.client
    client.get(reverse("capacity:list"))
    with django_assert_num_queries(5):
        assert client.get(reverse("capacity:list")).status_code == 200


def test_the_action_itself_refuses_a_case_that_is_not_seen(worker, case, stranger, disability_worker):
    with pytest.raises(Case.DoesNotExist):
        ask_capacity(
            agencies=[disability_worker.agency], theme=f.make_code(), area=None, text=ROOM, period="",
            deadline_at=LATER, actor=stranger.actor, at=NOW, request_key=uuid4(), case=case,
        )  # fmt: skip
