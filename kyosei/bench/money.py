"""Minutes and money at full size: a month and a year against the bare sums, the rule table, a file of costs, a cell."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Final
from uuid import uuid4

from django.db import connection, transaction
from django.urls import reverse
from openpyxl import Workbook

from accounts.actor import build_actor
from accounts.models import Appointment, Staff
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.run_apportionment import run_apportionment
from budgets.actions.work_entries import week_start
from budgets.apportionment import apportion, find
from budgets.attribution import TABLE, Rule
from budgets.cost_file import agencies_of, headings_of, known_columns, read_cost_file
from budgets.enums import RemainderRule
from budgets.inputs import month_inputs
from budgets.models import PersonnelCost, WorkEntry
from budgets.rule_tables import asked_at_most, moves_in_parts
from common.errors import RuleViolation
from common.japan.business_days import is_working_day
from common.japan.fiscal import add_months, month_first
from common.tabular import BrokenTable
from kyosei.bench.meter import WARM_UP, Figures, measure, signed_in
from kyosei.bench.report import Line, line, missing
from kyosei.bench.scales import Scale
from kyosei.runtime import settle_memory

REPEATS: Final = 5
BAD_ROWS: Final = 30
RULE_TABLE_ENTRIES: Final = 720_000  # what the bar of ten seconds is about
BARE: Final = """
    SELECT staff_id, category_id, sum(minutes) FROM budgets_workentry
     WHERE worked_on >= %s AND worked_on < %s GROUP BY staff_id, category_id"""


CELLS = 37  # with the warm-up they end before the day begins


class _Undone(Exception):
    """What was measured is taken back."""


def _pair_ms(
    bare: Callable[[], object], whole: Callable[[], object], repeats: int = REPEATS
) -> tuple[float, float]:
    """The median of both in turn, so that what else the machine does meets both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for action, kept in zip((bare, whole), times, strict=True):
            began = time.perf_counter()
            action()
            kept.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def _bare(first: date, until: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BARE, [first, until])
        cursor.fetchall()


def _compute(month: date) -> None:
    inputs = month_inputs(month, RemainderRule.LARGEST_REMAINDER)
    find(inputs)
    apportion(inputs)


def _each(action: Callable[[date], object], months: Sequence[date]) -> None:
    for month in months:
        action(month)


def _months(now: datetime) -> list[date]:
    """Full months with entries and costs, the latest twelve."""
    this = month_first(now.date())
    known = (
        PersonnelCost.objects.filter(month__lt=this)
        .order_by("-month")
        .values_list("month", flat=True)
        .distinct()
    )
    return list(known[:12])


