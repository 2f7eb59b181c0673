"""閲覧の記録: who looked at a person's records, when, as what, and on what ground."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast, NullIf
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import ABUSE_LAWS, Ground, Role
from accounts.models import Agency
from audit.models import AccessKind, AccessRecord
from cases.models import Case, CaseGrant, Consultation
from households.contact import HIDDEN_DESK, Shield
from households.models import Household, HouseholdGrant, Person
from households.selectors_same import same_person
from reports.targets import CASE, CONSULTATION, HOUSEHOLD, PERSON, Targets, about, below

TYPES = {
    PERSON: "人", HOUSEHOLD: "世帯", CASE: "ケース", CONSULTATION: "相談受付", "cases.progressnote": "支援経過",
    "cases.supportplan": "プラン", "cases.followup": "終結後フォロー", "cases.assessmentitem": "見立て",
    "cases.breakglass": "緊急閲覧", "referrals.referral": "つなぎ", "referrals.actionitem": "決定事項",
    "referrals.agendaitem": "議題", "referrals.outsiderequest": "協力者へのお願い", "referrals.conference": "会議", "households.consent": "同意",
    "households.consentscan": "同意書の写し",
}  # fmt: skip
# on paper for 開示請求: that somebody was heard about an abuse or in a 支援会議 is not told by the list of readers
_NOT_ON_PAPER = {
    "referrals.actionitem", "referrals.agendaitem", "referrals.conference", "cases.breakglass",
}  # fmt: skip
_PAPER_GROUND = "法令に基づく情報の共有"
_LAWS = {*ABUSE_LAWS, Ground.ARTICLE_106_6, Ground.POVERTY_ARTICLE_9}
TRAIL_PATH = "/trail/"
HIDDEN_THIRD_PARTY = "（第三者の情報）"


@dataclass(frozen=True, slots=True)
class Scope:
    """The records of one person as far as the reader sees them."""

    person: Person
    households: frozenset[int]
    cases: dict[int, Case]
    consultations: dict[int, Consultation]
    targets: Targets

    @property
    def household(self) -> int | None:
        return min(self.households, default=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of the page."""

    at: datetime
    worker: str
    agency: str
    role: str
    kind: str
    target: str
    ground: str
    is_denied: bool


def person_scope(person: Person, actor: Actor) -> Scope:
    """Households, cases, consultations and what hangs on them; each through the reader's own scope. Five queries;
    reads of records that were merged into the person count as reads of the person."""
    households = frozenset(
        Household.objects.visible_to(actor).filter(members__person=person).values_list("pk", flat=True)
    )
    seen = Case.objects.visible_to(actor).filter(Q(household__in=households) | Q(person=person))
    cases = {case.pk: case for case in seen.only("number", "household_id", "person_id")}
    received = Consultation.objects.visible_to(actor).filter(
        Q(person=person) | Q(household__in=households) | Q(case__in=list(cases))
    )
    consultations = {row.pk: row for row in received.only("receipt_no", "person_id", "case_id", "agency_id")}
    targets = below(households, cases, actor)
    targets[PERSON] = {str(pk) for pk in same_person(person)}
    targets[HOUSEHOLD] = {str(pk) for pk in households}
    targets[CASE] = {str(pk) for pk in cases} | {case.number for case in cases.values()}
    targets[CONSULTATION] = {str(pk) for pk in consultations} | {c.receipt_no for c in consultations.values()}
    return Scope(person, households, cases, consultations, targets)


def readings_of(
    scope: Scope,
    *,
    kind: str = "",
    agency: str = "",
    who: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AccessRecord]:
    """Every line of the log about the person's records, filtered."""
    rows = AccessRecord.objects.filter(about(scope.targets))
    if kind:
        rows = rows.filter(kind=kind)
    if agency:
        rows = rows.filter(agency_id_text=agency)
    if who:
        rows = rows.filter(actor_label__contains=who)
    return in_days(rows, since, until)


def in_days(rows: QuerySet[AccessRecord], since: date | None, until: date | None) -> QuerySet[AccessRecord]:
    """Lines from a day to a day, both included."""
    if since:
        rows = rows.filter(at__gte=_start(since))
    if until:
        rows = rows.filter(at__lt=_start(until + timedelta(days=1)))
    return rows


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# ── Lines in words ──────────────────────────────────────────────────────────────────────────────────────────


