"""During a conference: opening it, decisions, conclusions, the plan and the referral of an item, closing it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from cases.actions.plan import decide_plan
from cases.models import Case
from common.errors import InvalidTransition, RuleViolation
from common.japan.wareki import format_wareki
from common.models import check_version
from referrals.actions.agenda import check_case_allowed, check_nobody_denied, missing_reasons
from referrals.actions.answer_referral import answer_referral, settle_referral
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.enums import Attendance, Decides
from referrals.models import ActionItem, AgendaItem, Conference, Referral
from referrals.models.issue import AgendaRow, agenda_in_order
from referrals.permissions_conferences import check_can_speak_for
from referrals.selectors_conferences import involved_agencies
from referrals.signals import conference_closed
from referrals.workflow import (
    CONFERENCE_TRANSITIONS,
    ActionItemState,
    ConferenceEvent,
    ConferenceState,
    ReferralEvent,
    ReferralState,
)

FORGOTTEN_AFTER = timedelta(minutes=60)  # a sitting that nobody closed shuts its papers
EXTENSION = timedelta(minutes=30)


def _move(conference: Conference, event: ConferenceEvent) -> None:
    try:
        conference.state = CONFERENCE_TRANSITIONS[ConferenceState(conference.state), event]
    except KeyError:
        label = ConferenceState(conference.state).label
        raise InvalidTransition(f"この会議は「{label}」のため、この操作はできません。") from None


@transaction.atomic
def start_conference(*, conference: Conference, actor: Actor, at: datetime) -> Conference:
    """Open the sitting; the convening agency's own attendee is present."""
    conference = lock_managed(conference, actor)
    check_papers_open(conference, actor)
    _move(conference, ConferenceEvent.START)
    _check_grounds(conference)
    conference.started_at = at
    conference.papers_until = at + timedelta(minutes=conference.minutes) + FORGOTTEN_AFTER
    conference.save(update_fields=["state", "started_at", "papers_until"])
    own = conference.members.filter(
        agency=conference.convener_id, staff__isnull=False, attendance=Attendance.INVITED
    )
    for member in own:
        member.attendance = Attendance.ATTENDING
        member.save(update_fields=["attendance"])
    record(actor=actor, action="conference.start", target=conference, at=at)
    return conference


def _check_grounds(conference: Conference) -> None:
    """Consent may have been withdrawn since an item was written; and hearing one without it needs its reason."""
    for item in conference.agenda.select_related("case").order_by("position", "pk"):
        check_case_allowed(conference, item.case, item.ground)
    check_nobody_denied(conference)
    missing = missing_reasons(conference)
    if missing:
        raise RuleViolation(
            f"同意を得られない理由が書かれていない議題があります：{'、'.join(i.topic for i in missing)}。"
            "議題の「書き込む」で理由を書いてから、開会してください。",
            items=[i.pk for i in missing],
        )


@transaction.atomic
def extend_papers(*, conference: Conference, actor: Actor, at: datetime) -> Conference:
    """The sitting takes longer: the papers stay open for another half hour from now."""
    conference = lock_managed(conference, actor, ConferenceState.RUNNING)
    check_papers_open(conference, actor)
    conference.papers_until = at + EXTENSION
    conference.save(update_fields=["papers_until"])
    record(actor=actor, action="conference.extend", target=conference, at=at)
    return conference


def _running_item(item: AgendaItem, actor: Actor) -> AgendaItem:
    conference = lock_managed(item.conference, actor, ConferenceState.RUNNING)
    check_papers_open(conference, actor)
    items = AgendaItem.objects.visible_to(actor).select_related("case__lead_agency", "referral", "plan")
    locked = items.get(pk=item.pk, conference=conference)
    locked.conference = conference
    return locked


@transaction.atomic
def record_decision(
    *, item: AgendaItem, text: str, agency: Agency, staff: Staff, due_on: date, actor: Actor, at: datetime,
    request_key: UUID,
) -> ActionItem:  # fmt: skip
    """What was decided becomes an action item of one agency, one person and one day.

    The same ``request_key`` again returns what it made. Raises RuleViolation beside its field.
    """
    item = _running_item(item, actor)
    known = ActionItem.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.agenda_item_id == item.pk:
            return known
        raise RuleViolation("画面を開き直してから、もう一度送信してください。")
    _check_case_open(item)
    check_task(item, text, agency, staff, due_on, at)
    done = ActionItem.objects.create(
        request_key=request_key, agenda_item=item, case=item.case, text=text.strip(), agency=agency, staff=staff,
        due_on=due_on, state=ActionItemState.OPEN, decided_at=at,
    )  # fmt: skip
    record(
        actor=actor, action="conference.decide", target=item.conference, at=at, case=item.case_id,
        action_item=done.pk, agency=agency.pk, staff=staff.pk,
    )  # fmt: skip
    return done


