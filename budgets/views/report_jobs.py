"""Long reports: ordering one, watching it, cancelling it, taking it away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from budgets.actions.report_jobs import KEPT, cancel_report, order_report
from budgets.forms.reports import ReportForm
from budgets.models import ReportJob, ReportPiece
from budgets.pack.reports import NAMES
from budgets.views.claim_years import asked_year, year_choices
from budgets.workflow_claims import JobState, ReportKind
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year_label


def _list_context(request: ActorRequest, form: ReportForm, year: int) -> dict[str, Any]:
    jobs = ReportJob.objects.visible_to(request.actor).order_by("-asked_at", "-pk")[:20]
    return {
        "form": form,
        "jobs": list(jobs),
        "year": year,
        "label": fiscal_year_label(year),
        "years": year_choices(),
    }


@require_safe
@permission(Permission.APPORTION_VIEW)
def reports(request: ActorRequest) -> HttpResponse:
    """What was ordered, and the form to order."""
    year = asked_year(request)
    return render(request, "claims/reports.html", _list_context(request, ReportForm(year=year), year))


@require_POST
@permission(Permission.APPORTION_VIEW)
def order(request: ActorRequest) -> HttpResponse:
    """Order a report; while the same one is being made, that one is shown."""
    year = asked_year(request)
    form = ReportForm(request.POST, year=year)
    if form.is_valid():
        try:
            job = order_report(
                kind=ReportKind(form.cleaned_data["kind"]), fiscal_year=year, month=form.month(), actor=request.actor,
                at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_error(None, violation.message)
        else:
            return redirect("claims:report", pk=job.pk)
    return render(request, "claims/reports.html", _list_context(request, form, year), status=422)


def _get(request: ActorRequest, pk: int) -> ReportJob:
    jobs = ReportJob.objects.visible_to(request.actor).select_related("asked_by")
    return scoped_get(jobs, request, log=None, pk=pk)


def _context(request: ActorRequest, job: ReportJob) -> dict[str, Any]:
    pieces = ReportPiece.objects.visible_to(request.actor).filter(job=job)
    return {
        "job": job,
        "running": job.state == JobState.RUNNING,
        "has_file": pieces.exists(),
        "kept_until": job.asked_at + KEPT,
    }


@require_safe
@permission(Permission.APPORTION_VIEW)
def report(request: ActorRequest, pk: int) -> HttpResponse:
    """How far a report is."""
    return render(request, "claims/report.html", _context(request, _get(request, pk)))


@require_safe
@permission(Permission.APPORTION_VIEW)
def progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The same as the part of the page that asks for itself."""
    return render(request, "claims/_report.html", _context(request, _get(request, pk)))


@require_POST
@permission(Permission.APPORTION_VIEW)
def cancel(request: ActorRequest, pk: int) -> HttpResponse:
    """Stop a report and throw away what there is of it."""
    cancel_report(job=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "作成を取り消しました。できていた分は捨てました。")
    return redirect("claims:report", pk=pk)


@require_safe
@permission(Permission.APPORTION_VIEW)
def download(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The finished file, in pieces."""
    job = _get(request, pk)
    pieces = ReportPiece.objects.visible_to(request.actor).filter(job=job)
    if job.state != JobState.DONE or not pieces.exists():
        raise Http404
    log_reads(request, AccessKind.EXPORT, "budgets.reportjob", str(job.pk))
    name, content_type = NAMES[ReportKind(job.kind)]
    month = f"-{job.month:%m}" if job.month else ""
    name = name.format(year=job.fiscal_year, month=month)

    def stream() -> Iterator[bytes]:
        for data in pieces.order_by("number").values_list("data", flat=True).iterator(chunk_size=2):
            yield bytes(data)

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(job.size)}
    return StreamingHttpResponse(stream(), content_type=content_type, headers=headers)
