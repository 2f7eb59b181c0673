"""Reads of the apportionment: months with what blocks them, the workers of a month, the entries behind a cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Staff
from accounts.roles import Permission
from budgets.enums import CategoryKind
from budgets.models import ApportionmentRun, PersonnelCost, WorkEntry, WorkFinding, WorkMonth
from common.japan.fiscal import add_months, fiscal_year, fiscal_year_first, month_first
from common.japan.wareki import format_wareki_month
from common.queue import QueueGroup, QueueRow

NAMES_SHOWN: Final = 3
HOME_MONTHS: Final = 12
SHARED_CODE: Final = "shared"  # stands for the 共通 minutes in the address of their entries


def month_path(month: date) -> str:
    """202611: the month in an address."""
    return f"{month:%Y%m}"


def names_in_short(names: Sequence[str], shown: int = NAMES_SHOWN) -> str:
    """The first names, and how many more there are."""
    more = len(names) - shown
    return "、".join(names[:shown]) + (f" ほか{more}人" if more > 0 else "")


# ── Months ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MonthStatus:
    """A month as the list shows it. ``blocks`` say in words what stands between it and its lock."""

    month: date
    is_locked: bool
    locked_at: datetime | None
    total_yen: int
    costed: int
    worked: int
    ran_at: datetime | None
    is_over: bool
    blocks: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.costed or self.worked or self.is_locked)

    @property
    def url(self) -> str:
        return reverse("apportionment:month", args=[month_path(self.month)])


def _worked(actor: Actor, months: Sequence[date]) -> dict[date, dict[int, set[str]]]:
    """Per month and worker, the kinds of work there are. Reads no minutes: an index holds all it needs."""
    table: dict[date, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    if not months:
        return table
    rows = (
        WorkEntry.objects.visible_to(actor)
        .filter(worked_on__gte=min(months), worked_on__lt=add_months(max(months), 1))
        .values_list(TruncMonth("worked_on"), "staff_id", "category__kind")
        .order_by()
        .distinct()
    )
    for month, staff_id, kind in rows:
        table[month_first(month)][staff_id].add(kind)
    return table


def _blocks(
    costs: dict[int, int], kinds: dict[int, set[str]], names: dict[int, str], is_over: bool, has_run: bool
) -> tuple[str, ...]:
    """What still has to be done, in the order in which it is done."""
    idle = [s for s, yen in costs.items() if yen > 0 and CategoryKind.DIRECT not in kinds.get(s, set())]
    unpaid = [s for s, found in kinds.items() if s not in costs and found != {CategoryKind.LEAVE}]
    found = []
    if unpaid and not costs:
        found.append(f"人件費が入力されていません（業務実績のある職員 {len(unpaid)}人）")
    elif unpaid:
        found.append(f"人件費がない：{names_in_short(sorted(names.get(s, '') for s in unpaid))}")
    if idle:
        found.append(f"直接の業務実績がない：{names_in_short(sorted(names.get(s, '') for s in idle))}")
    if not is_over:
        found.append("まだ終わっていない月")
    elif not found and costs:
        found.append("締めを待っています" if has_run else "計算していません")
    return tuple(found)


def month_statuses(actor: Actor, months: Sequence[date], at: datetime) -> list[MonthStatus]:
    """The given months, in their order. Five queries whatever their number."""
    rows = {m.month: m for m in WorkMonth.objects.visible_to(actor).filter(month__in=months)}
    runs = {
        run.month_id: run
        for run in ApportionmentRun.objects.visible_to(actor)
        .filter(month__month__in=months)
        .order_by("is_final", "ran_at")
    }
    costs: dict[date, dict[int, int]] = defaultdict(dict)
    for month, staff_id, yen in (
        PersonnelCost.objects.visible_to(actor).filter(month__in=months).values_list("month", "staff_id", "yen")
    ):
        costs[month][staff_id] = yen
    worked = _worked(actor, [m for m in months if not (m in rows and rows[m].is_locked)])
    wanted = {s for table in (*worked.values(), *costs.values()) for s in table}
    names = dict(Staff.objects.filter(pk__in=wanted).values_list("pk", "name"))
    found = []
    for month in months:
        row = rows.get(month)
        run = runs.get(row.pk) if row else None
        is_locked, is_over = bool(row and row.is_locked), add_months(month, 1) <= timezone.localdate(at)
        kinds = worked.get(month, {})
        found.append(
            MonthStatus(
                month=month, is_locked=is_locked, locked_at=row.locked_at if row else None,
                total_yen=sum(costs[month].values()), costed=len(costs[month]),
                worked=sum(k != {CategoryKind.LEAVE} for k in kinds.values()), ran_at=run.ran_at if run else None,
                is_over=is_over,
                blocks=() if is_locked else _blocks(costs[month], kinds, names, is_over, run is not None),
            )  # fmt: skip
        )
    return found


def months_of_year(year: int, at: datetime) -> list[date]:
    """The months of a 年度 that have begun, newest first."""
    first, today = fiscal_year_first(year), timezone.localdate(at)
    months = [add_months(first, n) for n in range(12)]
    return [m for m in reversed(months) if m <= today]


def this_fiscal_year(at: datetime) -> int:
    return fiscal_year(timezone.localdate(at))


def finance_home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """For the finance clerk: the past twelve months that are over and not locked, with what blocks them."""
    if not actor.has(Permission.MONTH_LOCK):
        return []
    this = month_first(timezone.localdate(at))
    months = [add_months(this, -n) for n in range(HOME_MONTHS, 0, -1)]
    return [
        QueueRow(
            group=QueueGroup.MONTH, kind="按分", title=f"{_aligned(status.month)}の按分", url=status.url,
            detail="　".join(status.blocks), badge="計算済み" if status.ran_at else "",
        )
        for status in month_statuses(actor, months, at)
        if not status.is_locked and not status.is_empty
    ]  # fmt: skip


def _aligned(month: date) -> str:
    """令和8年 9月分: one digit takes the room of two, so that months sort as text."""
    text = format_wareki_month(month)
    return text if month.month > 9 else text.replace("年", "年 ", 1)


# ── Workers of a month ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker who has minutes or a cost in a month. ``agency`` is that of the cost, else of most minutes."""

    staff_id: int
    number: str
    name: str
    kana: str
    agency_id: int
    agency: str
    direct: int = 0
    shared: int = 0
    leave: int = 0
    yen: int | None = None


