"""The team of a case: who may have come along, and until when a former lead reads on."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from cases.actions.team import FORMER_LEAD, set_last_day
from cases.models import Case, CasePartner
from cases.permissions import check_leads_case
from cases.selectors import case_page
from common.errors import NotAllowed, RuleViolation
from common.forms import KyoseiForm, WarekiDateField
from households.templatetags.contact import shield_of


def note_team(
    request: ActorRequest,
    case: Case,
    keep: Staff | None = None,
    partners: Iterable[CasePartner] | None = None,
) -> list[tuple[Staff, str]]:
    """The named workers of the team besides the reader, with their agency; none at a desk that the shield hides.
    ``keep``: who stands in the note already. A query, unless ``partners`` are given or came with the case.
    """
    shield = shield_of(request)
    found: dict[int, tuple[Staff, str]] = {}
    if partners is None:
        partners = _came_along(case) if hasattr(case, "taking_part") else case_page.partners(case)
    named = [(case.lead_agency, case.lead_staff), *((p.agency, p.staff) for p in partners)]
    for agency, staff in named:
        is_told = shield.desk(agency, case.household_id) == agency.short_name
        if staff is not None and staff.pk != request.actor.staff_id and is_told:
            found.setdefault(staff.pk, (staff, f"{agency.short_name} {staff.name}"))
    if keep is not None:
        found.setdefault(keep.pk, (keep, keep.name))
    return list(found.values())


def _came_along(case: Case) -> list[CasePartner]:
    """The partners as ``reader_for`` brought them; only their names are filled."""
    return [
        CasePartner(
            agency=Agency(pk=said["id"], short_name=said["name"], kind=said["kind"]),
            staff=Staff(pk=said["staff"], name=said["person"]) if said["staff"] else None,
        )
        for said in case.taking_part  # type: ignore[attr-defined]
        if said["is_current"]
    ]


class ReadsUntilForm(KyoseiForm):
    """Until when the former lead reads on."""

    stays = forms.BooleanField(label="期限なし（協働機関として残る）", required=False)
    former_until = WarekiDateField(label="前の主担当が見られる最後の日", required=False)

    def last_day_missing(self) -> bool:
        return not self.cleaned_data["stays"] and self.cleaned_data["former_until"] is None


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def reads_until(request: ActorRequest, number: str, pk: int) -> HttpResponse:
    """The lead agency changes the end of the soft hand-over."""
    cases = Case.objects.visible_to(request.actor).select_related("household", "lead_agency", "lead_staff")
    case = scoped_get(cases, request, number=number)
    partner = scoped_get(
        CasePartner.objects.visible_to(request.actor)
        .filter(case=case, ended_at__isnull=True, role_note=FORMER_LEAD)
        .select_related("agency", "staff"),
        request, log=None, pk=pk,
    )  # fmt: skip
    check_leads_case(request.actor, case)
    initial = {"former_until": partner.reads_until, "stays": partner.reads_until is None}
    form = ReadsUntilForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and form.last_day_missing():
            form.add_error("former_until", "最後の日を入れるか、期限なしを選んでください。")
        if form.is_valid():
            data = form.cleaned_data
            last = None if data["stays"] else data["former_until"]
            try:
                set_last_day(partner=partner, last=last, actor=request.actor, at=timezone.now())
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "引き継ぎの期間を変えました。")
                return redirect("cases:detail", number=number)
    return render(
        request, "cases/reads_until.html", {"case": case, "partner": partner, "form": form}, status=status
    )
