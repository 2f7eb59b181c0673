"""The director's page over a million cases and 5,000 open requests of the sector, and the other models over a year of 30,000
cases. Everything is undone.

The million is committed and vacuumed, as it would lie in a city whose autovacuum runs, and taken away again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, models, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actor import build_actor
from accounts.enums import Sector
from accounts.models import Agency, Staff
from cases.models import Case, CaseGrant, Consultation, ProgressNote
from households.models import Household
from kyosei.bench.meter import measure, settle, signed_in
from kyosei.bench.report import Line, line
from kyosei.bench.scales import Scale
from referrals.actions.what_if import order_what_if, reckon
from referrals.models import Referral
from referrals.models.what_if import STEPS
from referrals.what_if import year_before

FIRST: Final = 2_000_000_000  # ids of the fill begin here
CASES, CASES_OF_A_TRIAL = 1_000_000, 4_000
WAITING: Final = 5_000  # of them every tenth has risen
ANSWERED: Final = 30_000  # of the last twelve months
YEAR: Final = 30_000
COORDINATED: Final = 20  # one case in so many is the director's to coordinate
DIRECTOR: Final = "director-elderly-1"
MILLISECONDS, SECONDS, QUERIES = 100, 5, 20


class _UndoneError(Exception):
    pass


def _insert(model: type[models.Model], rows: int, values: dict[str, Any], **columns: str) -> None:
    """``rows`` rows from ``generate_series`` (``n``); ``columns`` are SQL, every other column that needs a value has its default."""
    given = dict(columns)
    parameters = dict(values)
    for field in model._meta.concrete_fields:
        name = str(field.column)
        if name in given or field.null or field.primary_key or isinstance(field, models.GeneratedField):
            continue
        parameters[name] = field.get_default()
        given[name] = f"%({name})s"
    names, sql = ", ".join(given), ", ".join(given.values())
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {sql} FROM generate_series(1, {rows}) n",  # noqa: S608
            parameters,
        )


def _cases(rows: int, values: dict[str, Any], opened: str, sectors: str, first: int) -> None:
    _insert(
        Household, rows, values, id=f"{first} + n", name="'世帯' || n", created_at="%(now)s", search_terms="'{}'",
        area_id="(%(areas)s::bigint[])[1 + n %% cardinality(%(areas)s)]",
    )  # fmt: skip
    _insert(
        Case, rows, values, id=f"{first} + n", number=f"'D' || {first} + n", household_id=f"{first} + n", state="'open'",
        lead_agency_id="(%(leads)s::bigint[])[1 + n %% cardinality(%(leads)s)]", lead_staff_id="%(staff)s",
        lead_since="%(now)s", sectors=sectors, consent="'unknown'", opened_at=opened,
        last_contact_at=f"least({opened} + (n %% 90) * interval '1 day', %(now)s)",
    )  # fmt: skip


def _requests(rows: int, values: dict[str, Any], case: str, sent: str, answered: bool) -> None:
    """To the sector's agencies, from any other; those that wait are of different cases."""
    _insert(
        Referral, rows, values, request_key="gen_random_uuid()", case_id=case,
        from_agency_id="(%(leads)s::bigint[])[1 + n %% cardinality(%(leads)s)]",
        to_agency_id="(%(sector)s::bigint[])[1 + n %% cardinality(%(sector)s)]", sent_by_id="%(staff)s", sent_at=sent,
        purpose="'同行訪問をお願いしたい'", ground="'coordination'", parts="'{}'", deadline_at=f"{sent} + interval '5 days'",
        state="'partner'" if answered else "'sent'",
        answered_at=f"{sent} + (n %% 100) * interval '1 hour'" if answered else "NULL",
        answered_by_id="%(staff)s" if answered else "NULL",
        escalated_at="NULL" if answered else "CASE WHEN n %% 10 = 0 THEN %(now)s::timestamptz END",
        escalated_to_id="NULL" if answered else "CASE WHEN n %% 10 = 0 THEN %(office)s END",
    )  # fmt: skip


