"""Jobs of accounts; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actions import notice_mail


@shared_task
def mail_notices() -> int:
    """Every minute and after every notice: what is due goes out. What to send is read from the database, so a message
    that the queue lost loses nothing; each row is claimed and marked first, so two workers never send one twice.
    """
    return notice_mail.mail_notices(at=timezone.now())
