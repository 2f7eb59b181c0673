"""kill -9 of the job that moves: no case is half moved, none is moved twice, everybody hears once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from random import Random

import pytest
from django.db.models import F

from accounts.models import Notice
from audit.models import ChangeRecord
from cases.models import ProgressNote
from referrals.actions.transfer_cases import plan_transfer, run_transfers
from referrals.workflow_transfer import TransferState
from tests import factories as f
from tests.children import in_a_child
from tests.referrals.transfers import draft, leads, many_cases

pytestmark = pytest.mark.django_db(transaction=True)
CASES, KILLS = 30, 12


def test_killed_again_and_again(worker, colleague, manager, record_property):
    dice = Random(3)
    cases = many_cases(worker, CASES)
    transfer = draft(manager, colleague.staff, note="よろしくお願いします。")
    plan_transfer(transfer=transfer, actor=manager.actor, at=f.NOW)
    seen = []
    for _ in range(KILLS):
        pid = in_a_child(lambda: run_transfers(at=f.NOW))
        time.sleep(dice.random() * 0.4)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        states = dict(transfer.rows.values_list("case", "state"))
        led = leads(cases)
        notes = Counter(ProgressNote.objects.values_list("case", flat=True))
        for case in cases:  # whole or not at all: lead, words and row go together
            moved = states[case.pk] == "moved"
            assert (led[case.pk] == colleague.staff.pk) == moved
            assert notes[case.pk] == int(moved)
        seen.append(sum(s == "moved" for s in states.values()))
    run_transfers(at=f.NOW)
    transfer.refresh_from_db()
    assert transfer.state == TransferState.DONE
    assert transfer.rows.filter(state="moved", case__lead_staff=F("to_staff")).count() == CASES
    takes = Counter(ChangeRecord.objects.filter(action="case.take_lead").values_list("target_id", flat=True))
    assert set(takes.values()) == {1} and len(takes) == CASES
    assert Notice.objects.filter(staff=colleague.staff).count() == 1
    record_property("figure", f"{KILLS} kills over {CASES} cases, moved after each: {seen}; each moved once")
