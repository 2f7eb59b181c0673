"""廃止: an agency is closed, and everything that waited for it gets its next actor in the same act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import move_notices, notify
from accounts.actions.staff import check_can_administer
from accounts.actor import Actor
from accounts.enums import AgencyKind, Ground, Role
from accounts.models import Agency, Appointment, Staff
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.actions.grants import grant_case, grant_coordinators
from cases.actions.text_index import index_text
from cases.models import Case, CaseGrant, CasePartner, FollowUp, Outreach, WatchCycle
from cases.selectors.coordination import pick_lead
from common.errors import RuleViolation
from households.models import AddressProtection, Household, HouseholdGrant, ProtectionUnit, staff_denied
from referrals.enums import ReferralOutcome
from referrals.models import ActionItem, Conference, ConferenceMember, Referral
from referrals.selectors import DEADLINE_DAYS, coordinating_offices, office_hours_deadline
from referrals.workflow import ConferenceState, ReferralState

NOTE = "{}の廃止のため"


@dataclass(frozen=True, slots=True)
class Duties:
    """How much waits for an agency: counts, for who closes it and sees no case."""

    cases: int
    partners: int
    referrals: int
    results: int
    decisions: int
    turns: int
    outreaches: int
    conferences: int
    people: int

    @property
    def total(self) -> int:
        return (
            self.cases
            + self.partners
            + self.referrals
            + self.results
            + self.decisions
            + self.turns
            + self.outreaches
        )


def duties_of(agency: Agency, at: datetime) -> Duties:
    posts = Appointment.objects.current(timezone.localdate(at)).filter(agency=agency)
    return Duties(
        *(rows.count() for rows in (
            Case.objects.open().filter(lead_agency=agency), _seats(agency), _waiting(agency), _owed(agency), _decided(agency),
            _turns(agency), Outreach.objects.running().filter(agency=agency), _sittings(agency), posts,
        ))
    )  # fmt: skip


def _seats(agency: Agency) -> models.QuerySet[CasePartner]:
    return CasePartner.objects.filter(agency=agency, ended_at__isnull=True, case__state="open")


def _waiting(agency: Agency) -> models.QuerySet[Referral]:
    ends = Q(to_agency=agency) | Q(from_agency=agency) | Q(escalated_to=agency)
    return Referral.objects.waiting().filter(ends)


def _owed(agency: Agency) -> models.QuerySet[Referral]:
    return Referral.objects.owing_outcome().filter(to_agency=agency, case__state="open")


def _decided(agency: Agency) -> models.QuerySet[ActionItem]:
    return ActionItem.objects.open().filter(agency=agency)


def _turns(agency: Agency) -> models.QuerySet[FollowUp]:
    return FollowUp.objects.waiting().filter(agency=agency)


def _sittings(agency: Agency) -> models.QuerySet[Conference]:
    return Conference.objects.filter(convener=agency).exclude(state=ConferenceState.CLOSED)


@dataclass(slots=True)
class _Move:
    """One succession under way. ``given`` counts what each person of the successor gets."""

    old: Agency
    new: Agency
    actor: Actor
    at: datetime
    given: Counter[int] = field(default_factory=Counter)

    def person_for(self, household: Household | None) -> Staff:
        """Raises RuleViolation where the successor has nobody who is at work today and may see the household (None: what is
        done concerns no household).
        """
        person = pick_lead(self.new, household, self.at)
        if person is None:
            raise RuleViolation(
                f"{self.new.short_name}に、いま担当できる職員がいません。先に辞令を登録してください。",
                field="successor",
            )
        self.given[person.pk] += 1
        return person

    def note(self, action: str, target: models.Model, **extra: Any) -> None:
        record(
            actor=self.actor,
            action=action,
            target=target,
            at=self.at,
            former_agency=self.old.pk,
            agency=self.new.pk,
            **extra,
        )


@transaction.atomic
def close_agency(
    *, agency: Agency, successor: Agency | None, reason: str, actor: Actor, at: datetime
) -> Agency:
    """``agency`` is closed from today and its open work goes to ``successor``: leads to a named person who is at work, waiting
    requests with a new deadline, decisions, watch turns, outreach, conferences. A consent that named the old agency does not
    name the new one: what rested on it is not carried over. The directors hear of it. All or nothing.

    Raises NotAllowed, RuleViolation beside ``successor`` or ``reason``. Closing again changes nothing.
    """
    check_can_administer(actor)
    agency = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if agency.closed_on is not None:
        return agency
    duties = duties_of(agency, at)
    _check(agency, successor, duties, reason, actor, at)
    agency.closed_on, agency.successor = timezone.localdate(at), successor
    agency.save(update_fields=["closed_on", "successor"])
    if successor is not None:
        move = _Move(agency, successor, actor, at)
        steps: tuple[Callable[[_Move], None], ...] = (
            _leads, _partners, _requests, _results, _items, _watches, _conferences, _units,
        )  # fmt: skip
        for step in steps:
            step(move)
        _tell_people(move)
        move_notices(old=agency, new=successor)
    _end_posts(agency, at)
    record(
        actor=actor, action="agency.close", target=agency, at=at, successor=successor.pk if successor else None,
        reason=reason.strip()[:200], cases=duties.cases, referrals=duties.referrals,
    )  # fmt: skip
    _tell_directors(agency, successor, duties, actor, at)
    return agency


def _check(
    agency: Agency, successor: Agency | None, duties: Duties, reason: str, actor: Actor, at: datetime
) -> None:
    if agency.pk == actor.agency_id:
        raise RuleViolation("自分の所属する機関は廃止できません。")
    if not reason.strip():
        raise RuleViolation("廃止の理由を書いてください。", field="reason")
    if successor is None:
        if duties.total or duties.conferences:
            raise RuleViolation(
                "この機関を待っている仕事があります。引き継ぐ機関を選んでください。", field="successor"
            )
        return
    if successor.pk == agency.pk:
        raise RuleViolation("引き継ぐ機関には、ほかの機関を選んでください。", field="successor")
    if successor.closed_on is not None:
        raise RuleViolation(f"{successor.short_name}は廃止されています。", field="successor")
    if duties.cases and not successor.may_lead:
        raise RuleViolation(
            f"{successor.short_name}は主担当になれません。{duties.cases}件のケースを担える機関を選んでください。",
            field="successor",
        )


def _leads(move: _Move) -> None:
    """Every case has its one lead at every moment: agency and person change together."""
    cases = Case.objects.open().filter(lead_agency=move.old).select_related("household__area")
    for case in cases.select_for_update(of=("self",)).order_by("pk"):
        former = case.lead_staff_id
        case.lead_agency, case.lead_staff, case.lead_since = (
            move.new,
            move.person_for(case.household),
            move.at,
        )
        case.version += 1
        case.save(update_fields=["lead_agency", "lead_staff", "lead_since", "version"])
        CasePartner.objects.filter(case=case, agency=move.new, ended_at__isnull=True).update(ended_at=move.at)
        _end_grants(move, case)
        grant_case(
            case=case, agency=move.new, ground=Ground.OWN_DUTY, basis=case, actor=move.actor, at=move.at
        )
        grant_coordinators(case=case, actor=move.actor, at=move.at)
        move.note("case.take_lead", case, former_staff=former, staff=case.lead_staff_id)


def _end_grants(move: _Move, case: Case) -> None:
    for model, pk in ((CaseGrant, case.pk), (HouseholdGrant, case.household_id)):
        model.objects.in_force(move.at).filter(content_object=pk, group=move.old.group_id).update(
            ends_at=move.at
        )


def _partners(move: _Move) -> None:
    """A seat beside the lead passes on without the record: its ground named the old agency."""
    for seat in _seats(move.old).select_related("case__household").order_by("pk"):
        there = CasePartner.objects.filter(case=seat.case_id, agency=move.new, ended_at__isnull=True).exists()
        if not there and seat.case.lead_agency_id != move.new.pk:
            person = move.person_for(seat.case.household)
            CasePartner.objects.create(
                case=seat.case, agency=move.new, staff=person, since=move.at, role_note=seat.role_note
            )
        seat.ended_at = move.at
        seat.save(update_fields=["ended_at"])
        _end_grants(move, seat.case)
        move.note("case.join", seat.case)


def _requests(move: _Move) -> None:
    """Requests that wait, at either end, and those that rose to it. One that would ask its own sender, or somebody who is
    asked already, has become needless and is taken back with the reason.
    """
    rows = _waiting(move.old).select_related("case__household__area", "from_agency", "to_agency")
    for referral in rows.select_for_update(of=("self",)).order_by("case_id", "pk"):
        ends = {move.old.pk: move.new}
        to = ends.get(referral.to_agency_id, referral.to_agency)
        sender = ends.get(referral.from_agency_id, referral.from_agency)
        twin = Referral.objects.waiting().filter(case=referral.case_id, to_agency=to).exclude(pk=referral.pk)
        if to == sender or (to != referral.to_agency and twin.exists()):
            referral.state, referral.answered_at, referral.answered_by = (
                ReferralState.WITHDRAWN,
                move.at,
                move.actor.staff,
            )
            referral.answer_note = NOTE.format(move.old.short_name)
            referral.save(update_fields=["state", "answered_at", "answered_by", "answer_note"])
            move.note("referral.withdraw", referral, case=referral.case_id)
            continue
        if to != referral.to_agency:
            _ask_anew(referral, to, move.at)
        referral.from_agency = sender
        if referral.escalated_to_id == move.old.pk:
            office = next(iter(coordinating_offices(referral)), move.new)
            referral.escalated_to = office
            grant_case(
                case=referral.case,
                agency=office,
                ground=Ground.COORDINATION,
                basis=referral,
                actor=move.actor,
                at=move.at,
            )
        referral.save()
        move.note("referral.succeed", referral, case=referral.case_id)
        _tell_sender(move, referral)


def _ask_anew(referral: Referral, to: Agency, at: datetime) -> None:
    """The successor gets the usual time to answer, and of the record only what needs no consent that names it."""
    referral.to_agency, referral.seen_at = to, None
    referral.deadline_at = max(referral.deadline_at, office_hours_deadline(at, DEADLINE_DAYS))
    consent = referral.consent
    if consent is not None and not consent.agencies.filter(pk=to.pk).exists():
        referral.ground, referral.consent = Ground.COORDINATION, None


def _tell_sender(move: _Move, referral: Referral) -> None:
    if referral.to_agency_id == move.new.pk:
        notify(
            staff_ids={referral.sent_by_id} - staff_denied(referral.case.household_id),
            text=f"{referral.case.number}のつなぎ先が、機関の廃止により変わりました。",
            url=reverse("referrals:detail", args=[referral.pk]), at=move.at, kind=NoticeKind.REFERRAL,
            about=referral.case.household_id,
        )  # fmt: skip


def _results(move: _Move) -> None:
    """Who took on a request owes its sender a result; where both are now one, nobody has to be told."""
    for referral in _owed(move.old).select_for_update(of=("self",)).order_by("pk"):
        if referral.from_agency_id == move.new.pk:
            referral.started_at = referral.started_at or move.at
            referral.finished_at, referral.finished_by = move.at, move.actor.staff
            referral.outcome, referral.outcome_note = (
                ReferralOutcome.CONTINUES,
                NOTE.format(move.old.short_name),
            )
        referral.to_agency = move.new if referral.finished_at is None else referral.to_agency
        referral.save()
        move.note("referral.succeed", referral, case=referral.case_id)


def _items(move: _Move) -> None:
    for item in _decided(move.old).select_related("case__household").order_by("pk"):
        item.agency, item.staff = move.new, move.person_for(item.case.household if item.case else None)
        item.save(update_fields=["agency", "staff"])
        move.note("action_item.succeed", item, case=item.case_id)


def _watches(move: _Move) -> None:
    """Watch cycles with their waiting turns, and outreach."""
    for cycle in (
        WatchCycle.objects.running().filter(agency=move.old).select_related("case__household").order_by("pk")
    ):
        cycle.agency, cycle.staff = move.new, move.person_for(cycle.case.household)
        cycle.save(update_fields=["agency", "staff"])
        index_text(cycle)
    for turn in _turns(move.old).select_related("case__household").order_by("pk"):
        turn.agency, turn.staff = move.new, move.person_for(turn.case.household)
        turn.save(update_fields=["agency", "staff"])
        move.note("follow_up.succeed", turn, case=turn.case_id)
    for row in Outreach.objects.running().filter(agency=move.old).select_related("household").order_by("pk"):
        row.agency, row.staff = move.new, move.person_for(row.household)
        row.save(update_fields=["agency", "staff"])
        index_text(row)
        move.note("outreach.succeed", row)


def _conferences(move: _Move) -> None:
    """Sittings to come: the successor calls them and has the seat; whoever comes has to accept secrecy anew."""
    coming = Conference.objects.exclude(state=ConferenceState.CLOSED)
    coming.filter(convener=move.old).update(convener=move.new)
    seated = ConferenceMember.objects.filter(agency=move.new).values("conference")
    seats = ConferenceMember.objects.filter(agency=move.old, conference__in=coming.values("pk"))
    seats.exclude(conference__in=seated).update(agency=move.new, staff=None, secrecy_accepted_at=None)


def _units(move: _Move) -> None:
    """A protected address stays open to whoever has the duty now, lest nobody can read it."""
    named = ProtectionUnit.objects.filter(
        agency=move.old, protection__in=AddressProtection.objects.in_force()
    )
    ProtectionUnit.objects.bulk_create(
        [
            ProtectionUnit(protection_id=pk, agency=move.new)
            for pk in named.values_list("protection_id", flat=True)
        ],
        ignore_conflicts=True,
    )


def _end_posts(agency: Agency, at: datetime) -> None:
    """Nobody is appointed to an agency that is not there: rights end today."""
    today = timezone.localdate(at)
    still = Appointment.objects.filter(agency=agency).filter(
        Q(during__endswith__isnull=True) | Q(during__endswith__gt=today)
    )
    for post in still.order_by("pk"):
        first = post.during.lower
        if first is not None and first >= today:
            post.during = DateRange(first, first + timedelta(days=1))
        else:
            post.during = DateRange(first, today)
        post.save(update_fields=["during"])


def _tell_people(move: _Move) -> None:
    for person, count in sorted(move.given.items()):
        notify(
            staff_ids=[person], text=f"{move.old.short_name}の廃止により、{count}件の仕事を引き継ぎました。", url="/",
            at=move.at, kind=NoticeKind.HANDOVER, agency_id=move.new.pk,
        )  # fmt: skip


def _tell_directors(
    agency: Agency, successor: Agency | None, duties: Duties, actor: Actor, at: datetime
) -> None:
    """The directors of all offices, and the head of the successor."""
    posts = Appointment.objects.current(timezone.localdate(at)).filter(staff__is_active=True)
    heads = Q(agency=successor, role=Role.AGENCY_MANAGER) if successor else Q(pk__in=[])
    people = posts.filter(Q(agency__kind=AgencyKind.DIRECTOR_OFFICE) | heads).values_list(
        "staff_id", flat=True
    )
    to = f"{successor.short_name}が引き継ぎました" if successor else "待っている仕事はありませんでした"
    notify(
        staff_ids=set(people) - {actor.staff_id},
        text=f"{agency.short_name}が廃止され、{to}（ケース{duties.cases}件、つなぎ{duties.referrals}件）。",
        url=reverse("home"), at=at, kind=NoticeKind.OTHER,
    )  # fmt: skip
