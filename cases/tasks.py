"""Jobs of casework; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from cases.actions import consent, silent_risks, team


@shared_task
def expire_consents() -> int:
    """Nightly: a consent that ran out no longer shows as あり. Safe to run twice."""
    return consent.expire_consents(at=timezone.now())


@shared_task
def refresh_risks() -> int:
    """Nightly: the 気がかり of all cases for the day that begins. Returns how many stand. Safe to run twice."""
    return silent_risks.refresh_all(at=timezone.now()).standing


@shared_task
def end_soft_handovers() -> int:
    """Nightly: former leads whose last day of reading is past leave the team. Safe to run twice."""
    return team.end_soft_handovers(actor=Actor.system("引き継ぎの期間"), at=timezone.now())
