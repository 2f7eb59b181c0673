"""閲覧の記録: who looked at a person, how many people a leak touched, unusual reading, heads of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from audit.models import AccessKind, AccessRecord
from audit.selectors_chain import chain_days, day_heads
from common.errors import RuleViolation
from common.keyset import Sort, paginate
from common.pdf import render_pdf
from households.contact import shield_for_everybody
from households.models import Person, denied_households
from households.templatetags.contact import shield_of
from reports.forms import DayForm, LeakForm, LinesForm, PaperForm, TrailFilter, UnusualFilter
from reports.selectors_leak import count_leak, leak_records
from reports.selectors_trail import TYPES, Scope, Words, agencies_in, hides_desks, person_scope, readings_of
from reports.selectors_unusual import Kind, narrowed, own_readings, unusual_readings
from reports.targets import touched

SORTS = {"at": Sort("日時", ["at", "pk"])}
MOST_LINES_ON_PAPER = 1000
LINES_OF_A_SHEET = 40
MOST_PEOPLE_ON_PAGE = 500


def _person(request: ActorRequest, pk: int) -> Person:
    return scoped_get(Person.objects.visible_to(request.actor), request, pk=pk)


def _filter(request: ActorRequest, scope: Scope, agencies: Mapping[int, Agency]) -> TrailFilter:
    hidden = hides_desks(scope, shield_of(request))
    return TrailFilter(request.GET, agencies=agencies.values(), hides_desks=hidden)


def _chosen(form: TrailFilter) -> dict[str, Any]:
    return {k: v for k, v in form.cleaned_data.items() if v} if form.is_valid() else {}


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def person(request: ActorRequest, pk: int) -> HttpResponse:
    """Who looked at this person, their household, cases and consultations, and on what ground."""
    row = _person(request, pk)
    scope = person_scope(row, request.actor)
    agencies, shield = agencies_in(scope), shield_of(request)
    form = _filter(request, scope, agencies)
    chosen = _chosen(form)
    page = paginate(readings_of(scope, **chosen), request_get=request.GET, sorts=SORTS, default="-at")
    words = Words(scope, agencies, shield)
    context = {
        "person": row, "household": scope.household, "filters": form, "is_filtered": bool(chosen), "page": page,
        "lines": [words.reading(record) for record in page.rows], "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "reports/person.html", context, status=200 if form.is_valid() else 422)


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def person_pdf(request: ActorRequest, pk: int) -> HttpResponse:
    """The same on paper for 開示請求: what is about other people is masked, workers' names unless they are asked for."""
    row = _person(request, pk)
    log_reads(request, AccessKind.PRINT, "households.person", str(pk))
    scope = person_scope(row, request.actor)
    paper = PaperForm(request.GET)
    names = paper.is_valid() and paper.cleaned_data["names"]
    agencies = agencies_in(scope)
    rows = readings_of(scope, **_chosen(_filter(request, scope, agencies))).order_by("-at", "-pk")
    records = list(rows[: MOST_LINES_ON_PAPER + 1])
    if len(records) > MOST_LINES_ON_PAPER:
        raise RuleViolation(f"{MOST_LINES_ON_PAPER:,}件を超えます。期間を区切って印刷してください。")
    words = Words(scope, agencies, shield_for_everybody())
    lines = [words.reading(record, for_paper=True, names_workers=names) for record in records]
    context = {
        "person": row, "sheets": [lines[n : n + LINES_OF_A_SHEET] for n in range(0, len(lines), LINES_OF_A_SHEET)], "count": len(lines),
        "names": names, "printed_at": timezone.now(), "actor": request.actor,
    }  # fmt: skip
    pdf = render_pdf("reports/person_pdf.html", context, request=request)
    # a print that took longer than the right to it is not given out
    scoped_get(Person.objects.visible_to(request.actor), request, log=None, pk=pk)
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="access-records-{pk}.pdf"'},
    )


