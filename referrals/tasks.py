"""Jobs of referrals; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from referrals.actions.escalate_referrals import escalate_overdue


@shared_task
def escalate_overdue_referrals() -> int:
    """Every few minutes: referrals past their deadline rise to the area director. Safe to run twice."""
    return escalate_overdue(actor=Actor.system("つなぎの期限"), at=timezone.now())
