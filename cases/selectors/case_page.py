"""What the working page of a case shows beside its stream: people, assessment, team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Sector
from cases.enums import ItemKind
from cases.models import AssessmentItem, Case, CasePartner, SupportPlan
from cases.workflow import CaseState, PlanState
from common.japan.age import age_on
from common.japan.wareki import format_wareki_short
from common.kept_sql import kept, kept_of_day
from common.keyset import PAGE_SIZE
from households.contact import NOTHING_HIDDEN, Shield
from households.models import HouseholdMember, Person, without_search


@dataclass(frozen=True, slots=True)
class Chip:
    """A member of the household as the header shows it."""

    person: Person
    age: int | None
    role: str
    by_identity: bool = False


def chips(case: Case, on: date, shield: Shield = NOTHING_HIDDEN) -> list[Chip]:
    """Who belongs to the household today or belonged until they died; 本人 first. That a protected person moved out is not
    told. One query.
    """
    died_here = Q(during__endswith__gt=F("person__died_on"))
    members = (
        HouseholdMember.objects.filter(household=case.household_id)
        .filter(Q(during__contains=on) | Q(person__in=shield.people) | died_here)
        .select_related("person")
        .defer(*without_search("person"))
        .order_by("pk")
    )
    found = [
        Chip(
            m.person,
            age_on(m.person.birth_on, m.person.died_on or on) if m.person.birth_on else None,
            "・".join([m.get_relation_display(), *(["別居"] if not m.lives_together else []),
                       *(["キーパーソン"] if m.is_key_person else []),
                       *([f"{format_wareki_short(m.person.died_on)} 死亡"] if m.person.died_on else [])]),
            m.by_identity,
        )
        for m in members
    ]  # fmt: skip
    return sorted(found, key=lambda chip: chip.person.pk != case.person_id)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Standing items: strengths and wishes first, then problems by person × sector."""

    strengths: list[AssessmentItem]
    wishes: list[AssessmentItem]
    problems: list[AssessmentItem]
    grid: list[tuple[str, list[list[AssessmentItem]]]]
    sectors: list[tuple[str, str]]


def assessment(case: Case) -> Assessment:
    """One query; the grid has a row per person (世帯全体 last) and a column per sector that has a problem."""
    items = kept_of_day(_standing_items, on=timezone.localdate(), case=case.pk)
    problems = [i for i in items if i.kind == ItemKind.PROBLEM]
    used = [
        (code, word)
        for code, word in [*Sector.choices, ("", "分野なし")]
        if any(p.sector == code for p in problems)
    ]
    people = list(
        dict.fromkeys((p.person_id, p.person.display_name if p.person else "世帯全体") for p in problems)
    )
    people.sort(key=lambda pair: pair[0] is None)
    grid = [
        (name, [[p for p in problems if p.person_id == pk and p.sector == code] for code, _ in used])
        for pk, name in people
    ]
    return Assessment(
        strengths=[i for i in items if i.kind == ItemKind.STRENGTH],
        wishes=[i for i in items if i.kind == ItemKind.WISH],
        problems=problems, grid=grid, sectors=used,
    )  # fmt: skip


def _standing_items(day: date, case: int) -> QuerySet[AssessmentItem]:
    rows = AssessmentItem.objects.filter(case=case).standing().select_related("person", "code")
    return rows.defer(*without_search("person")).order_by("pk")


def partners(case: Case) -> list[CasePartner]:
    return list(
        CasePartner.objects.filter(case=case, ended_at__isnull=True)
        .select_related("agency", "staff")
        .order_by("since")
    )


def latest_plan(case: Case) -> SupportPlan | None:
    return SupportPlan.objects.filter(case=case).order_by("-ordinal").first()


def phase(case: Case, plan_state: str | None) -> str:
    """Where the case stands by the state of its latest plan, in the words of the standard flow (domain.md 1.3)."""
    if not case.is_open:
        return "終結後の見守り" if case.follow_up_on else "終結"
    if not plan_state:
        return "見立て"
    return {
        PlanState.DRAFT: "プラン案", PlanState.DECIDED: "プラン実施中", PlanState.EVALUATED: "評価済・再プランへ",
        PlanState.REPLACED: "見立て",
    }[PlanState(plan_state)]  # fmt: skip


def for_list(cases: QuerySet[Case]) -> QuerySet[Case]:
    """With just what a row of the list says: half of the columns, and none of the long ones."""
    return cases.select_related("household", "lead_agency", "lead_staff").only(
        "number", "state", "sectors", "opened_at", "last_contact_at", "next_on", "next_text", "household__name",
        "lead_agency__short_name", "lead_agency__kind", "lead_staff__name",
    )  # fmt: skip


def recent_open(actor: Actor, rows: int) -> list[Case]:
    """The first rows of ``filter_cases`` as it stands before anybody narrows it: open cases, the latest first. The list
    that is opened most, so its query is kept.
    """
    return kept(_recent_open, actor, on=timezone.localdate())[:rows]


def _recent_open(actor: Actor) -> QuerySet[Case]:
    rows = for_list(Case.objects.visible_to(actor)).filter(state=CaseState.OPEN)
    return rows.order_by("-opened_at", "-pk")[: PAGE_SIZE + 1]


def of_whom(rows: QuerySet[Case], actor: Actor, whose: str) -> QuerySet[Case]:
    """Cases that the actor (mine) or their agency (lead) leads, or in which their agency takes part (partner)."""
    if whose == "mine":
        return rows.filter(lead_staff=actor.staff_id)
    if whose == "lead":
        return rows.filter(lead_agency=actor.agency_id)
    if whose == "partner":
        mine = CasePartner.objects.filter(agency=actor.agency_id, ended_at__isnull=True)
        return rows.filter(pk__in=mine.values("case_id")).exclude(lead_agency=actor.agency_id)
    return rows


def filter_cases(
    actor: Actor, at: datetime, *, whose: str = "", state: str = "open", sector: str = "", silent_days: int | None = None,
    q: str = "",
) -> QuerySet[Case]:  # fmt: skip
    """The cases that the actor sees, narrowed, with what a row of the list says."""
    rows = of_whom(for_list(Case.objects.visible_to(actor)), actor, whose)
    if state and state != "all":
        rows = rows.filter(state=state)
    if sector:
        rows = rows.filter(sectors__contains=[sector])
    if silent_days:
        rows = rows.filter(last_contact_at__lt=at - timedelta(days=silent_days))
    if q:
        # of who was added by name alone nothing more may be tried than the name of the household
        people = Person.objects.visible_to(actor).matching(q).values("pk")
        rows = rows.filter(
            Q(number__istartswith=q)
            | Q(household__name__contains=q)
            | Q(household__in=HouseholdMember.objects.filter(person__in=people).values("household_id"))
        )
    return rows
