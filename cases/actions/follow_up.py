"""One turn of a watch cycle: what was found, or that nobody was reached, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actions.staff import managers_of
from accounts.actor import Actor
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.actions.text_index import index_text
from cases.actions.watch import FATE, end_cycle, move_turn, open_turn, show_on_case
from cases.enums import FollowUpResult, WatchWay
from cases.models import Case, FollowUp, WatchAttempt, WatchCycle
from cases.signals import contact_recorded
from cases.workflow import TurnEvent, WatchEvent
from common.errors import NotAllowed, RuleViolation
from common.japan.business_days import add_working_days
from common.tags import check_tag
from households.actions.movements import SENT_BEFORE
from households.models import staff_denied
from households.permissions import check_not_only_by_glass

LOOK_AGAIN = timedelta(days=7)
CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tried:
    """The contact itself: when, how long (None: not measured), how; and the key of the form's one opening."""

    started_at: datetime | None = None
    minutes: int | None = None
    way: str = ""
    request_key: UUID | None = None


def check_can_record(actor: Actor, turn: FollowUp, case: Case) -> None:
    """Whoever writes casework: the agency that looks, and everybody who sees the case."""
    if not actor.has(Permission.CASE_WRITE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("このフォローを記録する権限がありません。")
    if turn.agency_id != actor.agency_id:
        check_not_only_by_glass(actor, case.household_id)


def _check(result: str, next_on: date | None, tried: Tried, at: datetime) -> None:
    if result not in FollowUpResult.values:
        raise RuleViolation("結果を一覧から選んでください。", field="result")
    if next_on and next_on <= timezone.localdate(at):
        raise RuleViolation("次の予定日は明日以降にしてください。", field="next_on")
    if tried.way and tried.way not in WatchWay.values:
        raise RuleViolation("方法を一覧から選んでください。", field="way")
    if tried.minutes is not None and not 1 <= tried.minutes <= 1440:
        raise RuleViolation("時間は1分以上、24時間（1440分）以下で入力してください。", field="minutes")
    if tried.started_at and tried.started_at > at + CLOCK_SLACK:
        raise RuleViolation("対応日時が今より後です。", field="started_at")
    if tried.started_at and tried.started_at.year < 2000:
        raise RuleViolation("対応日時を確かめてください。", field="started_at")


@transaction.atomic
def record_follow_up(
    *, follow_up: FollowUp, result: str, note: str, next_on: date | None, stop_reason: str, actor: Actor, at: datetime,
    tried: Tried | None = None, tag: str | None = None,
) -> FollowUp:  # fmt: skip
    """What somebody found on looking again; the next turn follows from the cycle, a typed date or reason goes first.

    連絡がつかない is one missed contact: the cycle's rule decides what it leads to, and the turn goes on until the rule
    has run out. 悪化 proposes reopening, and should nobody reopen, somebody looks again within a week. 転出 and 死亡 end
    the cycle. The same ``tried.request_key`` again changes nothing. ``tag``: the turn as it was read.
    """
    tried = tried or Tried()
    turn = FollowUp.objects.visible_to(actor).get(pk=follow_up.pk)
    case = (
        Case.objects.select_related("lead_agency", "lead_staff")
        .select_for_update(of=("self",))
        .get(pk=turn.case_id)
    )
    turn = FollowUp.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=follow_up.pk)
    turn.case = case
    check_can_record(actor, turn, case)
    if tried.request_key and _known(tried.request_key, turn, actor):
        return turn
    check_tag(turn, tag)
    missed = result == FollowUpResult.UNREACHABLE
    move_turn(turn, TurnEvent.MISS if missed else TurnEvent.RECORD)
    _check(result, next_on, tried, at)
    cycle = (
        WatchCycle.objects.select_related("agency", "staff")
        .select_for_update(of=("self",))
        .get(follow_ups=turn)
    )
    cycle.case = case
    missed_before = WatchAttempt.objects.filter(follow_up=turn, has_reached=False).count()
    if missed and missed_before + 1 < cycle.reopen_after and not stop_reason.strip():
        _attempt(turn, note, tried, actor, at, has_reached=False)
        _try_again(turn, cycle, missed_before + 1, next_on, at)
        record(
            actor=actor,
            action="follow_up.miss",
            target=turn,
            at=at,
            case=case.number,
            misses=missed_before + 1,
        )
        return turn
    move_turn(turn, TurnEvent.RECORD)
    turn.done_at, turn.done_by = at, actor.staff
    turn.result, turn.note = result, note.strip()
    turn.save(update_fields=["done_at", "done_by", "result", "note"])
    index_text(turn)
    _attempt(turn, note, tried, actor, at, has_reached=not missed)
    _what_follows(turn, cycle, next_on, stop_reason.strip(), actor, at)
    record(actor=actor, action="follow_up.record", target=turn, at=at, case=case.number, result=result)
    return turn


