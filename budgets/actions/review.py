"""Findings of a month: raised on the day they happen, mended when the record is, answered with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from budgets import review_entries, review_queries
from budgets.entry_queries import locked_months
from budgets.enums import CategoryKind
from budgets.models import ComplianceFinding, WorkEntry
from budgets.permissions import check_can_answer_finding
from budgets.review_entries import Found
from common.errors import RuleViolation
from common.japan.fiscal import add_months, month_first

ANSWER_LIMIT = 300


class _Row(Protocol):
    """A finding as it stands: a row, or what a statement told of it."""

    @property
    def text(self) -> str: ...
    @property
    def is_answered(self) -> bool: ...
    @property
    def is_mended(self) -> bool: ...


class _Change(Enum):
    NONE = 0
    MEND = 1
    ASK_AGAIN = 2


def _change(row: _Row, now: Found | None, *, keep_answer: bool) -> _Change:
    """What becomes of a known finding. ``keep_answer``: an answer stands though the words have changed since."""
    if now is None:
        return _Change.NONE if row.is_mended else _Change.MEND
    if row.is_answered and not row.is_mended and keep_answer:
        return _Change.NONE
    return _Change.ASK_AGAIN if row.is_mended or row.text != now.text[:300] else _Change.NONE


def _sync(
    known: Iterable[ComplianceFinding], found: Iterable[Found], month: date, at: datetime, *, ask_again: bool = True
) -> None:  # fmt: skip
    """Raise what is new, mend what is over; a finding whose words changed since it was answered is asked again.

    ``ask_again`` False: an answer to a month that still grows stands while it grows, though hours in its words change.
    """
    rows = {row.key: row for row in known}
    wanted = {f.key: f for f in found}
    fresh = [
        ComplianceFinding(
            key=f.key, kind=f.kind, staff_id=f.staff_id, agency_id=f.agency_id, month=month, worked_on=f.worked_on,
            entry_id=f.entry_id, text=f.text[:300], raised_at=at,
        )
        for f in wanted.values()
        if f.key not in rows
    ]  # fmt: skip
    ComplianceFinding.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    for key, row in rows.items():
        now = wanted.get(key)
        change = _change(row, now, keep_answer=row.entry_id is None and not ask_again)
        if now is not None and (row.month, row.staff_id, row.agency_id) != (
            month,
            now.staff_id,
            now.agency_id,
        ):
            change = _Change.ASK_AGAIN  # the record went to another month or worker, whose finding it is now
        if change is _Change.MEND:
            row.mended_at = at
            row.save(update_fields=["mended_at"])
        elif change is _Change.ASK_AGAIN and now is not None:
            row.mended_at, row.raised_at = None, at
            row.text, row.worked_on = now.text[:300], now.worked_on
            row.month, row.staff_id, row.agency_id = month, now.staff_id, now.agency_id
            row.answer, row.answered_at, row.answered_by = "", None, None
            row.save(
                update_fields=[
                    "mended_at", "raised_at", "text", "worked_on", "month", "staff", "agency", "answer", "answered_at",
                    "answered_by",
                ]
            )  # fmt: skip


def review_entry(entry: WorkEntry, at: datetime, *, is_new: bool = False) -> None:
    """The C市 case is caught here, in the transaction that writes the entry. It is never refused: work was done.

    Only direct work is asked about (each check of ``review_entries`` begins with it); a new entry has raised nothing before.
    """
    month = month_first(timezone.localtime(entry.during.lower).date())
    is_direct = entry.category.kind == CategoryKind.DIRECT
    found = review_entries.of_entry(month, entry.pk, entry.source_type) if is_direct else []
    if is_new:
        return _sync([], found, month, at) if found else None
    known = ComplianceFinding.objects.filter(entry_id=entry.pk).select_for_update(of=("self",)).order_by("pk")
    return _sync(list(known), found, month, at)


def _is_over(month: date, at: datetime) -> bool:
    return add_months(month, 1) <= timezone.localtime(at).date()


def review_worker(*, staff_id: int, month: date, at: datetime) -> None:
    """What the worker's month raises as a whole, with every record: shown on the week while it can still be mended.

    One statement when nothing changes; otherwise the findings are locked before they are written.
    """
    is_over = _is_over(month, at)
    found, known = review_queries.of_worker(month, staff_id, is_over=is_over)
    now = {f.key: f for f in found}
    if now.keys() <= {row.key for row in known} and all(
        _change(row, now.get(row.key), keep_answer=not is_over) is _Change.NONE for row in known
    ):
        return
    rows = ComplianceFinding.objects.filter(month=month, staff=staff_id, entry_id__isnull=True).order_by("pk")
    _sync(list(rows.select_for_update(of=("self",))), found, month, at, ask_again=is_over)


def mend_entry(entry_id: int, at: datetime) -> None:
    """The entry is gone: what it had raised is over."""
    rows = ComplianceFinding.objects.filter(entry_id=entry_id, mended_at__isnull=True).order_by("pk")
    for row in rows.select_for_update(of=("self",)):
        row.mended_at = at
        row.save(update_fields=["mended_at"])


@transaction.atomic
def review_month(month: date, at: datetime, *, ask_again: bool = True) -> int:
    """Every check over the whole month. Returns how many findings wait for a word."""
    found = review_queries.of_month(month, is_over=_is_over(month, at))
    entries = [
        f.entry_id for f in found if f.entry_id is not None
    ]  # some may have been raised in another month
    rows = ComplianceFinding.objects.filter(Q(month=month) | Q(entry_id__in=entries)).order_by("pk")
    _sync(list(rows.select_for_update(of=("self",))), found, month, at, ask_again=ask_again)
    return ComplianceFinding.objects.filter(month=month).waiting().count()


def review_months(first: date, until: date, at: datetime) -> None:
    """The months from ``first`` to before ``until`` that have begun and are not locked, after what they are asked with changed."""
    month, until = month_first(first), min(until, add_months(month_first(timezone.localtime(at).date()), 1))
    while month < until:
        if not locked_months({month}):
            review_month(month, at)
        month = add_months(month, 1)


def check_answered(month: date) -> None:
    """No lock while a finding waits (domain.md 4.8 D): its reason is given, or its record corrected."""
    waiting = list(
        ComplianceFinding.objects.filter(month=month).waiting().select_related("staff").order_by("pk")[:6]
    )
    if waiting:
        shown = " ".join(f"{row.staff.name}：{row.text}" for row in waiting[:5])
        more = "ほかにもあります。" if len(waiting) > 5 else ""
        raise RuleViolation(f"理由の記入も訂正もされていない確認事項があります。{shown}{more}")


@transaction.atomic
def answer_finding(
    *, finding: ComplianceFinding, answer: str, actor: Actor, at: datetime
) -> ComplianceFinding:
    """Explain a finding in words; whoever records, manages or settles the minutes may."""
    row = ComplianceFinding.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=finding.pk)
    check_can_answer_finding(actor, row)
    answer = answer.strip()
    if not answer:
        raise RuleViolation("理由を入力してください。", field="answer")
    if len(answer) > ANSWER_LIMIT:
        raise RuleViolation(f"理由は{ANSWER_LIMIT}字までで入力してください。", field="answer")
    if row.mended_at is not None:
        return row
    row.answer, row.answered_at, row.answered_by = answer, at, actor.office()[1]
    row.save(update_fields=["answer", "answered_at", "answered_by"])
    record(
        actor=actor, action="compliance_finding.answer", target=row, at=at, kind=row.kind, staff=row.staff_id
    )
    return row
