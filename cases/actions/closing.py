"""終結 and 再相談. Nobody is closed without a reason and a date on which somebody looks again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency, Staff
from audit.actions import record
from cases.actions.grants import grant_case
from cases.actions.team import can_lead, leave_to
from cases.actions.text_index import index_text
from cases.actions.watch import CycleData, check_cycle, end_cycle, start_cycle
from cases.enums import CodeList, Every, Judgement, WatchWay
from cases.models import Case, Code, SupportPlan, WatchCycle
from cases.permissions import check_can_close_case, check_can_write_case
from cases.signals import case_closing, case_opened
from cases.workflow import CASE_TRANSITIONS, CaseEvent, CaseState, PlanState, WatchEvent
from common.errors import InvalidTransition, NotAllowed, RuleViolation


@dataclass(frozen=True, slots=True)
class ClosingData:
    """Reason, the person's wish and evaluation, and either a watch cycle or the reason for none."""

    kind: str
    reason: Code
    note: str
    follow_up_on: date | None = None
    every: str = Every.ONCE
    every_days: int | None = None
    until_on: date | None = None
    turns: int | None = None
    follow_up_way: str = WatchWay.PHONE
    follow_up_agency: Agency | None = None
    follow_up_staff: Staff | None = None
    ask: str = ""
    visit_after: int = 2
    tell_after: int = 3
    reopen_after: int = 4
    no_follow_up_reason: str = ""

    def cycle(self) -> CycleData | None:
        """What was agreed about looking again; None when nobody will."""
        if self.follow_up_on is None:
            return None
        return CycleData(
            first_on=self.follow_up_on, every=self.every, every_days=self.every_days, until_on=self.until_on,
            turns=self.turns, way=self.follow_up_way, agency=self.follow_up_agency, staff=self.follow_up_staff,
            ask=self.ask, visit_after=self.visit_after, tell_after=self.tell_after, reopen_after=self.reopen_after,
        )  # fmt: skip


def move_case(case: Case, event: CaseEvent) -> None:
    """Set the state that the table gives; InvalidTransition where it gives none."""
    try:
        case.state = CASE_TRANSITIONS[CaseState(case.state), event]
    except KeyError:
        word = {CaseEvent.CLOSE: "終結", CaseEvent.REOPEN: "再開"}[event]
        raise InvalidTransition(f"「{case.get_state_display()}」のケースは{word}できません。") from None


def _check_closing(data: ClosingData, case: Case, at: datetime) -> CycleData | None:
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
    cycle = data.cycle()
    if cycle is not None:
        check_cycle(cycle, case, at)
    return cycle


@transaction.atomic
def close_case(*, case: Case, data: ClosingData, actor: Actor, at: datetime) -> Case:
    """Close an open case of one's agency. Referrals that wait for an answer stop it (case_closing)."""
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_close_case(actor, case)
    move_case(case, CaseEvent.CLOSE)
    cycle = _check_closing(data, case, at)
    case_closing.send(Case, case=case, actor=actor, at=at)
    if SupportPlan.objects.filter(case=case, state=PlanState.DECIDED).exists():
        raise RuleViolation("決定したプランがまだ評価されていません。先に評価を書いてください。")
    case.closed_at, case.closed_by = at, actor.staff
    case.closing_kind, case.closing_reason, case.closing_note = data.kind, data.reason, data.note.strip()
    case.follow_up_on = data.follow_up_on
    case.no_follow_up_reason = "" if data.follow_up_on else data.no_follow_up_reason.strip()
    case.next_on, case.next_text = None, ""
    case.save()
    index_text(case)
    if cycle is not None:
        start_cycle(case=case, data=cycle, actor=actor, at=at)
    record(
        actor=actor, action="case.close", target=case, at=at, kind=data.kind, reason=data.reason.code,
        follow_up_on=data.follow_up_on.isoformat() if data.follow_up_on else None,
    )  # fmt: skip
    return case


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
    if not can_lead(actor.agency, at):
        raise RuleViolation("この機関は主担当になれないため、再開できません。")
    if Case.objects.open().filter(household=case.household_id).exists():
        raise RuleViolation("この世帯には支援中のケースがあります。")
    if not reason.strip():
        raise RuleViolation("再開する理由を書いてください。", field="reason")
    for cycle in WatchCycle.objects.running().filter(case=case).order_by("pk"):
        end_cycle(cycle=cycle, event=WatchEvent.REOPEN, note=reason, actor=actor, at=at)
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
    record(actor=actor, action="case.reopen", target=case, at=at, reason=reason.strip()[:200])
    case_opened.send(Case, case=case, actor=actor, at=at)
    return case
