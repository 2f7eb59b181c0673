"""Jobs of referrals; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from referrals.actions.chase_referrals import chase_waiting
from referrals.actions.escalate_referrals import escalate_overdue


@shared_task
def chase_waiting_referrals() -> int:
    """Through the day: requests still unanswered on the set working days are chased, each step once."""
    return chase_waiting(actor=Actor.system("つなぎの催促"), at=timezone.now())


@shared_task
def escalate_overdue_referrals() -> int:
    """Every few minutes: referrals past their deadline rise to the area director. Safe to run twice."""
    return escalate_overdue(actor=Actor.system("つなぎの期限"), at=timezone.now())
