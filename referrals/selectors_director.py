"""What the area director's page shows: the sector in numbers, conferences, late decisions, who helps whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from cases.coordination import conference_due, convener_of, told_of
from cases.models import Case, CaseGrant
from cases.selectors.coordination import Directory, begun_of
from common.japan.fiscal import add_months, month_first
from common.kept_sql import kept, moment_of
from households.contact import Shield
from referrals.flows import Flows, flows
from referrals.models import ActionItem, AgendaItem, Conference, Referral
from referrals.selectors import (
    LIST_LIMIT,
    ReferralRow,
    as_rows,
    for_rows,
    multi_sector_cases,
    silent_cases,
)
from referrals.selectors_conferences import for_list
from referrals.workflow import ConferenceState, ReferralState

MONTHS = 3  # of the network and of the times to answer
NEXT_CONFERENCES = 5
COUNT_LIMIT = 100  # no number counts further: the page says 以上
FIRST_ROWS = 5  # of what rose, and of what was put to a conference


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of each; none of them counts beyond ``COUNT_LIMIT``. ``escalated`` and ``put``: the requests themselves, the
    oldest deadline first.
    """

    waiting: int
    multi: int
    silent: int
    escalated: Sequence[int]
    put: Sequence[int]


def sector_agencies(actor: Actor, directory: Directory) -> list[int]:
    """The agencies of the director's sector; for a director of all sectors every one."""
    return [pk for pk, a in directory.agencies.items() if not actor.sector or a.sector == actor.sector]


def _ids(rows: QuerySet[Any]) -> ArraySubquery:
    return ArraySubquery(rows.values("pk")[: COUNT_LIMIT + 1])


def _standing(actor: Actor) -> QuerySet[Agency, tuple[Any, ...]]:
    """Four lists as the columns of one row, so that the reader's scope is planned and asked in one statement."""
    referrals = Referral.objects.visible_to(actor, few=True)
    risen_here = referrals.unanswered().filter(escalated_to=actor.agency_id)
    put = referrals.filter(state=ReferralState.CONFERENCE)
    counted = (referrals.unanswered(), multi_sector_cases(actor))
    office, _ = actor.office()
    return Agency.objects.filter(pk=office.pk).values_list(
        *(Func(_ids(rows), function="cardinality", output_field=IntegerField()) for rows in counted),
        _ids(risen_here.order_by("deadline_at", "pk")),
        _ids(put.order_by("deadline_at", "pk")),
    )


def _silent(actor: Actor, before: int) -> QuerySet[Case, int]:
    """By itself: what a moment is bound to is planned six times before its plan stays, and this is planned at once."""
    return silent_cases(actor, moment_of(before)).values_list("pk", flat=True)[: COUNT_LIMIT + 1]


def standing(actor: Actor, silent_before: datetime) -> Standing:
    """Numbers of lists that the page opens. Two queries."""
    on = timezone.localdate()
    silent = kept(_silent, actor, on=on, before=int(silent_before.timestamp()))
    ((waiting, multi, escalated, put),) = kept(_standing, actor, on=on)
    return Standing(waiting, multi, len(silent), escalated, put)


def _of_ids(actor: Actor, ids: Sequence[int]) -> QuerySet[Referral]:
    """With just what a row of this page says."""
    rows = for_rows(Referral.objects.visible_to(actor).filter(pk__in=ids), actor)
    return rows.select_related(None).select_related("case__household__area", "case__person", "consent").only(
        "from_agency_id", "to_agency_id", "escalated_to_id", "purpose", "state", "ground", "parts", "sent_at", "deadline_at",
        "seen_at", "started_at", "finished_at", "escalated_at", "answered_at", "answer_note", "consent__state", "consent__kinds",
        "consent__given_on", "consent__ends_on", "case__number", "case__opened_at", "case__sectors", "case__lead_agency_id",
        "case__household__name", "case__household__area__parent_id", "case__person__family_name",
        "case__person__given_name", "case__person__alias",
    )  # fmt: skip


def risen_rows(
    found: Standing, actor: Actor, directory: Directory, at: datetime, *, first: int = FIRST_ROWS
) -> tuple[list[ReferralRow], list[ReferralRow]]:
    """The first of what rose and of what was put to a conference. One query."""
    shown = [*found.escalated[:first], *found.put[:first]]
    if not shown:
        return [], []
    # always as many ids, so that one statement serves any number
    ids = shown + shown[-1:] * (2 * first - len(shown))
    rows = as_rows(kept(_of_ids, actor, on=timezone.localdate(), ids=ids), actor, at, directory)
    rows.sort(key=lambda row: shown.index(row.referral.pk))
    return (
        [row for row in rows if row.referral.state == ReferralState.SENT],
        [row for row in rows if row.referral.state == ReferralState.CONFERENCE],
    )


def _conferences(actor: Actor, since: int) -> QuerySet[Conference]:
    coming = Conference.objects.visible_to(actor).exclude(state=ConferenceState.CLOSED)
    return for_list(coming.filter(starts_at__gte=moment_of(since)), actor).order_by("starts_at", "pk")[
        :NEXT_CONFERENCES
    ]


def my_conferences(actor: Actor, at: datetime) -> list[Conference]:
    """The next ones that my office calls or is invited to, with ``items``."""
    since = int((at - timedelta(days=1)).timestamp())
    return kept(_conferences, actor, on=timezone.localdate(), since=since)


