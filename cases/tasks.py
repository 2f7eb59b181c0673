"""Jobs of casework; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cases.actions import consent


@shared_task
def expire_consents() -> int:
    """Nightly: a consent that ran out no longer shows as あり. Safe to run twice."""
    return consent.expire_consents(at=timezone.now())
