"""受け入れの問い合わせ: asking for room without naming anybody, answering, taking back, and the つなぎ that comes of a yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Agency, Area, Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.enums import CodeList
from cases.models import Case, Code
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.contact import shield_for
from households.models import staff_denied
from referrals.actions.send_referral import MOST_AT_ONCE
from referrals.enums_outside import POSITIVE, CapacityReply
from referrals.identity_words import check_no_identity
from referrals.models import CapacityAnswer, CapacityQuestion, Referral
from referrals.permissions import check_can_send


@transaction.atomic
def ask_capacity(
    *, agencies: Sequence[Agency], theme: Code, area: Area | None, text: str, period: str, deadline_at: datetime,
    actor: Actor, at: datetime, request_key: UUID, case: Case | None = None, is_checked: bool = False,
) -> CapacityQuestion:  # fmt: skip
    """Ask one or more agencies for room. Nothing of ``case`` goes with it; it stays with those who see the case.

    The same ``request_key`` again returns the question that it made. Raises NotAllowed, RuleViolation beside its field,
    Case.DoesNotExist for a case that the actor does not see.
    """
    if not actor.has(Permission.REFERRAL_SEND):
        raise NotAllowed("問い合わせを送る権限がありません。")
    agency, staff = actor.office()
    known = CapacityQuestion.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.from_agency_id == agency.pk:
            return known
        raise RuleViolation("画面を開き直してから、もう一度送信してください。")
    if case is not None:
        case = Case.objects.visible_to(actor).select_related("household__area").get(pk=case.pk)
        check_can_send(actor, case)
    asked = _receivers(agencies, agency, at)
    words = text.strip()
    if not words:
        raise RuleViolation("何が必要かを、ふつうの言葉で書いてください。", field="text")
    if deadline_at <= at:
        raise RuleViolation("返事の期限は、今より後にしてください。", field="deadline")
    if not Code.objects.of(CodeList.CONCERN, timezone.localdate(at)).filter(pk=theme.pk).exists():
        raise RuleViolation("テーマを一覧から選んでください。", field="theme")
    household, shield = (case.household if case else None), shield_for(actor)
    for field, said in (("text", words), ("period", period.strip())):
        check_no_identity(said, household, shield, is_checked=is_checked, field=field)
    question = CapacityQuestion.objects.create(
        request_key=request_key, from_agency=agency, asked_by=staff, asked_at=at, case=case, theme=theme, area=area,
        text=words, period=period.strip(), deadline_at=deadline_at,
    )  # fmt: skip
    CapacityAnswer.objects.bulk_create([CapacityAnswer(question=question, agency=a) for a in asked])
    record(
        actor=actor, action="capacity.ask", target=question, at=at, case=case.pk if case else None,
        agencies=[a.pk for a in asked], is_checked=is_checked,
    )  # fmt: skip
    today = timezone.localdate(at)
    people = {pk for a in asked for pk in Staff.objects.of_agency(a, on=today).values_list("pk", flat=True)}
    notify(
        staff_ids=people - (staff_denied(case.household_id) if case else set()), text="受け入れの問い合わせが届きました。",
        url=reverse("capacity:detail", args=[question.pk]), at=at, kind=NoticeKind.REFERRAL,
        about=case.household_id if case else None,
    )  # fmt: skip
    return question


def _receivers(agencies: Sequence[Agency], own: Agency, at: datetime) -> list[Agency]:
    once = list({agency.pk: agency for agency in agencies}.values())
    if not once:
        raise RuleViolation("問い合わせ先を1つ以上選んでください。", field="agencies")
    if len(once) > MOST_AT_ONCE:
        raise RuleViolation(f"一度に問い合わせられるのは{MOST_AT_ONCE}機関までです。", field="agencies")
    if any(agency.pk == own.pk for agency in once):
        raise RuleViolation("自分の機関に問い合わせることはできません。", field="agencies")
    with_desk = Agency.objects.with_desk().active_on(timezone.localdate(at))
    answering = set(with_desk.filter(pk__in=[a.pk for a in once]).values_list("pk", flat=True))
    for agency in once:
        if agency.pk not in answering:
            raise RuleViolation(
                f"{agency.short_name}には問い合わせできません（廃止されたか、相談を受けない部署です）。",
                field="agencies",
            )
    return once


@transaction.atomic
def answer_capacity(
    *, answer: CapacityAnswer, reply: str, note: str, actor: Actor, at: datetime
) -> CapacityAnswer:
    """The asked agency says yes, yes with conditions, or no room now; it may say otherwise later, while no つなぎ rests on it.

    "No room" refuses nobody: no person was named, and the lack is counted. Raises NotAllowed, InvalidTransition,
    RuleViolation (a word is missing).
    """
    locked = _locked(answer, actor)
    if (
        locked.agency_id != actor.agency_id
        or actor.staff is None
        or not actor.has(Permission.REFERRAL_ANSWER)
    ):
        raise NotAllowed("問い合わせを受けた機関の職員だけが返事をできます。")
    if locked.question.withdrawn_at is not None:
        raise InvalidTransition("この問い合わせは取り下げられました。")
    if locked.referral_id is not None:
        raise InvalidTransition("この返事をもとにつなぎが送られたため、返事を変えられません。")
    if reply not in CapacityReply.values:
        raise RuleViolation("返事を選んでください。", field="reply")
    words = note.strip()
    if reply == CapacityReply.CONDITIONS and not words:
        raise RuleViolation("どんな条件なら受けられるかを書いてください。", field="note")
    if reply == CapacityReply.NO and not words:
        raise RuleViolation(
            "いつごろ空くか、ほかに当たれそうな先などを、ひとこと書いてください。", field="note"
        )
    locked.reply, locked.note, locked.answered_at, locked.answered_by = reply, words, at, actor.staff
    locked.save(update_fields=["reply", "note", "answered_at", "answered_by"])
    record(
        actor=actor, action="capacity.answer", target=locked, at=at, question=locked.question_id, reply=reply
    )
    notify(
        staff_ids=[locked.question.asked_by_id],
        text=f"受け入れの問い合わせに返事がありました（{locked.get_reply_display()}）。",
        url=reverse("capacity:detail", args=[locked.question_id]), at=at, kind=NoticeKind.ANSWER,
        about=locked.question.case.household_id if locked.question.case else None,
    )  # fmt: skip
    return locked


def _locked(answer: CapacityAnswer, actor: Actor) -> CapacityAnswer:
    seen = CapacityAnswer.objects.visible_to(actor).get(pk=answer.pk)
    CapacityQuestion.objects.select_for_update(of=("self",)).get(pk=seen.question_id)
    return (
        CapacityAnswer.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("question")
        .get(pk=answer.pk)
    )


@transaction.atomic
def withdraw_capacity(*, question: CapacityQuestion, actor: Actor, at: datetime) -> CapacityQuestion:
    """It is not needed any more: nobody has to answer, and it counts as no lack."""
    locked = CapacityQuestion.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=question.pk)
    if (
        locked.from_agency_id != actor.agency_id
        or actor.staff is None
        or not actor.has(Permission.REFERRAL_SEND)
    ):
        raise NotAllowed("問い合わせた機関の職員だけが取り下げられます。")
    if locked.withdrawn_at is not None:
        raise InvalidTransition("この問い合わせは、すでに取り下げられています。")
    locked.withdrawn_at, locked.withdrawn_by = at, actor.staff
    locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
    record(actor=actor, action="capacity.withdraw", target=locked, at=at)
    return locked


@transaction.atomic
def rest_on_answer(*, referral: Referral, answer: CapacityAnswer, actor: Actor, at: datetime) -> None:
    """The つなぎ that came of a yes is kept beside the answer, as evidence of what was promised."""
    locked = _locked(answer, actor)
    fits = (
        locked.agency_id == referral.to_agency_id
        and locked.question.from_agency_id == referral.from_agency_id
    )
    same_case = locked.question.case_id in (None, referral.case_id)
    if locked.referral_id is None and locked.reply in POSITIVE and fits and same_case:
        locked.referral = referral
        locked.save(update_fields=["referral"])
        record(actor=actor, action="capacity.use", target=locked, at=at, referral=referral.pk)
