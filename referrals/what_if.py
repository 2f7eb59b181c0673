"""もしも: what each coordination model would have done with the cases of the last twelve full months. Counts only, nobody's name.

One statement per figure over the whole year; the rules of ``cases.coordination`` then run once for every kind of case (who
heard it, area, sectors), not once for every case.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.enums import AgencyKind
from accounts.models import Agency
from cases.coordination import Begun, Decision, Leads, Model, Post, Setup, decide
from cases.selectors.coordination import Directory, as_post, load_directory
from common.japan.fiscal import add_months, month_first
from referrals.concentration import Concentration, concentration

# every case of the year: who heard it first, who leads it now, where the household lives, hours until the first record after
# it was opened (None: none yet), together with how many cases are alike in all of that
_CASES = """
    SELECT receiver, lead_agency_id, area_id, parent_id, sectors, count(*), array_agg(hours) FILTER (WHERE hours IS NOT NULL)
      FROM (SELECT coalesce(heard.agency_id, c.lead_agency_id) AS receiver, c.lead_agency_id, h.area_id, a.parent_id, c.sectors,
                   extract(epoch FROM first.started_at - c.opened_at)::float / 3600 AS hours
              FROM cases_case c
              JOIN households_household h ON h.id = c.household_id
              LEFT JOIN accounts_area a ON a.id = h.area_id
              LEFT JOIN LATERAL (SELECT t.agency_id FROM cases_consultation t WHERE t.case_id = c.id
                                  ORDER BY t.started_at, t.id LIMIT 1) heard ON true
              LEFT JOIN LATERAL (SELECT n.started_at FROM cases_progressnote n
                                  WHERE n.case_id = c.id AND n.started_at > c.opened_at
                                  ORDER BY n.started_at LIMIT 1) first ON true
             WHERE c.opened_at >= %(first)s AND c.opened_at < %(end)s) one
     GROUP BY receiver, lead_agency_id, area_id, parent_id, sectors
"""
# how long an agency takes to answer when it is asked: what a hand-over to it costs before anybody begins
_WAITS = """
    SELECT to_agency_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at)::float / 3600)
      FROM referrals_referral
     WHERE sent_at >= %(first)s AND sent_at < %(end)s AND answered_at IS NOT NULL AND state <> 'withdrawn'
     GROUP BY GROUPING SETS ((to_agency_id), ())
"""
_COMPLEX_BY_PERSON = """
    SELECT count(*) FROM cases_case
     WHERE state = 'open' AND cardinality(sectors) > 1 GROUP BY lead_staff_id
"""
_COMPLEX_BY_OFFICE = """
    SELECT g.group_id, count(DISTINCT g.content_object_id)
      FROM cases_casegrant g JOIN cases_case c ON c.id = g.content_object_id
     WHERE g.ground = 'coordination' AND g.basis_type = 'cases.case' AND (g.ends_at IS NULL OR g.ends_at > %(at)s)
       AND c.state = 'open' AND cardinality(c.sectors) > 1
     GROUP BY g.group_id
"""


@dataclass(frozen=True, slots=True)
class Alike:
    """Cases that the rules cannot tell apart. ``hours``: to the first record after opening, of those that have one."""

    receiver: int
    final: int
    areas: tuple[int, ...]
    sectors: tuple[str, ...]
    count: int
    hours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """The cases of twelve months (``end`` is the day after), the wait for each agency's answer (key None: for any), and the agencies."""

    first: date
    end: date
    alike: Sequence[Alike]
    waits: dict[int | None, float]
    directory: Directory

    @property
    def cases(self) -> int:
        return sum(kind.count for kind in self.alike)

    @property
    def complex_cases(self) -> int:
        return sum(kind.count for kind in self.alike if len(set(kind.sectors)) > 1)


@dataclass(slots=True)
class Outcome:
    """What a model would have done. ``load``: complex cases for each agency that coordinates or takes them."""

    model: Model
    is_in_force: bool
    center: str
    load: list[tuple[str, int]] = field(default_factory=list)
    cases: int = 0
    handovers: int = 0
    conferences: int = 0
    median_days: float | None = None
    late_days: float | None = None
    spread: Concentration | None = None

    @property
    def handovers_per_case(self) -> float | None:
        return self.handovers / self.cases if self.cases else None


def year_before(day: date) -> tuple[date, date]:
    """The first days of the twelfth full month before ``day`` and of the month of ``day`` (half-open)."""
    end = month_first(day)
    return add_months(end, -12), end


def load_year(at: datetime) -> Year:
    """Reads the year; two statements and the directory."""
    first, end = year_before(timezone.localdate(at))
    moments = {
        name: timezone.make_aware(datetime.combine(day, time.min))
        for name, day in (("first", first), ("end", end))
    }
    with connection.cursor() as cursor:
        cursor.execute(_CASES, moments)
        alike = [
            Alike(
                receiver,
                final,
                tuple(a for a in (area, parent) if a),
                tuple(sectors),
                count,
                tuple(hours or ()),
            )
            for receiver, final, area, parent, sectors, count, hours in cursor.fetchall()
        ]
        cursor.execute(_WAITS, moments)
        waits = {agency: hours for agency, hours in cursor.fetchall() if hours is not None}
    return Year(first, end, alike, waits, load_directory())


