"""The kinds of rows that belong to the household itself: consents, who came and went, births and deaths; and records
that are there, but not for this reader. They stand in the stream of the household only.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from accounts.enums import ConsentState
from accounts.models import Agency
from cases.models import Case, Consultation
from cases.stream.registry import Data, Reader, Source, Words, always, has_agency, nobody_protected
from households.contact import HIDDEN_DESK
from households.enums import ConsentMethod, InformationKind, MovementKind, Relation
from households.models import Consent, Household, HouseholdMember, HouseholdMovement, MovementPerson

ASK_DIRECTOR = "エリアディレクター（調整役）"


def _as_moment(path: str) -> Cast:
    """A day as a moment, so that it has its place among rows that have a time."""
    return Cast(F(path), DateTimeField())


# a membership ends on the day after the last one
_LAST_DAY = ExpressionWrapper(
    _as_moment("during__endswith") - timedelta(days=1), output_field=DateTimeField()
)


def _never(*args: object) -> Q:
    """No filter reaches what is only told to be there: it would tell whose it is."""
    return Q(pk__in=[])


def _consents(reader: Reader) -> QuerySet[Consent] | None:
    if not reader.is_whole:
        return None
    return Consent.objects.filter(household=reader.household_id)


def _withdrawn(reader: Reader) -> QuerySet[Consent] | None:
    rows = _consents(reader)
    return None if rows is None else rows.filter(withdrawn_on__isnull=False)


def _consent_url(reader: Reader) -> str:
    return reverse("cases:consent", args=[reader.cases[0].number]) if reader.cases else ""


def _consent(reader: Reader, pk: int, data: Data) -> Words:
    given = data["state"] in (ConsentState.YES, ConsentState.WITHDRAWN)
    title = (
        f"同意（{ConsentMethod(data['method']).label}）"
        if given
        else f"同意：{ConsentState(data['state']).label}"
    )
    kinds = "、".join(InformationKind(kind).label for kind in data["kinds"]) if given else ""
    return Words(title=title, text="\n".join(filter(None, (kinds, data["note"]))), url=_consent_url(reader))


def _consent_back(reader: Reader, pk: int, data: Data) -> Words:
    return Words(title="同意の撤回", text=data["note"], url=_consent_url(reader))


def _members(reader: Reader) -> QuerySet[HouseholdMember] | None:
    """That a protected person came or went is not told."""
    if not reader.is_whole:
        return None
    rows = HouseholdMember.objects.filter(household=reader.household_id)
    return rows.exclude(person__in=reader.shield.people)


def _known(reader: Reader, **when: Any) -> QuerySet[HouseholdMember] | None:
    """Members of whom the household's readers may know more than the name; a person stands once."""
    rows = _members(reader)
    if rows is None:
        return None
    later = HouseholdMember.objects.filter(
        household=reader.household_id, person=OuterRef("person"), pk__gt=OuterRef("pk")
    )
    return rows.filter(~Exists(later), by_identity=False, **when)


def _same_member() -> QuerySet[HouseholdMember]:
    return HouseholdMember.objects.filter(household=OuterRef("household"), person=OuterRef("person"))


def _joined(reader: Reader) -> QuerySet[HouseholdMember] | None:
    rows = _members(reader)
    if rows is None:
        return None
    # who went into a facility, or came back, was a member all the time
    before = _same_member().filter(during__endswith=OuterRef("during__startswith"))
    return rows.filter(~Exists(before), during__startswith__isnull=False).exclude(
        during__startswith=F("person__birth_on"), by_identity=False
    )


def _left(reader: Reader) -> QuerySet[HouseholdMember] | None:
    rows = _members(reader)
    if rows is None:
        return None
    after = _same_member().filter(during__startswith=OuterRef("during__endswith"))
    return rows.filter(~Exists(after), during__endswith__isnull=False).exclude(
        person__died_on__isnull=False, during__endswith__gte=F("person__died_on")
    )


def _movements(reader: Reader) -> QuerySet[HouseholdMovement] | None:
    """What no membership tells: moves, facilities, marriages. Never of a protected person, nor of where they live."""
    if not reader.is_whole or reader.shield.hides(reader.household_id):
        return None
    rows = HouseholdMovement.objects.standing().filter(
        household=reader.household_id, kind__in=_TOLD_MOVEMENTS
    )
    if reader.shield.people:
        rows = rows.exclude(people__in=reader.shield.people)
    return rows


def _moved(reader: Reader, pk: int, data: Data) -> Words:
    return Words(
        title=MovementKind(data["kind"]).label, text="、".join(filter(None, (*data["names"], data["note"])))
    )


def _born(reader: Reader) -> QuerySet[HouseholdMember] | None:
    """Births into the household, as its membership or its first record shows; not the birthdays of the grown."""
    rows = _known(reader, person__birth_on__isnull=False)
    if rows is None:
        return None
    return rows.filter(
        Q(during__startswith=F("person__birth_on"))
        | Q(person__birth_on__gte=F("household__created_at__date"))
    )


def _relation(said: str) -> Any:
    def words(reader: Reader, pk: int, data: Data) -> Words:
        relation = Relation(data["relation"])
        return Words(title=f"{said}（{relation.label}）" if relation != Relation.UNKNOWN else said)

    return words