def measure_money(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """Every line of the speed that issue 6 asks for; nothing stays of what is written."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) budgets_workentry") if not connection.in_atomic_block else None
    months = _months(now)
    lines = [*_month_and_year(scale, months), *_table(scale, now)]
    try:
        with transaction.atomic():
            lines += _stored(scale, months[0], now)
            with connection.cursor() as cursor:  # what autovacuum does after so many findings
                cursor.execute("ANALYZE budgets_compliancefinding")
            lines += _costs(scale, now)
            lines += _week(scale, now, requests)
            raise _Undone
    except _Undone:
        return lines


def _month_and_year(scale: Scale, months: Sequence[date]) -> list[Line]:
    month, name = months[0], scale.name
    entries = WorkEntry.objects.of_month(month).count()
    bare, whole = _pair_ms(lambda: _bare(month, add_months(month, 1)), lambda: _compute(month))
    year_entries = WorkEntry.objects.filter(
        worked_on__gte=months[-1], worked_on__lt=add_months(month, 1)
    ).count()
    year_bare, year = _pair_ms(
        lambda: _each(lambda m: _bare(m, add_months(m, 1)), months), lambda: _each(_compute, months), 3
    )
    return [
        line(f"{name}: money, entries of a month", entries, "rows"),
        line(f"{name}: money, a month", whole, "ms"),
        line(f"{name}: money, a month / bare GROUP BY", whole / bare, "x", at_most=2),
        line(f"{name}: money, entries of {len(months)} months", year_entries, "rows"),
        line(f"{name}: money, {len(months)} months", year / 1000, "s"),
        line(f"{name}: money, {len(months)} months / bare GROUP BY", year / year_bare, "x", at_most=2),
    ]


def _stored(scale: Scale, month: date, now: datetime) -> list[Line]:
    """The same month as the clerk has it: looked at for findings, its rows and its frozen inputs written as well."""
    clerk = build_actor(Staff.objects.get(username="finance-1"), on=now.date())
    name = f"{scale.name}: money, a month looked at and stored"
    began = time.perf_counter()
    try:
        run_apportionment(month=month, rule=RemainderRule.LARGEST_REMAINDER, actor=clerk, at=now)
    except RuleViolation as violation:
        return [missing(name, violation.message[:60])]
    return [line(name, time.perf_counter() - began, "s")]


def _table(scale: Scale, now: datetime) -> list[Line]:
    """What another table would move among all derived entries of the open months: 一般 for who is 多機関協働 now."""
    changed = tuple(replace(rule, category_code="general") if rule.several else rule for rule in TABLE)
    first = min(_months(now))
    told: list[int] = []
    began = time.perf_counter()
    found = list(moves_in_parts(changed, first, now.date(), on_progress=lambda done, of: told.append(done)))
    seconds = time.perf_counter() - began
    asked = asked_at_most(first, now.date(), 10**9)
    least = RULE_TABLE_ENTRIES if scale.name == "money" else None
    own = (
        Rule("meeting", "会議", activity="meeting"),
        Rule("care", "専従", dedicated="care"),
        Rule("health", "保健師", qualification="保健師"),
    )
    began = time.perf_counter()
    moves_in_parts((*own, *TABLE), first, now.date())
    by_work = time.perf_counter() - began
    return [
        line(f"{scale.name}: money, entries asked by the rule table", asked, "rows", at_least=least),
        line(f"{scale.name}: money, combinations moved", len(found), "rows"),
        line(
            f"{scale.name}: money, rule table",
            seconds,
            "s",
            below=10 if scale.has_bars or scale.only_money else None,
        ),
        line(
            f"{scale.name}: money, rule table that asks for activity and assignment",
            by_work,
            "s",
            below=10 if scale.has_bars or scale.only_money else None,
        ),
        line(f"{scale.name}: money, rule table told its progress", len(told), "times", at_least=2),
    ]


def _file(rows: Sequence[tuple[str, str, int]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("人件費")
    sheet.append(["職員番号", "氏名", "給料", "手当", "共済費・社会保険料", "人件費"])
    for number, name, yen in rows:
        parts = (yen * 6 // 10, yen * 2 // 10)
        sheet.append([number, name, *parts, yen - sum(parts), yen])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _costs(scale: Scale, now: datetime) -> list[Line]:
    """A file of every worker, read and written; and the same file with bad rows, each of them named."""
    month = month_first(now.date())
    staff = list(Staff.objects.filter(pk__in=PersonnelCost.objects.values("staff")).order_by("pk"))
    clerk = build_actor(Staff.objects.get(username="finance-1"), on=now.date())
    data = _file([(s.username, s.name, 300_000 + n) for n, s in enumerate(staff)])
    began = time.perf_counter()
    rows = read_cost_file("a.xlsx", data, actor=clerk, columns=known_columns(headings_of("a.xlsx", data)))
    agencies = agencies_of([r.staff.pk for r in rows], month)
    found = {
        a.agency_id: a.agency
        for a in Appointment.objects.filter(agency__in=set(agencies.values())).select_related("agency")
    }
    given = [
        CostLine(r.staff, found[agencies[r.staff.pk]], r.yen, r.items) for r in rows if r.staff.pk in agencies
    ]
    set_costs(month=month, lines=given, actor=clerk, at=now)
    seconds = time.perf_counter() - began
    bad = _file([(f"x{n}" if n < BAD_ROWS else s.username, s.name, 1) for n, s in enumerate(staff)])
    named = 0
    began = time.perf_counter()
    try:
        read_cost_file("a.xlsx", bad, actor=clerk, columns=known_columns(headings_of("a.xlsx", bad)))
    except BrokenTable as broken:
        named = len(broken.errors)
    refused = time.perf_counter() - began
    wanted = min(BAD_ROWS, len(staff))
    return [
        line(f"{scale.name}: money, costs in a file", len(given), "rows"),
        line(f"{scale.name}: money, XLSX of costs read and written", seconds, "s", below=10),
        line(f"{scale.name}: money, XLSX with bad rows refused", refused, "s", below=10),
        line(f"{scale.name}: money, bad rows named of {wanted}", named, "rows", at_least=wanted),
    ]


def _week(scale: Scale, now: datetime, requests: int) -> list[Line]:
    """The week that is being filled, and one line into it."""
    busy = WorkEntry.objects.filter(worked_on__gte=week_start(now.date()) - timedelta(days=7)).order_by("-pk")
    staff = Staff.objects.get(pk=busy.values_list("staff_id", flat=True)[0])
    settle_memory()  # the other measurements' rows are no web server's
    client, url = signed_in(staff), reverse("work:week")
    week = measure(client, [url], requests=max(requests, 20))
    times = []
    free = [d for n in range(60) if is_working_day(d := now.date() - timedelta(days=n + 1))]
    for n in range(WARM_UP + CELLS):
        at = clock(5 + n // 12, n % 12 * 5)  # early, where nothing stands
        sent = {"day": free[0].isoformat(), "line": f"{at:%H:%M} 5 会議", "request_key": str(uuid4())}
        began = time.perf_counter()
        answer = client.post(reverse("work:add"), sent, headers={"HX-Request": "true"})
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"a cell was not saved: {answer.status_code}")
    return [
        line(f"{scale.name}: money, week p95", week.p95, "ms", below=100),
        line(f"{scale.name}: money, week queries", week.queries, "queries", below=15),
        line(f"{scale.name}: money, saving a cell p95", Figures(times[WARM_UP:]).p95, "ms", below=50),
    ]
