"""A worker's list of cases among a million, and what the trail costs a saved note.

The list is measured as the page reads it (scope, order, joins, rows built), first page of 50: alone, by 16 processes at
once, against the same list without a scope, and against guardian's ``get_objects_for_user`` on generic permissions; then
as the whole answer of the page, with and without the scope. The million stands beside the generated city under ids of
its own and is taken away again.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from unittest.mock import patch
from uuid import uuid4

from django.contrib.auth.models import Permission as AuthPermission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from guardian.shortcuts import get_objects_for_user

from accounts.actor import Actor, build_actor
from accounts.models import Staff
from audit.actions import record_access
from audit.models import AccessKind
from cases.actions.notes import NoteData, write_note
from cases.models import Case
from cases.selectors.case_page import for_list, recent_open
from common.kept_sql import kept
from kyosei.bench.meter import settle, signed_in
from kyosei.bench.report import Line, line
from kyosei.bench.scales import Scale

FIRST: Final = 1_000_000_000  # ids of the million begin here
CASES: Final = 1_000_000
CASES_OF_A_TRIAL: Final = 5_000
TIMES: Final = 200
USERS: Final = 16
PAGE: Final = 50
WORKER: Final = "center1-1"

# every case led by one of 60 agencies and shared with another; the worker's sees about 1 in 30
_FILL: Final = (
    """
    INSERT INTO households_household (id, version, name, postal_code, address, phone, search_text, search_terms, created_at)
    SELECT %(first)s + n, 1, '世帯' || n, '', '', '', '', '{}', %(now)s - n * interval '1 minute' FROM generate_series(1, %(rows)s) n
    """,
    """
    INSERT INTO cases_case (id, version, number, household_id, state, lead_agency_id, lead_staff_id, lead_since, sectors,
        consent, opened_at, last_contact_at, next_text, closing_kind, closing_note, no_follow_up_reason, reopened_count)
    SELECT %(first)s + n, 1, 'M' || n, %(first)s + n, 'open',
           (SELECT array_agg(id ORDER BY id) FROM accounts_agency WHERE may_lead)[1 + n %% %(agencies)s],
           %(staff)s, %(now)s, '{elderly}', 'unknown', %(now)s - n * interval '1 minute',
           %(now)s - n * interval '1 minute', '', '', '', '', 0
      FROM generate_series(1, %(rows)s) n
    """,
    """
    INSERT INTO cases_casegrant (ground, basis_type, basis_id, given_at, content_object_id, group_id, permission_id)
    SELECT 'own_duty', 'cases.case', (%(first)s + n)::text, %(now)s, %(first)s + n,
           (SELECT array_agg(group_id ORDER BY id) FROM accounts_agency WHERE may_lead)[1 + (n * k + k) %% %(agencies)s],
           %(permission)s
      FROM generate_series(1, %(rows)s) n, generate_series(1, 2) k
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO guardian_groupobjectpermission (object_pk, content_type_id, group_id, permission_id)
    SELECT DISTINCT content_object_id::text, %(content_type)s, group_id, permission_id FROM cases_casegrant
     WHERE content_object_id > %(first)s
    """,
)  # fmt: skip
_CLEAR: Final = (
    "DELETE FROM guardian_groupobjectpermission",
    "DELETE FROM cases_casegrant WHERE content_object_id > %(first)s",
    "DELETE FROM cases_case WHERE id > %(first)s",
    "DELETE FROM households_household WHERE id > %(first)s",
)


def measure_access(scale: Scale, *, now: datetime) -> list[Line]:
    """All lines of this page; the bars are those of a million cases."""
    rows = CASES if scale.cases >= 10_000 else CASES_OF_A_TRIAL
    has_bars = scale.has_bars and rows == CASES
    with _million(rows, now):
        lines = _lists(scale.name, rows, has_bars)
    return [*lines, *_notes(scale.name, has_bars)]


@contextmanager
def _million(rows: int, now: datetime) -> Iterator[None]:
    worker = Staff.objects.get(username=WORKER)
    content_type = ContentType.objects.get_for_model(Case)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_agency WHERE may_lead")
        agencies = cursor.fetchone()[0]
        values = {
            "first": FIRST, "rows": rows, "now": now, "staff": worker.pk, "content_type": content_type.pk,
            "agencies": agencies,
            "permission": AuthPermission.objects.get(codename="view_case", content_type=content_type).pk,
        }  # fmt: skip
        cursor.execute("SET session_replication_role = replica")  # no history for rows that are thrown away
        try:
            for statement in _FILL:
                cursor.execute(statement, values)
            cursor.execute("SET session_replication_role = origin")
            settle(cursor)
            yield
        finally:
            cursor.execute("SET session_replication_role = replica")
            for statement in _CLEAR:
                cursor.execute(statement, values)
            cursor.execute("SET session_replication_role = origin")
            settle(cursor)


def _actor() -> Actor:
    return build_actor(Staff.objects.get(username=WORKER), on=timezone.localdate())


def first_page(actor: Actor) -> list[Case]:
    """The rows of /cases/ as the page asks for them."""
    return recent_open(actor, PAGE + 1)


def _of_everybody(actor: Actor) -> QuerySet[Case]:
    """The same list without a scope."""
    return for_list(Case.objects.filter(state="open")).order_by("-opened_at", "-pk")[: PAGE + 1]


def _median(run: Callable[[], Any], times: int) -> float:
    """Milliseconds, the median of ``times`` after three that do not count."""
    took = []
    for n in range(times + 3):
        began = time.perf_counter()
        run()
        if n >= 3:
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _by_turns(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float, float]:
    """The medians of both, and that of one ÷ other pair by pair: a busy machine slows both of a pair alike."""
    pairs = []
    for n in range(TIMES + 3):
        began = time.perf_counter()
        one()
        between = time.perf_counter()
        other()
        if n >= 3:
            pairs.append(((between - began) * 1000, (time.perf_counter() - between) * 1000))
    mine, theirs = zip(*pairs, strict=True)
    return statistics.median(mine), statistics.median(theirs), statistics.median(a / b for a, b in pairs)


def _lists(name: str, rows: int, has_bars: bool) -> list[Line]:
    actor, on = _actor(), timezone.localdate()
    staff = Staff.objects.get(username=WORKER)
    assert len(first_page(actor)) == PAGE + 1
    free = for_list(Case.objects.filter(state="open"))
    mine, unrestricted, times = _by_turns(
        lambda: first_page(actor), lambda: kept(_of_everybody, actor, on=on)
    )
    page, page_unrestricted = _pages(staff)
    staff.groups.add(*actor.group_ids)  # guardian looks here
    generic = _median(
        lambda: list(
            get_objects_for_user(staff, "cases.view_case", klass=free, accept_global_perms=False).order_by(
                "-opened_at", "-pk"
            )[: PAGE + 1]
        ),
        3,
    )
    staff.groups.clear()
    label = f"{name}: cases of a worker among {rows:,}"
    return [
        line(f"{label}, 1 user", mine, "ms", at_most=30 if has_bars else None),
        *(
            [line(f"{label}, {USERS} users at once", _together(), "ms", at_most=60 if has_bars else None)]
            if rows == CASES
            else []  # a trial's rows may stand in a transaction that other processes do not see
        ),
        line(f"{label}, without a scope", unrestricted, "ms"),
        line(f"{label}, ÷ without a scope", times, "×", at_most=1.3 if has_bars else None),
        line(f"{label}, the page", page, "ms", at_most=30 if has_bars else None),
        line(
            f"{label}, the page ÷ without a scope",
            page / page_unrestricted,
            "×",
            at_most=1.3 if has_bars else None,
        ),
        line(f"{label}, guardian generic", generic, "ms"),
        line(f"{label}, guardian generic ÷", generic / mine, "×", at_least=20 if has_bars else None),
    ]


def _pages(staff: Staff) -> tuple[float, float]:
    """The whole answer of /cases/, in this process, with its scope and without: then the same page shows everybody's
    cases. By turns, so that a busy machine slows both alike.
    """
    client = signed_in(staff)

    def took() -> float:
        began = time.perf_counter()
        client.get("/cases/")
        return (time.perf_counter() - began) * 1000

    took()
    scoped, free = [], []
    for _ in range(TIMES):
        scoped.append(took())
        with patch("cases.selectors.case_page._recent_open", _of_everybody):
            free.append(took())
    return statistics.median(scoped), statistics.median(free)


def _together() -> float:
    """The median over all lists that 16 processes read at the same time, each with a connection of its own."""
    code = "from kyosei.bench.access import one_user; one_user()"
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    users = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(USERS)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline().strip() == "ready"
    for user in users:
        assert user.stdin is not None
        user.stdin.write("go\n")
        user.stdin.flush()
    took: list[float] = []
    for user in users:
        out, _ = user.communicate()
        took += [float(word) for word in out.split()]
    return statistics.median(took)


def one_user() -> None:
    """One of the 16: connects, says so, waits for the start, and prints what each list took (milliseconds)."""
    actor = _actor()
    first_page(actor)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(-(-TIMES // USERS)):
        began = time.perf_counter()
        first_page(actor)
        sys.stdout.write(f"{(time.perf_counter() - began) * 1000}\n")


# ── Saving a note with and without its trail ────────────────────────────────────────────────────────────────

_NOTES: Final = 60


def _notes(name: str, has_bars: bool) -> list[Line]:
    """A progress note saved through its action: with history, change record and a read logged; and without them. By
    turns, the ratio pair by pair, so that a busy machine slows both alike.
    """
    actor = _actor()
    case = Case.objects.visible_to(actor).open().order_by("-pk")[0]
    pairs = [
        (_saved(case, actor, with_trail=False), _saved(case, actor, with_trail=True))
        for _ in range(_NOTES + 3)
    ]
    plain, times = zip(*((plain, whole / plain) for plain, whole in pairs[3:]), strict=True)
    return [
        line(f"{name}: saving a note without its trail", statistics.median(plain), "ms"),
        line(
            f"{name}: saving a note ÷ without its trail",
            statistics.median(times),
            "×",
            at_most=1.5 if has_bars else None,
        ),
    ]  # fmt: skip


def _saved(case: Case, actor: Actor, *, with_trail: bool) -> float:
    """Milliseconds of one note that is taken back again."""

    def save() -> float:
        at = timezone.now()
        data = NoteData(
            started_at=at - timedelta(minutes=5), minutes=1, way="phone", text="電話で様子をうかがった。" * 8
        )
        with transaction.atomic():
            began = time.perf_counter()
            write_note(case=case, data=data, actor=actor, at=at, request_key=uuid4())
            if with_trail:
                record_access(
                    actor=actor, kind=AccessKind.VIEW, target_type="cases.case", target_id=str(case.pk), at=at
                )
            connection.check_constraints()  # what the commit would ask
            took = time.perf_counter() - began
            transaction.set_rollback(True)
        return took * 1000

    if with_trail:
        return save()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            with (
                patch("cases.actions.notes.record"),
                patch("budgets.actions.derive_entry.record_change"),
            ):
                return save()
        finally:
            cursor.execute("SET session_replication_role = origin")
