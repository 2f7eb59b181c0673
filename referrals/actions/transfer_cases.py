"""年度替わりの引き継ぎ: planned by the head of the agency, carried out on its day case by case, and undone.

Each case moves in one transaction of its own (lead worker, its open decisions, the hand-over note): a job that dies goes on
where it was, and a case is never half moved. The deny list is looked at again when a case moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.actions.team import change_lead_worker
from cases.actions.text_index import index_text
from cases.enums import Way
from cases.models import Case, ProgressNote
from common.errors import InvalidTransition, RuleViolation
from common.jobs import enqueue
from households.actions.movements import SENT_BEFORE
from referrals.actions.handover import check_can_hand_over
from referrals.models import ActionItem, Transfer, TransferRow
from referrals.transfer_rules import MOST, Rule, chosen_cases, facts_of, give_out, loads, set_blocks
from referrals.workflow import ActionItemState
from referrals.workflow_transfer import (
    ROW_TRANSITIONS,
    TRANSFER_TRANSITIONS,
    Block,
    RowEvent,
    RowState,
    Spread,
    TransferEvent,
    TransferState,
)

JOB: Final = "referrals.tasks.run_transfers"
SYSTEM: Final = "年度替わりの引き継ぎ"
FURTHEST: Final = timedelta(days=366)


def _lock(transfer: Transfer, actor: Actor) -> Transfer:
    check_can_hand_over(actor)
    return Transfer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=transfer.pk)


def _go(transfer: Transfer, event: TransferEvent) -> None:
    try:
        transfer.state = TRANSFER_TRANSITIONS[TransferState(transfer.state), event]
    except KeyError:
        raise InvalidTransition(
            "この引き継ぎは、いまその操作ができません。画面を開き直してください。"
        ) from None


# ── Planning ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def draft_transfer(
    *, rule: Rule, effective_on: date, note: str, actor: Actor, at: datetime, request_key: UUID
) -> Transfer:
    """The list of cases that the rule chooses, each with its new lead worker and what blocks it. Nothing moves yet."""
    check_can_hand_over(actor)
    agency, staff = actor.office()
    Staff.objects.select_for_update(of=("self",), no_key=True).get(pk=staff.pk)
    known = Transfer.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.agency_id != agency.pk:
            raise RuleViolation(SENT_BEFORE)
        return known
    today = timezone.localdate(at)
    if not today <= effective_on <= today + FURTHEST:
        raise RuleViolation("引き継ぐ日は、今日から1年以内にしてください。", field="effective_on")
    if rule.spread == Spread.EVEN and not rule.targets:
        raise RuleViolation("引き継ぐ人を選んでください。", field="targets")
    if rule.spread == Spread.AREA and not rule.by_area:
        raise RuleViolation("圏域ごとに、引き継ぐ人を選んでください。", field="spread")
    cases = list(chosen_cases(rule, agency, actor)[: MOST + 1])
    if not cases:
        raise RuleViolation("条件に合うケースがありません。条件を変えてください。")
    if len(cases) > MOST:
        raise RuleViolation(f"条件に合うケースが{MOST}件を超えています。条件を絞ってください。")
    facts = facts_of(agency, [c.household_id for c in cases], effective_on)
    given = give_out(cases, rule, loads(agency, {*rule.targets, *(c.lead_staff_id for c in cases)}), facts)
    transfer = Transfer.objects.create(
        request_key=request_key, agency=agency, rule=rule.as_json(), effective_on=effective_on, note=note.strip(),
        made_at=at, made_by=staff,
    )  # fmt: skip
    rows = [
        TransferRow(transfer=transfer, case=c, from_staff_id=c.lead_staff_id, to_staff_id=given[c.pk])
        for c in cases
    ]
    set_blocks(rows, agency, effective_on)
    TransferRow.objects.bulk_create(rows)
    record(actor=actor, action="transfer.draft", target=transfer, at=at, cases=len(rows), rule=rule.as_json())
    return transfer


@transaction.atomic
def choose_rows(
    *, transfer: Transfer, chosen: Mapping[int, tuple[int | None, str, bool]], actor: Actor, at: datetime
) -> None:
    """For some rows (by id): the worker, the words about this case, and whether the head looked at it."""
    transfer = _lock(transfer, actor)
    if transfer.state != TransferState.DRAFT:
        raise InvalidTransition("この引き継ぎは、もう変えられません。")
    rows = list(
        TransferRow.objects.visible_to(actor)
        .filter(transfer=transfer, pk__in=chosen)
        .select_related("case")
        .order_by("pk")
    )
    for row in rows:
        to_staff, note, looked = chosen[row.pk]
        picked = looked or (to_staff is not None and to_staff != row.to_staff_id)
        row.is_chosen = picked or (row.is_chosen and to_staff == row.to_staff_id)
        row.to_staff_id, row.note = to_staff, note.strip()[:300]
    set_blocks(rows, transfer.agency, transfer.effective_on)
    for row in rows:
        row.save(update_fields=["to_staff", "note", "is_chosen", "blocked"])
    record(actor=actor, action="transfer.choose", target=transfer, at=at, rows=len(rows))


@transaction.atomic
def plan_transfer(*, transfer: Transfer, actor: Actor, at: datetime) -> Transfer:
    """It is decided: on its day (today: at once) every case moves that nothing blocks then."""
    transfer = _lock(transfer, actor)
    _go(transfer, TransferEvent.PLAN)
    rows = list(transfer.rows.select_related("case").order_by("pk"))
    set_blocks(rows, transfer.agency, transfer.effective_on)
    TransferRow.objects.bulk_update(rows, ["blocked"], batch_size=200)
    if all(row.blocked for row in rows):
        raise RuleViolation("移せるケースがありません。引き継ぐ人を選び直してください。")
    transfer.planned_at, transfer.planned_by = at, actor.staff
    transfer.save(update_fields=["state", "planned_at", "planned_by"])
    record(actor=actor, action="transfer.plan", target=transfer, at=at, day=transfer.effective_on.isoformat())
    enqueue(JOB)
    return transfer


@transaction.atomic
def drop_transfer(*, transfer: Transfer, actor: Actor, at: datetime) -> Transfer:
    """Not carried out after all; nothing has moved."""
    transfer = _lock(transfer, actor)
    _go(transfer, TransferEvent.DROP)
    transfer.save(update_fields=["state"])
    record(actor=actor, action="transfer.drop", target=transfer, at=at)
    return transfer


@transaction.atomic
def undo_transfer(*, transfer: Transfer, actor: Actor, at: datetime) -> Transfer:
    """Every case that nobody has moved since goes back to who had it."""
    transfer = _lock(transfer, actor)
    _go(transfer, TransferEvent.UNDO)
    transfer.save(update_fields=["state"])
    record(actor=actor, action="transfer.undo", target=transfer, at=at)
    enqueue(JOB)
    return transfer


@transaction.atomic
def undo_row(*, row: TransferRow, actor: Actor, at: datetime) -> TransferRow:
    """One case goes back; RuleViolation with the reason where it cannot."""
    transfer = _lock(row.transfer, actor)
    if transfer.state != TransferState.DONE:
        raise InvalidTransition("移し終えた引き継ぎだけを戻せます。")
    row = (
        TransferRow.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("transfer")
        .get(pk=row.pk)
    )
    if row.state != RowState.MOVED:
        raise InvalidTransition("このケースは、もう戻してあります。")
    reason = _back(row, actor=actor, at=at)
    if reason:
        raise RuleViolation(f"戻せません。{Block(reason).label}。")
    _tell(
        transfer, Counter({row.to_staff_id: 1}), "引き継いだケースのうち{n}件が、前の担当者に戻りました。", at
    )
    return row


# ── The job ─────────────────────────────────────────────────────────────────────────────────────────────────


def run_transfers(*, at: datetime) -> int:
    """All that is due: safe to run twice, side by side, and again after it died. Returns how many cases moved."""
    actor, moved = Actor.system(SYSTEM), 0
    today = timezone.localdate(at)
    due = Transfer.objects.filter(state=TransferState.PLANNED, effective_on__lte=today)
    for pk in list(due.order_by("effective_on", "pk").values_list("pk", flat=True)):
        _begin(pk, actor=actor, at=at)
    working = Transfer.objects.filter(state__in=[TransferState.RUNNING, TransferState.UNDOING])
    for transfer in working.order_by("pk"):
        wanted = RowState.WAITING if transfer.state == TransferState.RUNNING else RowState.MOVED
        rows = transfer.rows.filter(state=wanted).order_by("pk")
        for pk in list(rows.values_list("pk", flat=True)):
            moved += _step(pk, wanted, actor=actor, at=at)
        _finish(transfer.pk, actor=actor, at=at)
    return moved


@transaction.atomic
def _begin(pk: int, *, actor: Actor, at: datetime) -> None:
    transfer = (
        Transfer.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=TransferState.PLANNED)
        .first()
    )
    if transfer is not None:
        _go(transfer, TransferEvent.BEGIN)
        transfer.save(update_fields=["state"])
        record(actor=actor, action="transfer.begin", target=transfer, at=at)


@transaction.atomic
def _step(pk: int, wanted: RowState, *, actor: Actor, at: datetime) -> int:
    """One case, whole or not at all; 0 when it was done already, is being done, or cannot move."""
    row = (
        TransferRow.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=wanted)
        .select_related("transfer__agency", "transfer__planned_by", "from_staff", "to_staff")
        .first()
    )
    if row is None:
        return 0
    if wanted == RowState.MOVED:
        reason = _back(row, actor=actor, at=at)
        if reason:
            row.state, row.blocked = ROW_TRANSITIONS[RowState.MOVED, RowEvent.KEEP], reason
            row.save(update_fields=["state", "blocked"])
        return int(not reason)
    row.case = Case.objects.select_for_update(of=("self",)).get(pk=row.case_id)
    set_blocks([row], row.transfer.agency, timezone.localdate(at))
    if row.blocked:
        row.state = ROW_TRANSITIONS[RowState.WAITING, RowEvent.BLOCK]
        row.save(update_fields=["state", "blocked"])
        return 0
    _move(row, actor=actor, at=at)
    return 1


def _move(row: TransferRow, *, actor: Actor, at: datetime) -> None:
    case, agency = row.case, row.transfer.agency
    row.was_since, row.moved_at = case.lead_since, at
    change_lead_worker(case=case, staff_id=row.to_staff_id or 0, since=at, actor=actor, at=at)
    items = ActionItem.objects.filter(
        case=case, agency=agency, staff=row.from_staff_id, state=ActionItemState.OPEN
    ).select_for_update(of=("self",))
    row.items = [item.pk for item in items.order_by("pk")]
    ActionItem.objects.filter(pk__in=row.items).update(staff=row.to_staff_id)
    row.state = ROW_TRANSITIONS[RowState.WAITING, RowEvent.MOVE]
    row.save(update_fields=["state", "blocked", "items", "was_since", "moved_at"])
    words = "\n".join(filter(None, (row.transfer.note, row.note)))
    if words:
        _write_note(row, f"【引き継ぎ】{row.from_staff.name} → {row.to_staff.name}\n{words}", at)  # type: ignore[union-attr]


def _write_note(row: TransferRow, words: str, at: datetime) -> None:
    """The hand-over note stands in the case's record. It is no contact: no minutes of work and no last contact follow."""
    transfer = row.transfer
    writer = transfer.planned_by or transfer.made_by
    note = ProgressNote.objects.create(
        case=row.case, agency=transfer.agency, staff=writer, started_at=at, minutes=1, way=Way.OTHER, text=words,
        written_at=at, counterpart="引き継ぎ",
    )  # fmt: skip
    index_text(note)


