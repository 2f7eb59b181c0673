"""Reads of the watch after closing: what comes next, what was found, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce, TruncMonth
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Appointment
from accounts.roles import Permission
from cases.enums import FollowUpResult
from cases.models import Case, CasePartner, FollowUp, WatchAttempt, WatchChange, WatchCycle
from common.japan.fiscal import fiscal_months, fiscal_year_first
from common.kept_sql import kept
from common.queue import QueueGroup, QueueRow
from households.contact import Shield

AHEAD = timedelta(days=7)
LIMIT = 30
NEAR = 45  # days; what is farther off is told in months


def ahead(day: date, today: date) -> str:
    """「3か月後」「12日後」「今日」「5日超過」: how far off a day is, as one says it."""
    days = (day - today).days
    if days < 0:
        return f"{-days}日超過"
    if days == 0:
        return "今日"
    return f"{days}日後" if days < NEAR else f"{round(days / 30.44)}か月後"


@dataclass(frozen=True, slots=True)
class Watch:
    """What a closed case shows of its watch."""

    cycle: WatchCycle
    turn: FollowUp
    ahead: str


def standing(case: Case, actor: Actor, today: date) -> Watch | None:
    """The running cycle with the turn that waits. One query; none for a case that nobody looks at again."""
    if case.is_open or case.follow_up_on is None:
        return None
    turn = (
        FollowUp.objects.visible_to(actor)
        .waiting()
        .filter(case=case)
        .select_related("cycle", "agency", "staff")
        .first()
    )
    if turn is None or turn.cycle is None:
        return None
    return Watch(turn.cycle, turn, ahead(turn.look_on, today))


def with_waiting_turns(rows: QuerySet[WatchCycle]) -> QuerySet[Any]:
    """Cycles with the turn that waits in each (``waiting_turn``); one query more for all of them."""
    turns = FollowUp.objects.waiting().order_by("pk")
    return rows.prefetch_related(Prefetch("follow_ups", queryset=turns, to_attr="waits"))


def waiting_turn(cycle: WatchCycle) -> FollowUp | None:
    """The turn that waits in a running cycle of ``with_waiting_turns``; None in one that has ended."""
    waits: list[FollowUp] = getattr(cycle, "waits", [])
    return waits[0] if waits else None


@dataclass(frozen=True, slots=True)
class Past:
    """A turn that is over (or goes on) with the contacts that were tried in it."""

    turn: FollowUp
    attempts: list[WatchAttempt]

    @property
    def kind(self) -> str:
        """The badge of the result (components/badge.html)."""
        if self.turn.result == FollowUpResult.STABLE:
            return "ok"
        return "warn" if self.turn.result in (FollowUpResult.WORSE, FollowUpResult.UNREACHABLE) else ""


def history(case: Case, actor: Actor) -> list[Past]:
    """Every turn of the case that the actor sees, newest first. Two queries."""
    turns = list(
        FollowUp.objects.visible_to(actor)
        .filter(case=case)
        .select_related("agency", "staff", "done_by", "cycle")
        .order_by("-pk")[:100]
    )
    tried: dict[int, list[WatchAttempt]] = {}
    rows = (
        WatchAttempt.objects.visible_to(actor)
        .filter(case=case)
        .select_related("agency", "staff")
        .order_by("-started_at", "-pk")[:300]
    )
    for row in rows:
        tried.setdefault(row.follow_up_id, []).append(row)
    return [Past(turn, tried.get(turn.pk, [])) for turn in turns]


def changes(case: Case, actor: Actor) -> list[WatchChange]:
    """What was changed in the agreements of a case, newest first. One query."""
    rows = WatchChange.objects.visible_to(actor).filter(cycle__case=case).select_related("changed_by")
    return list(rows.order_by("-changed_at", "-pk")[:50])


def last_worry(case: Case, actor: Actor) -> FollowUp | None:
    """The last turn, where it asks whether support should begin again: its words are taken over. One query."""
    turn = FollowUp.objects.visible_to(actor).done().filter(case=case).order_by("-done_at", "-pk").first()
    return turn if turn and turn.result in (FollowUpResult.WORSE, FollowUpResult.UNREACHABLE) else None


def partner_agencies(case: Case, actor: Actor) -> QuerySet[Agency]:
    """The agencies beside the lead that may be asked to look: those that accepted a referral."""
    partners = CasePartner.objects.filter(case=case, ended_at__isnull=True)
    return (
        Agency.objects.visible_to(actor)
        .filter(pk__in=partners.values("agency_id"))
        .exclude(pk=case.lead_agency_id)
        .order_by("short_name", "pk")
    )


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────


def waiting(actor: Actor, at: datetime, *, whose: str = "", due: str = "") -> QuerySet[Any]:
    """Turns that wait, those first that are due; ``seen``: whether the actor may open the case itself."""
    today = timezone.localdate(at)
    rows = _with_seen(FollowUp.objects.visible_to(actor).waiting(), actor, today)
    if whose == "agency":
        rows = rows.filter(agency=actor.agency_id)
    elif whose == "mine":
        rows = rows.filter(staff=actor.staff_id)
    elif whose == "asked":
        rows = rows.filter(case__lead_agency=actor.agency_id).exclude(agency=actor.agency_id)
    if due == "late":
        rows = rows.filter(look__lt=today)
    elif due == "month":
        rows = rows.filter(look__lte=today + timedelta(days=31))
    return rows


def _with_seen(rows: QuerySet[FollowUp], actor: Actor, today: date) -> QuerySet[Any]:
    here = Appointment.objects.current(today).filter(staff=OuterRef("staff_id"), agency=OuterRef("agency_id"))
    return rows.select_related("case__household", "agency", "staff", "cycle").annotate(
        look=Coalesce(F("try_on"), F("due_on")),
        seen=Exists(Case.objects.visible_to(actor).filter(pk=OuterRef("case_id"))),
        has_person=Exists(here),
        tries=Count("attempts", filter=Q(attempts__has_reached=False), distinct=True),
    )


def done_turns(
    actor: Actor, at: datetime, shield: Shield, *, since: date, until: date, agency: int | None = None,
    result: str = "",
) -> QuerySet[FollowUp]:  # fmt: skip
    """Turns recorded from a day to a day (both included), as the counts count them."""
    rows = FollowUp.objects.visible_to(actor).done().filter(
        done_at__gte=_midnight(since), done_at__lt=_midnight(until + timedelta(days=1))
    )  # fmt: skip
    if agency is not None:
        rows = rows.filter(agency=agency)
        if agency != actor.agency_id:  # which desk looks would tell where a protected household lives
            rows = rows.exclude(case__household__in=shield.households)
    return rows.filter(result=result) if result else rows


def with_seen(rows: QuerySet[FollowUp], actor: Actor) -> QuerySet[Any]:
    """For the list behind a count."""
    return rows.select_related("case__household", "agency", "staff", "done_by").annotate(
        seen=Exists(Case.objects.visible_to(actor).filter(pk=OuterRef("case_id")))
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# ── Counts ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cell:
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """A month or an agency, its counts by result in the order of ``FollowUpResult``, and their sum."""

    label: Any
    cells: list[Cell]
    total: Cell


def _row(label: Any, found: dict[str, int], query: str) -> CountRow:
    base = reverse("cases:watch_turns")
    cells = [Cell(found.get(value, 0), f"{base}?{query}&result={value}") for value in FollowUpResult.values]
    return CountRow(label, cells, Cell(sum(found.values()), f"{base}?{query}"))


@dataclass(frozen=True, slots=True)
class Results:
    months: list[CountRow]
    agencies: list[CountRow]
    total: CountRow
    hides: bool  # the rows by agency leave out protected households


def results(actor: Actor, at: datetime, shield: Shield, year: int, agency: int | None = None) -> Results:
    """The results of a fiscal year by month and by agency, each number with its list. Two queries."""
    months = fiscal_months(year)
    first, last = fiscal_year_first(year), fiscal_year_first(year + 1) - timedelta(days=1)
    rows = done_turns(actor, at, shield, since=first, until=last, agency=agency)
    own = f"&agency={agency}" if agency is not None else ""
    by_month: dict[date, dict[str, int]] = {}
    per_month = rows.annotate(month=TruncMonth("done_at")).values("month", "result").annotate(n=Count("pk"))
    for row in per_month.order_by("month", "result"):
        by_month.setdefault(timezone.localdate(row["month"]), {})[row["result"]] = row["n"]
    by_agency: dict[tuple[int, str], dict[str, int]] = {}
    shown = rows.filter(Q(agency=actor.agency_id) | ~Q(case__household__in=shield.households))
    per_agency = shown.values("agency", "agency__short_name", "result").annotate(n=Count("pk"))
    for found_at in per_agency.order_by("agency__short_name", "agency", "result"):
        key = (found_at["agency"], found_at["agency__short_name"])
        by_agency.setdefault(key, {})[found_at["result"]] = found_at["n"]
    whole: dict[str, int] = {}
    for found in by_month.values():
        for result, n in found.items():
            whole[result] = whole.get(result, 0) + n
    return Results(
        months=[_row(m, by_month.get(m, {}), f"month={m:%Y-%m}{own}") for m in months],
        agencies=[_row(name, found, f"year={year}&agency={pk}") for (pk, name), found in by_agency.items()],
        total=_row(year, whole, f"year={year}{own}"),
        hides=bool(shield.households),
    )


# ── Home ────────────────────────────────────────────────────────────────────────────────────────────────────


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Turns of my agency within a week, and turns of cases that we lead which another agency has let pass."""
    if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
        return []
    today = timezone.localdate(at)
    days = (today, today + AHEAD, today - AHEAD)
    return [_home_row(row, actor) for row in kept(_due_turns, actor, *days, on=timezone.localdate())]


