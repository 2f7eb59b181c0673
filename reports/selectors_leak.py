"""漏えい時の人数: how many people somebody's readings touched (個人情報保護法68条)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Min, QuerySet

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.models import NOT_READ, AccessRecord
from households.models import denied_households
from reports.selectors_trail import in_days
from reports.targets import Target, Touched, person_name, touched, without_denied

REPORT_FROM = 101  # 個人情報保護法施行規則43条: 本人の数が100人を超える


@dataclass(slots=True)
class TouchedPerson:
    """One person touched, under pseudonyms."""

    pk: int
    home: str
    readings: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def name(self) -> str:
        return person_name(self.pk)

    def add(self, count: int, first: datetime, last: datetime) -> None:
        self.readings += count
        self.first_at = min(self.first_at or first, first)
        self.last_at = max(self.last_at or last, last)


@dataclass(frozen=True, slots=True)
class Leak:
    """``persons`` in the order of their households; ``loose`` are readings that name no record (searches, lists)."""

    persons: list[TouchedPerson]
    households: int
    readings: int
    loose: int

    @property
    def is_over_hundred(self) -> bool:
        return len(self.persons) >= REPORT_FROM


def leak_records(
    actor: Actor,
    *,
    staff: Staff | None = None,
    agency: Agency | None = None,
    address: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AccessRecord]:
    """Lines of the log by one worker, agency or address in a period, as far as the reader may have them."""
    rows = AccessRecord.objects.visible_to(actor).exclude(kind__in=NOT_READ)
    if staff:
        rows = rows.filter(staff_id_text=str(staff.pk))
    if agency:
        rows = rows.filter(agency_id_text=str(agency.pk))
    if address:
        rows = rows.filter(remote_addr=address)
    return without_denied(in_days(rows, since, until), set(denied_households(actor)))


def count_leak(records: QuerySet[AccessRecord], actor: Actor) -> Leak:
    """Distinct persons behind some lines: the person named and everybody of the household that the page showed."""
    rows = list(
        records.order_by("target_type", "target_id")
        .values_list("target_type", "target_id")
        .annotate(count=Count("pk"), first=Min("at"), last=Max("at"))
    )
    denied = frozenset(denied_households(actor))
    found = touched(((kind, value) for kind, value, *_ in rows), denied=denied)
    persons: dict[int, TouchedPerson] = {}
    loose = 0
    for kind, value, count, first, last in rows:
        people = found.people((kind, value))
        if not people:
            loose += count
        for pk in people:
            persons.setdefault(pk, TouchedPerson(pk, _home(found, pk))).add(count, first, last)
    households = {h for several in found.households.values() for h in several}
    households |= {h for p in persons for h in found.homes[p]}
    return Leak(
        sorted(persons.values(), key=lambda p: (p.home, p.pk)), len(households),
        sum(row[2] for row in rows), loose,
    )  # fmt: skip


def _home(found: Touched, person: int) -> str:
    return "・".join(found.household_name(h) for h in sorted(found.homes[person])) or "世帯なし"


def targets_by_staff(records: QuerySet[AccessRecord]) -> dict[str, dict[Target, int]]:
    """Readings of every record by worker."""
    found: dict[str, dict[Target, int]] = defaultdict(dict)
    rows = records.order_by("staff_id_text").values_list("staff_id_text", "target_type", "target_id")
    for staff, kind, value, count in rows.annotate(count=Count("pk")):
        found[staff][kind, value] = count
    return found