def setups(year: Year, on: date) -> Iterator[tuple[Setup, bool]]:
    """Each model as this municipality would have it: the one in force as it is set; of the others the latest setting that ever
    stood; else with the central agency and operators of today's.
    """
    now = year.directory.setup_on(on)
    heard: Counter[int] = Counter()
    for kind in year.alike:
        heard[kind.receiver] += kind.count
    for model in Model:
        if model is now.model:
            yield now, True
            continue
        known = next((s for s in year.directory.settings if s.model == model), None)
        setup = (
            year.directory.setup_of(known) if known else Setup(model, now.posts, now.center, now.operators)
        )
        yield _filled(setup, heard), False


def _filled(setup: Setup, heard: Counter[int]) -> Setup:
    """With an agency where the model needs one and nothing names it: whoever may do it and has the most contacts."""
    rule, posts = setup.rule, {post.pk: post for post in setup.posts}
    center, operators = setup.center, setup.operators
    leads = Leads.CENTER in (rule.simple_lead, rule.complex_lead)
    if rule.center and (center not in posts or (leads and not posts[center].may_lead)):
        offices = [p for p in setup.posts if (p.may_lead if leads else p.kind == AgencyKind.DIRECTOR_OFFICE)]
        center = max(offices, key=lambda p: (heard[p.pk], -p.pk), default=Post(0)).pk or None
    if not operators:
        operators = tuple(p.pk for p in setup.posts if p.sector and p.may_lead)
    allowed = rule.coordinator_leads if rule.coordinator_leads is not None else setup.coordinator_may_lead
    return Setup(setup.model, setup.posts, center, operators, allowed, setup.conference_days)


def outcomes(year: Year, on: date) -> list[Outcome]:
    """Every model over the same year, in the order of the table of rules."""
    return [outcome(year, setup, is_in_force=is_now) for setup, is_now in setups(year, on)]


def outcome(year: Year, setup: Setup, *, is_in_force: bool) -> Outcome:
    agencies = year.directory.agencies
    center = agencies.get(setup.center) if setup.rule.center and setup.center else None
    found = Outcome(setup.model, is_in_force, center.short_name if center else "")
    load: Counter[int] = Counter()
    hours: list[float] = []
    decided: dict[tuple[int, tuple[int, ...], tuple[str, ...]], tuple[Decision, bool]] = {}
    for kind in year.alike:
        key = (kind.receiver, kind.areas, kind.sectors)
        if key not in decided:
            begun = Begun(kind.sectors, _post(agencies, kind.receiver), year.first, kind.areas)
            decided[key] = (decide(setup, begun), begun.is_complex)
        decision, is_complex = decided[key]
        found.cases += kind.count
        found.handovers += kind.count * _handovers(setup, decision, kind, is_complex)
        found.conferences += kind.count * (decision.conference_on is not None)
        if is_complex:
            load.update(dict.fromkeys(_carriers(setup, decision), kind.count))
        delay = 0.0 if decision.lead == kind.receiver else _wait(year, decision.lead)
        hours += [h + delay for h in kind.hours]
    found.load = [(agencies[pk].short_name, count) for pk, count in load.most_common()]
    found.spread = concentration(count for _, count in found.load)
    if hours:
        hours.sort()
        found.median_days = median(hours) / 24
        found.late_days = hours[min(int(len(hours) * 0.9), len(hours) - 1)] / 24
    return found


def _post(agencies: dict[int, Agency], pk: int) -> Post:
    return as_post(agencies[pk])


def _carriers(setup: Setup, decision: Decision) -> Iterable[int]:
    """Who coordinates the case, and the central agency where it leads."""
    leads = setup.rule.complex_lead is Leads.CENTER and decision.lead == setup.center
    return {*decision.told, *({decision.lead} if leads else ())}


def _handovers(setup: Setup, decision: Decision, kind: Alike, is_complex: bool) -> int:
    """Changes of the lead: from whoever heard the person to the model's lead, and on to the agency that leads today.

    A central agency that takes the case keeps it. A later change was seen in the year as it was: it would have come all the same.
    """
    wanted = setup.rule.complex_lead if is_complex else setup.rule.simple_lead
    kept = wanted is Leads.CENTER and decision.lead == setup.center
    way = [kind.receiver, decision.lead, *([] if kept else [kind.final])]
    return sum(a != b for a, b in pairwise(way))


def _wait(year: Year, agency: int) -> float:
    return year.waits.get(agency, year.waits.get(None, 0.0))


def concentrations(at: datetime) -> tuple[Concentration, list[tuple[str, int]]]:
    """Of the open cases of two or more sectors: how they lie on the people who lead them, and how many each office coordinates."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPLEX_BY_PERSON)
        by_person = concentration(count for (count,) in cursor.fetchall())
        cursor.execute(_COMPLEX_BY_OFFICE, {"at": at})
        by_group = dict(cursor.fetchall())
    names = {a.group_id: a.short_name for a in Agency.objects.filter(group__in=list(by_group)).order_by("pk")}
    offices: dict[str, int] = defaultdict(int)
    for group, count in by_group.items():
        offices[names.get(group, "")] += count
    return by_person, sorted(offices.items(), key=lambda row: (-row[1], row[0]))


# ── A stored result ─────────────────────────────────────────────────────────────────────────────────────────


def read_spread(stored: Mapping[str, Any]) -> Concentration:
    return Concentration(**stored)


def read_outcome(stored: Mapping[str, Any]) -> Outcome:
    """An outcome as ``asdict`` wrote it."""
    spread = stored["spread"] and Concentration(**stored["spread"])
    load = [(str(name), int(count)) for name, count in stored["load"]]
    return Outcome(**{**stored, "model": Model(stored["model"]), "load": load, "spread": spread})
