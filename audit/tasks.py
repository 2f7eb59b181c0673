"""Jobs of audit; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from audit.actions_chain import seal_chain as seal


@shared_task
def seal_chain() -> int:
    """Chains what was written since the last time. A run that is lost is made up by the next."""
    return seal(at=timezone.now())