@require_safe
@permission(Permission.LEAK_COUNT)
def leak(request: ActorRequest) -> HttpResponse:
    """How many people were touched by the readings of a worker, an agency or an address; pseudonyms only."""
    form = LeakForm(request.GET if request.GET else None, actor=request.actor)
    context: dict[str, Any] = {"form": form, "found": None, "most": MOST_PEOPLE_ON_PAGE}
    if form.is_bound and form.is_valid():
        found = count_leak(leak_records(request.actor, **form.cleaned_data), request.actor)
        who = ";".join(f"{k}={getattr(v, 'pk', v)}" for k, v in form.cleaned_data.items() if v)
        log_reads(request, AccessKind.VIEW, "reports.leak", who)
        context |= {"found": found, "people": found.persons[:MOST_PEOPLE_ON_PAGE]}
    return render(request, "reports/leak.html", context, status=422 if form.errors else 200)


@require_safe
@permission(Permission.TRAIL_AGENCY)
def unusual(request: ActorRequest) -> HttpResponse:
    """Readings by the agency's own staff that its manager asks about."""
    form = UnusualFilter(request.GET, today=timezone.localdate())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        since, until, many = (form.cleaned_data[k] for k in ("since", "until", "many"))
        records = own_readings(request.actor, since=since, until=until)
        found = unusual_readings(records, actor=request.actor, since=since, until=until, many=many)
        log_reads(request, AccessKind.VIEW, "reports.unusual", str(request.actor.agency_id))
        context |= {
            "since": since, "until": until, "many": many,
            "groups": [{"kind": kind.value, "label": kind.label, "lines": found[kind]} for kind in Kind],
        }  # fmt: skip
    return render(request, "reports/unusual.html", context, status=422 if form.errors else 200)


@require_safe
@permission(Permission.TRAIL_AGENCY)
def unusual_lines(request: ActorRequest) -> HttpResponse:
    """The readings behind one line of 気になる閲覧, under pseudonyms."""
    form = LinesForm(request.GET, today=timezone.localdate(), actor=request.actor)
    if not form.is_valid():
        raise Http404
    data = form.cleaned_data
    records = own_readings(request.actor, since=data["since"], until=data["until"])
    rows = narrowed(
        records, actor=request.actor, kind=Kind(data["kind"]), staff=data["staff"], since=data["since"], until=data["until"],
        hour=data["hour"],
    )  # fmt: skip
    page = paginate(rows, request_get=request.GET, sorts=SORTS, default="-at")
    log_reads(request, AccessKind.VIEW, "reports.unusual", f"staff={data['staff'].pk}")
    context = {
        "staff": data["staff"], "kind": Kind(data["kind"]), "page": page, "lines": _lines(request, page.rows),
        "since": data["since"], "until": data["until"],
    }  # fmt: skip
    return render(request, "reports/unusual_lines.html", context)


def _lines(request: ActorRequest, records: list[AccessRecord]) -> list[dict[str, Any]]:
    found = touched(
        ((r.target_type, r.target_id) for r in records), denied=frozenset(denied_households(request.actor))
    )
    return [
        {
            "at": r.at, "kind": r.get_kind_display(), "type": TYPES.get(r.target_type, "一覧・検索"),
            "name": found.names((r.target_type, r.target_id)), "address": r.remote_addr,
        }
        for r in records
    ]  # fmt: skip


@require_safe
@permission(Permission.AUDIT_VIEW)
def chain(request: ActorRequest) -> HttpResponse:
    """Heads of the chain at the end of a day, to print and lay aside."""
    form = DayForm(request.GET)
    day = (form.cleaned_data["day"] if form.is_valid() else None) or timezone.localdate()
    log_reads(request, AccessKind.VIEW, "reports.chain", day.isoformat())
    context = {"form": form, "day": day, "heads": day_heads(day), "days": chain_days()}
    return render(request, "reports/chain.html", context, status=422 if form.errors else 200)
