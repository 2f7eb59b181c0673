"""同意: what the person agreed to, a new answer, a withdrawal, and the paper to sign."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from audit.models import AccessKind
from cases.actions.consent import record_consent, withdraw_consent
from cases.forms.consent import ConsentForm, WithdrawForm
from cases.models import Case
from cases.permissions import can_write_case
from cases.views.cases import get_case
from common.errors import NotAllowed, RuleViolation
from common.pdf import render_pdf
from households.contact import HIDDEN_DESK, Shield
from households.enums import InformationKind
from households.models import Consent, ConsentScan
from households.templatetags.contact import shield_of


def _rows(request: ActorRequest, case: Case) -> list[Consent]:
    """The answers; where the reader may not know which desk works with the household, neither it nor its workers."""
    shield, home = shield_of(request), case.household_id
    workers = ("explained_by__appointments__agency", "withdrawn_by__appointments__agency")
    rows = list(
        Consent.objects.visible_to(request.actor)
        .filter(household=case.household_id)
        .select_related("person", "explained_by", "withdrawn_by", "scan")
        .defer("scan__data", "person__search_terms", "person__search_text", "person__kana_folded")
        .prefetch_related("agencies", *(workers if shield.hides(home) else ()))
        .order_by("-given_on", "-pk")
    )
    for row in rows:
        row.agency_names = [shield.desk(agency, home) for agency in row.agencies.all()]  # type: ignore[attr-defined]
        row.explainer = _worker(row.explained_by, shield, home)  # type: ignore[attr-defined]
        row.withdrawer = _worker(row.withdrawn_by, shield, home)  # type: ignore[attr-defined]
    return rows


def _worker(staff: Staff | None, shield: Shield, household: int) -> str:
    """A consent knows no agency of its worker: who is, or was, at a desk is not named where the desk is not."""
    if staff is None:
        return ""
    if shield.hides(household):
        told = {shield.desk(post.agency, household) for post in staff.appointments.all()}
        if HIDDEN_DESK in told:
            return HIDDEN_DESK
    return staff.name


def _page(request: ActorRequest, case: Case, form: ConsentForm, **extra: Any) -> dict[str, Any]:
    return {
        "case": case,
        "form": form,
        "rows": _rows(request, case),
        "kind_count": len(InformationKind),
        "withdraw_form": extra.get("withdraw_form")
        or WithdrawForm(initial={"withdrawn_on": timezone.localdate()}),
        "withdraw_pk": extra.get("withdraw_pk"),
        "may_write": can_write_case(request.actor, case),
    }


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_VIEW)
def consent(request: ActorRequest, number: str) -> HttpResponse:
    """All answers of the household's people, and the form for one more of 本人."""
    case = get_case(request, number)
    form = ConsentForm(request.POST or None, request.FILES or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            record_consent(
                case=case, data=form.consent(), actor=request.actor, at=timezone.now(),
                request_key=UUID(str(form.cleaned_data["request_key"])),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "同意の答えを記録しました。")
            return redirect("cases:consent", number=number)
    status = 422 if form.is_bound else 200
    return render(request, "cases/consent.html", _page(request, case, form), status=status)


@require_POST
@permission(Permission.CASE_WRITE)
def withdraw(request: ActorRequest, number: str, pk: int) -> HttpResponse:
    """The person takes a yes back: whoever saw the case by it loses it at once."""
    case = get_case(request, number, log=None)
    row = scoped_get(
        Consent.objects.visible_to(request.actor).filter(household=case.household_id), request, pk=pk
    )
    form = WithdrawForm(request.POST)
    if form.is_valid():
        try:
            ended = withdraw_consent(
                consent=row, withdrawn_on=form.cleaned_data["withdrawn_on"], note=form.cleaned_data["note"],
                version=form.cleaned_data["version"], actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            words = (
                "この同意で開いていた閲覧を、いま終わらせました。"
                if ended
                else "この同意で開いていた閲覧はありませんでした。"
            )
            messages.success(request, f"撤回を記録しました。{words}")
            return redirect("cases:consent", number=number)
    context = _page(request, case, ConsentForm(actor=request.actor), withdraw_form=form, withdraw_pk=pk)
    return render(request, "cases/consent.html", context, status=422)


@require_safe
@permission(Permission.CASE_VIEW)
def paper(request: ActorRequest, number: str) -> HttpResponse:
    """The paper to explain and sign: plain Japanese with furigana. ``?agency=`` names whom it is for."""
    case = get_case(request, number, log=None)
    log_reads(request, AccessKind.PRINT, "cases.case", str(case.pk))
    wanted = [pk for pk in request.GET.getlist("agency") if pk.isdecimal()]
    context = {
        "case": case,
        "agencies": list(
            Agency.objects.visible_to(request.actor).filter(pk__in=wanted).order_by("sector", "code")
        ),
        "blank_rows": range(max(0, 3 - len(wanted))),
        "actor": request.actor,
        "printed_at": timezone.now(),
    }
    pdf = render_pdf("cases/consent_paper.html", context, request=request)
    get_case(request, number, log=None)  # a print that took longer than the right to it is not given out
    headers = {"Content-Disposition": f'inline; filename="consent-{case.number}.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@require_safe
@permission(Permission.CASE_VIEW)
def scan(request: ActorRequest, pk: int) -> HttpResponse:
    """The signed paper as it was scanned."""
    row = scoped_get(ConsentScan.objects.visible_to(request.actor), request, consent=pk)
    headers = {
        "Content-Disposition": f'inline; filename="consent-scan-{pk}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(row.data), content_type=row.content_type, headers=headers)
