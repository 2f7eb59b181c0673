"""Reads of the intake pages: what stands beside the form while somebody types, and the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from cases.enums import CodeList
from cases.models import Case, CasePartner, Code, Consultation
from common.kept_sql import filled_up, kept, kept_of_day
from households.contact import Shield, shield_for
from households.models import HouseholdMember, Person, without_search
from households.selectors_alike import Typed
from households.selectors_alike import namesakes as alike_in_name
from households.selectors_people import FoundPerson, Tier, found_among, search_people

OWN_CASES = 1000  # whose people stand first


@dataclass(frozen=True, slots=True)
class Hint:
    """Beside the form: the sectors that the ticks propose, and the open case of the chosen person's household."""

    sectors: list[str]
    person: Person | None
    household_name: str
    lead: str
    lead_phone: str
    case_number: str  # only when the actor may open it


def intake_hint(*, actor: Actor, person_id: int | None, codes: list[str], on: date) -> Hint:
    """At most five queries. The lead agency is told to whoever may find the person; the case only to its scope."""
    ticked = Code.objects.of(CodeList.CONCERN, on).filter(code__in=codes)
    sectors = sorted({s for code in ticked for s in code.sectors}) if codes else []
    person = Person.objects.findable_by(actor).filter(pk=person_id).first() if person_id else None
    if person is None:
        return Hint(sectors, None, "", "", "", "")
    case = (
        Case.objects.open()
        .filter(
            household__in=HouseholdMember.objects.filter(during__contains=on, by_identity=False)
            .filter(person=person)
            .values("household_id")
        )
        .select_related("lead_agency", "household")
        .annotate(is_mine=Exists(Case.objects.visible_to(actor).filter(pk=OuterRef("pk"))))
        .order_by("-opened_at", "-pk")
        .first()
    )
    if case is None:
        return Hint(sectors, person, "", "", "", "")
    shield = shield_for(actor)
    hidden = shield.hides(case.household_id)
    return Hint(
        sectors=sectors,
        person=person,
        household_name=shield.text(case.household.name, case.household_id) if case.is_mine else "",
        lead=shield.desk(case.lead_agency, case.household_id) if hidden else case.lead_agency.name,
        lead_phone="" if hidden else case.lead_agency.phone,
        case_number=case.number if case.is_mine else "",
    )


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the list of people while typing: identity, why it was found, and who leads."""

    person: Person
    household_name: str
    lead: str
    reason: str = ""
    former: str = ""


def find_people(*, actor: Actor, query: str, limit: int = 20) -> list[Found]:
    """People ranked (households.selectors_people), their households today, the lead of an open case. No address, no
    phone. Whom the own agency works with stand first: who calls is mostly one of them, among hundreds of that name.
    """
    own = found_among(actor, kept(_own_people, actor, on=timezone.localdate()), query)[: limit // 2]
    known = {hit.person.pk for hit in own}
    hits = [hit for hit in search_people(actor, query, most=limit).hits if hit.person.pk not in known]
    return with_households([*own, *hits][:limit], shield_for(actor))


def _own_people(actor: Actor) -> QuerySet[HouseholdMember, int]:
    """Members today of the households of whose cases the actor's agency is, or was, the lead or a partner; those of the
    newest contacts.
    """
    ours = Q(lead_agency=actor.agency_id) | Q(
        pk__in=CasePartner.objects.filter(agency=actor.agency_id, ended_at__isnull=True).values("case")
    )
    homes = Case.objects.filter(ours).order_by("-last_contact_at", "-pk").values("household")[:OWN_CASES]
    members = HouseholdMember.objects.filter(during__contains=timezone.localdate(), household__in=homes)
    return members.order_by().values_list("person", flat=True)


def with_households(hits: list[FoundPerson], shield: Shield) -> list[Found]:
    """Two queries: households today, and the lead of an open case."""
    today = timezone.localdate()
    members = kept_of_day(_homes_on, on=today, people=filled_up([hit.person.pk for hit in hits]))
    household_of = {m.person_id: m.household for m in members}
    homes = filled_up([home.pk for home in household_of.values()])
    leads = dict(kept_of_day(_leads, on=today, households=homes))
    hidden = shield.households
    found = []
    for hit in hits:
        household = household_of.get(hit.person.pk)
        if household is not None and household.pk in hidden:
            household = None
        found.append(
            Found(
                hit.person,
                shield.text(household.name, household.pk) if household else "",
                leads.get(household.pk, "") if household else "",
                hit.reason,
                hit.former,
            )
        )
    return found


def _homes_on(day: date, people: list[int]) -> QuerySet[HouseholdMember]:
    rows = HouseholdMember.objects.filter(during__contains=day, person__in=people, by_identity=False)
    rows = rows.select_related("household")
    return rows.only("person_id", "household__name").order_by("pk")


def _leads(day: date, households: list[int]) -> QuerySet[Case, tuple[int, str]]:
    rows = Case.objects.open().filter(household__in=households)
    return rows.values_list("household_id", "lead_agency__short_name")


@dataclass(frozen=True, slots=True)
class Registered:
    """People whom somebody that is typed in may be; ``said`` is how alike their names are."""

    people: list[Found]
    said: str


def namesakes(*, actor: Actor, typed: Typed) -> Registered | None:
    """Whose whole name, reading, alias or former name is the typed one, in whatever characters; None for nobody. Beside
    each the reason, and what the search of people tells of the household and its lead.
    """
    found = alike_in_name(actor, typed)
    if not found:
        return None
    exact = {row.is_same_name for row in found}
    said = "同じ名前" if exact == {True} else "似た名前" if exact == {False} else "同じ名前や似た名前"
    hits = [FoundPerson(row.person, Tier.EXACT, row.reason) for row in found]
    return Registered(with_households(hits, shield_for(actor)), said)


def day_start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def filter_consultations(
    actor: Actor, *, q: str = "", mine: str = "", way: str = "", outcome: str = "", since: date | None = None,
    until: date | None = None,
) -> QuerySet[Consultation]:  # fmt: skip
    """The consultations that the actor sees, narrowed; relations that a row shows come along."""
    rows = Consultation.objects.visible_to(actor).select_related(
        "agency", "staff", "person", "case", "household"
    )
    rows = rows.defer(*without_search("person"))
    if mine == "me":
        rows = rows.filter(staff=actor.staff_id)
    if way:
        rows = rows.filter(way=way)
    if outcome:
        rows = rows.filter(outcome=outcome)
    if since:
        rows = rows.filter(started_at__gte=day_start(since))
    if until:
        rows = rows.filter(started_at__lt=day_start(date.fromordinal(until.toordinal() + 1)))
    if q:
        people = Person.objects.told_by(q, actor).values("pk")
        rows = rows.filter(Q(receipt_no__istartswith=q) | Q(person__in=people) | Q(caller_name__contains=q))
    return rows
