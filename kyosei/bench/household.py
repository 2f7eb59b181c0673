"""The page of a large household: 12 members, 3 agencies, 400 notes, in the generated city. Everything is undone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.urls import reverse

from accounts.actor import Actor, build_actor
from accounts.enums import Ground
from accounts.models import Appointment, Staff
from cases.actions.grants import grant_case
from cases.models import Case, CasePartner, ProgressNote
from households.models import HouseholdMember, Person
from kyosei.bench.meter import ENOUGH, measure, signed_in
from kyosei.bench.report import Line, line, machine_lines
from kyosei.bench.scales import Scale

MEMBERS: Final = 12
AGENCIES: Final = 3
NOTES: Final = 400
HOUSEHOLDS: Final = 5
DESK: Final = "desk1-1"
TEXT: Final = (
    "家賃の督促が来ている。長男は部屋から出てこない。食事は母が運んでいるという。来週、母と役所で会う。" * 5
)
QUERIES, MILLISECONDS, BYTES = 15, 100, 150_000


class _UndoneError(Exception):
    pass


def measure_household(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """Queries, p95 and size of the page, and of its one-line view, over some such households."""
    worker = Staff.objects.get(username=DESK)
    lines: list[Line] = []
    try:
        with transaction.atomic():
            actor = build_actor(worker, on=now.date())
            cases = list(Case.objects.visible_to(actor).open().order_by("pk")[:HOUSEHOLDS])
            for case in cases:
                _fill(case, actor, now)
            client = signed_in(worker)
            for name, query in (("", ""), (", one line each", "?view=short"), (", milestones", "?marks=1")):
                urls = [reverse("households:detail", args=[case.household_id]) + query for case in cases]
                figures = measure(client, urls, requests=max(requests, ENOUGH))
                title = f"{scale.name}: household of {MEMBERS}, {NOTES} notes{name}"
                lines += [
                    line(f"{title} queries", figures.queries, "queries", at_most=QUERIES),
                    line(f"{title} p50", figures.p50, "ms"),
                    line(f"{title} p95", figures.p95, "ms", at_most=MILLISECONDS if scale.has_bars else None),
                    line(f"{title} size", figures.size / 1000, "kB", at_most=BYTES / 1000),
                ]
            lines += machine_lines(scale.name, "household")
            raise _UndoneError
    except _UndoneError:
        return lines


def _fill(case: Case, actor: Actor, now: datetime) -> None:
    """The household grown to the size of the figure; three agencies write in turn."""
    today = now.date()
    have = HouseholdMember.objects.filter(household=case.household_id, during__contains=today).count()
    for n in range(MEMBERS - have):
        person = Person(
            family_name="御手洗", given_name=f"世帯員{n}", birth_on=date(1950 + 5 * n, 4, 1), created_at=now
        )
        person.fill_search()
        person.save()
        HouseholdMember.objects.create(
            household=case.household, person=person, relation="relative", during=(date(2020, 4, 1), None)
        )
    others = list(
        Appointment.objects.current(today)
        .exclude(agency=case.lead_agency_id)
        .exclude(agency__may_lead=False)
        .select_related("agency", "staff")
        .order_by("agency_id", "pk")
        .distinct("agency_id")[: AGENCIES - 1]
    )
    for other in others:
        CasePartner.objects.get_or_create(
            case=case, agency=other.agency, ended_at=None, defaults={"staff": other.staff, "since": now}
        )
        grant_case(
            case=case, agency=other.agency, ground=Ground.COORDINATION, basis=case, actor=actor, at=now
        )
    writers = [(case.lead_agency_id, case.lead_staff_id), *((o.agency_id, o.staff_id) for o in others)]
    ProgressNote.objects.bulk_create(
        ProgressNote(
            case=case, agency_id=writers[n % AGENCIES][0], staff_id=writers[n % AGENCIES][1], minutes=20, way="phone",
            started_at=now - timedelta(hours=9 * n + 1), written_at=now, text=f"{n}回目。{TEXT}",
            next_on=today + timedelta(days=7), next_text="もう一度電話する",
        )
        for n in range(NOTES)
    )  # fmt: skip
