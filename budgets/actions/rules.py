"""Saving a new version of the decision table, and moving what it decides otherwise in the open months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import DatabaseError, transaction

from accounts.actor import Actor
from accounts.models import Staff
from audit.actions import record
from budgets.actions.entry_guard import is_of_locked_month
from budgets.actions.review import review_months
from budgets.actions.void_approval import void_approval
from budgets.attribution import Example, Rule, TableError, asks_of, check_table
from budgets.entry_queries import locked_months
from budgets.models import AttributionTable, WorkCategory, WorkEntry
from budgets.permissions import check_can_edit_costs
from budgets.rule_tables import Move, decided_by, tables_between
from common.errors import RuleViolation
from common.japan.fiscal import fiscal_year, fiscal_year_first, month_first

AT_A_TIME = 10_000  # entries moved by one statement


def period_of(valid_from: date) -> tuple[date, date]:
    """From the first day of a table to the end of its fiscal year, or to where a later table decides already."""
    later = AttributionTable.objects.filter(valid_from__gt=valid_from).order_by("valid_from")
    end = fiscal_year_first(fiscal_year(valid_from) + 1)
    return valid_from, min([end, *later.values_list("valid_from", flat=True)[:1]])


def check_new_table(table: Sequence[Rule], examples: Sequence[Example], valid_from: date) -> None:
    """RuleViolation in words: a gap, an example that fails, a first day in a locked month."""
    try:
        check_table(table, examples)
    except TableError as error:
        raise RuleViolation(error.message, field="lines", line=error.line) from None
    if not examples:
        raise RuleViolation("例を1つ以上残してください。", field="lines")
    if locked_months({valid_from}):
        raise RuleViolation("締められた月にさかのぼる表は保存できません。", field="valid_from")


@transaction.atomic
def save_table(
    *, table: Sequence[Rule], examples: Sequence[Example], valid_from: date, note: str, expected_moved: int,
    actor: Actor, at: datetime, on_progress: Callable[[int, int], object] = lambda done, of: None,
) -> AttributionTable:  # fmt: skip
    """A new version; the entries of open months from ``valid_from`` on follow it, with its words as their reason.

    ``expected_moved``: how many entries the preview said; when it is another number now, nothing is saved.
    ``on_progress`` is told how many entries were moved, of how many; what it raises undoes all.
    """
    check_can_edit_costs(actor)
    check_new_table(table, examples, valid_from)
    if not note.strip():
        raise RuleViolation("変更の理由を入力してください。", field="note")
    year = fiscal_year(valid_from)
    last = AttributionTable.objects.filter(fiscal_year=year).order_by("-version").first()
    first, until = period_of(valid_from)
    found, reworded = decided_by(table, first, until)
    moved = sum(m.entries for m in found)
    if moved != expected_moved:
        raise RuleViolation(
            f"確かめた後に業務実績が変わりました（{expected_moved}件 → {moved}件）。もう一度確かめてから保存してください。"
        )
    saved = AttributionTable.objects.create(
        fiscal_year=year, version=last.version + 1 if last else 1, valid_from=valid_from,
        lines=[rule.as_data() for rule in table], examples=[e.as_data() for e in examples], note=note.strip()[:200],
        saved_at=at, saved_by=actor.office()[1],
    )  # fmt: skip
    for agency, month in sorted(_write_moves(found, moved, on_progress)):
        void_approval(day=month, agency_id=agency, reason="区分の表が変わったため", at=at)
    _reword(reworded)
    record(
        actor=actor, action="attribution_table.save", target=saved, at=at, version=saved.version,
        valid_from=valid_from.isoformat(), moved=moved,
    )  # fmt: skip
    review_months(first, until, at)
    return saved


@transaction.atomic
def follow_assignment(*, staff: Staff, since: date, actor: Actor, at: datetime) -> int:
    """The derived entries of a worker whose 従事の割当 changed follow the tables that ask for it; returns how many moved.

    Only in open months; where no table asks, nothing is looked at.
    """
    check_can_edit_costs(actor)
    followed = 0
    for table, first, until in tables_between(since, date.max):
        if not asks_of(table).assignment:
            continue
        found, reworded = decided_by(table, first, until, staff_id=staff.pk)
        moved = sum(m.entries for m in found)
        for agency, month in sorted(_write_moves(found, moved, lambda done, of: None)):
            void_approval(day=month, agency_id=agency, reason="従事の割当が変わったため", at=at)
        _reword(reworded)
        followed += moved
    if followed:
        record(
            actor=actor, action="attribution_table.follow", target=staff, at=at, since=since.isoformat(), moved=followed
        )  # fmt: skip
    return followed


def _write_moves(
    found: Sequence[Move], moved: int, on_progress: Callable[[int, int], object]
) -> set[tuple[int, date]]:
    """Move the entries; returns the agencies and months they belong to.

    What somebody corrected, or whose month was locked, since ``found`` was asked is not overwritten: all is refused.
    """
    categories = dict(WorkCategory.objects.values_list("code", "pk"))
    touched: set[tuple[int, date]] = set()
    done = 0
    on_progress(done, moved)
    for move in found:
        for begin in range(0, len(move.ids), AT_A_TIME):
            keys = move.ids[begin : begin + AT_A_TIME]
            rows = WorkEntry.objects.filter(
                pk__in=keys, category=move.from_category, derived_category__isnull=True
            )
            touched |= {
                (agency, month_first(day))
                for agency, day in rows.values_list("agency_id", "worked_on").distinct()
            }
            try:
                with transaction.atomic():
                    count = rows.update(category=categories[move.to.category_code], reason=move.to.reason)
            except DatabaseError as error:
                if not is_of_locked_month(error):
                    raise
                raise RuleViolation(
                    "確かめている間に月が締められました。もう一度確かめてください。"
                ) from None
            if count != len(keys):
                raise RuleViolation("確かめている間に業務実績が直されました。もう一度確かめてください。")
            done += len(keys)
            on_progress(done, moved)
    return touched


def _reword(reworded: dict[str, list[int]]) -> None:
    """The line that decides is another one, its category the same: no minute moves, so the approvals stand."""
    for reason, ids in sorted(reworded.items()):
        for begin in range(0, len(ids), AT_A_TIME):
            rows = WorkEntry.objects.filter(
                pk__in=ids[begin : begin + AT_A_TIME], derived_category__isnull=True
            )
            rows.update(reason=reason)
