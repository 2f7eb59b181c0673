"""気がかり: the queue, the part on a case's page, and putting one off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission, scoped_get
from accounts.enums import Sector
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.silent_risks import check_can_put_off, put_off
from cases.enums import RiskKind
from cases.forms.worries import PutOffForm
from cases.models import Case, SilentRisk
from cases.selectors import worries
from common.errors import NotAllowed, RuleViolation
from common.keyset import Sort, paginate
from households.templatetags.contact import shield_of

SORTS = {"urgent": Sort("急ぎ", ["urgency", "due_on"]), "due": Sort("いつから", ["due_on"])}
PAGE = 30  # a line is tall: what, who, and two ways out
WHOSE = (("agency", "自機関の担当"), ("own", "自分の担当"), ("", "見えるものすべて"))


def _asked(request: ActorRequest) -> dict[str, Any]:
    """The filters of the address; what makes no sense is left out. A director begins with all that they see."""
    first = "" if request.actor.has(Permission.SECTOR_VIEW) else "agency"
    whose, sector = request.GET.get("whose", first), request.GET.get("sector", "")
    agency, kind = request.GET.get("agency", ""), request.GET.get("kind", "")
    is_number = agency.isascii() and agency.isdecimal() and len(agency) < 10
    return {
        "whose": whose if whose in dict(WHOSE) else first,
        "kind": kind if kind in RiskKind.values else "",
        "sector": sector if sector in Sector.values else "",
        "agency": int(agency) if is_number else None,
        "is_put_off": request.GET.get("show") == "put_off",
    }


@require_safe
@permission(Permission.CASE_VIEW)
def worry_list(request: ActorRequest) -> HttpResponse:
    """The queue with its counts by kind."""
    asked, today, shield = _asked(request), timezone.localdate(), shield_of(request)
    counted = worries.counts(worries.worries(request.actor, today, shield, **asked | {"kind": ""}))
    wanted = counted.get(asked["kind"], 0) if asked["kind"] else sum(counted.values())
    are_many = wanted >= worries.MANY
    rows = worries.shown(worries.worries(request.actor, today, shield, are_many=are_many, **asked))
    page = paginate(rows, request_get=request.GET, sorts=SORTS, default="urgent", page_size=PAGE)
    kept = {name: asked[name] for name in ("whose", "sector")} | {"agency": asked["agency"] or ""}
    if asked["is_put_off"]:
        kept["show"] = "put_off"
    kinds = [
        {
            "label": worries.SHORT[kind], "count": counted.get(kind, 0), "current": kind == asked["kind"],
            "url": f"?{urlencode(kept | ({} if kind == asked['kind'] else {'kind': kind}))}",
        }
        for kind in RiskKind
        if counted.get(kind) or kind == asked["kind"]
    ]  # fmt: skip
    context = {
        "page": page, "lines": worries.lines(page.rows, request.actor, today), "kinds": kinds,
        "total": sum(counted.values()), "whose_choices": WHOSE, "sectors": Sector.choices,
        "agencies": Agency.objects.visible_to(request.actor).active_on(today).with_desk().order_by("code"), **asked,
    }  # fmt: skip
    return render(request, "cases/worries.html", context)


@require_safe
@permission(Permission.CASE_VIEW)
def case_part(request: ActorRequest, number: str) -> HttpResponse:
    """What is the matter with one case, for its page; without script a page of its own."""
    case = scoped_get(
        Case.objects.visible_to(request.actor).select_related("household"), request, log=None, number=number
    )
    context = {"case": case, "lines": worries.of_case(case, request.actor, timezone.localdate())}
    template = "cases/_worries_of_case.html" if request.htmx else "cases/worries_of_case.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_VIEW)
def worry_put_off(request: ActorRequest, pk: int) -> HttpResponse:
    """「見た。〇日まで先送り」 by who owns it."""
    rows = worries.shown(SilentRisk.objects.visible_to(request.actor).standing())
    risk = scoped_get(rows, request, log=None, pk=pk)
    check_can_put_off(request.actor, risk)
    today = timezone.localdate()
    form = PutOffForm(request.POST or None, initial={"until": today + timedelta(days=14)})
    if request.method == "POST" and form.is_valid():
        try:
            done = put_off(risk=risk, **form.cleaned_data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(
                request, f"{(done.until_on - today).days}日先まで見送りました。理由は記録に残ります。"
            )
            return redirect("worries:list")
    context = {
        "form": form, "line": worries.lines([risk], request.actor, today)[0],
        "before": worries.put_offs(risk, request.actor),
    }  # fmt: skip
    return render(request, "cases/worry_put_off.html", context, status=422 if form.is_bound else 200)
