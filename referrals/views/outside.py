"""協力者: the directory of partners without an account, what they are asked, their page and its code."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.models import Case
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.keyset import Sort, paginate
from households.contact import shield_for_everybody
from referrals.actions.outside_partners import add_partner, edit_partner
from referrals.actions.outside_requests import (
    Issued,
    ask_partner,
    can_keep,
    check_can_keep,
    make_code,
    reissue_link,
    withdraw_request,
)
from referrals.forms.outside import OutsideRequestForm, PartnerFilterForm, PartnerForm, WayForm, way_of
from referrals.models import OutsideLink, OutsidePartner, OutsideRequest
from referrals.outside_mail import mail_page, page_url
from referrals.selectors_outside import as_outside_row, outside_disclosure, with_page
from referrals.views.tabs import referral_tabs

SORTS = {"name": Sort("名前", ["name"]), "kind": Sort("種別", ["kind", "name"])}


@permission(Permission.REFERRAL_VIEW)
def partners(request: ActorRequest) -> HttpResponse:
    """The directory, by kind and area."""
    found = OutsidePartner.objects.visible_to(request.actor).select_related("area")
    filters = PartnerFilterForm(request.GET, actor=request.actor)
    filters.is_valid()
    if kind := filters.cleaned_data.get("kind"):
        found = found.filter(kind=kind)
    if area := filters.cleaned_data.get("area"):
        found = found.filter(area=area)
    page = paginate(found, request_get=request.GET, sorts=SORTS, default="kind", page_size=50)
    context = {
        "page": page, "filter": filters, "tabs": referral_tabs(request.actor, "outside"),
        "may_edit": request.actor.has(Permission.REFERRAL_SEND),
    }  # fmt: skip
    return render(request, "outside/partners.html", context)


@permission(Permission.REFERRAL_SEND)
def partner_new(request: ActorRequest) -> HttpResponse:
    form, status = PartnerForm(request.POST or None, actor=request.actor), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                add_partner(data=form.partner(), actor=request.actor, at=timezone.now())
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "協力者を登録しました。")
                return redirect("outside:partners")
    return render(request, "outside/partner.html", {"form": form, "partner": None}, status=status)


@permission(Permission.REFERRAL_SEND)
def partner_edit(request: ActorRequest, pk: int) -> HttpResponse:
    partner = scoped_get(OutsidePartner.objects.visible_to(request.actor), request, log=None, pk=pk)
    names = ("name", "kind", "organisation", "area", "phone", "email", "note", "is_current")
    initial = {name: getattr(partner, name) for name in names}
    form, status = PartnerForm(request.POST or None, actor=request.actor, initial=initial), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                edit_partner(partner=partner, data=form.partner(), actor=request.actor, at=timezone.now())
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "協力者を直しました。")
                return redirect("outside:partners")
    return render(request, "outside/partner.html", {"form": form, "partner": partner}, status=status)


# ── A request ───────────────────────────────────────────────────────────────────────────────────────────────


@never_cache
@permission(Permission.REFERRAL_SEND)
def new(request: ActorRequest) -> HttpResponse:
    """Asking a partner about a case (``?case=``). The address of its page is shown once, on the answer to the form."""
    cases = Case.objects.visible_to(request.actor).select_related("household", "person", "lead_agency")
    case = scoped_get(cases, request, number=request.GET.get("case", ""))
    at = timezone.now()
    if request.method != "POST":
        initial = {"partner": request.GET.get("partner", "")}
        form = OutsideRequestForm(case=case, actor=request.actor, at=at, initial=initial)
        return render(request, "outside/new.html", {"case": case, "form": form})
    form = OutsideRequestForm(request.POST, case=case, actor=request.actor, at=at)
    if form.is_valid():
        data = form.cleaned_data
        code_way, is_mailed = way_of(data["way"])
        try:
            issued = ask_partner(
                case=case, partner=data["partner"], purpose=data["purpose"], ground=data["ground"], parts=data["parts"],
                agreement=data["agreement"], code_way=code_way, is_mailed=is_mailed, actor=request.actor, at=at,
                request_key=UUID(str(data["request_key"])), need=data["need"], is_checked=data["is_checked"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _issued(request, issued)
    return render(request, "outside/new.html", {"case": case, "form": form}, status=422)


def _issued(request: ActorRequest, issued: Issued) -> HttpResponse:
    """Mail the address, or show it this once; sent a second time, the form only leads to the request."""
    if not issued.token:
        messages.info(
            request, "このお願いは、すでに出してあります。アドレスが要るときは、ページを出し直してください。"
        )
        return redirect("outside:detail", pk=issued.request.pk)
    if issued.link.is_mailed:
        if mail_page(issued.link, issued.token):
            messages.success(
                request,
                "ページのアドレスをメールで送りました。引き受けてもらえたら、電話でコードを伝えます。",
            )
        else:
            messages.error(
                request, "メールを送れませんでした。ページを出し直すか、アドレスを別の方法で渡してください。"
            )
        return redirect("outside:detail", pk=issued.request.pk)
    context = {"asked": issued.request, "link": issued.link, "address": page_url(issued.token)}
    return render(request, "outside/issued.html", context)


def _request(request: ActorRequest, pk: int) -> OutsideRequest:
    rows = with_page(OutsideRequest.objects.visible_to(request.actor)).select_related(
        "case__household__area", "case__person", "consent", "need"
    )
    return scoped_get(rows, request, pk=pk)


@permission(Permission.REFERRAL_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """A request: where it stands, its pages, what the partner may read, and what to do next."""
    asked, at = _request(request, pk), timezone.now()
    links = OutsideLink.objects.visible_to(request.actor).filter(request=asked)
    sees_case = Case.objects.visible_to(request.actor).filter(pk=asked.case_id).exists()
    context = {
        "row": as_outside_row(asked, at),
        "asked": asked,
        "links": [(link, link.is_alive(at)) for link in links.order_by("-issued_at", "-pk")],
        "may_keep": can_keep(request.actor, asked) and asked.is_open,
        "sees_case": sees_case,
        "disclosure": outside_disclosure(asked, shield_for_everybody(), timezone.localdate(at))
        if sees_case
        else None,
        "form": WayForm(),
    }
    return render(request, "outside/detail.html", context)


@never_cache
@require_POST
@permission(Permission.REFERRAL_SEND)
def reissue(request: ActorRequest, pk: int) -> HttpResponse:
    asked, form = _request(request, pk), WayForm(request.POST)
    check_can_keep(request.actor, asked)
    if not form.is_valid():
        messages.error(request, "アドレスとコードの渡し方を選んでください。")
        return redirect("outside:detail", pk=pk)
    code_way, is_mailed = way_of(form.cleaned_data["way"])
    try:
        issued = reissue_link(
            request=asked, code_way=code_way, is_mailed=is_mailed, actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("outside:detail", pk=pk)
    return _issued(request, issued)


@never_cache
@require_POST
@permission(Permission.REFERRAL_SEND)
def code(request: ActorRequest, pk: int) -> HttpResponse:
    """A code to be told by phone: shown this once."""
    asked = _request(request, pk)
    try:
        digits = make_code(request=asked, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except InvalidTransition as violation:
        messages.error(request, str(violation))
        return redirect("outside:detail", pk=pk)
    return render(request, "outside/code.html", {"asked": asked, "code": f"{digits[:3]} {digits[3:]}"})


@require_http_methods(["POST"])
@permission(Permission.REFERRAL_SEND)
def withdraw(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        withdraw_request(request=_request(request, pk), actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except InvalidTransition as violation:
        messages.warning(request, str(violation))
    else:
        messages.success(request, "お願いを取り下げました。協力者のページは閉じました。")
    return redirect("outside:detail", pk=pk)
