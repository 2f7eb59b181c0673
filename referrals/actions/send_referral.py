"""Asking another agency to take part in a case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import ConsentState, Ground
from accounts.models import Agency
from audit.actions import record
from cases.models import Case
from common.errors import RuleViolation
from referrals.enums import SharedPart
from referrals.models import Referral
from referrals.permissions import check_can_send
from referrals.workflow import REFERRAL_WAITING, ReferralState

# 支援会議の根拠（106条の6、9条）は会議の議題で使う: its attendees owe secrecy, the receiver of a referral does not.
REFERRAL_GROUNDS = (
    Ground.CONSENT,
    Ground.PARTICIPATION,
    Ground.COORDINATION,
    Ground.ABUSE_LAW,
    Ground.EMERGENCY,
)
_AGAINST_THE_WILL = (Ground.ABUSE_LAW, Ground.EMERGENCY)


@transaction.atomic
def send_referral(
    *, case: Case, to_agency: Agency, purpose: str, message: str, ground: str, parts: Iterable[str],
    deadline_at: datetime, actor: Actor, at: datetime, request_key: UUID,
) -> Referral:  # fmt: skip
    """One request to one agency. The receiver gets no access to the case by it, only to the chosen ``parts``.

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
    chosen = _check_parts(parts)
    _check_ground(case, ground, chosen)
    if deadline_at <= at:
        raise RuleViolation("返事の期限は、今より後の日時にしてください。", field="deadline_at")
    if not purpose.strip():
        raise RuleViolation("お願いしたいことを一文で入力してください。", field="purpose")
    referral = Referral.objects.create(
        request_key=request_key, case=case, from_agency=actor.agency, to_agency=to_agency, sent_by=actor.staff,
        sent_at=at, purpose=purpose.strip(), message=message.strip(), ground=ground, parts=chosen,
        deadline_at=deadline_at, state=ReferralState.SENT,
    )  # fmt: skip
    record(
        actor=actor, action="referral.send", target=referral, at=at, case=case.pk, to_agency=to_agency.pk,
        ground=ground, parts=chosen, deadline_at=deadline_at.isoformat(),
    )  # fmt: skip
    return referral


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


def _check_parts(parts: Iterable[str]) -> list[str]:
    """The chosen parts in the order of the enum, each once."""
    wanted = set(parts)
    if wanted - set(SharedPart.values):
        raise RuleViolation("見せる記録は、一覧にあるものから選んでください。", field="parts")
    return [part for part in SharedPart.values if part in wanted]


def _check_ground(case: Case, ground: str, parts: list[str]) -> None:
    if ground not in REFERRAL_GROUNDS:
        raise RuleViolation(
            "この根拠はつなぎには使えません（支援会議の根拠は、会議の議題で使います）。", field="ground"
        )
    others = "・".join(g.label for g in REFERRAL_GROUNDS if g is not Ground.CONSENT)
    if ground == Ground.CONSENT and case.consent != ConsentState.YES:
        label = ConsentState(case.consent).label
        raise RuleViolation(
            f"本人の同意は「{label}」です。同意を根拠にするには、先にケースで同意を記録してください。"
            f"同意なしでつなぐときの根拠：{others}",
            field="ground",
        )
    refused = case.consent in (ConsentState.REFUSED, ConsentState.WITHDRAWN)
    if refused and parts and ground not in _AGAINST_THE_WILL:
        raise RuleViolation(
            "本人が共有を断っています。見せる記録を外すか、虐待・緊急を根拠にするか、支援会議で共有してください。",
            field="parts",
        )
