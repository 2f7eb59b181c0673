"""同意: recording an answer, and taking a yes back at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import ConsentState
from accounts.models import Agency
from audit.actions import record
from cases.models import Case, CaseGrant, CasePartner
from cases.permissions import check_can_write_case
from cases.selectors.consents import consent_summary
from common.errors import InvalidTransition, RuleViolation
from common.models import check_version
from households.actions.grants import end_grants_resting_on
from households.enums import ConsentGiver, ConsentMethod, InformationKind
from households.models import Consent, ConsentAgency, ConsentScan, HouseholdGrant

ANSWERS = (ConsentState.YES, ConsentState.NO, ConsentState.REFUSED)
SCAN_LIMIT = 5 * 1024 * 1024
_SIGNATURES = {b"%PDF-": "application/pdf", b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class ConsentData:
    """One answer. ``scan`` is the signed paper as bytes (PDF, PNG or JPEG, at most 5 MB)."""

    state: str
    given_on: date
    method: str
    kinds: tuple[str, ...] = ()
    agencies: tuple[Agency, ...] = ()
    purpose: str = ""
    ends_on: date | None = None
    giver: str = ConsentGiver.SELF
    giver_name: str = ""
    witness: str = ""
    paper_place: str = ""
    note: str = ""
    scan: bytes | None = None


def _check(data: ConsentData, today: date) -> None:
    if data.state not in ANSWERS:
        raise RuleViolation("答えを一覧から選んでください。", field="state")
    if data.given_on > today:
        raise RuleViolation(
            "答えた日が今日より後です。同意を先の日付で記録することはできません。", field="given_on"
        )
    if data.method not in ConsentMethod.values:
        raise RuleViolation("方法を一覧から選んでください。", field="method")
    if data.giver not in ConsentGiver.values:
        raise RuleViolation("答えた人を一覧から選んでください。", field="giver")
    if data.giver != ConsentGiver.SELF and not data.giver_name.strip():
        raise RuleViolation("本人に代わって答えた人の氏名を入力してください。", field="giver_name")
    if data.state == ConsentState.YES:
        _check_scope(data, today)


def _check_scope(data: ConsentData, today: date) -> None:
    if not data.kinds or set(data.kinds) - set(InformationKind.values):
        raise RuleViolation("伝えてよい情報の種類を、一覧から一つ以上選んでください。", field="kinds")
    if not data.agencies:
        raise RuleViolation("伝えてよい機関を一つ以上選んでください。", field="agencies")
    if not data.purpose.strip():
        raise RuleViolation("何のために伝えるのかを入力してください。", field="purpose")
    if data.ends_on and data.ends_on < data.given_on:
        raise RuleViolation("期限が、同意した日より前です。", field="ends_on")
    if data.ends_on and data.ends_on < today:
        raise RuleViolation("期限がすでに過ぎています。", field="ends_on")
    if data.method == ConsentMethod.SPOKEN and not data.witness.strip():
        raise RuleViolation("口頭の同意には、立会人の氏名を入力してください。", field="witness")
    if data.method == ConsentMethod.SIGNED and data.scan is None and not data.paper_place.strip():
        raise RuleViolation("署名した書面の写しを付けるか、保管場所を入力してください。", field="paper_place")


def _scan_type(scan: bytes) -> str:
    kind = next((kind for start, kind in _SIGNATURES.items() if scan.startswith(start)), "")
    if not kind:
        raise RuleViolation("写しは、PDF・PNG・JPEGのファイルにしてください。", field="scan")
    if len(scan) > SCAN_LIMIT:
        raise RuleViolation("写しは5MB以下にしてください。", field="scan")
    return kind


@transaction.atomic
def record_consent(
    *, case: Case, data: ConsentData, actor: Actor, at: datetime, request_key: UUID
) -> Consent:
    """The answer of the case's person. The case's summary follows; the same ``request_key`` is one record.

    A yes opens nothing by itself: acts of sharing (a referral, a conference) rest on it.
    """
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write_case(actor, case)
    if case.person_id is None:
        raise RuleViolation("本人が登録されていないため、同意を記録できません。先に本人を登録してください。")
    known = Consent.objects.filter(request_key=request_key, household=case.household_id).first()
    if known is not None:
        return known
    _check(data, timezone.localdate(at))
    kind = _scan_type(data.scan) if data.scan else ""
    is_yes = data.state == ConsentState.YES
    _, staff = actor.office()
    consent = Consent.objects.create(
        request_key=request_key, household=case.household, person_id=case.person_id, state=data.state,
        giver=data.giver, giver_name=data.giver_name.strip(), kinds=_ordered(data.kinds) if is_yes else [],
        purpose=data.purpose.strip(), given_on=data.given_on, ends_on=data.ends_on if is_yes else None,
        method=data.method, explained_by=staff, witness=data.witness.strip(),
        paper_place=data.paper_place.strip(), note=data.note.strip(), recorded_by=staff, recorded_at=at,
    )  # fmt: skip
    if is_yes:
        ConsentAgency.objects.bulk_create(
            ConsentAgency(consent=consent, agency=agency) for agency in dict.fromkeys(data.agencies)
        )
    if data.scan:
        ConsentScan.objects.create(
            consent=consent,
            content_type=kind,
            data=data.scan,
            sha256=sha256(data.scan).hexdigest(),
            stored_at=at,
        )
    summarize(case, at)
    record(
        actor=actor, action="consent.record", target=consent, at=at, case=case.number, state=data.state,
        kinds=consent.kinds, agencies=[a.pk for a in data.agencies] if is_yes else [],
    )  # fmt: skip
    return consent


def _ordered(kinds: Iterable[str]) -> list[str]:
    return [kind for kind in InformationKind.values if kind in set(kinds)]


def summarize(case: Case, at: datetime) -> None:
    """The case shows the state that follows from its person's answers."""
    case.consent, case.consent_on = consent_summary(case, timezone.localdate(at))
    case.save(update_fields=["consent", "consent_on"])


