"""管理・機関を廃止する: what waits for it, in numbers, and who goes on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.forms import KyoseiForm
from referrals.actions.close_agency import close_agency, duties_of


class CloseAgencyForm(KyoseiForm):
    successor = forms.ModelChoiceField(
        label="引き継ぐ機関", queryset=Agency.objects.none(), required=False,
        help_text="待っている仕事があるときは必ず選びます",
    )  # fmt: skip
    reason = forms.CharField(label="廃止の理由", max_length=200)

    def __init__(self, *args: Any, agency: Agency, actor: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Agency.objects.visible_to(actor).filter(closed_on__isnull=True).exclude(pk=agency.pk)
        self.fields["successor"].queryset = others.order_by("code")  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@permission(Permission.STAFF_ADMIN)
def close(request: ActorRequest, pk: int) -> HttpResponse:
    """Counts only: who closes an agency sees no case."""
    agency = get_object_or_404(Agency.objects.visible_to(request.actor).filter(closed_on__isnull=True), pk=pk)
    at = timezone.now()
    form = CloseAgencyForm(request.POST or None, agency=agency, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            close_agency(
                agency=agency, successor=form.cleaned_data["successor"], reason=form.cleaned_data["reason"],
                actor=request.actor, at=at,
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{agency.name}を廃止しました。待っていた仕事は引き継がれています。")
            return redirect("manage:agencies")
    duties = duties_of(agency, at)
    rows = [
        ("主担当のケース", duties.cases), ("協働しているケース", duties.partners), ("返事を待つつなぎ", duties.referrals),
        ("結果を知らせるつなぎ", duties.results), ("決定事項", duties.decisions), ("見守り", duties.turns),
        ("アウトリーチ", duties.outreaches), ("招集した会議", duties.conferences), ("所属する職員", duties.people),
    ]  # fmt: skip
    context = {"agency": agency, "form": form, "duties": rows}
    return render(request, "manage/agency_close.html", context, status=422 if form.is_bound else 200)