@dataclass(frozen=True, slots=True)
class ToConvene:
    """A case of several sectors that no conference has had yet, and the day by which the model wants one."""

    case: Case
    due_on: date
    is_late: bool


def _unheld(actor: Actor) -> QuerySet[Case]:
    """The newest cases of several sectors that no conference has had yet, with ``told_at``: when the office was told."""
    told = CaseGrant.objects.filter(
        content_object=OuterRef("pk"),
        group__in=actor.group_ids,
        ground=Ground.COORDINATION,
        basis_type="cases.case",
    )
    held = AgendaItem.objects.filter(case=OuterRef("pk"))
    return (
        multi_sector_cases(actor)
        .filter(~Exists(held))
        .annotate(told_at=Subquery(told.order_by("given_at").values("given_at")[:1]))
        .select_related("household__area")
        .only(
            "number",
            "sectors",
            "opened_at",
            "lead_agency_id",
            "household__name",
            "household__area__parent_id",
        )
        .order_by("-opened_at", "-pk")[:LIST_LIMIT]
    )


def to_convene(actor: Actor, directory: Directory, at: datetime) -> list[ToConvene]:
    """Cases whose conference is mine to call (``cases.coordination``), the earliest due first. The days count from when
    the office was told.
    """
    today, rows = timezone.localdate(at), []
    cases: list[Any] = kept(_unheld, actor, on=timezone.localdate())
    for case in cases:
        begun = begun_of(case, directory.agencies[case.lead_agency_id])
        setup = directory.setup_on(begun.on)
        convener = convener_of(
            setup, begun, tuple(pk for pk in told_of(setup, begun) if pk != case.lead_agency_id)
        )
        if convener != actor.agency_id:
            continue
        since = replace(begun, on=timezone.localdate(case.told_at or case.opened_at))
        due = conference_due(setup, since, convener)
        if due is not None:
            rows.append(ToConvene(case, due, due < today))
    return sorted(rows, key=lambda row: (row.due_on, row.case.pk))


@dataclass(frozen=True, slots=True)
class LateItem:
    """``hides``: its words may tell where somebody is who is protected from the reader."""

    item: ActionItem
    hides: bool


@dataclass(frozen=True, slots=True)
class LateAgency:
    """Decisions of conferences that an agency has not carried out in time."""

    agency: Agency
    items: Sequence[LateItem]
    oldest: date


def _late(actor: Actor) -> QuerySet[ActionItem]:
    return (
        ActionItem.objects.visible_to(actor)
        .open()
        .filter(due_on__lt=timezone.localdate())
        .select_related("staff", "case")
        .only(
            "text",
            "due_on",
            "agency_id",
            "issue_item_id",
            "staff__name",
            "case__number",
            "case__household_id",
        )
        .order_by("due_on", "pk")[:COUNT_LIMIT]
    )


def late_decisions(actor: Actor, directory: Directory, shield: Shield) -> list[LateAgency]:
    """By agency, the most first; of the oldest hundred that the reader may read."""
    late = kept(_late, actor, on=timezone.localdate())
    groups: dict[int, list[LateItem]] = {}
    for item in late:
        row = LateItem(item, hides=shield.was_home(item.household_id))
        groups.setdefault(item.agency_id, []).append(row)
    rows = [LateAgency(directory.agencies[pk], items, items[0].item.due_on) for pk, items in groups.items()]
    return sorted(rows, key=lambda row: (-len(row.items), row.oldest))


def recent_flows(actor: Actor, directory: Directory, at: datetime) -> Flows:
    """Of this month and the ones before, ``MONTHS`` in all."""
    today = timezone.localdate(at)
    since = add_months(month_first(today), 1 - MONTHS)
    return flows(
        agencies=sector_agencies(actor, directory),
        since=since,
        until=today + timedelta(days=1),
        actor=actor,
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Month:
    """The sector in one month, on one page."""

    first: date
    last: date
    flows: Flows
    opened: int
    conferences: int
    decided: int
    done: int
    risen: int
    settled: int


def month_of(actor: Actor, directory: Directory, first: date, at: datetime) -> Month:
    """Six counts, each through the reader's scope, and the flows."""
    end = add_months(first, 1)
    span = {"gte": _midnight(first), "lt": _midnight(end)}

    def within(field: str) -> dict[str, object]:
        return {f"{field}__{bound}": moment for bound, moment in span.items()}

    sat = Conference.objects.visible_to(actor).filter(state=ConferenceState.CLOSED, **within("started_at"))
    decided = ActionItem.objects.visible_to(actor)
    referrals = Referral.objects.visible_to(actor)
    sector = [actor.sector] if actor.sector else []
    cases = Case.objects.visible_to(actor).filter(sectors__len__gte=2, sectors__contains=sector)
    return Month(
        first,
        end - timedelta(days=1),
        flows(agencies=sector_agencies(actor, directory), since=first, until=end, actor=actor, at=at),
        cases.filter(**within("opened_at")).count(),
        sat.count(),
        decided.filter(**within("decided_at")).count(),
        decided.filter(**within("done_at")).count(),
        referrals.filter(escalated_to=actor.agency_id, **within("escalated_at")).count(),
        referrals.filter(state=ReferralState.SETTLED, **within("answered_at")).count(),
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
