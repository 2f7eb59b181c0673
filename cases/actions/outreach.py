"""アウトリーチ: a worry becomes somebody's to follow; attempts; the person agrees, or it ends with a reason.

Nothing about the person has to be known or registered (重層の「アウトリーチ等を通じた継続的支援事業」: long building of a
relationship before consent). What was tried stays where it is when the person agrees: the case finds all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.actions.receive_consultation import current_household
from cases.actions.take_up import take_up_case
from cases.actions.team import join_as_receiver
from cases.actions.text_index import index_text
from cases.enums import Closeness, OutreachAnswer, OutreachEnd, OutreachWay, WorrySource
from cases.models import Case, Consultation, Outreach, OutreachAttempt
from cases.signals import contact_recorded
from cases.workflow import OUTREACH_TRANSITIONS, OutreachEvent, OutreachState
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.models import check_version
from households.actions.movements import SENT_BEFORE
from households.actions.persons import PersonData, build_household, build_person
from households.enums import Relation
from households.models import Household, HouseholdMember, Person, staff_denied
from households.permissions import check_not_only_by_glass

CLOCK_SLACK = timedelta(minutes=5)
# what an answer says of the relationship, where it says more than stood before
BRINGS = {
    OutreachAnswer.VOICE: Closeness.REACHED,
    OutreachAnswer.NOT_NOW: Closeness.REACHED,
    OutreachAnswer.MET: Closeness.MET,
}
_STEPS = list(Closeness)


@dataclass(frozen=True, slots=True)
class WorryData:
    """What was told, by whom, and who goes there next."""

    described: str
    worry: str
    source: str
    next_on: date
    source_name: str = ""
    source_contact: str = ""
    next_text: str = ""
    companion: Staff | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True)
class AttemptData:
    """One attempt. ``closeness``: as the worker sees it now ("": as the answer says)."""

    started_at: datetime
    way: str
    answer: str
    next_on: date
    minutes: int | None = None
    note: str = ""
    next_text: str = ""
    closeness: str = ""


def check_can_reach_out(actor: Actor, outreach: Outreach | None = None) -> None:
    """Workers of the agency that goes there."""
    if not actor.has(Permission.CASE_WRITE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("アウトリーチを記録する権限がありません。")
    if outreach is not None and outreach.agency_id != actor.agency_id:
        raise NotAllowed(f"担当機関（{outreach.agency.short_name}）だけができる操作です。")
    if outreach is not None:
        check_not_only_by_glass(actor, outreach.household_id)


def can_reach_out(actor: Actor, outreach: Outreach) -> bool:
    try:
        check_can_reach_out(actor, outreach)
    except NotAllowed:
        return False
    return True


def _move(outreach: Outreach, event: OutreachEvent) -> OutreachState:
    try:
        return OUTREACH_TRANSITIONS[OutreachState(outreach.state), event]
    except KeyError:
        raise InvalidTransition("このアウトリーチは、すでに終わっています。") from None


def _check_worry(data: WorryData, actor: Actor, at: datetime) -> None:
    if not data.described.strip():
        raise RuleViolation(
            "どんな人かを、わかる言葉で書いてください（例：青い屋根の家の息子さん）。", field="described"
        )
    if not data.worry.strip():
        raise RuleViolation("気がかりを書いてください。", field="worry")
    if data.source not in WorrySource.values:
        raise RuleViolation("気がかりの出どころを一覧から選んでください。", field="source")
    _check_next(data.next_on, at)
    if data.companion is not None:
        on = timezone.localdate(at)
        if (
            actor.agency is None
            or not Staff.objects.of_agency(actor.agency, on=on).filter(pk=data.companion.pk).exists()
        ):
            raise RuleViolation("伴走者は、自分の機関の職員から選んでください。", field="companion")


def _check_next(next_on: date, at: datetime) -> None:
    if next_on < timezone.localdate(at):
        raise RuleViolation("次に関わる日は、今日以降にしてください。", field="next_on")


def _locked(outreach: Outreach, actor: Actor) -> Outreach:
    row = (
        Outreach.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("agency", "household__area", "person", "case")
        .get(pk=outreach.pk)
    )
    check_can_reach_out(actor, row)
    return row


@transaction.atomic
def begin_outreach(
    *, data: WorryData, actor: Actor, at: datetime, request_key: UUID, person_id: int | None = None,
    consultation: Consultation | None = None,
) -> Outreach:  # fmt: skip
    """Somebody worries: from now on a worker has the next date. The same ``request_key`` returns what it made;
    Outreach.DoesNotExist where the sender may not see it any more.

    ``person_id`` is a person found by identity; ``consultation`` the contact in which a third party told of it.
    """
    check_can_reach_out(actor)
    agency, staff = actor.office()
    known = Outreach.objects.filter(request_key=request_key, staff=staff).first()
    if known is not None:
        return Outreach.objects.visible_to(actor).get(pk=known.pk)
    _check_worry(data, actor, at)
    person = None
    if person_id is not None:
        person = Person.objects.findable_by(actor).filter(pk=person_id).first()
        if person is None:
            raise RuleViolation("選ばれた人は見つかりません。もう一度探してください。", field="person_text")
    if consultation is not None:
        consultation = Consultation.objects.visible_to(actor).filter(agency=agency).get(pk=consultation.pk)
    household = current_household(person, at) if person else None
    if household is None:
        household = build_household(person=person, area=agency.area, actor=actor, at=at)
        if person is None:
            household.name = data.described.strip()[:60]
            household.save(update_fields=["name"])
    outreach = Outreach.objects.create(
        request_key=request_key, household=household, person=person, described=data.described.strip(),
        worry=data.worry.strip(), agency=agency, staff=staff, companion=data.companion, peer=data.peer.strip(),
        source=data.source, source_name=data.source_name.strip(), source_contact=data.source_contact.strip(),
        heard_at=consultation.started_at if consultation else at, consultation=consultation, next_on=data.next_on,
        next_text=data.next_text.strip(),
    )  # fmt: skip
    index_text(outreach)
    record(actor=actor, action="outreach.begin", target=outreach, at=at, source=data.source)
    return outreach


@transaction.atomic
def edit_outreach(
    *, outreach: Outreach, data: WorryData, staff: Staff, version: int, actor: Actor, at: datetime
) -> Outreach:
    """Correct what is known, and who goes there; StaleRecord when somebody saved in between."""
    row = _locked(outreach, actor)
    check_version(row, version)
    if not row.is_running:
        raise RuleViolation("終わったアウトリーチは変えられません。")
    _check_worry(data, actor, at)
    if not Staff.objects.of_agency(row.agency, on=timezone.localdate(at)).filter(pk=staff.pk).exists():
        raise RuleViolation("担当者は、担当機関の職員から選んでください。", field="staff")
    for name in (
        "described",
        "worry",
        "source",
        "source_name",
        "source_contact",
        "next_on",
        "next_text",
        "peer",
    ):
        value = getattr(data, name)
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    row.companion, row.staff = data.companion, staff
    row.save()
    index_text(row)
    record(actor=actor, action="outreach.edit", target=row, at=at)
    return row


@transaction.atomic
def record_attempt(
    *, outreach: Outreach, data: AttemptData, actor: Actor, at: datetime, request_key: UUID
) -> OutreachAttempt:
    """One attempt and the next date; its minutes become a work entry. No answer is an answer: it goes on."""
    row = _locked(outreach, actor)
    agency, staff = actor.office()
    known = OutreachAttempt.objects.filter(request_key=request_key, staff=staff).first()
    if known is not None:
        if known.outreach_id != row.pk:
            raise RuleViolation(SENT_BEFORE)
        return known
    if not row.is_running:
        raise RuleViolation(
            "このアウトリーチは終わっています。続けるときは「もう一度関わる」を押してください。"
        )
    if data.way not in OutreachWay.values:
        raise RuleViolation("方法を一覧から選んでください。", field="way")
    if data.answer not in OutreachAnswer.values:
        raise RuleViolation("応えを一覧から選んでください。", field="answer")
    if data.closeness and data.closeness not in Closeness.values:
        raise RuleViolation("関係の段階を一覧から選んでください。", field="closeness")
    if data.started_at > at + CLOCK_SLACK:
        raise RuleViolation("対応日時が今より後です。", field="started_at")
    if data.started_at.year < 2000:
        raise RuleViolation("対応日時を確かめてください。", field="started_at")
    if data.minutes is not None and not 1 <= data.minutes <= 1440:
        raise RuleViolation("時間は1分以上、24時間（1440分）以下で入力してください。", field="minutes")
    _check_next(data.next_on, at)
    attempt = OutreachAttempt.objects.create(
        outreach=row, request_key=request_key, agency=agency, staff=staff, started_at=data.started_at,
        minutes=data.minutes, way=data.way, answer=data.answer, note=data.note.strip(), written_at=at,
    )  # fmt: skip
    index_text(attempt)
    row.closeness = data.closeness or _closer(row.closeness, data.answer)
    row.next_on, row.next_text = data.next_on, data.next_text.strip()
    row.save()
    index_text(row)
    record(
        actor=actor, action="outreach.attempt", target=row, at=at, way=data.way, answer=data.answer,
        closeness=row.closeness,
    )  # fmt: skip
    if attempt.minutes:
        contact_recorded.send(OutreachAttempt, record=attempt, actor=actor, at=at)
    return attempt


def _closer(closeness: str, answer: str) -> str:
    """A relationship that has come further does not go back for a closed door."""
    brought = BRINGS.get(OutreachAnswer(answer))
    if brought is None or _STEPS.index(brought) <= _STEPS.index(Closeness(closeness)):
        return closeness
    return brought


@transaction.atomic
def agree_to_support(
    *, outreach: Outreach, agreed_on: date, how: str, actor: Actor, at: datetime, person_id: int | None = None,
    new_person: PersonData | None = None, sectors: tuple[str, ...] = (),
) -> Outreach:  # fmt: skip
    """The person says yes to being helped: the household's case begins (or takes this up), with every attempt in it.

    A name is welcome and not needed. Already agreed: the same outreach again.
    """
    row = _locked(outreach, actor)
    if row.state == OutreachState.AGREED:
        return row
    state = _move(row, OutreachEvent.AGREE)
    if agreed_on > timezone.localdate(at):
        raise RuleViolation("相談することになった日が、今日より後です。", field="agreed_on")
    if agreed_on < timezone.localdate(row.heard_at):
        raise RuleViolation("相談することになった日が、気がかりを聞いた日より前です。", field="agreed_on")
    if not how.strip():
        raise RuleViolation(
            "どのように決まったかを書いてください（例：玄関先で「話を聞いてほしい」）。", field="how"
        )
    if row.person is None:
        _name(row, person_id, new_person, actor, at)
    case = take_up_case(
        household=row.household,
        person=row.person,
        actor=actor,
        at=at,
        sectors=sectors,
        reason=f"アウトリーチ：{how.strip()}",
    )
    agency, staff = actor.office()
    # whoever leads a case that begins now by the coordination model has just heard of it
    if case.lead_agency_id != agency.pk and case.opened_at != at:
        join_as_receiver(case=case, agency=agency, staff=staff, actor=actor, at=at)
        notify(
            staff_ids={case.lead_staff_id} - staff_denied(case.household_id),
            text=f"{case.number}に、アウトリーチから相談につながった記録が加わりました。",
            url=reverse("cases:detail", args=[case.number]), at=at, kind=NoticeKind.CASE, about=case.household_id,
            agency_id=case.lead_agency_id,
        )  # fmt: skip
    _touch(case, row)
    row.state, row.case = state, case
    row.agreed_on, row.agreed_how = agreed_on, how.strip()
    row.closeness, row.next_on, row.next_text = Closeness.TALKING, None, ""
    row.finished_at, row.finished_by = at, actor.staff
    row.save()
    index_text(row)
    record(actor=actor, action="outreach.agree", target=row, at=at, case=case.number)
    return row


def _name(
    row: Outreach, person_id: int | None, new_person: PersonData | None, actor: Actor, at: datetime
) -> None:
    """Who it is, where that is known now. A folder without people takes the person in; a known home is taken instead."""
    person = None
    if person_id is not None:
        person = Person.objects.findable_by(actor).filter(pk=person_id).first()
        if person is None:
            raise RuleViolation("選ばれた人は見つかりません。もう一度探してください。", field="person_text")
    elif new_person is not None:
        person = build_person(new_person, at=at)
    if person is None:
        return
    row.person = person
    home = current_household(person, at)
    if home is not None:
        row.household = home
        return
    household = Household.objects.select_for_update(of=("self",)).get(pk=row.household_id)
    is_first = not HouseholdMember.objects.filter(household=household).exists()
    HouseholdMember.objects.create(
        household=household, person=person, relation=Relation.SELF if is_first else Relation.UNKNOWN,
        during=(None, None),
    )  # fmt: skip
    if is_first and household.name == row.described[:60]:
        household.name = f"{person.display_name} 世帯"
        household.save(update_fields=["name"])
    row.household = household


def _touch(case: Case, outreach: Outreach) -> None:
    """The case's last contact is the last time that the two met."""
    met = (
        OutreachAttempt.objects.filter(
            outreach=outreach, answer__in=[OutreachAnswer.MET, OutreachAnswer.VOICE]
        )
        .order_by("-started_at")
        .first()
    )
    if met is not None:
        Case.objects.filter(pk=case.pk).exclude(last_contact_at__gt=met.started_at).update(
            last_contact_at=met.started_at
        )


