"""Celery entry: jobs are declared as ``tasks.py`` in the apps; the schedule stands here and is editable in the database."""

import os

from celery import Celery
from celery.schedules import crontab

from common.embedded import ensure_services

ensure_services()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")

app = Celery("kyosei")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "escalate-overdue-referrals": {
        "task": "referrals.tasks.escalate_overdue_referrals",
        "schedule": crontab(minute="*/5"),
    },
    "chase-waiting-referrals": {
        "task": "referrals.tasks.chase_waiting_referrals",
        "schedule": crontab(minute="*/10"),
    },
    "tell-of-pages-that-ran-out": {
        "task": "referrals.tasks.tell_of_pages_that_ran_out",
        "schedule": crontab(minute="*/10"),
    },
    "run-transfers": {"task": "referrals.tasks.run_transfers", "schedule": crontab(minute="*/5")},
    "mail-notices": {"task": "accounts.tasks.mail_notices", "schedule": crontab(minute="*")},
    "remind-work-records": {
        "task": "budgets.tasks.remind_work_records",
        "schedule": crontab(hour="8", minute="45"),
    },
    "seal-chain": {"task": "audit.tasks.seal_chain", "schedule": crontab(minute="*")},
    "expire-consents": {"task": "cases.tasks.expire_consents", "schedule": crontab(hour="0", minute="10")},
    "end-soft-handovers": {
        "task": "cases.tasks.end_soft_handovers",
        "schedule": crontab(hour="0", minute="15"),
    },
    "weigh-models": {"task": "referrals.tasks.weigh_models", "schedule": crontab(minute="*")},
    "make-packet-copies": {"task": "referrals.tasks.make_packet_copies", "schedule": crontab(minute="*")},
    "forget-packet-copies": {
        "task": "referrals.tasks.forget_packet_copies",
        "schedule": crontab(hour="0", minute="40"),
    },
    "review-open-months": {
        "task": "budgets.tasks.review_open_months",
        "schedule": crontab(hour="6", minute="40"),
    },
    "make-reports": {"task": "budgets.tasks.make_reports", "schedule": crontab(minute="*")},
    "try-rule-tables": {"task": "budgets.tasks.try_rule_tables", "schedule": crontab(minute="*")},
    "forget-old-reports": {
        "task": "budgets.tasks.forget_old_reports",
        "schedule": crontab(hour="0", minute="45"),
    },
    "remind-prep-sheets": {
        "task": "referrals.tasks.remind_prep_sheets",
        "schedule": crontab(hour="8", minute="30"),
    },
    "refresh-risks": {"task": "cases.tasks.refresh_risks", "schedule": crontab(hour="0", minute="20")},
}