def check_task(item: AgendaRow, text: str, agency: Agency, staff: Staff, due_on: date, at: datetime) -> None:
    """What is decided says what is done, by an agency that has to do with it, by somebody who works there, by a day to come."""
    today = timezone.localdate(at)
    if not text.strip():
        raise RuleViolation("決まったことを入力してください。", field="text")
    if not involved_agencies(item).filter(pk=agency.pk).exists():
        raise RuleViolation(
            f"{agency.short_name}は、この会議にも{'地域課題' if item.is_issue else 'ケース'}にも加わっていません。"
            "先に会議に招いてください。",
            field="agency",
        )
    if not Staff.objects.of_agency(agency, on=today).filter(pk=staff.pk).exists():
        raise RuleViolation(f"{staff.name}さんは{agency.short_name}に所属していません。", field="staff")
    if due_on < today:
        raise RuleViolation("期限は、今日以後の日付にしてください。", field="due_on")


def _check_case_open(item: AgendaItem) -> None:
    """The case may have been closed meanwhile, by its lead; the row is held until the decision is written."""
    case = Case.objects.select_for_update(of=("self",)).get(pk=item.case_id)
    if not case.is_open:
        day = f"（{format_wareki(timezone.localdate(case.closed_at))}）" if case.closed_at else ""
        raise RuleViolation(
            f"{case.number}は会議の間に終結しました{day}。決定事項にはできません。話し合ったことは結論に書いてください。"
            "続けて支えるときは、先にケースを再開します。",
            field="text",
        )


@transaction.atomic
def drop_decision(*, decision: ActionItem, actor: Actor, at: datetime) -> None:
    """Take back a mistyped decision while the conference still sits; the history keeps it."""
    if decision.agenda_item is not None:
        _running_item(decision.agenda_item, actor)
    conference = lock_managed(decision.conference, actor, ConferenceState.RUNNING)
    decision = ActionItem.objects.visible_to(actor).get(pk=decision.pk)
    if decision.state != ActionItemState.OPEN:
        raise InvalidTransition("実施済の決定事項は取り消せません。")
    record(
        actor=actor, action="conference.drop_decision", target=conference, at=at, case=decision.case_id,
        action_item=decision.pk,
    )  # fmt: skip
    decision.delete()


@transaction.atomic
def conclude_item(
    *, item: AgendaItem, conclusion: str, actor: Actor, at: datetime, is_undecided: bool = False,
    version: int | None = None,
) -> AgendaItem:  # fmt: skip
    """The item's conclusion in words; it may be written again until the conference is closed. ``is_undecided``: it goes
    on to the next conference. Raises StaleRecord where somebody else saved it since ``version``.
    """
    item = _running_item(item, actor)
    if version is not None:
        check_version(item, version)
    item.conclusion, item.is_undecided = conclusion.strip(), is_undecided
    item.save(update_fields=["conclusion", "is_undecided"])
    record(actor=actor, action="conference.conclude", target=item.conference, at=at, item=item.pk)
    return item


@transaction.atomic
def approve_plan(*, item: AgendaItem, actor: Actor, at: datetime) -> AgendaItem:
    """The conference decides the plan that is on the agenda; the plan says where it was decided."""
    item = _running_item(item, actor)
    if item.plan is None:
        raise RuleViolation("この議題にはプラン案がありません。")
    if Decides.PLAN not in item.conference.rule.decides:
        raise RuleViolation(f"{item.conference.get_kind_display()}ではプランを決定できません。")
    if item.plan_approved:
        return item
    conference = item.conference
    # not its name: the plan is read by people from whom another household of the sitting is hidden
    where = f"{conference.get_kind_display()} {format_wareki(timezone.localdate(at))}"
    decide_plan(plan=item.plan, actor=actor, at=at, where=where[:200])
    item.plan_approved = True
    item.save(update_fields=["plan_approved"])
    record(actor=actor, action="conference.approve_plan", target=conference, at=at, plan=item.plan.pk)
    return item