def _back(row: TransferRow, *, actor: Actor, at: datetime) -> str:
    """Give the case back to who had it, with the decisions that went along. Returns why not, or ""."""
    case = Case.objects.select_for_update(of=("self",)).get(pk=row.case_id)
    agency = row.transfer.agency
    if not case.is_open:
        return Block.CLOSED
    if case.lead_agency_id != agency.pk:
        return Block.OTHER_AGENCY
    if case.lead_staff_id != row.to_staff_id or case.lead_since != row.moved_at:
        return Block.CHANGED
    facts = facts_of(agency, [case.household_id], timezone.localdate(at))
    reason = facts.block(case.household_id, row.to_staff_id, row.from_staff_id, chosen=True)
    if reason or row.was_since is None:
        return reason
    change_lead_worker(case=case, staff_id=row.from_staff_id, since=row.was_since, actor=actor, at=at)
    ActionItem.objects.filter(pk__in=row.items, staff=row.to_staff_id, state=ActionItemState.OPEN).update(
        staff=row.from_staff_id
    )
    row.state = ROW_TRANSITIONS[RowState.MOVED, RowEvent.TAKE_BACK]
    row.save(update_fields=["state"])
    return ""


@transaction.atomic
def _finish(pk: int, *, actor: Actor, at: datetime) -> None:
    """The last row is done: everybody hears of it once, in the transaction that closes the transfer."""
    transfer = Transfer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=pk)
    undoing = transfer.state == TransferState.UNDOING
    left = RowState.MOVED if undoing else RowState.WAITING
    if transfer.state not in (TransferState.RUNNING, TransferState.UNDOING):
        return
    if transfer.rows.filter(state=left).exists():
        return
    _go(transfer, TransferEvent.FINISH_UNDO if undoing else TransferEvent.FINISH)
    transfer.finished_at = at
    transfer.save(update_fields=["state", "finished_at"])
    states = Counter(transfer.rows.values_list("state", flat=True))
    done = transfer.rows.filter(state=RowState.BACK if undoing else RowState.MOVED)
    whose = Counter(done.values_list("to_staff", flat=True))
    if undoing:
        words = "引き継いだケースのうち{n}件が、前の担当者に戻りました。"
        summary = f"引き継ぎを取り消しました（戻した {states[RowState.BACK]}件、戻せなかった {states[RowState.KEPT]}件）。"
    else:
        words = "年度替わりの引き継ぎで、{n}件のケースの主担当になりました。"
        summary = f"引き継ぎが終わりました（移した {states[RowState.MOVED]}件、移せなかった {states[RowState.BLOCKED]}件）。"
    _tell(transfer, whose, words, at)
    notify(
        staff_ids=[transfer.planned_by_id or transfer.made_by_id], text=summary, at=at, kind=NoticeKind.HANDOVER,
        url=reverse("handover:transfer", args=[transfer.pk]), agency_id=transfer.agency_id,
    )  # fmt: skip
    record(actor=actor, action="transfer.finish", target=transfer, at=at, **dict(states))


def _tell(transfer: Transfer, whose: Counter[Any], words: str, at: datetime) -> None:
    """One notice for each worker, however many cases."""
    for staff_id, n in sorted((k, n) for k, n in whose.items() if k is not None):
        notify(
            staff_ids=[staff_id], text=words.format(n=n), url="/cases/?whose=lead", at=at, kind=NoticeKind.HANDOVER,
            agency_id=transfer.agency_id,
        )  # fmt: skip