class Words:
    """Turns lines of the log into words for one page: agencies and grants are read once."""

    def __init__(self, scope: Scope, agencies: Mapping[int, Agency], shield: Shield) -> None:
        self.scope, self.agencies, self.shield = scope, agencies, shield
        self.household_grants = _grants(HouseholdGrant, scope.households)
        self.case_grants = _grants(CaseGrant, scope.cases)
        self.hidden_home = next((h for h in sorted(scope.households) if shield.hides(h)), scope.household)

    def reading(
        self, record: AccessRecord, *, for_paper: bool = False, names_workers: bool = True
    ) -> Reading:
        agency = self._agency(record)
        worker = "（秘匿）" if agency == HIDDEN_DESK else record.actor_label.rsplit("（", 1)[0]
        if not names_workers:
            worker = "（職員）" if record.staff_id_text else "システム"
        ground = self._ground(record)
        kind = AccessKind(record.kind).label if record.kind in AccessKind.values else record.kind
        if record.path.startswith(TRAIL_PATH):
            kind = f"閲覧の記録の{kind}"
        return Reading(
            at=record.at, worker=worker, agency=agency, kind=kind,
            role=Role(record.role).label if record.role in Role.values else "",
            target=self._target(record, for_paper=for_paper), ground=_paper_ground(ground) if for_paper else ground,
            is_denied=record.kind == AccessKind.DENIED,
        )  # fmt: skip

    def _agency(self, record: AccessRecord) -> str:
        agency = self.agencies.get(int(record.agency_id_text)) if record.agency_id_text.isdigit() else None
        return self.shield.desk(agency, self.hidden_home) if agency else ""

    def _target(self, record: AccessRecord, *, for_paper: bool) -> str:
        label = TYPES.get(record.target_type, record.target_type)
        if for_paper and record.target_type in _NOT_ON_PAPER:
            return "支援の記録"
        if record.target_type == CASE:
            case = next(
                (c for c in self.scope.cases.values() if record.target_id in {str(c.pk), c.number}), None
            )
            return f"{label} {_numbered(case, 'number', self.scope.person, for_paper)}"
        if record.target_type == CONSULTATION:
            found = (
                c for c in self.scope.consultations.values() if record.target_id in {str(c.pk), c.receipt_no}
            )
            return f"{label} {_numbered(next(found, None), 'receipt_no', self.scope.person, for_paper)}"
        return label

    def _ground(self, record: AccessRecord) -> str:
        """The ground that the log names, else that of the grant by which the agency saw the record at that moment."""
        if record.ground in Ground.values:
            return Ground(record.ground).label
        if record.kind == AccessKind.DENIED:
            return "—"
        if record.target_type == CONSULTATION and any(
            record.agency_id_text == str(c.agency_id) and record.target_id in {str(c.pk), c.receipt_no}
            for c in self.scope.consultations.values()
        ):
            return Ground.OWN_DUTY.label
        grants = self.household_grants if record.target_type in {PERSON, HOUSEHOLD} else self.case_grants
        for grant in grants:
            if _gave(grant, record):
                return Ground(grant.ground).label if grant.ground in Ground.values else grant.ground
        return "記録なし"


def _paper_ground(ground: str) -> str:
    return _PAPER_GROUND if ground in {law.label for law in _LAWS} else ground


def _numbered(row: Any, name: str, person: Person, for_paper: bool) -> str:
    """The number of a case or consultation; on paper only of those that are about the person themselves."""
    if row is None:
        return ""
    if for_paper and row.person_id not in {None, person.pk}:
        return HIDDEN_THIRD_PARTY
    number: str = getattr(row, name)
    return number


def _grants(model: Any, ids: Iterable[int]) -> list[Any]:
    """Grants on some records, ended ones too, the newest first."""
    rows = model.objects.filter(content_object__in=list(ids)).select_related("group__agency")
    return list(rows.order_by("-given_at", "-pk"))


def _gave(grant: Any, record: AccessRecord) -> bool:
    if grant.given_at > record.at or (grant.ends_at is not None and grant.ends_at <= record.at):
        return False
    agency = getattr(grant.group, "agency", None)
    if agency is None:  # a group made for one person and one hour (緊急閲覧)
        return str(grant.given_by_id) == record.staff_id_text
    return str(agency.pk) == record.agency_id_text


def agencies_in(scope: Scope) -> dict[int, Agency]:
    """Agencies that appear in the log of the person; one query."""
    ids = AccessRecord.objects.filter(about(scope.targets)).annotate(
        agency=Cast(NullIf("agency_id_text", Value("")), BigIntegerField())
    )
    rows = Agency.objects.filter(pk__in=ids.values("agency")).order_by("code")
    return {agency.pk: agency for agency in rows}


def hides_desks(scope: Scope, shield: Shield) -> bool:
    """Whether desks are not to be told: somebody of the person's households is protected from the reader."""
    return any(shield.hides(household) for household in scope.households)