def _values(now: datetime) -> dict[str, Any]:
    director = Staff.objects.get(username=DIRECTOR)
    office = Agency.objects.get(appointments__staff=director)
    leads = Agency.objects.filter(may_lead=True).exclude(sector=Sector.ELDERLY).order_by("pk")
    sector = Agency.objects.filter(may_lead=True, sector=Sector.ELDERLY).order_by("pk")
    areas = leads.exclude(area=None).values_list("area_id", flat=True)
    permission = CaseGrant.objects.values_list("permission_id", flat=True)[:1].get()
    return {
        "now": now, "staff": director.pk, "office": office.pk, "group": office.group_id, "permission": permission,
        "leads": list(leads.values_list("pk", flat=True)), "sector": list(sector.values_list("pk", flat=True)),
        "areas": list(areas),
    }  # fmt: skip


def _grants(rows: int, values: dict[str, Any], ground: str, group: str, case: str) -> None:
    _insert(
        CaseGrant, rows, values, ground=f"'{ground}'", basis_type="'cases.case'", basis_id=f"({case})::text",
        given_at="%(now)s::timestamptz - n * interval '1 minute'", content_object_id=case, group_id=group, permission_id="%(permission)s",
    )  # fmt: skip


def _fill(rows: int, now: datetime) -> None:
    values = _values(now)
    groups = list(
        Agency.objects.filter(pk__in=values["leads"]).order_by("pk").values_list("group_id", flat=True)
    )
    values["groups"] = groups
    sectors = (
        f"CASE WHEN n %% {COORDINATED} = 0 THEN '{{child,elderly}}'::varchar[] "
        "ELSE ARRAY[(ARRAY['elderly','disability','child','poverty'])[1 + n %% 4]]::varchar[] END"
    )
    scale = rows / CASES
    _cases(rows, values, "%(now)s::timestamptz - n * interval '2 minutes'", sectors, FIRST)
    _grants(
        rows, values, "own_duty", "(%(groups)s::bigint[])[1 + n %% cardinality(%(groups)s)]", f"{FIRST} + n"
    )
    _grants(rows // COORDINATED, values, "coordination", "%(group)s", f"{FIRST} + n * {COORDINATED}")
    waiting = round(WAITING * scale) or 50
    _requests(
        waiting,
        values,
        f"{FIRST} + n * 7",
        "%(now)s::timestamptz - (n %% 9000) * interval '1 minute'",
        answered=False,
    )
    answered = round(ANSWERED * scale) or 200
    step = 525_600 / answered
    _requests(
        answered,
        values,
        f"{FIRST} + n",
        f"%(now)s::timestamptz - n * interval '{step} minutes'",
        answered=True,
    )


_CLEAR: Final = (
    "DELETE FROM referrals_referral WHERE case_id > %(first)s",
    "DELETE FROM cases_casegrant WHERE content_object_id > %(first)s",
    "DELETE FROM cases_case WHERE id > %(first)s",
    "DELETE FROM households_household WHERE id > %(first)s",
)


@contextmanager
def _filled(rows: int, now: datetime) -> Iterator[None]:
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                "SET session_replication_role = replica"
            )  # rows that are thrown away have no history
            with transaction.atomic():
                _fill(rows, now)
            cursor.execute("SET session_replication_role = origin")
            settle(cursor)
            yield
        finally:
            cursor.execute("SET session_replication_role = replica")
            for statement in _CLEAR:
                cursor.execute(statement, {"first": FIRST})
            cursor.execute("SET session_replication_role = origin")
            settle(cursor)


