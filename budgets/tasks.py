"""Jobs of minutes and money; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from budgets.actions.remind_work import remind_work
from budgets.actions.report_jobs import forget_reports
from budgets.actions.report_jobs import make_reports as make
from budgets.actions.review_weekly import review_open_months as review
from budgets.actions.rule_trials import try_tables


@shared_task
def remind_work_records() -> int:
    """Every morning: unfilled hours of last week, to the worker, then to the manager. Safe to run twice."""
    return remind_work(actor=Actor.system("業務記録の催促"), at=timezone.now())


@shared_task
def review_open_months() -> int:
    """Every morning: what an auditor would ask about in the open months; once a week to the managers. Safe to run twice."""
    return review(actor=Actor.system("財源の確認"), at=timezone.now())


@shared_task
def make_reports() -> int:
    """Make the reports that wait; every minute again for what a dead worker left."""
    return make()


@shared_task
def forget_old_reports() -> int:
    """Every night: files older than a week are thrown away."""
    return forget_reports(at=timezone.now())


@shared_task
def try_rule_tables() -> int:
    """What changed tables would move, and their saving; every minute again for what a dead worker left."""
    return try_tables()
