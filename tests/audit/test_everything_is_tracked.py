"""Invariant 7: every model that holds personal data or money has a history table, or a reason stands here."""

from __future__ import annotations

import pgtrigger
import pytest
from django.apps import apps
from django.db import models
from pghistory.models import Event

from tests.architecture.sources import LEVEL

EVENTS = [m for m in apps.get_models() if issubclass(m, Event)]
TRACKED = {m.pgh_tracked_model: m for m in EVENTS}
OWN = [m for m in apps.get_models() if m._meta.app_label in LEVEL and not issubclass(m, Event)]

REASONS = {
    # the trail itself: append-only, chained
    "audit.ChangeRecord": "is the trail",
    "audit.AccessRecord": "is the trail",
    "audit.ChainBlock": "is the trail",
    # no personal data and no money
    "accounts.Area": "names of neighbourhoods",
    "accounts.Agency": "directory of agencies",
    "accounts.Notice": "says that something waits, never about whom",
    "accounts.NoticeDelivery": "that a letter about a notice went out; no words",
    "accounts.NoticeSetting": "how a worker wants to hear of notices; the trail has each change",
    "referrals.ReferralChase": "that a reminder went out; never changed, and the trail has it too",
    "accounts.SentKey": "the hash of a request, to know it when it comes again",
    "cases.Code": "code lists, dated",
    "cases.NumberSeries": "counters",
    # made from records that are tracked
    "cases.IndexedText": "the search form of other records",
    "cases.SilentRisk": "found anew by rules; a row that is over stays with its end, and who put it off is tracked",
    "budgets.ReportPiece": "a finished file, kept for a week; its sha256 is in the job's history and in the trail",
    # what is not a record yet
    "cases.Draft": "kept while somebody types, gone when the form is saved",
}
# columns that history leaves out, each for a reason
LEFT_OUT = {
    "accounts.Staff": {"password", "last_login"},  # secrets and noise
    "households.Person": {"search_terms", "search_text", "kana_folded", "name_folded"},  # made from the rest
    "households.Household": {"search_terms", "search_text"},  # made from the rest
    "households.ConsentScan": {"data"},  # its sha256 is in the history, the row itself never changes
    "referrals.OutsideLink": {"token_hash", "code_hash", "browser_hash"},  # what opens the page
    "referrals.PacketCopy": {"pdf"},  # kept for a week; that it was made is in the history
    "referrals.WhatIfRun": {"result"},  # reckoned again from what is kept
    "referrals.CalendarFeed": {"window_at", "window_reads", "read_at"},  # counted at every read of a calendar
    "budgets.WorkEntry": {"minutes", "worked_on"},  # made from the period
    "budgets.PoolShare": {"file"},  # its sha256 is in the history, the row itself never changes
    "budgets.GrantClaim": {"inputs", "result"},  # their hash is in the history, a filed claim never changes
    "budgets.ReportJob": {"done", "beat_at"},  # counted twice a second while a report is made
    "budgets.RuleTrial": {
        "done",
        "beat_at",
        "moves",
    },  # counted while it runs; what would move is reckoned again
    "budgets.ApportionmentRun": {"inputs"},  # its hash is in the history
    "budgets.OverheadPlan": {"inputs"},  # its hash is in the history
    "budgets.CostUpload": {"data"},  # thrown away once its columns are told; its sha256 is in the history
}


def test_every_model_is_tracked_or_has_a_reason():
    untracked = {m._meta.label for m in OWN if m not in TRACKED}
    assert untracked == set(REASONS)


def test_history_leaves_out_only_what_has_a_reason():
    left_out = {}
    for model, event in TRACKED.items():
        kept = {f.name for f in event._meta.concrete_fields}
        if missing := {f.name for f in model._meta.concrete_fields} - kept:
            left_out[model._meta.label] = missing
    assert left_out == LEFT_OUT


@pytest.mark.parametrize("event", EVENTS, ids=lambda m: m.__name__)
def test_history_is_append_only_and_knows_three_kinds_of_change(event: type[models.Model]):
    protect = [t for t in event._meta.triggers if isinstance(t, pgtrigger.Protect)]
    assert {str(t.operation) for t in protect} == {"UPDATE OR DELETE"}
    operations = {
        str(t.operation)
        for t in event.pgh_tracked_model._meta.triggers
        if "event" in type(t).__module__ + type(t).__name__.lower()
    }
    assert {"INSERT", "UPDATE", "DELETE"} <= operations
