"""終結, フォロー and 再相談. Nobody is closed without a reason and a date on which somebody looks again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from audit.actions import record
from cases.actions.grants import grant_case
from cases.actions.team import leave_to
from cases.enums import CodeList, FollowUpResult, Judgement, Way
from cases.models import Case, Code, FollowUp, SupportPlan
from cases.permissions import check_can_close_case, check_can_write_case
from cases.signals import case_closing, case_opened
from cases.workflow import CASE_TRANSITIONS, CaseEvent, CaseState, PlanState
from common.errors import InvalidTransition, NotAllowed, RuleViolation


@dataclass(frozen=True, slots=True)
class ClosingData:
    """Reason, the person's wish and evaluation, and either a follow-up or the reason for none."""

    kind: str
    reason: Code
    note: str
    follow_up_on: date | None = None
    follow_up_way: str = Way.PHONE
    follow_up_agency: Agency | None = None
    follow_up_staff: Staff | None = None
    no_follow_up_reason: str = ""


def move_case(case: Case, event: CaseEvent) -> None:
    """Set the state that the table gives; InvalidTransition where it gives none."""
    try:
        case.state = CASE_TRANSITIONS[CaseState(case.state), event]
    except KeyError:
        word = {CaseEvent.CLOSE: "終結", CaseEvent.REOPEN: "再開"}[event]
        raise InvalidTransition(f"「{case.get_state_display()}」のケースは{word}できません。") from None


def _check_closing(data: ClosingData, at: datetime) -> None:
    if data.kind not in (Judgement.CLOSE, Judgement.DISCONTINUE):
        raise RuleViolation("終結か中断かを選んでください。", field="kind")
    if data.reason.code_list != CodeList.CLOSING_REASON:
        raise RuleViolation("終結理由を一覧から選んでください。", field="reason")
    if not data.note.strip():
        raise RuleViolation("本人の希望と終結の評価を書いてください。", field="note")
    if data.follow_up_on is None and not data.no_follow_up_reason.strip():
        raise RuleViolation(
            "フォローの予定日か、フォローをしない理由を入れてください。", field="follow_up_on"
        )
    if data.follow_up_on and data.follow_up_on <= timezone.localdate(at):
        raise RuleViolation("フォローの予定日は明日以降にしてください。", field="follow_up_on")


@transaction.atomic
def close_case(*, case: Case, data: ClosingData, actor: Actor, at: datetime) -> Case:
    """Close an open case of one's agency. Referrals that wait for an answer stop it (case_closing)."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_close_case(actor, case)
    move_case(case, CaseEvent.CLOSE)
    _check_closing(data, at)
    case_closing.send(Case, case=case, actor=actor, at=at)
    if SupportPlan.objects.filter(case=case, state=PlanState.DECIDED).exists():
        raise RuleViolation("決定したプランがまだ評価されていません。先に評価を書いてください。")
    case.closed_at, case.closed_by = at, actor.staff
    case.closing_kind, case.closing_reason, case.closing_note = data.kind, data.reason, data.note.strip()
    case.follow_up_on = data.follow_up_on
    case.no_follow_up_reason = "" if data.follow_up_on else data.no_follow_up_reason.strip()
    case.next_on, case.next_text = None, ""
    case.save()
    if data.follow_up_on:
        FollowUp.objects.create(
            case=case, due_on=data.follow_up_on, way=data.follow_up_way,
            agency=data.follow_up_agency or case.lead_agency, staff=data.follow_up_staff or case.lead_staff,
        )  # fmt: skip
    record(
        actor=actor, action="case.close", target=case, at=at, kind=data.kind, reason=data.reason.code,
        follow_up_on=data.follow_up_on.isoformat() if data.follow_up_on else None,
    )  # fmt: skip
    return case


LOOK_AGAIN = timedelta(days=7)


@transaction.atomic
def record_follow_up(
    *,
    follow_up: FollowUp,
    result: str,
    note: str,
    next_on: date | None,
    stop_reason: str,
    actor: Actor,
    at: datetime,
) -> FollowUp:
    """What somebody found on looking again; then the next date, or a recorded reason for none.

    Worse with neither: the page goes on to reopening, and should nobody reopen, a week later somebody looks again.
    """
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=follow_up.case_id)
    check_can_write_case(actor, case)
    follow_up = FollowUp.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=follow_up.pk)
    if follow_up.done_at is not None:
        raise InvalidTransition("このフォローはすでに記録されています。")
    if result not in FollowUpResult.values:
        raise RuleViolation("結果を一覧から選んでください。", field="result")
    if result == FollowUpResult.WORSE and next_on is None and not stop_reason.strip():
        next_on = timezone.localdate(at) + LOOK_AGAIN
    if next_on and next_on <= timezone.localdate(at):
        raise RuleViolation("次の予定日は明日以降にしてください。", field="next_on")
    if case.state == CaseState.CLOSED and next_on is None and not stop_reason.strip():
        raise RuleViolation("次の予定日か、フォローを終える理由を入れてください。", field="next_on")
    follow_up.done_at, follow_up.done_by = at, actor.staff
    follow_up.result, follow_up.note = result, note.strip()
    follow_up.save(update_fields=["done_at", "done_by", "result", "note"])
    if next_on:
        FollowUp.objects.create(
            case=case, due_on=next_on, way=follow_up.way, agency=follow_up.agency, staff=follow_up.staff
        )
    case.follow_up_on = next_on
    case.no_follow_up_reason = "" if next_on else stop_reason.strip()
    case.save(update_fields=["follow_up_on", "no_follow_up_reason"])
    record(actor=actor, action="follow_up.record", target=follow_up, at=at, case=case.number, result=result)
    return follow_up


@transaction.atomic
def reopen_case(*, case: Case, actor: Actor, at: datetime, reason: str) -> Case:
    """再相談: support goes on with all history in place, led by the agency and the person that reopen it.

    Raises RuleViolation when the household has another open case, or when the agency is barred from leading.
    """
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_case(actor, case)
    if actor.agency is None or actor.staff is None:
        raise NotAllowed("ケースを再開する権限がありません。")
    move_case(case, CaseEvent.REOPEN)
    if not actor.agency.may_lead:
        raise RuleViolation("この機関は主担当になれないため、再開できません。")
    if Case.objects.open().filter(household=case.household_id).exists():
        raise RuleViolation("この世帯には支援中のケースがあります。")
    if not reason.strip():
        raise RuleViolation("再開する理由を書いてください。", field="reason")
    dropped = list(FollowUp.objects.filter(case=case, done_at__isnull=True).values_list("due_on", flat=True))
    FollowUp.objects.filter(case=case, done_at__isnull=True).delete()
    former_agency, former_staff = case.lead_agency, case.lead_staff
    case.closed_at = case.closed_by = case.closing_reason = case.follow_up_on = None
    case.closing_kind = case.closing_note = case.no_follow_up_reason = ""
    case.lead_agency, case.lead_staff, case.lead_since = actor.agency, actor.staff, at
    case.last_contact_at = at
    case.reopened_count += 1
    case.save()
    if former_agency.pk != actor.agency.pk:
        leave_to(
            case=case, agency=actor.agency, former_agency=former_agency, former_staff=former_staff, at=at
        )
    grant_case(case=case, agency=actor.agency, ground=Ground.OWN_DUTY, basis=case, actor=actor, at=at)
    record(
        actor=actor, action="case.reopen", target=case, at=at, reason=reason.strip()[:200],
        dropped_follow_ups=[day.isoformat() for day in dropped],
    )  # fmt: skip
    case_opened.send(Case, case=case, actor=actor, at=at)
    return case
