"""The queue of 気がかり over many open cases: the nightly run and the first page. What was added is taken away again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actor import build_actor
from accounts.enums import Role
from accounts.models import Appointment, Staff
from cases.actions.silent_risks import refresh_all, refresh_cases
from cases.models import Case, CaseGrant, CasePartner, SilentRisk, SupportPlan
from cases.selectors import worries
from households.contact import NOTHING_HIDDEN
from households.models import Household, HouseholdMember
from kyosei.bench.meter import measure, settle, signed_in
from kyosei.bench.report import Line, line, machine_lines
from kyosei.bench.scales import Scale
from referrals.models import Referral

OPEN: Final = 200_000
OPEN_OF_A_TRIAL: Final = 500
MILLISECONDS: Final = 300
HEAD: Final = "desk1-2"  # made the head of the desk for the time of the measurement
READERS: Final = (("worker", "desk1-1"), ("manager", HEAD), ("director", "director-elderly-1"))

# every open case of the generated city again and again, with its household, people, grants, plans and referrals
_SOURCE: Final = """
    CREATE TEMP TABLE bench_more ON COMMIT DROP AS
    SELECT n, src.id AS case_id, src.household_id, %(case)s + n AS new_case, %(home)s + n AS new_home
      FROM generate_series(1, %(more)s) n
      JOIN (SELECT id, household_id, row_number() OVER (ORDER BY id) - 1 AS at
              FROM cases_case WHERE state = 'open') src ON src.at = n %% %(many)s
"""
_FRESH: Final = {"id": "", "request_key": "gen_random_uuid()"}


def _copy(model: type[models.Model], join: str, **over: str) -> None:
    """Rows of ``model`` (``t``) for every new case (``m``); ``over``: columns that are other than the copied ones."""
    columns = [c for f in model._meta.concrete_fields if (c := str(f.column)) != "id" or "id" in over]
    values = [over.get(c, _FRESH.get(c, f"t.{c}")) for c in columns]
    table = model._meta.db_table
    sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM bench_more m JOIN {table} t ON {join}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _fill(more: int) -> None:
    top = {"case": Case, "home": Household}
    last = {name: model._base_manager.aggregate(top=models.Max("pk"))["top"] for name, model in top.items()}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        # the number of open cases is given, not joined: the join is then one by hash, not of every row with every row
        cursor.execute(_SOURCE, {**last, "more": more, "many": Case.objects.open().count()})
    _copy(Household, "t.id = m.household_id", id="m.new_home")
    _copy(HouseholdMember, "t.household_id = m.household_id", household_id="m.new_home")
    _copy(
        Case, "t.id = m.case_id", id="m.new_case", household_id="m.new_home", number="'B' || m.n",
        last_contact_at="t.last_contact_at - (m.n % 13) * interval '1 day'",
    )  # fmt: skip
    _copy(CaseGrant, "t.content_object_id = m.case_id", content_object_id="m.new_case")
    for below in (CasePartner, SupportPlan, Referral):
        _copy(below, "t.case_id = m.case_id", case_id="m.new_case")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def _last() -> dict[str, int]:
    """The greatest ids before the copies, with the names that the statements of ``_CLEAR`` give them."""
    tables = {"case": Case, "home": Household, "risk": SilentRisk}
    return {name: m._base_manager.aggregate(top=models.Max("pk"))["top"] or 0 for name, m in tables.items()}


_CLEAR: Final = (
    "DELETE FROM cases_silentrisk WHERE id > %(risk)s",
    "DELETE FROM referrals_referral WHERE case_id > %(case)s",
    "DELETE FROM cases_supportplan WHERE case_id > %(case)s",
    "DELETE FROM cases_casepartner WHERE case_id > %(case)s",
    "DELETE FROM cases_casegrant WHERE content_object_id > %(case)s",
    "DELETE FROM cases_case WHERE id > %(case)s",
    "DELETE FROM households_householdmember WHERE household_id > %(home)s",
    "DELETE FROM households_household WHERE id > %(home)s",
)


@contextmanager
def _filled(more: int) -> Iterator[None]:
    """The copies committed and vacuumed, as they would lie in a city whose autovacuum runs, and taken away again."""
    last, head = _last(), Appointment.objects.filter(staff__username=HEAD)
    was = dict(head.values_list("pk", "role"))
    with connection.cursor() as cursor:
        try:
            if more > 0:
                with transaction.atomic():
                    _fill(more)
            head.update(role=Role.AGENCY_MANAGER)
            settle(cursor)
            yield
        finally:
            for pk, role in was.items():
                Appointment.objects.filter(pk=pk).update(role=role)
            cursor.execute("SET session_replication_role = replica")
            for statement in _CLEAR:
                cursor.execute(statement, last)
            cursor.execute("SET session_replication_role = origin")
            settle(cursor)


def measure_worries(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """Filled up to 200,000 open cases, refreshed, and read by three roles."""
    wanted = OPEN if scale.cases >= 10_000 else OPEN_OF_A_TRIAL
    with _filled(wanted - Case.objects.open().count()):
        return [
            *_refreshed(scale, now), *_pages(scale, now, requests), *machine_lines(scale.name, "worries")
        ]  # fmt: skip


def _refreshed(scale: Scale, now: datetime) -> list[Line]:
    count = Case.objects.open().count()
    lines = []
    for what in ("first night", "a night without news"):
        began = time.monotonic()
        done = refresh_all(at=now)
        seconds = time.monotonic() - began
        name = f"{scale.name}: worries of {count:,} open cases, {what} ({done.standing:,} stand)"
        lines.append(line(name, seconds, "s"))
    with connection.cursor() as cursor:
        settle(cursor)
    times = []
    for pk in Case.objects.open().order_by("pk").values_list("pk", flat=True)[:30]:
        began = time.perf_counter()
        refresh_cases([pk], at=now)
        times.append((time.perf_counter() - began) * 1000)
    lines.append(line(f"{scale.name}: worries of one case, median", sorted(times)[len(times) // 2], "ms"))
    return lines


def _pages(scale: Scale, now: datetime, requests: int) -> list[Line]:
    lines = []
    url = reverse("worries:list")
    limit = MILLISECONDS if scale.has_bars else None
    for role, username in READERS:
        staff = Staff.objects.get(username=username)
        client = signed_in(staff)
        seen: Any = worries.worries(
            build_actor(staff, on=timezone.localdate(now)), timezone.localdate(now), NOTHING_HIDDEN
        )
        for what, query in (("", ""), (" all seen", "?whose="), (" one kind", "?whose=&kind=quiet")):
            figures = measure(client, [url + query], requests=min(requests, 10))
            name = f"{scale.name}: worries {role}{what}"
            lines.append(line(f"{name} queries", figures.queries, "queries", at_most=15))
            lines.append(line(f"{name} p95", figures.p95, "ms", at_most=limit))
        lines.append(line(f"{scale.name}: worries {role} sees", seen.count(), "rows"))
        home = measure(client, [reverse("home")], requests=min(requests, 10))
        lines.append(line(f"{scale.name}: worries {role} home p95", home.p95, "ms"))
    return lines
