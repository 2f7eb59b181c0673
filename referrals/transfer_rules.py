"""年度替わりの引き継ぎ: which cases a rule chooses, to whom they go, and what blocks a case. Nothing is written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Agency, Appointment, Area, Staff
from accounts.roles import PERMISSIONS, Permission
from cases.models import Case, SupportPlan
from cases.workflow import PlanState
from households.contact import hidden_home
from households.models import AddressProtection, HouseholdDenial, HouseholdMember
from referrals.models import TransferRow
from referrals.workflow_transfer import Block, Phase, Spread

MOST = 2000  # cases in one transfer


@dataclass(frozen=True, slots=True)
class Rule:
    """Which cases of the agency (everything that is given must hold), and how they are given out: ``by_area`` names the
    worker of each 圏域 (ids), ``targets`` the workers among whom they are spread.
    """

    from_staff: int | None = None
    area: int | None = None
    sector: str = ""
    phase: str = ""
    spread: str = Spread.EVEN
    targets: tuple[int, ...] = ()
    by_area: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "from_staff": self.from_staff, "area": self.area, "sector": self.sector, "phase": self.phase,
            "spread": self.spread, "targets": list(self.targets), "by_area": {str(k): v for k, v in self.by_area.items()},
        }  # fmt: skip


def chosen_cases(rule: Rule, agency: Agency, actor: Actor) -> QuerySet[Case]:
    """Open cases that the agency leads and the actor sees. By area only where the household's address may be known: a
    hidden home belongs to no area that anybody may choose.
    """
    rows = Case.objects.visible_to(actor).open().filter(lead_agency=agency)
    rows = rows.annotate(hides=hidden_home(actor, "household_id"))
    if rule.from_staff is not None:
        rows = rows.filter(lead_staff=rule.from_staff)
    if rule.area is not None:
        rows = rows.filter(hides=False, household__area=rule.area)
    if rule.sector:
        rows = rows.filter(sectors__contains=[rule.sector])
    if rule.phase:
        rows = rows.filter(_in_phase(rule.phase))
    return rows.select_related("household", "lead_staff").order_by("pk")


def _in_phase(phase: str) -> Q:
    plans = SupportPlan.objects.filter(case=OuterRef("pk"))
    in_plan = Q(Exists(plans.filter(state=PlanState.DECIDED)))
    evaluated = Q(Exists(plans.filter(state=PlanState.EVALUATED)))
    if phase == Phase.IN_PLAN:
        return in_plan
    return ~in_plan & (evaluated if phase == Phase.AFTER_PLAN else ~evaluated)


def loads(agency: Agency, staff_ids: Iterable[int]) -> Counter[int]:
    """How many open cases of the agency each leads now."""
    rows = Case.objects.open().filter(lead_agency=agency, lead_staff__in=staff_ids)
    return Counter(rows.values_list("lead_staff", flat=True))


@dataclass(frozen=True, slots=True)
class Facts:
    """What blocks depend on, for some households and some workers on a day; four queries."""

    posts: dict[int, set[str]]  # worker → roles at the agency on the day
    names: dict[int, str]
    denied: frozenset[tuple[int, int]]  # household, worker
    protected: frozenset[int]  # households with a 支援措置 that the agency may know of
    surnames: dict[int, frozenset[str]]  # household → family names

    def block(self, household_id: int, from_staff: int, to_staff: int | None, *, chosen: bool) -> str:
        """The reason why the case may not go to that worker, or "". What the head chose by hand is not asked again."""
        if to_staff is None:
            return Block.NOBODY
        if to_staff == from_staff:
            return Block.SAME
        roles = self.posts.get(to_staff, set())
        if not roles:
            return Block.GONE
        if not any(Permission.CASE_WRITE in PERMISSIONS[Role(role)] for role in roles):
            return Block.ROLE
        if (household_id, to_staff) in self.denied:
            return Block.DENIED
        if chosen:
            return ""
        if household_id in self.protected:
            return Block.PROTECTED
        family = _surname(self.names[to_staff])
        return Block.SURNAME if family and family in self.surnames.get(household_id, ()) else ""


def _surname(name: str) -> str:
    parts = name.split()
    return parts[0] if len(parts) > 1 else ""


def facts_of(agency: Agency, household_ids: Sequence[int], on: date) -> Facts:
    """For everybody who is appointed at the agency on the day."""
    posts: dict[int, set[str]] = {}
    names = {}
    current = Appointment.objects.current(on).filter(agency=agency, staff__is_active=True)
    for staff_id, role, name in current.values_list("staff_id", "role", "staff__name"):
        posts.setdefault(staff_id, set()).add(role)
        names[staff_id] = name
    denied = HouseholdDenial.objects.in_force().filter(household__in=household_ids)
    members = HouseholdMember.objects.filter(household__in=household_ids, during__contains=on)
    protections = AddressProtection.objects.in_force().filter(units=agency).values("person_id")
    surnames: dict[int, set[str]] = {}
    for household_id, family in members.values_list("household_id", "person__family_name"):
        surnames.setdefault(household_id, set()).add(family)
    protected = HouseholdMember.objects.filter(household__in=household_ids, person__in=protections)
    return Facts(
        posts=posts, names=names,
        denied=frozenset(denied.values_list("household_id", "staff_id")),
        protected=frozenset(protected.values_list("household_id", flat=True)),
        surnames={k: frozenset(v) for k, v in surnames.items()},
    )  # fmt: skip


def give_out(cases: Sequence[Case], rule: Rule, load: Counter[int], facts: Facts) -> dict[int, int | None]:
    """A worker for each case (by its id), or None. Evenly: each case goes to the one who then has fewest, among those whom
    nothing blocks for this household; what moves away counts no longer for who had it.
    """
    load = Counter(load)
    given: dict[int, int | None] = {}
    for case in cases:
        load[case.lead_staff_id] -= 1
    for case in cases:
        if rule.spread == Spread.AREA:
            hidden = getattr(case, "hides", False)
            given[case.pk] = None if hidden else rule.by_area.get(case.household.area_id or 0)
            continue
        best = sorted(
            (t for t in rule.targets if t != case.lead_staff_id),
            key=lambda t: (
                bool(facts.block(case.household_id, case.lead_staff_id, t, chosen=True)),
                facts.block(case.household_id, case.lead_staff_id, t, chosen=False) == Block.SURNAME,
                load[t], t,
            ),
        )  # fmt: skip
        given[case.pk] = best[0] if best else None
        load[best[0] if best else case.lead_staff_id] += 1
    return given


def set_blocks(rows: Sequence[TransferRow], agency: Agency, on: date) -> None:
    """Fill in ``blocked`` of rows that wait (their case loaded), without saving."""
    facts = facts_of(agency, [row.case.household_id for row in rows], on)
    for row in rows:
        case = row.case
        if not case.is_open:
            row.blocked = Block.CLOSED
        elif case.lead_agency_id != agency.pk:
            row.blocked = Block.OTHER_AGENCY
        elif case.lead_staff_id != row.from_staff_id:
            row.blocked = Block.CHANGED
        else:
            row.blocked = facts.block(
                case.household_id, row.from_staff_id, row.to_staff_id, chosen=row.is_chosen
            )


def colleagues(agency: Agency, on: date, actor: Actor) -> list[Staff]:
    """Who can take cases at the agency on a day, by kana."""
    roles = [role for role, held in PERMISSIONS.items() if Permission.CASE_WRITE in held]
    posts = Appointment.objects.current(on).filter(agency=agency, role__in=roles).values("staff_id")
    return list(Staff.objects.visible_to(actor).filter(pk__in=posts, is_active=True).order_by("kana", "pk"))


def areas_of(agency: Agency, actor: Actor) -> list[Area]:
    """圏域 of the agency's open cases whose home may be known."""
    rows = chosen_cases(Rule(), agency, actor).filter(Q(hides=False)).order_by()
    return list(
        Area.objects.visible_to(actor).filter(pk__in=rows.values("household__area")).order_by("name", "pk")
    )
