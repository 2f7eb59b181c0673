"""Asking another agency to take part in a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import ConsentState, Ground
from accounts.models import Agency
from audit.actions import record
from cases.actions.assessment import ItemData, add_item
from cases.enums import ItemKind
from cases.models import AssessmentItem, Case
from cases.selectors.consents import standing_consent
from common.errors import RuleViolation
from households.grounds import REFERRAL_GROUNDS
from households.models import Consent
from referrals.enums import SharedPart
from referrals.models import Referral
from referrals.permissions import check_can_send
from referrals.selectors_needs import concerns_in_words, standing_needs
from referrals.workflow import REFERRAL_WAITING, ReferralState

MOST_AT_ONCE = 10
NOT_HEARD_YET = "困りごとは、これから聞き取る"


@transaction.atomic
def send_referral(
    *, case: Case, to_agency: Agency, purpose: str, message: str, ground: str, parts: Iterable[str],
    deadline_at: datetime, actor: Actor, at: datetime, request_key: UUID, batch: UUID | None = None,
    need: AssessmentItem | None = None, need_text: str = "",
) -> Referral:  # fmt: skip
    """One request to one agency (``batch``: sent together with others of that key). The receiver gets no access to the case by it, only to those of the chosen ``parts``
    that the ground covers (``referrals.disclosure``); the rest stays chosen and is shown to the sender as held back.

    It belongs to a need of the household: a standing problem or wish of the assessment, or ``need_text``, which is noted
    there as a problem; without either, the ticked concerns of the latest contact are the need, else the first that stands.

    The same ``request_key`` again returns the referral that it made. Raises NotAllowed, RuleViolation (beside
    its field) and Case.DoesNotExist for a case that the actor does not see.
    """
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_send(actor, case)
    assert actor.agency is not None and actor.staff is not None
    known = Referral.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.case_id == case.pk and known.from_agency_id == actor.agency.pk:
            return known
        raise RuleViolation("画面を開き直してから、もう一度送信してください。")
    if not case.is_open:
        raise RuleViolation("終結したケースからはつなげません。先に再開してください。")
    _check_receiver(case, to_agency, actor, at)
    chosen = chosen_parts(parts)
    consent = _consent_for(case, ground, to_agency, at)
    if deadline_at <= at:
        raise RuleViolation("返事の期限は、今より後の日時にしてください。", field="deadline_at")
    if not purpose.strip():
        raise RuleViolation("お願いしたいことを一文で入力してください。", field="purpose")
    need = _need_of(case, need, need_text, actor, at)
    referral = Referral.objects.create(
        request_key=request_key, batch=batch, case=case, need=need, from_agency=actor.agency, to_agency=to_agency, sent_by=actor.staff,
        sent_at=at, purpose=purpose.strip(), message=message.strip(), ground=ground, parts=chosen,
        consent=consent, deadline_at=deadline_at, state=ReferralState.SENT,
    )  # fmt: skip
    record(
        actor=actor, action="referral.send", target=referral, at=at, case=case.pk, to_agency=to_agency.pk,
        ground=ground, parts=chosen, consent=consent.pk if consent else None, need=need.pk,
        deadline_at=deadline_at.isoformat(),
    )  # fmt: skip
    return referral


@transaction.atomic
def send_to_several(
    *, case: Case, agencies: Sequence[Agency], actor: Actor, at: datetime, request_key: UUID, **asked: Any
) -> list[Referral]:
    """The same request to several agencies at once, all or none; ``asked`` is what ``send_referral`` takes.

    Each answers for itself. A wrong agency after the first is named beside the field ``also``.
    """
    sent: list[Referral] = []
    asked = dict(asked)
    once = list({agency.pk: agency for agency in agencies}.values())
    if len(once) > MOST_AT_ONCE:
        raise RuleViolation(f"一度につなげるのは{MOST_AT_ONCE}機関までです。", field="also")
    for n, agency in enumerate(once):
        try:
            sent.append(
                send_referral(
                    case=case, to_agency=agency, actor=actor, at=at, batch=request_key if len(once) > 1 else None,
                    request_key=uuid5(request_key, str(agency.pk)) if n else request_key, **asked,
                )
            )  # fmt: skip
            asked["need"] = sent[0].need  # one need, whoever is asked
        except RuleViolation as violation:
            if n and violation.field in {"to_agency", "ground"}:
                raise RuleViolation(str(violation), field="also") from None
            raise
    return sent


def _need_of(
    case: Case, need: AssessmentItem | None, text: str, actor: Actor, at: datetime
) -> AssessmentItem:
    """The need that the request is about; the same words are not noted twice."""
    if need is not None:
        if need.case_id != case.pk or need.ended_at is not None:
            raise RuleViolation("この世帯の今の困りごとから選んでください。", field="need")
        return need
    words = text.strip() or concerns_in_words(case)
    standing = standing_needs(case)
    known = (standing.filter(text=words[:500]) if words else standing).first()
    words = words or NOT_HEARD_YET
    return known or add_item(
        case=case, data=ItemData(kind=ItemKind.PROBLEM, text=words[:500]), actor=actor, at=at
    )


def _check_receiver(case: Case, to_agency: Agency, actor: Actor, at: datetime) -> None:
    if to_agency.pk == actor.agency_id:
        raise RuleViolation(
            "自分の機関へつなぐことはできません。ほかの機関を選んでください。", field="to_agency"
        )
    receivers = Agency.objects.with_desk().active_on(timezone.localdate(at))
    if not receivers.filter(pk=to_agency.pk).exists():
        raise RuleViolation(
            f"{to_agency.short_name}は、つなぎ先にできません（廃止されたか、相談を受けない部署です）。",
            field="to_agency",
        )
    if Referral.objects.filter(case=case, to_agency=to_agency, state__in=REFERRAL_WAITING).exists():
        raise RuleViolation(
            f"{to_agency.short_name}には、このケースの返事待ちのつなぎがすでにあります。", field="to_agency"
        )


def chosen_parts(parts: Iterable[str]) -> list[str]:
    """The chosen parts in the order of the enum, each once."""
    wanted = set(parts)
    if wanted - set(SharedPart.values):
        raise RuleViolation("見せる記録は、一覧にあるものから選んでください。", field="parts")
    return [part for part in SharedPart.values if part in wanted]


def _consent_for(case: Case, ground: str, to_agency: Agency, at: datetime) -> Consent | None:
    """The consent that a referral on that ground rests on; None for the other grounds, which need none."""
    if ground not in REFERRAL_GROUNDS:
        raise RuleViolation(
            "この根拠はつなぎには使えません（支援会議の根拠は、会議の議題で使います）。", field="ground"
        )
    if ground != Ground.CONSENT:
        return None
    others = "・".join(g.label for g in REFERRAL_GROUNDS if g is not Ground.CONSENT)
    consent = standing_consent(case, to_agency, timezone.localdate(at))
    if consent is None:
        label = ConsentState(case.consent).label
        raise RuleViolation(
            f"{to_agency.short_name}を伝える先に含む同意の記録がありません（ケースの同意は「{label}」です）。"
            f"先に同意を記録してください。同意なしでつなぐときの根拠：{others}",
            field="ground",
        )
    return consent
