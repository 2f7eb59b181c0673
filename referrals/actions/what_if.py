"""型の比較: ordering a reckoning of the six models, and doing it step by step, by any worker."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from audit.actions import record
from cases.coordination import Model
from common.errors import NotAllowed
from common.jobs import enqueue
from referrals.models import WhatIfRun
from referrals.models.what_if import STEPS
from referrals.what_if import Year, concentrations, load_year, outcome, setups

TASK = "referrals.tasks.weigh_models"


@transaction.atomic
def order_what_if(*, actor: Actor, at: datetime) -> WhatIfRun:
    """While one is being reckoned, ordering again returns it."""
    if not actor.has(Permission.SECTOR_VIEW) or actor.staff is None:
        raise NotAllowed("型の比較を頼む権限がありません。")
    running = WhatIfRun.objects.visible_to(actor).unfinished().first()
    if running is not None:
        enqueue(TASK)  # whatever became of the first message
        return running
    run, is_new = WhatIfRun.objects.get_or_create(
        ended_at=None, defaults={"asked_by": actor.staff, "asked_at": at}
    )
    if is_new:
        record(actor=actor, action="what_if.order", target=run, at=at)
    enqueue(TASK)
    return run


def reckon(*, at: datetime) -> int:
    """All steps of what was ordered, each committed with its result; returns how many were taken. A worker that dies leaves
    the others to the next one, two at once wait for each other.
    """
    taken, year = 0, None
    while (pk := WhatIfRun.objects.unfinished().values_list("pk", flat=True).first()) is not None:
        year, done = _step(pk, year, at)
        taken += done
    return taken


@transaction.atomic
def _step(pk: int, year: Year | None, at: datetime) -> tuple[Year | None, int]:
    """One step: how the cases lie now, the year, then each model. The year is read once by each worker."""
    run = WhatIfRun.objects.select_for_update(of=("self",)).get(pk=pk)
    if run.ended_at is not None:
        return year, 0
    if run.done == 0:
        spread, offices = concentrations(at)
        run.result = {"spread": asdict(spread), "offices": offices}
    else:
        year = year or load_year(at)
        if run.done == 1:
            run.result |= {"cases": year.cases, "complex": year.complex_cases, "outcomes": []}
        else:
            run.result["outcomes"].append(_reckoned(year, list(Model)[run.done - 2], at))
    run.done += 1
    fields = ["done", "result"]
    if run.done == STEPS:
        run.ended_at = at
        fields.append("ended_at")
        record(actor=Actor.system("型の比較"), action="what_if.done", target=run, at=at)
    run.save(update_fields=fields)
    return year, 1


def _reckoned(year: Year, model: Model, at: datetime) -> dict[str, Any]:
    setup, is_now = next(
        (setup, is_now) for setup, is_now in setups(year, timezone.localdate(at)) if setup.model is model
    )
    return asdict(outcome(year, setup, is_in_force=is_now))