def _due_turns(actor: Actor, today: date, soon: date, long_ago: date) -> QuerySet[Any]:
    own = Q(agency=actor.agency_id, look__lte=soon)
    let_pass = Q(case__lead_agency=actor.agency_id, look__lt=long_ago)
    rows = _with_seen(FollowUp.objects.visible_to(actor).waiting(), actor, today).filter(own | let_pass)
    return rows.order_by("look", "pk")[:LIMIT]


def _home_row(row: Any, actor: Actor) -> QueueRow:
    words = [f"第{row.ordinal}回・{row.get_way_display()}・{row.cycle.rhythm}"]
    badge = ""
    if row.agency_id != actor.agency_id:
        words.append("頼んだ機関の記録がまだありません")
        badge = "頼んだ先で止まっています"
    elif row.staff is None or not row.has_person:
        words.append("担当 だれでも")
        badge = "担当者がいません" if row.staff else ""
    else:
        words.append(f"担当 {row.staff.name}")
    if row.tries:
        words.append(f"{row.tries}回連絡がついていません")
    return QueueRow(
        group=QueueGroup.TODAY, kind="フォロー",
        title=row.case.household.name if row.seen else f"ケース {row.case.number}",
        url=reverse("cases:follow_up", args=[row.pk]), due_on=row.look, detail="・".join(words), badge=badge,
    )  # fmt: skip