def month_workers(actor: Actor, month: date) -> list[Worker]:
    """By agency, then reading. Two queries."""
    columns = ("staff_id", "staff__username", "staff__name", "staff__kana", "agency_id", "agency__short_name")
    workers: dict[int, Worker] = {}
    most: dict[int, int] = {}
    minutes = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .values_list(*columns, "category__kind")
        .annotate(total=Sum("minutes"))
        .order_by("staff_id", "agency_id", "category__kind")
    )
    per_agency: dict[tuple[int, int], int] = defaultdict(int)
    for *who, kind, total in minutes:
        worker = workers.get(who[0]) or Worker(*who)
        per_agency[who[0], who[4]] += total
        if per_agency[who[0], who[4]] > most.get(who[0], 0):
            most[who[0]] = per_agency[who[0], who[4]]
            worker = replace(worker, agency_id=who[4], agency=who[5])
        workers[who[0]] = replace(worker, **{str(kind): getattr(worker, kind) + total})
    for *who, yen in (
        PersonnelCost.objects.visible_to(actor).filter(month=month).values_list(*columns, "yen").order_by("staff_id")
    ):
        worker = workers.get(who[0]) or Worker(*who)
        workers[who[0]] = replace(worker, agency_id=who[4], agency=who[5], yen=yen)
    return sorted(workers.values(), key=lambda w: (w.agency, w.agency_id, w.kana, w.staff_id))


def agencies_of(lines: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Each agency once, by name, for the filter."""
    return sorted(set(lines), key=lambda pair: (pair[1], pair[0]))


def waiting_findings(actor: Actor, month: date) -> list[tuple[str, int]]:
    """Workers with findings of the work record that nobody has looked at, and how many. Names and numbers only."""
    rows = WorkFinding.objects.visible_to(actor).waiting()
    rows = rows.filter(worked_on__gte=month, worked_on__lt=add_months(month, 1))
    counted: dict[str, int] = defaultdict(int)
    for name in rows.order_by("staff__kana", "pk").values_list("staff__name", flat=True):
        counted[name] += 1
    return list(counted.items())


# ── Entries behind a cell ───────────────────────────────────────────────────────────────────────────────────


def entries_behind(actor: Actor, month: date, staff_id: int, code: str) -> QuerySet[WorkEntry]:
    """The entries of one worker that count for the stream ``code`` (or as 共通).

    ``note`` is never read here: a worker writes it freely, so it can hold what was said (docs/decisions/0006).
    """
    rows = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .filter(staff_id=staff_id)
        .annotate(starts_at=F("during__startswith"), ends_at=F("during__endswith"))
        .select_related("category")
        .defer("note")
    )
    if code == SHARED_CODE:
        return rows.filter(category__kind=CategoryKind.SHARED)
    return rows.filter(category__kind=CategoryKind.DIRECT, category__stream__code=code)