def _known(key: UUID, turn: FollowUp, actor: Actor) -> bool:
    known = WatchAttempt.objects.filter(request_key=key, staff=actor.staff_id).first()
    if known is not None and known.follow_up_id != turn.pk:
        raise RuleViolation(SENT_BEFORE)
    return known is not None


def _attempt(
    turn: FollowUp, note: str, tried: Tried, actor: Actor, at: datetime, *, has_reached: bool
) -> None:
    agency, staff = actor.office()
    attempt = WatchAttempt.objects.create(
        follow_up=turn, case=turn.case, request_key=tried.request_key or uuid4(), agency=agency, staff=staff,
        started_at=tried.started_at or at, minutes=tried.minutes, way=tried.way or turn.way, has_reached=has_reached,
        note=note.strip(), written_at=at,
    )  # fmt: skip
    index_text(attempt)
    if attempt.minutes:
        contact_recorded.send(WatchAttempt, record=attempt, actor=actor, at=at)


def _try_again(turn: FollowUp, cycle: WatchCycle, misses: int, next_on: date | None, at: datetime) -> None:
    """The rule of a missed contact, step by step: another day, then a visit, then the manager of the lead."""
    turn.try_on = add_working_days(next_on or timezone.localdate(at) + LOOK_AGAIN, 0)
    if misses >= cycle.visit_after:
        turn.way = WatchWay.HOME_VISIT
    turn.save(update_fields=["try_on", "way"])
    show_on_case(cycle.case, turn.try_on)
    if misses == cycle.tell_after:
        _tell(
            cycle,
            managers_of(cycle.case.lead_agency, timezone.localdate(at)),
            f"{cycle.case.number}の見守りで、{misses}回連絡がついていません。",
            turn,
            at,
        )


def _tell(cycle: WatchCycle, staff_ids: set[int], text: str, turn: FollowUp, at: datetime) -> None:
    notify(
        staff_ids=staff_ids - staff_denied(cycle.case.household_id), text=text,
        url=reverse("cases:follow_up", args=[turn.pk]), at=at, kind=NoticeKind.WATCH, about=cycle.case.household_id,
        agency_id=cycle.case.lead_agency_id,
    )  # fmt: skip


def proposes_reopening(turn: FollowUp) -> bool:
    """A turn whose result asks whether support should begin again."""
    return turn.result in (FollowUpResult.WORSE, FollowUpResult.UNREACHABLE)


def _what_follows(
    turn: FollowUp, cycle: WatchCycle, next_on: date | None, stop_reason: str, actor: Actor, at: datetime
) -> None:
    case, today = cycle.case, timezone.localdate(at)
    fate = FATE.get(turn.result)
    if fate is not None:
        words = f"{turn.get_result_display()}のため見守りを終えた。{stop_reason or turn.note}"
        end_cycle(cycle=cycle, event=fate, note=words, actor=actor, at=at)
        show_on_case(case, None, words)
        return
    if stop_reason:
        end_cycle(cycle=cycle, event=WatchEvent.STOP, note=stop_reason, actor=actor, at=at)
        show_on_case(case, None, stop_reason)
        return
    if proposes_reopening(turn):
        _tell(
            cycle,
            {case.lead_staff_id} - {actor.staff_id or 0},
            f"{case.number}の見守りで「{turn.get_result_display()}」と記録されました。再開を考えてください。",
            turn,
            at,
        )
        open_turn(cycle, next_on or today + LOOK_AGAIN, is_extra=True, own_desk=True)
        return
    done = FollowUp.objects.done().filter(cycle=cycle, is_extra=False).count()
    nominal = next_on or cycle.after(max(today, turn.due_on))
    over = cycle.turns is not None and done >= cycle.turns
    if next_on is None and nominal is not None and cycle.until_on and nominal > cycle.until_on:
        over = True
    if next_on is None and over:
        words = f"予定した見守り（{cycle.rhythm}・{done}回）を終えた。"
        end_cycle(cycle=cycle, event=WatchEvent.FINISH, note=words, actor=actor, at=at)
        show_on_case(case, None, words)
        return
    if nominal is None:
        raise RuleViolation("次の予定日か、フォローを終える理由を入れてください。", field="next_on")
    open_turn(cycle, nominal)
