"""つなぎ on the home page: what waits for an answer, what rose to the office, what was let pass."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency
from accounts.roles import Permission
from cases.models.case import not_denied
from common.kept_sql import kept, moment_of
from common.queue import QueueGroup, QueueRow
from households.contact import HIDDEN_DESK
from referrals.models import Referral
from referrals.selectors import (
    CONFERENCE_DAYS,
    LIST_LIMIT,
    asked_words,
    for_queue,
    office_hours_deadline,
    whose_case,
)
from referrals.workflow import REFERRAL_WAITING, ReferralState


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Referrals to answer, referrals that rose to my office, and my agency's own past their deadline. Two queries."""
    if actor.agency is None or not actor.has(Permission.REFERRAL_VIEW):
        return []
    day, rows = timezone.localdate(), []
    if actor.has(Permission.REFERRAL_ANSWER):
        rows = [_answer_row(referral, actor, at) for referral in kept(_to_answer, actor, on=day)]
    for referral in kept(_watched, actor, on=day, now=int(at.timestamp())):
        if actor.has(Permission.SECTOR_VIEW) and (
            referral.escalated_to_id == actor.agency_id or referral.state == ReferralState.CONFERENCE
        ):
            rows.append(_risen_row(referral, actor, at))
        else:
            rows.append(_overdue_row(referral, actor, at))
    return rows


def _to_answer(actor: Actor) -> QuerySet[Referral]:
    mine = Referral.objects.filter(
        not_denied(actor, "case_id"), to_agency=actor.agency_id, state=ReferralState.SENT
    )
    return for_queue(mine, actor).order_by("deadline_at", "pk")[:LIST_LIMIT]


def _watched(actor: Actor, now: int) -> QuerySet[Referral]:
    watched = Q(from_agency=actor.agency_id, state=ReferralState.SENT, deadline_at__lte=moment_of(now))
    if actor.has(Permission.SECTOR_VIEW):
        watched |= Q(escalated_to=actor.agency_id, state__in=REFERRAL_WAITING) | Q(
            state=ReferralState.CONFERENCE
        )
    rows = for_queue(Referral.objects.visible_to(actor).filter(watched), actor)
    return rows.order_by("deadline_at", "pk")[:LIST_LIMIT]


def _title(referral: Referral) -> str:
    return whose_case(referral, sees_case=bool(getattr(referral, "sees_case", False)))


def _asked(referral: Referral, actor: Actor, at: datetime) -> str:
    """What is asked, left to the page where the words may hold what is protected from the reader."""
    if getattr(referral, "hides", False):
        return "つなぎ（内容はページで読めます）"
    sees = bool(getattr(referral, "sees_case", False))
    return asked_words(referral, actor, timezone.localdate(at), sees_case=sees)


def _desk(referral: Referral, agency: Agency) -> str:
    return (
        HIDDEN_DESK
        if getattr(referral, "hides", False) and agency.kind == AgencyKind.DESK
        else agency.short_name
    )


def _answer_row(referral: Referral, actor: Actor, at: datetime) -> QueueRow:
    return QueueRow(
        group=QueueGroup.ANSWER,
        kind="つなぎ",
        title=_asked(referral, actor, at),
        detail=f"{_desk(referral, referral.from_agency)}から　{_title(referral)}（{referral.case.number}）",
        url=reverse("referrals:detail", args=[referral.pk]),
        due_at=referral.deadline_at,
        badge="期限超過" if referral.deadline_at <= at else "",
    )


def _risen_row(referral: Referral, actor: Actor, at: datetime) -> QueueRow:
    put = referral.state == ReferralState.CONFERENCE
    due = referral.deadline_at
    if put and referral.answered_at:
        due = office_hours_deadline(referral.answered_at, CONFERENCE_DAYS)
    return QueueRow(
        group=QueueGroup.ANSWER,
        kind="つなぎ",
        title=_asked(referral, actor, at),
        detail=(
            f"{_desk(referral, referral.from_agency)} → {_desk(referral, referral.to_agency)}　"
            f"{_title(referral)}（{referral.case.number}）"
        ),
        url=reverse("referrals:detail", args=[referral.pk]),
        due_at=due,
        badge="会議に出された" if put else "期限超過で上がった",
    )


def _overdue_row(referral: Referral, actor: Actor, at: datetime) -> QueueRow:
    risen_to = f"。{referral.escalated_to.short_name}に上がっています" if referral.escalated_to else ""
    return QueueRow(
        group=QueueGroup.WORRY,
        kind="つなぎ",
        title=f"{referral.to_agency.short_name}から返事がありません",
        detail=f"{_title(referral)}：{_asked(referral, actor, at)}{risen_to}",
        url=reverse("referrals:detail", args=[referral.pk]),
        due_at=referral.deadline_at,
        badge="返事なし",
    )
