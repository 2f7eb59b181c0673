"""Asking a partner without an account: the request, its page, the code by another way, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Staff
from accounts.roles import Permission
from audit.actions import record
from cases.models import AssessmentItem, Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.contact import shield_for
from households.grounds import REFERRAL_GROUNDS
from households.models import Consent
from referrals.actions.send_referral import chosen_parts
from referrals.enums_outside import CodeWay
from referrals.identity_words import check_no_identity
from referrals.models import OutsideLink, OutsidePartner, OutsideRequest
from referrals.outside_secrets import (
    CODE_LASTS,
    LINK_LASTS,
    MOST_CODES,
    code_sum,
    new_code,
    new_token,
    token_sum,
)
from referrals.permissions import check_can_send
from referrals.workflow_outside import OUTSIDE_TRANSITIONS, OutsideEvent, OutsideState


@dataclass(frozen=True, slots=True)
class Issued:
    """A request with its page. ``token`` is in nobody's hands but the caller's; "" where the page was made before."""

    request: OutsideRequest
    link: OutsideLink
    token: str


def check_can_keep(actor: Actor, request: OutsideRequest) -> None:
    """The agency that asked keeps the page, the code and the withdrawal."""
    if (
        request.from_agency_id != actor.agency_id
        or actor.staff is None
        or not actor.has(Permission.REFERRAL_SEND)
    ):
        raise NotAllowed("お願いした機関の職員だけができます。")


def can_keep(actor: Actor, request: OutsideRequest) -> bool:
    try:
        check_can_keep(actor, request)
    except NotAllowed:
        return False
    return True


def person_consent(case: Case, at: datetime) -> Consent | None:
    """The widest consent of the case's person in force; which agencies it names is not what lets a partner know."""
    if case.person_id is None:
        return None
    rows = Consent.objects.in_force(timezone.localdate(at)).filter(
        household=case.household_id, person=case.person_id
    )
    return max(rows.order_by("pk"), key=lambda c: (len(set(c.kinds)), c.given_on, c.pk), default=None)


@transaction.atomic
def ask_partner(
    *, case: Case, partner: OutsidePartner, purpose: str, ground: str, parts: Iterable[str], agreement: str,
    code_way: str, is_mailed: bool, actor: Actor, at: datetime, request_key: UUID,
    need: AssessmentItem | None = None, is_checked: bool = False,
) -> Issued:  # fmt: skip
    """One request to one partner, with its page. Nothing that names anybody is on the page before acceptance and code.

    The same ``request_key`` again returns what it made, without the address, which nobody has kept. Raises NotAllowed,
    RuleViolation beside its field, Case.DoesNotExist for a case that the actor does not see.
    """
    case = (
        Case.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("household__area")
        .get(pk=case.pk)
    )
    check_can_send(actor, case)
    agency, staff = actor.office()
    known = OutsideRequest.objects.filter(request_key=request_key, from_agency=agency, case=case).first()
    if known is not None:
        return Issued(known, known.links.latest("issued_at"), "")
    if not case.is_open:
        raise RuleViolation("終結したケースからはお願いできません。先に再開してください。")
    partner = OutsidePartner.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=partner.pk)
    if not partner.is_current:
        raise RuleViolation("この協力者には、いまは頼めません。", field="partner")
    if OutsideRequest.objects.unfinished().filter(case=case, partner=partner).exists():
        raise RuleViolation("この協力者には、このケースのお願いがすでに出ています。", field="partner")
    if not purpose.strip():
        raise RuleViolation("お願いしたいことを一文で入力してください。", field="purpose")
    check_no_identity(purpose, case.household, shield_for(actor), is_checked=is_checked, field="purpose")
    consent = _consent(case, ground, agreement, at)
    if need is not None and (need.case_id != case.pk or need.ended_at is not None):
        raise RuleViolation("この世帯の今の困りごとから選んでください。", field="need")
    request = OutsideRequest.objects.create(
        request_key=request_key, case=case, partner=partner, need=need, from_agency=agency, sent_by=staff, sent_at=at,
        purpose=purpose.strip(), ground=ground, consent=consent, agreement=agreement.strip() if consent else "",
        parts=chosen_parts(parts), state=OutsideState.SENT,
    )  # fmt: skip
    record(
        actor=actor, action="outside.ask", target=request, at=at, case=case.pk, partner=partner.pk, ground=ground,
        parts=request.parts, consent=consent.pk if consent else None,
    )  # fmt: skip
    link, token = _issue(request, partner, code_way, is_mailed, staff, at)
    return Issued(request, link, token)


def _consent(case: Case, ground: str, agreement: str, at: datetime) -> Consent | None:
    if ground not in REFERRAL_GROUNDS:
        raise RuleViolation("この根拠は、協力者へのお願いには使えません。", field="ground")
    if ground != Ground.CONSENT:
        return None
    consent = person_consent(case, at)
    if consent is None:
        raise RuleViolation(
            "本人の同意の記録がありません。先に同意を記録するか、ほかの根拠を選んでください。", field="ground"
        )
    if not agreement.strip():
        raise RuleViolation(
            "本人がこの協力者に伝えてよいと答えた日と言葉を書いてください（同意の記録が名指ししているのは機関です）。",
            field="agreement",
        )
    return consent