def _year(rows: int, now: datetime) -> None:
    """Cases of the last twelve full months, each with the contact that began it and a record some days later."""
    values = _values(now)
    first, end = year_before(now.date())
    step = (end - first) / timedelta(minutes=1) / (rows + 1)
    opened = f"'{first} 09:00+09'::timestamptz + n * interval '{step} minutes'"
    agency = "(%(leads)s::bigint[])[1 + (n * 7) %% cardinality(%(leads)s)]"
    start = FIRST + 10_000_000
    sectors = "CASE WHEN n %% 3 = 0 THEN '{child,elderly}'::varchar[] ELSE '{elderly}'::varchar[] END"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    _cases(rows, values, opened, sectors, start)
    _insert(
        Consultation, rows, values, receipt_no="'DU' || n", request_key="gen_random_uuid()", agency_id=agency, staff_id="%(staff)s",
        started_at=opened, minutes="30", way="'phone'", caller="'self'", text="'相談'", case_id=f"{start} + n",
        household_id=f"{start} + n", sectors=sectors, outcome="'support'",
    )  # fmt: skip
    _insert(
        ProgressNote, rows, values, request_key="gen_random_uuid()", case_id=f"{start} + n", agency_id=agency, staff_id="%(staff)s",
        started_at=f"{opened} + (1 + n %% 20) * interval '7 hours'", minutes="30", way="'phone'", text="'電話'", written_at=opened,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        for model in (Household, Case, Consultation, ProgressNote):
            cursor.execute(f"ANALYZE {model._meta.db_table}")


def measure_coordination(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """The bars are those of the full numbers; a trial fills a few and has none."""
    is_full = scale.cases >= 10_000
    with _filled(CASES if is_full else CASES_OF_A_TRIAL, now):
        lines = _director(scale, requests, is_full)
    return [
        *lines,
        *_undone(lambda: _year(YEAR if is_full else 200, now), lambda: _what_if(scale, is_full)),
    ]


def _undone(fill: Any, figures: Any) -> list[Line]:
    lines: list[Line] = []
    try:
        with transaction.atomic():
            fill()
            lines += figures()
            raise _UndoneError
    except _UndoneError:
        return lines


def _director(scale: Scale, requests: int, is_full: bool) -> list[Line]:
    client = signed_in(Staff.objects.get(username=DIRECTOR))
    found = measure(client, [reverse("referrals:director")], requests=requests)
    name = f"{scale.name}: director's page, {Case.objects.count():,} cases"
    limit = MILLISECONDS if is_full and scale.has_bars else None
    open_requests = Referral.objects.unanswered().filter(to_agency__sector=Sector.ELDERLY).count()
    return [
        line(f"{name} queries", found.queries, "queries", at_most=QUERIES),
        line(f"{name} p50", found.p50, "ms"),
        line(f"{name} p95", found.p95, "ms", at_most=limit),
        line(f"{name} page/bare SQL", found.ratio, "x"),
        line(f"{scale.name}: open requests of the director's sector", open_requests, "rows"),
    ]


def _what_if(scale: Scale, is_full: bool) -> list[Line]:
    """From the order to the page with its result: the job as a worker runs it, step by step, and reading it."""
    staff = Staff.objects.get(username=DIRECTOR)
    client, at = signed_in(staff), timezone.now()
    client.get(reverse("manage:what_if"))  # the page on which it is ordered
    order_what_if(actor=build_actor(staff, on=timezone.localdate(at)), at=at)
    began = time.perf_counter()
    steps = reckon(at=at)
    job = time.perf_counter() - began
    answer = client.get(reverse("manage:what_if"))
    whole = time.perf_counter() - began
    if answer.status_code != 200 or steps != STEPS:
        raise RuntimeError(f"what-if answered {answer.status_code} after {steps} steps")
    name = f"{scale.name}: what-if page over a year"
    limit = SECONDS if is_full and scale.has_bars else None
    return [
        line(f"{name}, its job", job, "s"),
        line(f"{name}, reading it", whole - job, "s"),
        line(name, whole, "s", below=limit),
    ]
