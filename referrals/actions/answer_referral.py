"""Answering a referral: take the lead, join, or put it to a conference with a reason. There is no fourth answer."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.urls import reverse

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.actions.grants import grant_case
from cases.actions.team import join_case, take_lead
from cases.models import Case
from common.errors import InvalidTransition, RuleViolation
from common.tags import check_tag
from referrals.disclosure_rules import opening_of
from referrals.models import Referral
from referrals.permissions import ANSWERS, check_can_answer, check_can_settle
from referrals.selectors import coordinating_offices
from referrals.signals import referral_answered
from referrals.workflow import REFERRAL_TRANSITIONS, ReferralEvent, ReferralState


def lock_referral(referral: Referral, actor: Actor) -> Referral:
    """The referral as it stands, locked after its case.

    Every action takes the case first: sending locks the case and then waits on the unique index for an answer
    that is under way, so the other order could lock both out. Raises Referral.DoesNotExist for a stranger.
    """
    seen = Referral.objects.visible_to(actor).get(pk=referral.pk)
    case = Case.objects.select_for_update(of=("self",)).get(pk=seen.case_id)
    locked = (
        Referral.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("to_agency", "from_agency")
        .get(pk=referral.pk)
    )
    locked.case = case
    return locked


def move(referral: Referral, event: ReferralEvent, *, actor: Actor, at: datetime, note: str) -> None:
    """Set the state that the table gives, with who and when; InvalidTransition when it gives none."""
    try:
        state = REFERRAL_TRANSITIONS[ReferralState(referral.state), event]
    except KeyError:
        label = ReferralState(referral.state).label
        raise InvalidTransition(f"このつなぎは「{label}」になっているため、この操作はできません。") from None
    referral.state = state
    referral.answered_at, referral.answered_by, referral.answer_note = at, actor.staff, note
    referral.save(update_fields=["state", "answered_at", "answered_by", "answer_note"])


@transaction.atomic
def answer_referral(
    *, referral: Referral, event: ReferralEvent | str, actor: Actor, at: datetime, staff: Staff | None = None,
    note: str = "", former_until: date | None = None, tag: str | None = None,
) -> Referral:  # fmt: skip
    """The receiving agency's answer; ``staff`` is the named person who takes it on (the actor if not given).
    ``former_until``: taking the lead, the last day on which the former lead may read (None: it stays as a partner).
    ``tag``: the request as it was read.

    Late answers, after it rose to the director, are as good as early ones. Raises NotAllowed, InvalidTransition,
    RuleViolation (``note`` missing for a conference, ``staff`` not of the agency).
    """
    event = ReferralEvent(event)
    referral = lock_referral(referral, actor)
    check_can_answer(actor, referral, event)
    check_tag(referral, tag)
    note = note.strip()
    if event not in ANSWERS:
        raise InvalidTransition("この操作は、返事としてはできません。")
    if event is ReferralEvent.TO_CONFERENCE and not note:
        raise RuleViolation("会議に出す理由を入力してください。", field="note")
    move(referral, event, actor=actor, at=at, note=note)
    named = staff or actor.staff
    assert named is not None
    case = referral.case
    if event is ReferralEvent.TAKE_LEAD:
        take_lead(
            case=case, agency=referral.to_agency, staff=named, actor=actor, at=at, basis=referral,
            former_until=former_until,
        )  # fmt: skip
    elif event is ReferralEvent.JOIN:
        opening = opening_of(referral, at)
        join_case(
            case=case, agency=referral.to_agency, staff=named, actor=actor, at=at, basis=opening.basis,
            ground=Ground(referral.ground), opens_record=opening.opens_record, ends_at=opening.ends_at,
        )  # fmt: skip
    else:
        for office in coordinating_offices(referral):
            grant_case(
                case=case, agency=office, ground=Ground.COORDINATION, basis=referral, actor=actor, at=at
            )
    record(
        actor=actor, action=f"referral.{event}", target=referral, at=at, case=case.pk,
        staff=None if event is ReferralEvent.TO_CONFERENCE else named.pk,
    )  # fmt: skip
    _tell_sender(referral, actor=actor, at=at)
    referral_answered.send(Referral, referral=referral, actor=actor, at=at)
    return referral


def _tell_sender(referral: Referral, *, actor: Actor, at: datetime) -> None:
    """Whoever asked hears of the answer; which agency it was stands on the page, for a mail is no place for it."""
    if referral.sent_by_id == actor.staff_id:
        return
    notify(
        staff_ids=[referral.sent_by_id],
        text=f"{referral.case.number}のつなぎに返事がありました（{ReferralState(referral.state).label}）。",
        url=reverse("referrals:detail", args=[referral.pk]),
        at=at,
        kind=NoticeKind.ANSWER,
        about=referral.case.household_id,
    )


@transaction.atomic
def settle_referral(*, referral: Referral, actor: Actor, at: datetime, note: str) -> Referral:
    """A conference has decided who does what: the referral that was put to it is settled, with its conclusion."""
    referral = lock_referral(referral, actor)
    check_can_settle(actor, referral)
    move(referral, ReferralEvent.SETTLE, actor=actor, at=at, note=_appended(referral.answer_note, note))
    record(actor=actor, action="referral.settle", target=referral, at=at, case=referral.case_id)
    return referral


def _appended(reason: str, conclusion: str) -> str:
    """The receiver's reason stays above the conference's conclusion."""
    return "\n".join(part for part in (reason.strip(), conclusion.strip()) if part)