@transaction.atomic
def end_outreach(*, outreach: Outreach, reason: str, note: str, actor: Actor, at: datetime) -> Outreach:
    """No more going there, for a reason that stays readable."""
    row = _locked(outreach, actor)
    state = _move(row, OutreachEvent.END)
    if reason not in OutreachEnd.values:
        raise RuleViolation("終える理由を一覧から選んでください。", field="reason")
    if not note.strip():
        raise RuleViolation("終える事情を書いてください。", field="note")
    row.state, row.end_reason, row.end_note = state, reason, note.strip()
    row.next_on, row.next_text = None, ""
    row.finished_at, row.finished_by = at, actor.staff
    row.save()
    index_text(row)
    record(actor=actor, action="outreach.end", target=row, at=at, reason=reason)
    return row


@transaction.atomic
def resume_outreach(*, outreach: Outreach, next_on: date, actor: Actor, at: datetime) -> Outreach:
    """The worry is back: the same outreach goes on, with all that was tried."""
    row = _locked(outreach, actor)
    state = _move(row, OutreachEvent.RESUME)
    _check_next(next_on, at)
    row.state, row.end_reason, row.end_note, row.finished_at, row.finished_by = state, "", "", None, None
    row.next_on = next_on
    row.save()
    index_text(row)
    record(actor=actor, action="outreach.resume", target=row, at=at)
    return row
