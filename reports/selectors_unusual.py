"""気になる閲覧: readings that a manager asks about. None of them is wrong by itself."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, TextChoices, Value
from django.db.models.functions import Concat, TruncDate, TruncHour, TruncTime

from accounts.actor import Actor
from accounts.models import Staff
from audit.models import NOT_READ, AccessRecord
from common.japan.business_days import is_working_day
from common.japan.clock import parse_time
from households.contact import homes_in_towns
from households.models import denied_households
from reports.selectors_leak import targets_by_staff
from reports.selectors_trail import in_days
from reports.targets import Target, about, touched, without_denied

MANY = 30


class Kind(TextChoices):
    SURNAME = "surname", "自分と同じ姓の人"
    TOWN = "town", "自分と同じ町の世帯"
    MANY = "many", "短い時間に多くの記録"
    HOURS = "hours", "執務時間の外・休日"


@dataclass(frozen=True, slots=True)
class UnusualReading:
    """One line of the page: a worker, how often, when last; ``hour`` narrows the drill-down to one hour."""

    kind: Kind
    staff: Staff
    count: int
    last_at: datetime
    note: str = ""
    hour: datetime | None = None

    @property
    def query(self) -> str:
        """What the drill-down asks for."""
        hour = f"&hour={self.hour:%Y%m%d%H}" if self.hour else ""
        return f"kind={self.kind.value}&staff={self.staff.pk}{hour}"


def own_readings(actor: Actor, *, since: date, until: date) -> QuerySet[AccessRecord]:
    """Readings of the agency's own staff in a period."""
    rows: QuerySet[AccessRecord] = AccessRecord.objects.visible_to(actor)
    rows = rows.filter(agency_id_text=str(actor.agency_id or ""))
    rows = in_days(rows.exclude(staff_id_text="").exclude(kind__in=NOT_READ), since, until)
    return without_denied(rows, set(denied_households(actor)))


def surname(name: str) -> str:
    """The family name of a worker's full name, folded; empty where it is not told apart from the given name."""
    parts = unicodedata.normalize("NFKC", name).split()
    return parts[0] if len(parts) > 1 else ""


def unusual_readings(
    records: QuerySet[AccessRecord], *, actor: Actor, since: date, until: date, many: int = MANY
) -> dict[Kind, list[UnusualReading]]:
    """The four lists of the page. About a dozen queries."""
    targets = targets_by_staff(records)
    staff = Staff.objects.in_bulk([int(pk) for pk in targets if pk.isdigit()])
    return {
        Kind.SURNAME: _same_surname(records, targets, staff),
        Kind.TOWN: _same_town(records, targets, staff, actor),
        Kind.MANY: _many_in_an_hour(records, staff, many),
        Kind.HOURS: _outside_hours(records, staff, since, until),
    }


def _same_surname(
    records: QuerySet[AccessRecord], targets: dict[str, dict[Target, int]], staff: dict[int, Staff]
) -> list[UnusualReading]:
    matches = surname_targets(targets, staff)
    if not matches:
        return []
    return _lines(
        Kind.SURNAME, records, matches, staff, lambda row, n: f"{surname(row.name)}姓の人を含む記録 {n}件"
    )


def _same_town(
    records: QuerySet[AccessRecord],
    targets: dict[str, dict[Target, int]],
    staff: dict[int, Staff],
    actor: Actor,
) -> list[UnusualReading]:
    matches = town_targets(targets, staff, actor)
    if not matches:
        return []
    return _lines(Kind.TOWN, records, matches, staff, lambda row, n: f"{row.home_town}の世帯の記録 {n}件")


def _lines(
    kind: Kind,
    records: QuerySet[AccessRecord],
    matches: dict[int, set[Target]],
    staff: dict[int, Staff],
    note: Callable[[Staff, int], str],
) -> list[UnusualReading]:
    condition = Q(pk__in=[])
    for pk, found in matches.items():
        condition |= Q(staff_id_text=str(pk)) & _of(found)
    rows = records.filter(condition).order_by("staff_id_text").values_list("staff_id_text")
    lines = [
        UnusualReading(kind, staff[int(pk)], count, last, note(staff[int(pk)], len(matches[int(pk)])))
        for pk, count, last in rows.annotate(count=Count("pk"), last=Max("at"))
    ]
    return sorted(lines, key=lambda line: line.last_at, reverse=True)


