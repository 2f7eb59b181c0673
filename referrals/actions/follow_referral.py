"""What happens to a request besides its answer: it is opened, work begins, and the sender hears what came of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.models import Case
from common.errors import InvalidTransition, RuleViolation
from common.tags import check_tag
from households.models import staff_denied
from referrals.actions.answer_referral import lock_referral
from referrals.enums import ReferralOutcome
from referrals.models import Referral
from referrals.permissions import check_can_tell_outcome
from referrals.workflow import ReferralState


@transaction.atomic
def see_referral(*, referral: Referral, actor: Actor, at: datetime) -> None:
    """既読: somebody of the receiving agency has opened a request that waits for its answer; the first time counts."""
    if referral.to_agency_id != actor.agency_id or referral.seen_at or referral.state != ReferralState.SENT:
        return
    rows = Referral.objects.visible_to(actor).unanswered().filter(pk=referral.pk, seen_at__isnull=True)
    if rows.update(seen_at=at):
        referral.seen_at = at
        record(actor=actor, action="referral.see", target=referral, at=at, case=referral.case_id)


@transaction.atomic
def start_referral(*, referral: Referral, actor: Actor, at: datetime, tag: str | None = None) -> Referral:
    """対応中: the receiver has begun with what was asked. Beginning twice changes nothing."""
    referral = lock_referral(referral, actor)
    check_can_tell_outcome(actor, referral)
    check_tag(referral, tag)
    _check_owes(referral)
    if referral.started_at is None:
        referral.started_at = at
        referral.save(update_fields=["started_at"])
        record(actor=actor, action="referral.start", target=referral, at=at, case=referral.case_id)
    return referral


@transaction.atomic
def finish_referral(
    *, referral: Referral, outcome: str, note: str, actor: Actor, at: datetime, tag: str | None = None
) -> Referral:
    """対応済み: the receiver tells the sender what came of the request; support of the case goes on as it was.

    Raises NotAllowed, InvalidTransition (not taken on, told already), RuleViolation beside ``outcome`` or ``note``.
    """
    referral = lock_referral(referral, actor)
    check_can_tell_outcome(actor, referral)
    check_tag(referral, tag)
    _check_owes(referral)
    if outcome not in ReferralOutcome.values or outcome == ReferralOutcome.CASE_CLOSED:
        raise RuleViolation("結果を一覧から選んでください。", field="outcome")
    if outcome == ReferralOutcome.NOT_REACHED and not note.strip():
        raise RuleViolation("どのように会おうとしたかを書いてください。", field="note")
    _finish(referral, outcome, note.strip(), actor=actor, at=at)
    record(
        actor=actor, action="referral.finish", target=referral, at=at, case=referral.case_id, outcome=outcome
    )
    if referral.sent_by_id != actor.staff_id:
        notify(
            staff_ids={referral.sent_by_id} - staff_denied(referral.case.household_id),
            text=f"{referral.case.number}のつなぎの結果が届きました（{referral.get_outcome_display()}）。",
            url=reverse("referrals:detail", args=[referral.pk]), at=at, kind=NoticeKind.ANSWER,
            about=referral.case.household_id,
        )  # fmt: skip
    return referral


def finish_with_case(*, case: Case, actor: Actor, at: datetime) -> None:
    """A closed case owes nobody a result any more: what was still open ends with it, and says so."""
    for referral in Referral.objects.owing_outcome().filter(case=case).select_for_update(of=("self",)):
        _finish(referral, ReferralOutcome.CASE_CLOSED, "", actor=actor, at=at)
        record(
            actor=actor, action="referral.finish", target=referral, at=at, case=case.pk,
            outcome=ReferralOutcome.CASE_CLOSED,
        )  # fmt: skip


def start_by_contact(*, case_id: int, agency_id: int, actor: Actor, at: datetime) -> None:
    """The receiver's first record in the case shows that it has begun: nobody has to say so twice."""
    rows = Referral.objects.owing_outcome().filter(
        case=case_id, to_agency=agency_id, started_at__isnull=True, answered_at__lte=at
    )
    for referral in rows.select_for_update(of=("self",)):
        referral.started_at = at
        referral.save(update_fields=["started_at"])
        record(actor=actor, action="referral.start", target=referral, at=at, case=case_id)


def _check_owes(referral: Referral) -> None:
    if not referral.owes_outcome:
        raise InvalidTransition(
            f"このつなぎは「{referral.stage.label}」になっているため、この操作はできません。"
        )


def _finish(referral: Referral, outcome: str, note: str, *, actor: Actor, at: datetime) -> None:
    referral.started_at = referral.started_at or at
    referral.finished_at, referral.finished_by = at, actor.office()[1]
    referral.outcome, referral.outcome_note = outcome, note
    referral.save(update_fields=["started_at", "finished_at", "finished_by", "outcome", "outcome_note"])
