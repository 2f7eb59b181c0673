"""Jobs of accounts; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actions import notices


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def mail_notices() -> int:
    """Mails notices that wait. Each is marked in the transaction that locks it, so two workers never mail one twice."""
    return notices.mail_notices(at=timezone.now())
