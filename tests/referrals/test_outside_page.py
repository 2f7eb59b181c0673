"""協力者のページ: an address for eight days, nobody named before acceptance and code, every view in the log."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Notice
from audit.models import AccessRecord, ChangeRecord
from cases.actions.closing import ClosingData, close_case
from cases.actions.consent import withdraw_consent
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.protection import protect_address
from households.models import HouseholdDenial
from referrals.actions.outside_page import answer_page, finish_page, give_code, tell_run_out
from referrals.actions.outside_requests import make_code, reissue_link, withdraw_request
from referrals.enums_outside import CodeWay
from referrals.models import OutsideLink, OutsidePartner, OutsideRequest
from referrals.outside_secrets import token_sum
from referrals.selectors_outside import find_link
from referrals.tasks import tell_of_pages_that_ran_out
from referrals.workflow_outside import (
    OUTSIDE_ANSWERS,
    OUTSIDE_MEANING,
    OUTSIDE_TRANSITIONS,
    OutsideEvent,
    OutsideState,
)
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.referrals.outside import PURPOSE, ask, partner

LATER = NOW + timedelta(hours=1)
NAME, STREET, PHONE = "森下", "蔵持町3丁目12番地8", "0595632104"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    cache.clear()


@pytest.fixture
def case(worker):
    made = f.make_case(worker.actor)
    home = made.household
    home.address, home.phone, home.area = STREET, PHONE, f.make_area("蔵持")
    home.save()
    person = made.person
    person.birth_on = TODAY.replace(year=TODAY.year - 84)
    person.save()
    return Case.objects.select_related("household", "person").get(pk=made.pk)


class Visitor:
    """Somebody with the address, in one browser, not signed in."""

    def __init__(self, token: str) -> None:
        self.client, self.token = Client(), token

    def url(self, name: str = "page") -> str:
        return reverse(f"outside_page:{name}", args=[self.token])

    def read(self) -> str:
        return self.client.get(self.url()).content.decode()

    def post(self, name: str, **data):
        return self.client.post(self.url(name), data)

    def enter(self, code: str):
        return self.post("code", code=code, keeps_secret="on")


def told_code(worker, request) -> str:
    page = worker.client.post(reverse("outside:code", args=[request.pk])).content.decode()
    return re.search(r"\d{3} \d{3}", page).group()


@pytest.fixture
def issued(worker, case):
    return ask(worker.actor, case)


@pytest.fixture
def visitor(issued):
    return Visitor(issued.token)


def no_secret(text: str) -> bool:
    return not any(word in text for word in (NAME, "和子", "もりした", STREET, "0595-63-2104", PHONE, "K08-"))


# ── The way through ─────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_address_to_the_result(worker, case, issued, visitor):
    first = visitor.read()
    assert PURPOSE in first
    assert "蔵持" in first
    assert "80代" in first
    assert no_secret(first.replace("蔵持", ""))
    visitor.post("answer", event="accept", note="毎週火曜に寄ります")
    assert "コードを入れてください" in visitor.read()
    assert no_secret(visitor.read())
    assert "電話でコードを伝えて" in Notice.objects.get(staff=worker.staff).text
    code = told_code(worker, issued.request)
    assert visitor.enter(code).status_code == 302
    opened = visitor.read()
    assert "森下 和子" in opened
    assert STREET in opened
    visitor.post("outcome", outcome="worse", note="少しやせたように見えた")
    request = OutsideRequest.objects.get()
    assert (request.state, request.outcome) == ("done", "worse")
    assert Notice.objects.filter(staff=worker.staff, text__contains="結果が届きました").count() == 1
    assert visitor.client.get(visitor.url()).status_code == 404
    stream = worker.client.get(reverse("households:detail", args=[case.household_id])).content.decode()
    for words in ("協力をお願いした", "毎週火曜に寄ります", "心配なことがあった", "少しやせたように見えた"):
        assert words in stream


def test_each_view_is_logged_with_the_partner_as_reader(worker, issued, visitor):
    visitor.read()
    visitor.post("answer", event="accept", note="")
    visitor.enter(told_code(worker, issued.request))
    before = AccessRecord.objects.filter(actor_label__startswith="東 久子").count()
    visitor.read()
    rows = AccessRecord.objects.filter(actor_label="東 久子（民生委員・児童委員・アカウントなし）").order_by(
        "pk"
    )
    assert rows.count() == before + 1
    assert rows.first().ground == ""
    assert rows.last().ground == Ground.ELDER_ABUSE_LAW
    assert rows.last().target_id == str(issued.request.pk)
    assert issued.token not in "".join(AccessRecord.objects.values_list("path", flat=True))
    page = worker.client.get(reverse("reports:person", args=[issued.request.case.person_id])).content.decode()
    assert "東 久子" in page


def test_a_worker_who_looks_is_logged_as_a_worker(worker, issued, visitor):
    page = worker.client.get(visitor.url())
    assert PURPOSE in page.content.decode()
    row = AccessRecord.objects.filter(target_type="referrals.outsiderequest").latest("pk")
    assert row.actor_label.startswith("中川 千秋")
    assert worker.client.post(visitor.url("answer"), {"event": "decline"}).status_code == 422
    assert AccessRecord.objects.filter(kind="refused", path="/e/…").exists()
    assert not AccessRecord.objects.filter(path__contains=issued.token).exists()
    assert OutsideLink.objects.get().opened_at is None


def test_headers_and_frame(visitor):
    response = visitor.client.get(visitor.url())
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "same-origin"
    text = response.content.decode()
    assert '<meta name="robots" content="noindex, nofollow">' in text
    for word in ("主なメニュー", "サインイン", "kyosei", "<script"):
        assert word not in text
    assert not re.search(r'(?:href|src|action)="https?://', text)


def test_the_database_keeps_neither_address_nor_code(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    code = told_code(worker, issued.request).replace(" ", "")
    link = OutsideLink.objects.get()
    kept = " ".join(str(value) for value in OutsideLink.objects.values_list()[0])
    assert issued.token not in kept
    assert code not in kept.split()
    assert link.token_hash == token_sum(issued.token)
    history = OutsideLink.pgh_event_model.objects.values_list()
    assert not any(link.token_hash in map(str, row) or link.code_hash in map(str, row) for row in history)
    trail = " ".join(str(detail) for detail in ChangeRecord.objects.values_list("detail", flat=True))
    assert issued.token not in trail
    assert code not in trail


# ── What it refuses ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_forwarded_address_shows_nothing_that_identifies(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    visitor.enter(told_code(worker, issued.request))
    assert "森下 和子" in visitor.read()
    stranger = Visitor(issued.token)
    assert no_secret(stranger.read().replace("蔵持", ""))
    assert stranger.post("outcome", outcome="done", note="").status_code == 422
    assert no_secret(stranger.post("outcome", outcome="done", note="").content.decode().replace("蔵持", ""))
    assert OutsideRequest.objects.get().state == OutsideState.ACCEPTED
    with pytest.raises(NotAllowed):
        finish_page(link=find_link(issued.token, NOW), browser="", outcome="done", note="", at=NOW)


def test_a_code_is_used_once(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    code = told_code(worker, issued.request)
    assert visitor.enter(code).status_code == 302
    again = Visitor(issued.token)
    refused = again.enter(code)
    assert refused.status_code == 422
    assert "このコードは使えません" in refused.content.decode()
    assert no_secret(again.read().replace("蔵持", ""))
    assert "森下 和子" in visitor.read()


def test_five_wrong_codes_end_the_code(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    code = told_code(worker, issued.request).replace(" ", "")
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    for left in (4, 3, 2, 1):
        assert f"あと{left}回" in visitor.enter(wrong).content.decode()
    assert "使えなくなりました" in visitor.enter(wrong).content.decode()
    assert "このコードは使えません" in visitor.enter(code).content.decode()
    assert ChangeRecord.objects.filter(action="outside.wrong_code").count() == 5
    fresh = told_code(worker, issued.request)
    assert visitor.enter(fresh).status_code == 302


def test_a_code_ends_after_a_day_and_by_a_newer_one(worker, issued, visitor, time_machine):
    visitor.post("answer", event="accept", note="")
    first = told_code(worker, issued.request)
    second = told_code(worker, issued.request)
    if first != second:
        assert visitor.enter(first).status_code == 422
    time_machine.move_to(NOW + timedelta(hours=25), tick=False)
    assert "このコードは使えません" in visitor.enter(second).content.decode()


def test_secrecy_is_promised_first(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    code = told_code(worker, issued.request)
    refused = visitor.post("code", code=code)
    assert refused.status_code == 422
    assert "話さないことを確かめ" in refused.content.decode()
    assert visitor.enter(code).status_code == 302


def test_no_code_before_acceptance_and_none_for_a_talk(worker, issued, visitor):
    with pytest.raises(InvalidTransition, match="引き受けたあと"):
        make_code(request=issued.request, actor=worker.actor, at=NOW)
    assert visitor.post("answer", event="confer", note="").status_code == 422
    visitor.post("answer", event="confer", note="夜の時間帯のことを相談したい")
    with pytest.raises(InvalidTransition):
        make_code(request=issued.request, actor=worker.actor, at=NOW)
    assert "窓口から連絡します" in visitor.read()
    visitor.post("answer", event="accept_partly", note="昼だけなら")
    assert OutsideRequest.objects.get().state == OutsideState.PARTLY
    assert make_code(request=issued.request, actor=worker.actor, at=NOW)


def test_nobody_can_decline(visitor):
    assert not [label for _, label in OutsideState.choices if "断" in label]
    text = visitor.read()
    assert len(re.findall(r'<input type="radio" name="event"', text)) == len(OUTSIDE_ANSWERS) == 3
    assert visitor.post("answer", event="decline", note="できません").status_code == 422
    assert visitor.post("answer", event="withdraw", note="").status_code == 422
    assert OutsideRequest.objects.get().state == OutsideState.SENT


def test_it_ends_after_eight_days(issued, visitor, time_machine):
    time_machine.move_to(NOW + timedelta(days=8) - timedelta(minutes=1), tick=False)
    assert visitor.client.get(visitor.url()).status_code == 200
    time_machine.move_to(NOW + timedelta(days=8), tick=False)
    for response in (visitor.client.get(visitor.url()), visitor.post("answer", event="accept", note="")):
        assert response.status_code == 404
        assert PURPOSE not in response.content.decode()
    assert OutsideRequest.objects.get().state == OutsideState.SENT


def test_a_new_page_ends_the_old_one(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    visitor.enter(told_code(worker, issued.request))
    fresh = reissue_link(
        request=issued.request, code_way=CodeWay.PHONE, is_mailed=False, actor=worker.actor, at=LATER
    )
    assert visitor.client.get(visitor.url()).status_code == 404
    again = Visitor(fresh.token)
    again.client.cookies = visitor.client.cookies  # what the old page left behind opens nothing here
    assert no_secret(again.read().replace("蔵持", ""))
    with pytest.raises(InvalidTransition):
        answer_page(link=issued.link, event="accept", note="", at=LATER)


def test_a_withdrawn_request_shows_nothing(worker, issued, visitor):
    withdraw_request(request=issued.request, actor=worker.actor, at=LATER)
    response = visitor.client.get(visitor.url())
    assert response.status_code == 404
    assert PURPOSE not in response.content.decode()


def test_an_unknown_address_answers_the_same_and_many_are_stopped(issued, visitor, time_machine):
    guess = Visitor("x" * 43)
    assert guess.client.get(guess.url()).status_code == 404
    for _ in range(30):
        guess.client.get(guess.url())
    assert guess.client.get(guess.url()).status_code == 429
    assert visitor.client.get(visitor.url()).status_code == 429  # the same place


def test_too_many_codes_need_a_new_page(worker, issued, visitor):
    visitor.post("answer", event="accept", note="")
    for _ in range(5):
        make_code(request=issued.request, actor=worker.actor, at=NOW)
    with pytest.raises(InvalidTransition, match="出し直して"):
        make_code(request=issued.request, actor=worker.actor, at=NOW)


# ── Only what the ground covers ─────────────────────────────────────────────────────────────────────────────


def opened(worker, issued) -> Visitor:
    visitor = Visitor(issued.token)
    visitor.post("answer", event="accept", note="")
    visitor.enter(told_code(worker, issued.request))
    return visitor


def test_without_a_ground_nobody_is_named_even_then(worker, case):
    page = opened(
        worker, ask(worker.actor, case, ground=Ground.COORDINATION, parts=["basic", "contact"])
    ).read()
    assert "お見せできる記録はありません" in page
    assert no_secret(page.replace("蔵持", ""))


def test_a_consent_needs_the_persons_word_for_this_partner(worker, case):
    with pytest.raises(RuleViolation) as refused:
        ask(worker.actor, case, ground=Ground.CONSENT, agreement="11月20日、東さんにならと本人")
    assert refused.value.field == "ground"
    f.give_consent(case, worker.actor, worker.agency)
    with pytest.raises(RuleViolation) as refused:
        ask(worker.actor, case, ground=Ground.CONSENT)
    assert refused.value.field == "agreement"


def test_a_withdrawn_consent_closes_the_record_at_once(worker, case):
    consent = f.give_consent(case, worker.actor, worker.agency)
    visitor = opened(
        worker,
        ask(worker.actor, case, ground=Ground.CONSENT, agreement="11月20日、東さんにならと本人が答えた"),
    )
    assert "森下 和子" in visitor.read()
    withdraw_consent(
        consent=consent,
        withdrawn_on=TODAY,
        note="本人から電話",
        version=consent.version,
        actor=worker.actor,
        at=LATER,
    )
    assert no_secret(visitor.read().replace("蔵持", ""))


def test_a_protected_home_is_told_to_no_partner(worker, case):
    protect_address(
        person=case.person,
        units=[],
        first_on=TODAY,
        last_on=TODAY + timedelta(days=300),
        actor=worker.actor,
        at=NOW,
    )
    issued = ask(worker.actor, case)
    visitor = Visitor(issued.token)
    first = visitor.read()
    assert "お知らせできません" in first
    assert "相談窓口（秘匿）" in first
    assert "つつじが丘" not in first
    visitor.post("answer", event="accept", note="")
    visitor.enter(told_code(worker, issued.request))
    page = visitor.read()
    assert "森下 和子" in page
    assert STREET not in page
    assert "蔵持" not in page


# ── The worker's side ───────────────────────────────────────────────────────────────────────────────────────


def test_the_code_never_goes_by_the_way_of_the_address(worker, case):
    with pytest.raises(RuleViolation) as refused:
        ask(worker.actor, case, code_way=CodeWay.MAIL, is_mailed=True)
    assert refused.value.field == "code_way"
    deaf = partner(worker.actor, "中村 茂", phone="", email="naka@example.jp")
    with pytest.raises(RuleViolation, match="電話が登録されていません"):
        ask(worker.actor, case, partner=deaf)


def test_a_code_by_mail_comes_on_acceptance(worker, case):
    issued = ask(worker.actor, case, code_way=CodeWay.MAIL)
    visitor = Visitor(issued.token)
    visitor.post("answer", event="accept", note="")
    (letter,) = mail.outbox
    assert letter.to == ["higashi@example.jp"]
    assert issued.token not in letter.body
    assert no_secret(letter.body + letter.subject)
    assert visitor.enter(re.search(r"\d{6}", letter.body).group()).status_code == 302
    assert "森下 和子" in visitor.read()


def test_the_address_by_mail_names_nobody(worker, case):
    url = reverse("outside:new") + f"?case={case.number}"
    form = worker.client.get(url)
    data = {
        "request_key": str(form.context["form"]["request_key"].value()), "partner": partner(worker.actor).pk, "need": "",
        "purpose": PURPOSE, "ground": Ground.ELDER_ABUSE_LAW, "agreement": "", "parts": ["basic"], "way": "mail_link",
    }  # fmt: skip
    page = worker.client.post(url, data, follow=True).content.decode()
    (letter,) = mail.outbox
    assert no_secret(letter.body + letter.subject)
    token = re.search(r"/e/([\w-]+)/", letter.body).group(1)
    assert token not in page
    assert PURPOSE in Visitor(token).read()
    again = worker.client.post(url, data, follow=True).content.decode()
    assert "すでに出してあります" in again
    assert OutsideRequest.objects.count() == 1


def test_the_address_is_shown_once(worker, case):
    url = reverse("outside:new") + f"?case={case.number}"
    data = {
        "request_key": "3f0f6a3e-5d1a-4a58-9c93-0c6f7b0f3f11", "partner": partner(worker.actor).pk, "purpose": PURPOSE,
        "ground": Ground.ELDER_ABUSE_LAW, "parts": ["basic"], "way": "phone",
    }  # fmt: skip
    response = worker.client.post(url, data)
    token = re.search(r"/e/([\w-]+)/", response.content.decode()).group(1)
    assert "no-store" in response["Cache-Control"]
    assert token not in worker.client.post(url, data, follow=True).content.decode()
    assert (
        token
        not in worker.client.get(
            reverse("outside:detail", args=[OutsideRequest.objects.get().pk])
        ).content.decode()
    )
    assert worker.client.post(url, {**data, "purpose": "森下和子さんの見守り"}).status_code in (302, 422)


@pytest.mark.parametrize(
    "purpose", ["森下 和子さんを見守ってほしい", "0595-63-2104に電話してほしい", f"{STREET}に寄ってほしい"]
)
def test_the_first_words_name_nobody(worker, case, purpose):
    with pytest.raises(RuleViolation) as refused:
        ask(worker.actor, case, purpose=purpose, is_checked=True)
    assert refused.value.field == "purpose"


def test_whoever_asked_and_lost_the_case_reads_no_answer_of_it(worker, case, center_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    issued = ask(center_worker.actor, case)
    answer_page(link=issued.link, event="accept", note="鶸色の返事", at=NOW)
    url = reverse("outside:detail", args=[issued.request.pk])
    assert "鶸色の返事" in center_worker.client.get(url).content.decode()
    withdraw_consent(
        consent=consent, withdrawn_on=TODAY, note="", version=consent.version, actor=worker.actor, at=LATER
    )
    page = center_worker.client.get(url).content.decode()
    assert PURPOSE in page
    assert "鶸色の返事" not in page
    assert "鶸色の返事" in worker.client.get(url).content.decode()


def test_one_open_request_to_one_partner(worker, case, issued):
    with pytest.raises(RuleViolation) as refused:
        ask(worker.actor, case)
    assert refused.value.field == "partner"


def test_strangers_and_denied_workers(worker, case, issued, stranger, colleague):
    url = reverse("outside:detail", args=[issued.request.pk])
    assert stranger.client.get(url).status_code == 404
    assert stranger.client.post(reverse("outside:code", args=[issued.request.pk])).status_code == 404
    with pytest.raises(Case.DoesNotExist):
        ask(stranger.actor, case, partner=OutsidePartner.objects.get())
    for action in (make_code, withdraw_request):
        with pytest.raises(OutsideRequest.DoesNotExist):
            action(request=issued.request, actor=stranger.actor, at=NOW)
    HouseholdDenial.objects.create(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=NOW,
    )
    assert colleague.client.get(url).status_code == 404


def test_a_page_that_ran_out_is_told_once(worker, case, issued, time_machine):
    actor = Actor.system("試験")
    assert tell_run_out(actor=actor, at=NOW + timedelta(days=8) - timedelta(minutes=1)) == 0
    time_machine.move_to(NOW + timedelta(days=8), tick=False)
    assert tell_of_pages_that_ran_out() == 1
    assert tell_of_pages_that_ran_out() == 0
    assert Notice.objects.filter(staff=worker.staff, text__contains="期限が切れました").count() == 1
    assert "協力者のページの期限が切れました" in worker.client.get("/").content.decode()
    page = worker.client.get(reverse("outside:detail", args=[issued.request.pk])).content.decode()
    assert "出し直すか、取り下げて別の先を探します" in page


def test_a_page_of_a_finished_request_runs_out_in_silence(worker, issued):
    withdraw_request(request=issued.request, actor=worker.actor, at=LATER)
    assert tell_run_out(actor=Actor.system("試験"), at=NOW + timedelta(days=9)) == 0


def close(case, worker):
    data = ClosingData(
        kind="close", reason=f.make_code("closing_reason", "z01", "目標達成"), note="落ち着いた。",
        follow_up_on=TODAY + timedelta(days=30), no_follow_up_reason="",
    )  # fmt: skip
    return close_case(case=case, data=data, actor=worker.actor, at=LATER)


def test_a_case_is_not_closed_over_an_unanswered_request(worker, case, issued):
    with pytest.raises(RuleViolation, match="東 久子"):
        close(case, worker)
    answer_page(link=issued.link, event="accept", note="", at=NOW)
    close(case, worker)
    request = OutsideRequest.objects.get()
    assert (request.state, request.outcome) == ("done", "case_closed")
    assert not OutsideLink.objects.filter(ended_at__isnull=True).exists()


def test_the_directory_is_kept_on_its_pages(worker, finance):
    data = {
        "name": "NPO法人 こもれび",
        "kind": "npo",
        "organisation": "",
        "area": "",
        "phone": "",
        "email": "",
        "note": "",
    }
    refused = worker.client.post(reverse("outside:partner_new"), data)
    assert refused.status_code == 422
    assert "電話かメール" in refused.content.decode()
    worker.client.post(reverse("outside:partner_new"), {**data, "phone": "0595-61-0000", "is_current": "on"})
    found = OutsidePartner.objects.get()
    assert found.phone == "0595610000"
    assert (
        worker.client.post(reverse("outside:partner_new"), {**data, "phone": "0595-61-0000"}).status_code
        == 422
    )
    worker.client.post(reverse("outside:partner_edit", args=[found.pk]), {**data, "email": "k@example.jp"})
    found.refresh_from_db()
    assert (found.phone, found.email, found.is_current) == ("", "k@example.jp", False)
    assert "いまは頼めない" in worker.client.get(reverse("outside:partners")).content.decode()
    assert finance.client.get(reverse("outside:partners")).status_code == 403


@pytest.mark.parametrize("rows", [1, 30])
def test_the_directory_takes_the_same_queries(worker, rows, django_assert_num_queries):
    for n in range(rows):
        partner(worker.actor, f"協力者 {n}", area=f.make_area())
    client = worker.client
    client.get(reverse("outside:partners"))
    with django_assert_num_queries(5):
        assert client.get(reverse("outside:partners")).status_code == 200


# ── The table ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_state_says_what_it_means():
    assert set(OUTSIDE_MEANING) == set(OutsideState)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(OutsideState, OUTSIDE_ANSWERS)))
def test_answers_follow_the_table(worker, case, issued, state, event):
    """Every state × answer: moved as the table says, else refused without a trace."""
    ways = {
        OutsideState.SENT: (), OutsideState.ACCEPTED: ("accept",), OutsideState.PARTLY: ("accept_partly",),
        OutsideState.CONFERENCE: ("confer",), OutsideState.DONE: ("accept",), OutsideState.WITHDRAWN: (),
    }  # fmt: skip
    for step in ways[state]:
        answer_page(link=issued.link, event=step, note="ひとこと", at=NOW)
    if state == OutsideState.WITHDRAWN:
        withdraw_request(request=issued.request, actor=worker.actor, at=NOW)
    if state == OutsideState.DONE:
        code = make_code(request=issued.request, actor=worker.actor, at=NOW)
        browser = give_code(link=issued.link, code=code, keeps_secret=True, at=NOW)
        finish_page(link=issued.link, browser=browser, outcome="done", note="", at=NOW)
    before = ChangeRecord.objects.count()
    target = OUTSIDE_TRANSITIONS.get((state, OutsideEvent(event)))
    if target is None:
        with pytest.raises(InvalidTransition):
            answer_page(link=issued.link, event=event, note="ひとこと", at=LATER)
        assert ChangeRecord.objects.count() == before
    else:
        answer_page(link=issued.link, event=event, note="ひとこと", at=LATER)
        assert OutsideRequest.objects.get().state == target
        assert ChangeRecord.objects.count() == before + 1
