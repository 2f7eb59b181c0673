"""Reads of requests to partners without an account: the partner's page, and the case's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.actor import Actor
from cases.models import Case
from common.japan.age import age_on
from households.contact import Shield, shield_for_everybody
from referrals.disclosure_rules import coverage
from referrals.models import OutsideLink, OutsideRequest
from referrals.outside_secrets import same, token_sum
from referrals.selectors_disclosure import Disclosure, disclosure, with_refused
from referrals.workflow_outside import OUTSIDE_MEANING, OutsideState

_UNTOLD = "お知らせできません"


# ── The partner's page ──────────────────────────────────────────────────────────────────────────────────────


def find_link(token: str, at: datetime) -> OutsideLink | None:
    """The page behind an address, while it answers; the address itself is the right to it."""
    return (
        OutsideLink.objects.alive(at)
        .filter(token_hash=token_sum(token))
        .select_related(
            "request__partner", "request__from_agency", "request__consent", "request__case__household__area",
            "request__case__person",
        )
        .first()
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What anybody who holds the address may read: nothing of it says who it is about."""

    purpose: str
    asked_by: str
    area: str
    age: str


@dataclass(frozen=True, slots=True)
class PartnerPage:
    """``record`` is None until the partner has accepted and this browser has given the code."""

    first: FirstLook
    record: Disclosure | None


def age_band(birth: date | None, on: date) -> str:
    """Ten years wide, wider at both ends, where a single year of age would tell too much."""
    if birth is None:
        return "分かりません"
    years = age_on(birth, on)
    if years < 20:
        return "10歳未満" if years < 10 else "10代"
    return "90歳以上" if years >= 90 else f"{years // 10 * 10}代"


def is_identified(link: OutsideLink, browser: str) -> bool:
    """Whether the person may be shown in this browser: the partner has accepted, and it is the one that gave the code."""
    return link.request.is_taken and same(link.browser_hash, token_sum(browser))


def partner_page(link: OutsideLink, browser: str, at: datetime) -> PartnerPage:
    """A partner is a unit of nothing: what is protected is protected from it, the desk and the area too."""
    request, on, shield = link.request, timezone.localdate(at), shield_for_everybody()
    return PartnerPage(
        first=_first_look(request, shield, on),
        record=outside_disclosure(request, shield, on) if is_identified(link, browser) else None,
    )


def _first_look(request: OutsideRequest, shield: Shield, on: date) -> FirstLook:
    case = request.case
    area = shield.household(case.household).area
    return FirstLook(
        purpose=shield.text(request.purpose, case.household_id),
        asked_by=shield.desk(request.from_agency, case.household_id),
        area=_UNTOLD if shield.hides(case.household_id) else area or "市内",
        age=age_band(case.person.birth_on if case.person else None, on),
    )


def outside_disclosure(request: OutsideRequest, shield: Shield, on: date) -> Disclosure:
    """Of the chosen parts those that the ground covers on a day; a consent that was withdrawn covers nothing."""
    found = coverage(request, on)
    shown = disclosure(request.case, [part.value for part in found.covered], shield)
    return with_refused(shown, found, found.why)


# ── For the workers ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OutsideRow:
    """A request as a worker reads it. ``step``: what the agency that asked has to do next, ``due_at`` by when."""

    request: OutsideRequest
    meaning: str
    step: str
    due_at: datetime | None
    is_late: bool


def with_page(rows: QuerySet[OutsideRequest]) -> QuerySet[OutsideRequest]:
    """With the partner, and of the newest page its end, its code and whether it has been opened."""
    newest = OutsideLink.objects.filter(request=OuterRef("pk")).order_by("-issued_at", "-pk")
    return rows.select_related("partner", "case__household", "from_agency", "sent_by").annotate(
        page_until=Subquery(newest.values("expires_at")[:1]),
        page_opened=Subquery(newest.values("opened_at")[:1]),
        page_code_way=Subquery(newest.values("code_way")[:1]),
        page_codes=Subquery(newest.values("codes_made")[:1]),
        page_used=Subquery(newest.values("code_used_at")[:1]),
    )


def as_outside_row(request: OutsideRequest, at: datetime) -> OutsideRow:
    """``request`` comes from ``with_page``. An open request always has a next step and a day."""
    until: datetime | None = getattr(request, "page_until", None)
    step = ""
    if request.is_open:
        if until is None or until <= at:
            step = "ページの期限が切れました。出し直すか、取り下げて別の先を探します"
        elif request.state == OutsideState.SENT:
            step = "返事を待っています" if getattr(request, "page_opened", None) else "まだ開かれていません"
        elif request.state == OutsideState.CONFERENCE:
            step = "打合せか会議で、役割を話し合います"
        elif not getattr(request, "page_used", None):
            by_phone = getattr(request, "page_code_way", "") == "phone"
            step = "電話でコードを伝えます" if by_phone else "メールのコードが入るのを待っています"
        else:
            step = "結果を待っています"
    return OutsideRow(
        request=request,
        meaning=OUTSIDE_MEANING[OutsideState(request.state)],
        step=step,
        due_at=until if request.is_open else None,
        is_late=bool(request.is_open and (until is None or until <= at)),
    )


def case_outside(case: Case, actor: Actor, at: datetime) -> list[OutsideRow]:
    """Requests to partners about one visible case, the newest first; one query."""
    rows = with_page(OutsideRequest.objects.visible_to(actor).filter(case=case))
    return [as_outside_row(row, at) for row in rows.order_by("-sent_at", "-pk")]