def _tells(reader: Reader) -> bool:
    """Whether records that the reader may not open are shown as present at all: in the household's own stream, to who
    sees it by office; never where anybody of the household is, or was, protected from the reader.
    """
    if not reader.is_whole or reader.shield.was_home(reader.household_id):
        return False
    if "tells" not in reader.memo:
        office = reader.actor.by_office()
        reader.memo["tells"] = (
            office is reader.actor
            or Household.objects.visible_to(office).filter(pk=reader.household_id).exists()
        )
    return bool(reader.memo["tells"])


def _tells_cases(reader: Reader) -> bool:
    return bool(reader.closed_ids) and _tells(reader)


def _closed_cases(reader: Reader) -> QuerySet[Case]:
    return Case.objects.filter(pk__in=reader.closed_ids)


def _closed_consultations(reader: Reader) -> QuerySet[Consultation]:
    """Contacts that led to no case; of those in a case the row of the case speaks."""
    rows = Consultation.objects.filter(household=reader.household_id, case__isnull=True)
    return rows.exclude(agency=reader.agency_id)


def _closed(said: str) -> Any:
    def words(reader: Reader, pk: int, data: Data) -> Words:
        if (
            not reader.cases
        ):  # who works on no case of the household is told that there is something, not whose
            return Words(
                title=f"{said}があります（閲覧できません）",
                who="ほかの機関",
                ask=ASK_DIRECTOR,
                is_closed=True,
            )
        name = data["agency"]
        ask = ASK_DIRECTOR if name == HIDDEN_DESK else name
        return Words(title=f"{name}の{said}があります（閲覧できません）", ask=ask, is_closed=True)

    return words


_TOLD_MOVEMENTS = (
    MovementKind.MOVE, MovementKind.MOVE_IN, MovementKind.MOVE_OUT, MovementKind.FACILITY_IN, MovementKind.FACILITY_OUT,
    MovementKind.APART, MovementKind.TOGETHER, MovementKind.MARRIAGE, MovementKind.DIVORCE,
)  # fmt: skip
_NAMES = ArraySubquery(
    MovementPerson.objects.filter(movement=OuterRef("pk"))
    .order_by("pk")
    .values(name=Concat("person__family_name", Value(" "), "person__given_name"))
)
SOURCES: tuple[Source, ...] = (
    Source(
        "s", "s", _consents, is_plain=always, at=_as_moment("given_on"), words=_consent, staff="explained_by", person="person", is_day=True,
        data={"state": "state", "method": "method", "kinds": "kinds", "note": "note"},
    ),
    Source(
        "sw", "s", _withdrawn, is_plain=always, at=_as_moment("withdrawn_on"), words=_consent_back, staff="withdrawn_by", person="person",
        is_day=True, data={"note": "withdrawal_note"},
    ),
    Source("hm", "h", _movements, is_plain=nobody_protected, at=_as_moment("on"), words=_moved, is_day=True, is_milestone=True,
      data={"kind": "kind", "note": "note", "names": _NAMES}),
    Source("hj", "h", _joined, is_plain=nobody_protected, at=_as_moment("during__startswith"), words=_relation("世帯に加わった"), person="person",
      is_day=True, is_milestone=True, data={"relation": "relation"}),
    Source("hl", "h", _left, is_plain=nobody_protected, at=_LAST_DAY, words=_relation("世帯を離れた"), person="person",
      is_day=True, is_milestone=True, data={"relation": "relation"}),
    Source("hb", "h", _born, is_plain=nobody_protected, at=_as_moment("person__birth_on"), words=_relation("生まれた"), person="person",
      is_day=True, is_milestone=True, data={"relation": "relation"}),
    Source("hd", "h", lambda r: _known(r, person__died_on__isnull=False), is_plain=nobody_protected, at=_as_moment("person__died_on"),
      words=_relation("亡くなった"), person="person", is_day=True, is_milestone=True, data={"relation": "relation"}),
    Source("xk", "x", _closed_cases, tells=_tells_cases, at=_as_moment("opened_at__date"), words=_closed("支援の記録"), agency="lead_agency",
      is_day=True, by_agency=_never, by_sector=_never),
    Source("xc", "x", _closed_consultations, tells=_tells, is_plain=has_agency, at=_as_moment("started_at__date"), words=_closed("相談の記録"), agency="agency",
      is_day=True, by_agency=_never, by_sector=_never),
)  # fmt: skip


def agencies_of(reader: Reader) -> list[tuple[int, str]]:
    """The choices of the filter: who leads or takes part in a case that the reader sees, as far as the shield tells."""
    agencies = {case.lead_agency_id: case.lead_agency for case in reader.cases}
    for case in reader.cases:
        for said in getattr(case, "taking_part", ()):
            agencies[said["id"]] = Agency(pk=said["id"], short_name=said["name"], kind=said["kind"])
    if reader.actor.agency is not None:
        agencies[reader.actor.agency.pk] = reader.actor.agency
    hides = reader.shield.hides(reader.household_id)
    return [
        (pk, agency.short_name)
        for pk, agency in agencies.items()
        if pk == reader.actor.agency_id
        or not hides
        or reader.shield.desk(agency, reader.household_id) == agency.short_name
    ]