@transaction.atomic
def settle_item_referral(*, item: AgendaItem, note: str, actor: Actor, at: datetime) -> Referral:
    """The conference has answered the referral on the agenda. One still unanswered is put to it first."""
    item = _running_item(item, actor)
    if item.referral is None:
        raise RuleViolation("この議題にはつなぎがありません。")
    if Decides.REFERRAL not in item.conference.rule.decides:
        raise RuleViolation(f"{item.conference.get_kind_display()}では、つなぎへの返事を決められません。")
    note = note.strip() or item.conclusion
    if not note:
        raise RuleViolation("先に、この議題の結論を書いてください。", field="conclusion")
    referral = item.referral
    if referral.state == ReferralState.SENT:
        referral = answer_referral(
            referral=referral, event=ReferralEvent.TO_CONFERENCE, actor=actor, at=at,
            note=f"{item.conference.get_kind_display()}で協議",
        )  # fmt: skip
    return settle_referral(referral=referral, actor=actor, at=at, note=note)


@transaction.atomic
def save_minutes(
    *, conference: Conference, summary: str, version: int, actor: Actor, at: datetime
) -> Conference:
    """Write the minutes while the conference sits or after it. Raises StaleRecord where somebody else saved them since."""
    conference = lock_managed(conference, actor, ConferenceState.RUNNING, ConferenceState.CLOSED)
    check_can_speak_for(actor, conference)
    check_papers_open(conference, actor)
    check_version(conference, version)
    conference.summary = summary.strip()
    conference.save(update_fields=["summary"])
    record(actor=actor, action="conference.save_minutes", target=conference, at=at)
    return conference


@transaction.atomic
def close_conference(
    *, conference: Conference, summary: str, actor: Actor, at: datetime, started_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Conference:  # fmt: skip
    """Close the sitting with its minutes. Every item has a conclusion or a decision, and somebody was there.

    ``started_at`` and ``ended_at`` correct the moments at which the buttons were pressed: the time of those who
    attended is taken from them. Receivers of conference_closed may raise (an attendee's time overlaps).
    """
    conference = lock_managed(conference, actor)
    check_can_speak_for(actor, conference)
    check_papers_open(conference, actor)
    _move(conference, ConferenceEvent.CLOSE)
    conference.started_at = started_at or conference.started_at
    conference.closed_at = ended_at or at
    conference.papers_until = at
    _check_span(conference, at)
    loose = unfinished_items(conference)
    if loose:
        raise RuleViolation(
            f"結論も決定事項もない議題があります：{'、'.join(i.topic for i in loose)}。"
            "決まらなかったときは、その旨を結論に書いてください。",
            items=[i.pk for i in loose],
        )
    if not conference.members.filter(attendance=Attendance.ATTENDING, staff__isnull=False).exists():
        raise RuleViolation("出席した人がいません。出欠を記録してから終了してください。")
    if not summary.strip() and not conference.agenda.exists() and not conference.issue_items.exists():
        raise RuleViolation(
            "議題のない会議です。話し合ったことを、要旨に書いてから終了してください。", field="summary"
        )
    conference.summary = summary.strip()
    conference.save(update_fields=["state", "started_at", "closed_at", "summary", "papers_until"])
    record(actor=actor, action="conference.close", target=conference, at=at)
    conference_closed.send(Conference, conference=conference, actor=actor, at=at)
    return conference


def _check_span(conference: Conference, at: datetime) -> None:
    start, end = conference.started_at, conference.closed_at
    assert start is not None and end is not None
    if end > at:
        raise RuleViolation("閉会の時刻は、今より前にしてください。", field="ended_at")
    if end <= start:
        # opened and closed within one minute
        if conference.closed_at == at and at - start < timedelta(minutes=1):
            return
        raise RuleViolation("閉会の時刻は、開会より後にしてください。", field="ended_at")
    if end - start > timedelta(hours=24):
        raise RuleViolation("開会から閉会までは24時間以内にしてください。", field="ended_at")


def unfinished_items(conference: Conference) -> list[AgendaRow]:
    """Items with neither a conclusion nor a decision, nor the word that they go on to the next conference."""
    open_items = conference.agenda.filter(conclusion="", is_undecided=False, action_items__isnull=True)
    issues = conference.issue_items.filter(conclusion="", action_items__isnull=True)
    return agenda_in_order([*open_items.order_by("pk"), *issues.order_by("pk")])
