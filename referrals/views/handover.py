"""引き継ぎ: who has open work in my agency, and the one page on which a leaver's work goes to colleagues."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.forms import KyoseiForm
from referrals.actions.handover import hand_over
from referrals.handover import Piece, open_work, staff_with_work


class HandoverForm(KyoseiForm):
    """A colleague for each piece."""

    note = forms.CharField(
        label="申し送り",
        max_length=200,
        required=False,
        help_text="引き継ぐ人に伝えること（個人名は書かない）",
    )

    def __init__(self, *args: object, pieces: list[Piece], colleagues: list[Staff], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "選んでください"), *((s.pk, s.name) for s in colleagues)]
        self.by_id = {s.pk: s for s in colleagues}
        for piece in pieces:
            self.fields[piece.key] = forms.TypedChoiceField(
                label=f"{piece.title}の{piece.word}", choices=choices, coerce=int, empty_value=None,
                error_messages={"required": f"「{piece.title}」を引き継ぐ人を選んでください。"},
            )  # fmt: skip
        self.rows = [(piece, self[piece.key]) for piece in pieces]

    def chosen(self) -> dict[str, Staff]:
        return {key: self.by_id[pk] for key, pk in self.cleaned_data.items() if key != "note" and pk}


@require_safe
@permission(Permission.HAND_OVER)
def overview(request: ActorRequest) -> HttpResponse:
    agency, _ = request.actor.office()
    rows = staff_with_work(agency, timezone.localdate(), request.actor)
    return render(request, "referrals/handover_list.html", {"rows": rows, "agency": agency})


@require_http_methods(["GET", "POST"])
@permission(Permission.HAND_OVER)
def handover(request: ActorRequest, pk: int) -> HttpResponse:
    """All open work of one person of my agency, with a colleague beside each piece."""
    agency, _ = request.actor.office()
    today = timezone.localdate()
    staff = Staff.objects.visible_to(request.actor).filter(pk=pk).first()
    if staff is None:
        raise Http404
    pieces = open_work(staff, agency, request.actor)
    is_of_agency = staff.appointments.filter(agency=agency).exists()
    if not pieces and not is_of_agency:
        raise Http404
    colleagues = list(
        Staff.objects.visible_to(request.actor).of_agency(agency, on=today).exclude(pk=pk).order_by("kana")
    )
    form = HandoverForm(request.POST or None, pieces=pieces, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        try:
            moved = hand_over(
                staff=staff,
                to=form.chosen(),
                note=form.cleaned_data["note"],
                actor=request.actor,
                at=timezone.now(),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{staff.name}さんの仕事を{moved}件引き継ぎました。残りはありません。")
            return redirect("handover:list")
    context = {"staff": staff, "form": form, "pieces": pieces, "agency": agency, "colleagues": colleagues}
    return render(request, "referrals/handover.html", context, status=422 if form.is_bound else 200)
