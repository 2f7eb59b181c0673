"""Jobs of referrals; kyosei.celery holds the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.actor import Actor
from referrals.actions import transfer_cases
from referrals.actions.chase_referrals import chase_waiting
from referrals.actions.escalate_referrals import escalate_overdue, pass_on_left_alone
from referrals.actions.outside_page import tell_run_out
from referrals.actions.packets import forget_packets, make_copies
from referrals.actions.prep_sheets import remind_due_sheets
from referrals.actions.what_if import reckon


@shared_task
def chase_waiting_referrals() -> int:
    """Through the day: requests still unanswered on the set working days are chased, each step once."""
    return chase_waiting(actor=Actor.system("つなぎの催促"), at=timezone.now())


@shared_task
def escalate_overdue_referrals() -> int:
    """Every few minutes: referrals past their deadline rise to the area director; what lies with an office where nobody is
    goes on to the next. Safe to run twice.
    """
    actor, at = Actor.system("つなぎの期限"), timezone.now()
    risen = escalate_overdue(actor=actor, at=at)
    pass_on_left_alone(actor=actor, at=at)
    return risen


@shared_task
def tell_of_pages_that_ran_out() -> int:
    """Through the day: whoever asked a partner hears that its page ran out unanswered or unfinished. Each page once."""
    return tell_run_out(actor=Actor.system("協力者のページの期限"), at=timezone.now())


@shared_task
def run_transfers() -> int:
    """Every five minutes and when one is decided: transfers whose day has come go on where they are. Safe to run twice."""
    return transfer_cases.run_transfers(at=timezone.now())


@shared_task
def remind_prep_sheets() -> int:
    """Every morning: 準備シート not handed in three days before the sitting are asked for, each once."""
    return remind_due_sheets(actor=Actor.system("準備シートの催促"), at=timezone.now())


@shared_task
def make_packet_copies() -> int:
    """Make the copies that wait, together with any other worker; every minute again for what a dead worker left."""
    return make_copies()


@shared_task
def forget_packet_copies() -> int:
    """Every night: copies older than a week are thrown away."""
    return forget_packets(at=timezone.now())


@shared_task
def weigh_models() -> int:
    """What each coordination model would have done, step by step; every minute again for what a dead worker left."""
    return reckon(at=timezone.now())
