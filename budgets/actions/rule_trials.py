"""区分の表の試算: a changed table that is asked of very many entries, tried and saved by a worker.

The typed table stands in the database. A worker holds an advisory lock of the trial while it works on it: one that dies
leaves it to the next, which begins anew, and two never do the same. What would move is shown before anything is saved;
saving is one transaction, and it is undone whole when somebody cancels before its end. How far either is, is written
down as it goes: of the looking in stretches of days, of the saving in entries, beside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor, build_actor
from audit.actions import record
from budgets.actions.rules import check_new_table, period_of, save_table
from budgets.attribution import Example, Rule, read_examples, read_table
from budgets.models import RuleTrial, WorkCategory
from budgets.models.rules import RuleTrialQuerySet
from budgets.permissions import check_can_edit_costs
from budgets.rule_tables import asked_at_most, move_lines, moves_in_parts
from budgets.workflow import TRIAL_TRANSITIONS, TrialEvent, TrialState
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.jobs import beside, enqueue, only_one

TASK: Final = "budgets.tasks.try_rule_tables"
LOCK: Final = 7003  # first key of the advisory locks of trials
AT_ONCE: Final = 30_000  # entries that a page asks itself; more go to a worker
MOST_STARTS: Final = 3
log = structlog.get_logger(__name__)


class Stopped(Exception):
    """Somebody cancelled the trial."""


def is_long(valid_from: date) -> bool:
    """Whether a table from ``valid_from`` on is asked of more entries than a page should wait for."""
    return asked_at_most(*period_of(valid_from), AT_ONCE + 1) > AT_ONCE


@transaction.atomic
def order_trial(
    *, table: Sequence[Rule], examples: Sequence[Example], valid_from: date, note: str, actor: Actor, at: datetime
) -> RuleTrial:  # fmt: skip
    """Have a worker find what ``table`` would move. What the same person was having tried before is cancelled."""
    check_can_edit_costs(actor)
    if actor.staff is None or actor.appointment is None:
        raise NotAllowed("所属する機関がないため、この操作はできません。")
    check_new_table(table, examples, valid_from)
    for former in _locked(actor).unfinished():
        if former.state == TrialState.SAVING:
            raise RuleViolation("前の表を保存しているところです。終わってから、もう一度確かめてください。")
        _move(former, TrialEvent.CANCEL)
    trial = RuleTrial.objects.create(
        asked_by=actor.staff, appointment=actor.appointment, asked_at=at, valid_from=valid_from, note=note.strip()[:200],
        lines=[rule.as_data() for rule in table], examples=[e.as_data() for e in examples],
    )  # fmt: skip
    record(actor=actor, action="rule_trial.order", target=trial, at=at, valid_from=valid_from.isoformat())
    enqueue(TASK)
    return trial


@transaction.atomic
def save_trial(*, trial: RuleTrial, actor: Actor, at: datetime) -> RuleTrial:
    """Have a worker save the table whose moves were looked at."""
    check_can_edit_costs(actor)
    trial = _locked(actor).get(pk=trial.pk)
    trial.starts = trial.done = trial.whole = 0
    _move(trial, TrialEvent.SAVE)
    record(actor=actor, action="rule_trial.save", target=trial, at=at, moved=trial.moved)
    enqueue(TASK)
    return trial


@transaction.atomic
def cancel_trial(*, trial: RuleTrial, actor: Actor, at: datetime) -> RuleTrial:
    """Stop a trial or its saving; of a saving that has not ended, nothing stays."""
    trial = _locked(actor).get(pk=trial.pk)
    _move(trial, TrialEvent.CANCEL)
    record(actor=actor, action="rule_trial.cancel", target=trial, at=at)
    return trial


def _locked(actor: Actor) -> RuleTrialQuerySet:
    return RuleTrial.objects.visible_to(actor).select_for_update(of=("self",)).order_by("pk")


def _move(trial: RuleTrial, event: TrialEvent) -> None:
    try:
        trial.state = TRIAL_TRANSITIONS[TrialState(trial.state), event]
    except KeyError:
        raise InvalidTransition(f"この試算は「{trial.get_state_display()}」のため、できません。") from None
    trial.save(update_fields=["state", "starts", "done", "whole", "moves", "moved", "failure", "saved_table"])


def tables_of(trial: RuleTrial) -> tuple[tuple[Rule, ...], tuple[Example, ...]]:
    """The lines and the examples as they were typed."""
    codes = {line["category"] for line in trial.lines}
    return read_table(trial.lines, codes), read_examples(trial.examples)


# ── The worker's side ───────────────────────────────────────────────────────────────────────────────────────


def try_tables(*, at: datetime | None = None) -> int:
    """Everything that waits, one after the other; returns how many ended here. Safe to run anywhere, any number of times."""
    ended = 0
    for pk in RuleTrial.objects.at_work().order_by("pk").values_list("pk", flat=True):
        with only_one(LOCK, pk) as mine:
            trial = RuleTrial.objects.at_work().select_related("asked_by").filter(pk=pk).first()
            if mine and trial is not None:
                _work(trial, at or timezone.now())
                ended += 1
    return ended


def _work(trial: RuleTrial, at: datetime) -> None:
    if trial.starts >= MOST_STARTS:
        _fail(trial, "何度も止まりました。管理者に連絡してください。", at)
        return
    RuleTrial.objects.filter(pk=trial.pk).update(starts=trial.starts + 1, beat_at=at)
    actor = build_actor(
        trial.asked_by, on=timezone.localdate(at), appointment_id=trial.appointment_id
    )  # the rights of today
    try:
        check_can_edit_costs(actor)
        (_save if trial.state == TrialState.SAVING else _weigh)(trial, actor, at)
    except Stopped:
        return
    except RuleViolation as violation:
        _fail(trial, violation.message, at)
    except Exception as error:
        log.exception("rule_trial_failed", trial=trial.pk, error=type(error).__name__)
        _fail(trial, "途中で問題が起きました。管理者に連絡してください。", at)


def _weigh(trial: RuleTrial, actor: Actor, at: datetime) -> None:
    """Stretch by stretch; after each it is written down how far it is, and asked whether somebody cancelled."""

    def tell(done: int, whole: int) -> None:
        running = RuleTrial.objects.filter(pk=trial.pk, state=TrialState.WEIGHING)
        if not running.update(done=done, whole=whole, beat_at=timezone.now()):
            raise Stopped

    table, _ = tables_of(trial)
    found = moves_in_parts(table, *period_of(trial.valid_from), on_progress=tell)
    with transaction.atomic():
        row = RuleTrial.objects.select_for_update(of=("self",)).get(pk=trial.pk)
        if row.state != TrialState.WEIGHING:
            raise Stopped
        row.moves, row.moved = [asdict(line) for line in move_lines(found)], sum(m.entries for m in found)
        _move(row, TrialEvent.FOUND)
        record(actor=actor, action="rule_trial.found", target=row, at=at, moved=row.moved)


_TELL: Final = "UPDATE budgets_ruletrial SET done = %s, whole = %s, beat_at = %s WHERE id = %s AND state = %s"
_KNOWN: Final = "SELECT 1 FROM budgets_ruletrial WHERE id = %s"


def _save(trial: RuleTrial, actor: Actor, at: datetime) -> None:
    """The table and all that it moves, or nothing. How far it is, and that somebody cancelled, passes beside the transaction.

    Nothing is told once the row of the trial is locked here: the connection beside would wait for this one.
    """
    table, examples = tables_of(trial)
    with beside() as run, transaction.atomic():

        def tell(done: int, whole: int) -> None:
            told = run(_TELL, [done, whole, timezone.now(), trial.pk, TrialState.SAVING])
            if told == 0 and run(_KNOWN, [trial.pk]):
                raise Stopped

        known = set(WorkCategory.objects.values_list("code", flat=True))
        if any(rule.category_code not in known for rule in table):
            raise RuleViolation("表の業務区分が無くなりました。表に戻って直してください。")
        saved = save_table(
            table=table, examples=examples, valid_from=trial.valid_from, note=trial.note, expected_moved=trial.moved or 0,
            actor=actor, at=at, on_progress=tell,
        )  # fmt: skip
        row = RuleTrial.objects.select_for_update(of=("self",)).get(pk=trial.pk)
        if row.state != TrialState.SAVING:
            raise Stopped
        row.saved_table = saved
        _move(row, TrialEvent.FINISH)


def _fail(trial: RuleTrial, why: str, at: datetime) -> None:
    with transaction.atomic():
        row = RuleTrial.objects.select_for_update(of=("self",)).get(pk=trial.pk)
        if (TrialState(row.state), TrialEvent.FAIL) not in TRIAL_TRANSITIONS:
            return
        row.failure = why[:200]
        _move(row, TrialEvent.FAIL)
        record(actor=Actor.system("区分の表の試算"), action="rule_trial.failed", target=row, at=at)
