"""Jobs of minutes and money; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from budgets.actions.remind_work import remind_work


@shared_task
def remind_work_records() -> int:
    """Every morning: unfilled hours of last week, to the worker, then to the manager. Safe to run twice."""
    return remind_work(actor=Actor.system("業務記録の催促"), at=timezone.now())
