"""What a partner does on its page: opens it, answers, gives the code, tells what came of it. The address is the right."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.notice_kinds import NoticeKind
from audit.actions import record, record_access
from audit.models import AccessKind
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.models import staff_denied
from referrals.actions.outside_requests import end_links, move, put_code
from referrals.enums_outside import CodeWay, OutsideOutcome
from referrals.models import OutsideLink, OutsideRequest
from referrals.models.outside import MOST_TRIES
from referrals.outside_secrets import CODE_DIGITS, code_sum, same, token_sum
from referrals.workflow_outside import OUTSIDE_ANSWERS, OutsideEvent, OutsideState

PAGE_PATH = "/e/…"  # the log keeps no address that opens anything


def partner_actor(link: OutsideLink) -> Actor:
    """As the trail names the reader."""
    return Actor.outside(link.request.partner.label)


def _lock(link: OutsideLink, at: datetime) -> OutsideLink:
    """Case, request, link: the order of all actions. InvalidTransition when the page is over."""
    Case.objects.select_for_update(of=("self",)).get(pk=link.request.case_id)
    request = (
        OutsideRequest.objects.select_for_update(of=("self",))
        .select_related("partner", "from_agency", "case__household__area", "case__person", "consent")
        .get(pk=link.request_id)
    )
    locked = OutsideLink.objects.alive(at).select_for_update(of=("self",)).filter(pk=link.pk).first()
    if locked is None or not request.is_open:
        raise InvalidTransition("このページは閉じられました。お願いした窓口に連絡してください。")
    locked.request = request
    return locked


@transaction.atomic
def open_page(
    *, link: OutsideLink, shows_person: bool, at: datetime, remote_addr: str, worker: Actor | None = None
) -> None:
    """Each view is in the access log, with the partner as its reader: which stage, and on what ground. ``worker``: a
    signed-in worker who looks at the page is logged as such, and has not opened it for the partner.
    """
    actor = worker or partner_actor(link)
    if (
        worker is None
        and link.opened_at is None
        and OutsideLink.objects.filter(pk=link.pk, opened_at__isnull=True).update(opened_at=at)
    ):
        link.opened_at = at
        record(actor=actor, action="outside.open", target=link.request, at=at, case=link.request.case_id)
    record_access(
        actor=actor, kind=AccessKind.VIEW, target_type=OutsideRequest._meta.label_lower,
        target_id=str(link.request_id), at=at, ground=link.request.ground if shows_person else "",
        path=PAGE_PATH, remote_addr=remote_addr,
    )  # fmt: skip


@transaction.atomic
def answer_page(*, link: OutsideLink, event: str, note: str, at: datetime) -> tuple[OutsideLink, str]:
    """Accept, accept in part, or ask for a talk; there is no refusal. Returns the link and the code that is to be mailed
    ("" where a worker tells it by phone).

    Raises InvalidTransition, RuleViolation (a word is missing).
    """
    link = _lock(link, at)
    request, actor, words = link.request, partner_actor(link), note.strip()[:2000]
    if event not in OUTSIDE_ANSWERS:
        raise RuleViolation("返事を選んでください。", field="event")
    if event == OutsideEvent.ACCEPT_PARTLY and not words:
        raise RuleViolation("どこまでならできるかを、ひとこと書いてください。", field="note")
    if event == OutsideEvent.CONFER and not words:
        raise RuleViolation("何を話し合いたいかを、ひとこと書いてください。", field="note")
    move(request, OutsideEvent(event))
    request.answered_at, request.answer_note = at, words
    request.save(update_fields=["state", "answered_at", "answer_note"])
    record(actor=actor, action=f"outside.{event}", target=request, at=at, case=request.case_id)
    code, next_word = "", ""
    if request.is_taken and link.code_way == CodeWay.MAIL:
        code = put_code(request, link, actor=actor, at=at)
    elif request.is_taken:
        next_word = "電話でコードを伝えてください。"
    _tell(request, f"協力者から返事がありました（{request.get_state_display()}）。{next_word}", at)
    return link, code


def _tell(request: OutsideRequest, text: str, at: datetime, kind: NoticeKind = NoticeKind.ANSWER) -> None:
    notify(
        staff_ids={request.sent_by_id} - staff_denied(request.case.household_id),
        text=f"{request.case.number}の{text}",
        url=reverse("outside:detail", args=[request.pk]),
        at=at,
        kind=kind,
        about=request.case.household_id,
    )


def give_code(*, link: OutsideLink, code: str, keeps_secret: bool, at: datetime) -> str:
    """The right code opens the page for the browser that gave it, once; returns what that browser keeps.

    Five wrong ones end the code. A count of tries outlives the refusal, so it is not in the transaction of the error.
    Raises InvalidTransition, RuleViolation beside ``code`` or ``keeps_secret``.
    """
    if not keeps_secret:
        raise RuleViolation(
            "知ったことをほかの人に話さないことを確かめ、印を付けてください。", field="keeps_secret"
        )
    digits = "".join(char for char in code if char.isdecimal())
    with transaction.atomic():
        link = _lock(link, at)
        request = link.request
        if not request.is_taken:
            raise InvalidTransition("先に返事をしてください。")
        if not link.has_code(at):
            raise RuleViolation(
                "このコードは使えません（使用済みか、期限切れか、間違いが続きました）。"
                "お願いした窓口に、新しいコードを頼んでください。",
                field="code",
            )
        if same(link.code_hash, code_sum(link.pk, _ascii(digits))):
            browser = secrets.token_urlsafe(32)
            link.code_hash, link.code_used_at, link.browser_hash = "", at, token_sum(browser)
            link.save(update_fields=["code_hash", "code_used_at", "browser_hash"])
            record(
                actor=partner_actor(link), action="outside.identify", target=request, at=at,
                case=request.case_id, link=link.pk,
            )  # fmt: skip
            return browser
        link.code_tries += 1
        if link.code_tries >= MOST_TRIES:
            link.code_hash = ""
        link.save(update_fields=["code_tries", "code_hash"])
        record(
            actor=partner_actor(link),
            action="outside.wrong_code",
            target=request,
            at=at,
            case=request.case_id,
        )
        left = MOST_TRIES - link.code_tries
    if left:
        raise RuleViolation(
            f"コードが違います。数字{CODE_DIGITS}けたを確かめてください（あと{left}回）。", field="code"
        )
    raise RuleViolation(
        "間違いが続いたため、このコードは使えなくなりました。お願いした窓口に、新しいコードを頼んでください。",
        field="code",
    )


def _ascii(digits: str) -> str:
    return "".join(str(int(char)) for char in digits)


@transaction.atomic
def ask_new_code(*, link: OutsideLink, at: datetime) -> tuple[OutsideLink, str]:
    """For a code that goes by mail: another one, the former ends; as often as a page has codes."""
    link = _lock(link, at)
    if link.code_way != CodeWay.MAIL:
        raise InvalidTransition("コードは電話でお伝えします。お願いした窓口に連絡してください。")
    return link, put_code(link.request, link, actor=partner_actor(link), at=at)


@transaction.atomic
def finish_page(*, link: OutsideLink, browser: str, outcome: str, note: str, at: datetime) -> OutsideRequest:
    """The partner tells what came of it, in the ``browser`` that gave the code; the page closes.

    Raises NotAllowed (another browser), InvalidTransition, RuleViolation beside its field.
    """
    link = _lock(link, at)
    if not same(link.browser_hash, token_sum(browser)):
        raise NotAllowed("結果は、コードを入れた端末から知らせてください。")
    request, words = link.request, note.strip()[:2000]
    if outcome not in OutsideOutcome.values or outcome == OutsideOutcome.CASE_CLOSED:
        raise RuleViolation("結果を選んでください。", field="outcome")
    if outcome in {OutsideOutcome.WORSE, OutsideOutcome.NOT_MET} and not words:
        raise RuleViolation("様子をひとこと書いてください。", field="note")
    finish(request, outcome, words, actor=partner_actor(link), at=at)
    _tell(request, f"協力者から結果が届きました（{request.get_outcome_display()}）。", at)
    return request


def finish(request: OutsideRequest, outcome: str, words: str, *, actor: Actor, at: datetime) -> None:
    move(request, OutsideEvent.FINISH)
    request.finished_at, request.outcome, request.outcome_note = at, outcome, words
    request.save(update_fields=["state", "finished_at", "outcome", "outcome_note"])
    end_links(request, at)
    record(actor=actor, action="outside.finish", target=request, at=at, case=request.case_id, outcome=outcome)


def end_with_case(*, case: Case, actor: Actor, at: datetime) -> None:
    """What partners took on ends with the case; whoever has not answered has to be heard or asked back first."""
    rows = OutsideRequest.objects.filter(
        case=case, state__in=[OutsideState.ACCEPTED, OutsideState.PARTLY]
    ).select_for_update(of=("self",))
    for request in rows:
        finish(request, OutsideOutcome.CASE_CLOSED, "", actor=actor, at=at)


def tell_run_out(*, actor: Actor, at: datetime) -> int:
    """Whoever asked hears once that a page ran out with the request still open; the row itself is what is due. Safe to run
    twice and side by side. Returns how many were told.
    """
    due = list(OutsideLink.objects.run_out(at).order_by("pk").values_list("pk", flat=True))
    return sum(_tell_one(pk, actor, at) for pk in due)


@transaction.atomic
def _tell_one(pk: int, actor: Actor, at: datetime) -> bool:
    link = (
        OutsideLink.objects.run_out(at)
        .select_related("request__case", "request__partner")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk)
        .first()
    )
    if link is None:
        return False
    link.expiry_told_at = at
    link.save(update_fields=["expiry_told_at"])
    words = "協力者のページの期限が切れました。出し直すか、別の先を探してください。"
    _tell(link.request, words, at, NoticeKind.REFERRAL)
    record(actor=actor, action="outside.run_out", target=link.request, at=at, case=link.request.case_id)
    return True
