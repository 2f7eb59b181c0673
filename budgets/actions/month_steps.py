"""The steps of a month around its lock: approved by each agency's manager, and reported by the finance clerk."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Agency, Appointment
from audit.actions import record
from budgets.actions.month_gate import close_gate
from budgets.actions.void_approval import void_approval
from budgets.models import MonthApproval, WorkMonth
from budgets.month_minutes import EMPTY, approval_lines, lacks_approval, minutes_by_agency
from budgets.permissions import check_can_approve_month, check_can_confirm_instead, check_can_lock
from budgets.workflow import MONTH_TRANSITIONS, MonthEvent, MonthState
from common.errors import InvalidTransition, RuleViolation
from common.japan.fiscal import add_months
from common.japan.wareki import format_wareki_month

REASON_LIMIT = 200


def month_row(month: date) -> WorkMonth:
    """The month's row, made when missing, locked for this transaction; the gate comes before the row."""
    close_gate(month)
    WorkMonth.objects.get_or_create(month=month)
    return WorkMonth.objects.select_for_update(of=("self",)).get(month=month)


def has_manager(agency: Agency, on: date) -> bool:
    """Whether anybody could approve: a manager appointed there on the day."""
    return Appointment.objects.current(on).filter(agency=agency, role=Role.AGENCY_MANAGER).exists()


def check_over(month: date, at: datetime, words: str) -> None:
    if add_months(month, 1) > timezone.localdate(at):
        raise RuleViolation(f"まだ終わっていない月は{words}。")


@transaction.atomic
def approve_month(
    *, month: date, agency: Agency, expected_digest: str, actor: Actor, at: datetime, instead_reason: str = ""
) -> MonthApproval:
    """Stand for exactly the minutes that were looked at; with the last agency the month is 承認済み.

    ``instead_reason``: the finance clerk's confirmation for an agency that has no manager. Raises RuleViolation when
    the month is not over or the minutes changed since they were shown, InvalidTransition when it is locked.
    """
    instead_reason = instead_reason.strip()[:REASON_LIMIT]
    if instead_reason:
        check_can_confirm_instead(actor)
        if has_manager(agency, timezone.localdate(at)):
            raise RuleViolation(f"{agency.name}には長がいるため、承認は長が行います。")
    else:
        check_can_approve_month(actor, agency.pk)
    check_over(month, at, "承認できません")
    row = month_row(month)
    if row.is_locked:
        raise InvalidTransition("この月はすでに締められています。")
    now = minutes_by_agency(month, agency.pk).get(agency.pk, EMPTY)
    if now.digest != expected_digest:
        raise RuleViolation("表示したあとに業務実績が変わりました。もう一度確かめてから承認してください。")
    void_approval(day=month, agency_id=agency.pk, reason="承認し直したため", at=at)
    made = MonthApproval.objects.create(
        month=month, agency=agency, minutes=now.minutes, digest=now.digest, approved_at=at,
        approved_by=actor.office()[1], instead_reason=instead_reason,
    )  # fmt: skip
    record(
        actor=actor, action="work_month.approve", target=made, at=at, month=month.isoformat(), agency=agency.pk,
        minutes=now.minutes, instead=instead_reason,
    )  # fmt: skip
    _approve_whole(month, actor, at)
    return made


def _approve_whole(month: date, actor: Actor, at: datetime) -> None:
    """The month itself, when every agency of it is done."""
    row = WorkMonth.objects.select_for_update(of=("self",)).get(month=month)
    if row.state != MonthState.OPEN or lacks_approval(month):
        return
    if all(line.is_done for line in approval_lines(month)):
        row.state = MONTH_TRANSITIONS[MonthState.OPEN, MonthEvent.APPROVE]
        row.save(update_fields=["state"])
        record(actor=actor, action="work_month.approved", target=row, at=at, month=month.isoformat())


@transaction.atomic
def withdraw_approval(*, month: date, agency: Agency, reason: str, actor: Actor, at: datetime) -> None:
    """Take the own approval back while the month is not locked, with a reason."""
    check_can_approve_month(actor, agency.pk)
    reason = reason.strip()
    if not reason:
        raise RuleViolation("取り消す理由を入力してください。", field="reason")
    row = month_row(month)
    if row.is_locked:
        raise InvalidTransition("この月はすでに締められています。")
    if not void_approval(day=month, agency_id=agency.pk, reason=reason, at=at):
        raise RuleViolation("この月はまだ承認されていません。")
    record(
        actor=actor, action="work_month.withdraw", target=row, at=at, month=month.isoformat(), agency=agency.pk,
        reason=reason,
    )  # fmt: skip


def check_approved(row: WorkMonth) -> None:
    """No lock before every agency is approved, by name; an approval counts only for the minutes that it was given for."""
    lines = approval_lines(row.month)
    missing = [line.agency.name for line in lines if line.approval is None]
    changed = [line.agency.name for line in lines if line.approval is not None and not line.is_current]
    problems = []
    if missing:
        problems.append(f"長の承認がまだの機関: {'、'.join(missing)}。")
    if changed:
        problems.append(f"承認のあとに業務実績が変わった機関: {'、'.join(changed)}。もう一度承認が要ります。")
    if problems:
        raise RuleViolation(" ".join(problems))


@transaction.atomic
def report_month(*, month: date, reported_as: str, actor: Actor, at: datetime) -> WorkMonth:
    """Say that a locked month went into a report, and by which document."""
    check_can_lock(actor)
    reported_as = reported_as.strip()
    if not reported_as:
        raise RuleViolation("報告の文書番号を入力してください。", field="reported_as")
    row = month_row(month)
    try:
        new_state = MONTH_TRANSITIONS[MonthState(row.state), MonthEvent.REPORT]
    except KeyError:
        raise InvalidTransition(
            f"{format_wareki_month(month)}は「{row.get_state_display()}」のため、報告済みにできません。"
        ) from None
    row.state, row.reported_at, row.reported_by = new_state, at, actor.office()[1]
    row.reported_as = reported_as[:200]
    row.save(update_fields=["state", "reported_at", "reported_by", "reported_as"])
    record(
        actor=actor,
        action="work_month.report",
        target=row,
        at=at,
        month=month.isoformat(),
        document=row.reported_as,
    )
    return row