def _issue(
    request: OutsideRequest,
    partner: OutsidePartner,
    code_way: str,
    is_mailed: bool,
    staff: Staff,
    at: datetime,
) -> tuple[OutsideLink, str]:
    if code_way not in CodeWay.values:
        raise RuleViolation("コードの伝え方を選んでください。", field="code_way")
    if is_mailed and code_way == CodeWay.MAIL:
        raise RuleViolation("アドレスをメールで送るときは、コードは電話で伝えます。", field="code_way")
    if (is_mailed or code_way == CodeWay.MAIL) and not partner.email:
        raise RuleViolation("この協力者のメールが登録されていません。", field="code_way")
    if code_way == CodeWay.PHONE and not partner.phone:
        raise RuleViolation("この協力者の電話が登録されていません。", field="code_way")
    token = new_token()
    link = OutsideLink.objects.create(
        request=request, token_hash=token_sum(token), issued_at=at, issued_by=staff, is_mailed=is_mailed,
        code_way=code_way, expires_at=at + LINK_LASTS,
    )  # fmt: skip
    return link, token


def lock_request(request: OutsideRequest, actor: Actor) -> OutsideRequest:
    """The request as it stands, locked after its case, as everywhere between agencies."""
    seen = OutsideRequest.objects.visible_to(actor).get(pk=request.pk)
    case = Case.objects.select_for_update(of=("self",)).select_related("household__area").get(pk=seen.case_id)
    locked = (
        OutsideRequest.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("partner", "from_agency")
        .get(pk=request.pk)
    )
    locked.case = case
    return locked


def move(request: OutsideRequest, event: OutsideEvent) -> None:
    """Set the state that the table gives (not saved); InvalidTransition when it gives none."""
    try:
        request.state = OUTSIDE_TRANSITIONS[OutsideState(request.state), event]
    except KeyError:
        label = OutsideState(request.state).label
        raise InvalidTransition(f"このお願いは「{label}」になっているため、この操作はできません。") from None


@transaction.atomic
def reissue_link(
    *, request: OutsideRequest, code_way: str, is_mailed: bool, actor: Actor, at: datetime
) -> Issued:
    """A new page for an open request; the old address, its code and the browser that it had opened for end with it."""
    request = lock_request(request, actor)
    check_can_keep(actor, request)
    if not request.is_open:
        raise InvalidTransition("このお願いは終わっているため、ページを出し直せません。")
    end_links(request, at)
    staff = actor.office()[1]
    link, token = _issue(request, request.partner, code_way, is_mailed, staff, at)
    record(actor=actor, action="outside.reissue", target=request, at=at, case=request.case_id, link=link.pk)
    return Issued(request, link, token)


def end_links(request: OutsideRequest, at: datetime) -> None:
    for link in OutsideLink.objects.filter(request=request, ended_at__isnull=True).select_for_update(
        of=("self",)
    ):
        link.ended_at, link.code_hash, link.browser_hash = at, "", ""
        link.save(update_fields=["ended_at", "code_hash", "browser_hash"])


@transaction.atomic
def make_code(*, request: OutsideRequest, actor: Actor, at: datetime) -> str:
    """The code for the page, to be told by the second channel once the partner has accepted; the former code ends.

    Raises NotAllowed, InvalidTransition (nothing accepted yet, the page is over, too many codes).
    """
    request = lock_request(request, actor)
    check_can_keep(actor, request)
    link = living_link(request, at)
    return put_code(request, link, actor=actor, at=at)


def living_link(request: OutsideRequest, at: datetime) -> OutsideLink:
    link = OutsideLink.objects.alive(at).filter(request=request).select_for_update(of=("self",)).first()
    if link is None:
        raise InvalidTransition("ページの期限が切れています。ページを出し直してください。")
    return link


def put_code(request: OutsideRequest, link: OutsideLink, *, actor: Actor, at: datetime) -> str:
    """``link`` is locked."""
    if not request.is_taken:
        raise InvalidTransition("コードは、協力者が引き受けたあとに出せます。")
    if link.codes_made >= MOST_CODES:
        raise InvalidTransition(f"このページのコードは{MOST_CODES}回出しました。ページを出し直してください。")
    code = new_code()
    link.code_hash, link.code_until, link.code_tries = code_sum(link.pk, code), at + CODE_LASTS, 0
    link.codes_made += 1
    link.save(update_fields=["code_hash", "code_until", "code_tries", "codes_made"])
    record(actor=actor, action="outside.code", target=request, at=at, case=request.case_id, link=link.pk)
    return code


@transaction.atomic
def withdraw_request(*, request: OutsideRequest, actor: Actor, at: datetime) -> OutsideRequest:
    """Taken back: the page shows nothing from this moment on."""
    request = lock_request(request, actor)
    check_can_keep(actor, request)
    move(request, OutsideEvent.WITHDRAW)
    request.withdrawn_at, request.withdrawn_by = at, actor.office()[1]
    request.save(update_fields=["state", "withdrawn_at", "withdrawn_by"])
    end_links(request, at)
    record(actor=actor, action="outside.withdraw", target=request, at=at, case=request.case_id)
    return request