@transaction.atomic
def withdraw_consent(
    *, consent: Consent, withdrawn_on: date, note: str, version: int, actor: Actor, at: datetime
) -> int:
    """The person takes a yes back. Every grant that rested on it ends at this moment; returns how many.

    Raises InvalidTransition when it was already withdrawn or never was a yes.
    """
    seen = Consent.objects.visible_to(actor).get(pk=consent.pk)
    cases = list(
        Case.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .filter(household=seen.household_id)
        .order_by("pk")
    )
    consent = Consent.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=consent.pk)
    if not cases:
        raise RuleViolation("この世帯のケースが見つかりません。")
    check_can_write_case(actor, cases[0])
    if consent.state == ConsentState.WITHDRAWN:
        raise InvalidTransition("この同意は、すでに撤回されています。")
    if consent.state != ConsentState.YES:
        raise InvalidTransition("撤回できるのは、「あり」の同意だけです。")
    check_version(consent, version)
    if withdrawn_on > timezone.localdate(at):
        raise RuleViolation("撤回した日が今日より後です。", field="withdrawn_on")
    if withdrawn_on < consent.given_on:
        raise RuleViolation("撤回した日が、同意した日より前です。", field="withdrawn_on")
    _, staff = actor.office()
    consent.state, consent.withdrawn_on, consent.withdrawn_at = ConsentState.WITHDRAWN, withdrawn_on, at
    consent.withdrawn_by, consent.withdrawal_note = staff, note.strip()
    consent.save()
    ended = end_grants_resting_on(consent, grant_models=(CaseGrant, HouseholdGrant), at=at)
    for case in cases:
        _end_partners(case, consent, at)
        if case.person_id == consent.person_id:
            summarize(case, at)
    record(actor=actor, action="consent.withdraw", target=consent, at=at, grants_ended=ended)
    return ended


def _end_partners(case: Case, consent: Consent, at: datetime) -> None:
    """A named agency to which nothing else opens the case is no partner any more."""
    for named in consent.named.select_related("agency"):
        still = CaseGrant.objects.in_force(at).filter(content_object=case, group_id=named.agency.group_id)
        if not still.exists() and case.lead_agency_id != named.agency_id:
            CasePartner.objects.filter(case=case, agency=named.agency, ended_at__isnull=True).update(
                ended_at=at
            )


@transaction.atomic
def expire_consents(*, at: datetime) -> int:
    """Nightly: cases that still show あり although the last yes has run out; returns how many changed."""
    today, changed = timezone.localdate(at), 0
    stale = (
        Case.objects.filter(consent=ConsentState.YES, person__isnull=False)
        .exclude(household__in=Consent.objects.in_force(today).values("household_id"))
        .filter(household__in=Consent.objects.filter(ends_on__lt=today).values("household_id"))
    )
    for case in stale.select_for_update(of=("self",)).order_by("pk"):
        summarize(case, at)
        record(actor=Actor.system("同意の期限"), action="consent.expire", target=case, at=at)
        changed += 1
    return changed
