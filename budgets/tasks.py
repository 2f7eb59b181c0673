"""Jobs of budgets; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from budgets.actions.report_jobs import forget_reports
from budgets.actions.report_jobs import make_reports as make


@shared_task
def make_reports() -> int:
    """Make the reports that wait; every minute again for what a dead worker left."""
    return make()


@shared_task
def forget_old_reports() -> int:
    """Every night: files older than a week are thrown away."""
    return forget_reports(at=timezone.now())
