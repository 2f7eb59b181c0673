"""財源: conditions, standard amount and shares by fiscal year, against the year before; copied forward each April."""

from __future__ import annotations

from fractions import Fraction

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.stream_years import YearData, copy_year, save_year, shares_of
from budgets.enums import Payer
from budgets.forms.streams import StreamYearForm
from budgets.models import FundingStream, StreamYear
from budgets.selectors_streams import stream_lines
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year, fiscal_year_label


def _year(text: str) -> int:
    this = fiscal_year(timezone.localdate())
    return int(text) if text.isdecimal() and 2000 <= int(text) <= 2100 else this


@require_safe
@permission(Permission.APPORTION_VIEW)
def stream_list(request: ActorRequest) -> HttpResponse:
    """One year, with what differs from the year before."""
    year = _year(request.GET.get("year", "")[:4])
    this = fiscal_year(timezone.localdate())
    context = {
        "lines": stream_lines(request.actor, year), "year": year, "label": fiscal_year_label(year),
        "before": fiscal_year_label(year - 1), "next": fiscal_year_label(year + 1),
        "years": [(y, fiscal_year_label(y)) for y in range(this + 1, this - 4, -1)],
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "apportionment/streams.html", context)


@require_POST
@permission(Permission.COST_EDIT)
def stream_copy(request: ActorRequest) -> HttpResponse:
    """April: the year becomes the next one's draft, to be confirmed line by line."""
    year = _year(request.POST.get("year", "")[:4])
    try:
        copied = copy_year(from_year=year, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect(f"{reverse('apportionment:streams')}?year={year}")
    messages.success(request, f"{copied}の財源を写しました。すべて「要確認」です。")
    return redirect(f"{reverse('apportionment:streams')}?year={year + 1}")


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_VIEW)
def stream_edit(request: ActorRequest, year: int, code: str) -> HttpResponse:
    """The values of one stream in one year."""
    if not request.actor.has(Permission.COST_EDIT):
        raise PermissionDenied
    if not 2000 <= year <= 2100:
        raise Http404
    stream = scoped_get(FundingStream.objects.visible_to(request.actor), request, log=None, code=code)
    row = StreamYear.objects.visible_to(request.actor).filter(stream=stream, fiscal_year=year).first()
    status = 200
    if request.method == "POST":
        form = StreamYearForm(request.POST)
        if form.is_valid() and _save(request, form, stream, year):
            messages.success(request, f"{stream.short_name}を保存しました。前の値は履歴に残っています。")
            return redirect(f"{reverse('apportionment:streams')}?year={year}")
        status = 422
    else:
        shares = shares_of(stream, year)
        initial = {f"share_{p}": str(shares[p]) for p in Payer if p in shares} | {"version": 0}
        names = (
            "version", "standard_yen", "age_from", "age_below", "sectors", "activities", "must_be_dedicated",
            "remainder_rule", "ends_on", "source", "needs_check",
        )  # fmt: skip
        if row is not None:
            initial |= {name: getattr(row, name) for name in names}
        form = StreamYearForm(initial=initial)
    context = {"form": form, "stream": stream, "year": year, "label": fiscal_year_label(year), "row": row}
    return render(request, "apportionment/stream_edit.html", context, status=status)


def _save(request: ActorRequest, form: StreamYearForm, stream: FundingStream, year: int) -> bool:
    data = form.cleaned_data
    shares: dict[str, Fraction] = form.shares()
    try:
        save_year(
            stream=stream, fiscal_year=year, version=data["version"], actor=request.actor, at=timezone.now(),
            data=YearData(
                shares=shares, standard_yen=data["standard_yen"], must_be_dedicated=data["must_be_dedicated"],
                age_from=data["age_from"], age_below=data["age_below"], sectors=data["sectors"],
                activities=data["activities"], remainder_rule=data["remainder_rule"], ends_on=data["ends_on"], source=data["source"], needs_check=data["needs_check"],
            ),
        )  # fmt: skip
    except NotAllowed:
        raise
    except RuleViolation as violation:
        field = f"share_{Payer.STATE}" if violation.field == "shares" else violation.field
        form.add_error(field if field in form.fields else None, violation.message)
        return False
    return True