def town_targets(
    targets: dict[str, dict[Target, int]], staff: dict[int, Staff], actor: Actor
) -> dict[int, set[Target]]:
    """By worker, the records of households in the worker's own town; never a protected one."""
    towns = {pk: row.home_town for pk, row in staff.items() if row.home_town}
    wanted = {pk: targets[str(pk)] for pk in towns if str(pk) in targets}
    if not wanted:
        return {}
    found = touched({target for several in wanted.values() for target in several})
    homes_of = {target: found.all_homes(target) for several in wanted.values() for target in several}
    near = homes_in_towns(actor, towns, {home for homes in homes_of.values() for home in homes})
    matches: dict[int, set[Target]] = defaultdict(set)
    for pk, several in wanted.items():
        matches[pk] = {target for target in several if homes_of[target] & near[pk]}
    return {pk: several for pk, several in matches.items() if several}


def surname_targets(targets: dict[str, dict[Target, int]], staff: dict[int, Staff]) -> dict[int, set[Target]]:
    """By worker, the records that show a person of the worker's own family name."""
    families = {pk: surname(row.name) for pk, row in staff.items()}
    wanted = {pk: targets[str(pk)] for pk, family in families.items() if family}
    found = touched({target for several in wanted.values() for target in several})
    matches: dict[int, set[Target]] = defaultdict(set)
    for pk, several in wanted.items():
        for target in several:
            names = {
                unicodedata.normalize("NFKC", found.surnames.get(p, "")).strip() for p in found.people(target)
            }
            if families[pk] in names:
                matches[pk].add(target)
    return dict(matches)


def _of(targets: set[Target]) -> Q:
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, value in targets:
        by_kind[kind].add(value)
    return about(by_kind)


def _many_in_an_hour(
    records: QuerySet[AccessRecord], staff: dict[int, Staff], many: int
) -> list[UnusualReading]:
    """Hours of the clock in which a worker opened more than ``many`` different records."""
    rows = (
        records.annotate(hour=TruncHour("at"))
        .order_by()
        .values_list("staff_id_text", "hour")
        .annotate(
            records=Count(Concat("target_type", Value(":"), "target_id"), distinct=True), last=Max("at")
        )
        .filter(records__gt=many)
        .order_by("-hour", "staff_id_text")[:100]
    )
    return [
        UnusualReading(Kind.MANY, staff[int(pk)], count, last, f"{hour:%H}時台に{count}件", hour)
        for pk, hour, count, last in rows
        if pk.isdigit() and int(pk) in staff
    ]


def outside_hours(records: QuerySet[AccessRecord], *, since: date, until: date) -> QuerySet[AccessRecord]:
    """Readings before or after the hours of duty, and on days on which the office is closed."""
    days = (since + timedelta(days=n) for n in range((until - since).days + 1))
    working = [day for day in days if is_working_day(day)]
    rows = records.annotate(day=TruncDate("at"), clock=TruncTime("at"))
    early, late = parse_time(settings.KYOSEI_DUTY_START), parse_time(settings.KYOSEI_DUTY_END)
    return rows.filter(~Q(day__in=working) | Q(clock__lt=early) | Q(clock__gte=late))


def _outside_hours(
    records: QuerySet[AccessRecord], staff: dict[int, Staff], since: date, until: date
) -> list[UnusualReading]:
    rows = outside_hours(records, since=since, until=until).order_by().values_list("staff_id_text")
    found = rows.annotate(count=Count("pk"), last=Max("at"), days=Count("day", distinct=True))
    return [
        UnusualReading(Kind.HOURS, staff[int(pk)], count, last, f"{days}日にわたる")
        for pk, count, last, days in found.order_by("-last")
        if pk.isdigit() and int(pk) in staff
    ]


def narrowed(
    records: QuerySet[AccessRecord],
    *,
    actor: Actor,
    kind: Kind,
    staff: Staff,
    since: date,
    until: date,
    hour: datetime | None,
) -> QuerySet[AccessRecord]:
    """The lines of the log behind one line of the page."""
    rows = records.filter(staff_id_text=str(staff.pk))
    if kind == Kind.TOWN:
        near = town_targets(targets_by_staff(rows), {staff.pk: staff}, actor)
        return rows.filter(_of(near.get(staff.pk, set())))
    if kind == Kind.SURNAME:
        matches = surname_targets(targets_by_staff(rows), {staff.pk: staff})
        return rows.filter(_of(matches.get(staff.pk, set())))
    if kind == Kind.MANY:
        return rows.filter(at__gte=hour, at__lt=hour + timedelta(hours=1)) if hour else rows.none()
    return outside_hours(rows, since=since, until=until)
