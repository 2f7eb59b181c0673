"""プラン: writing, reading, printing and evaluating."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from audit.models import AccessKind
from cases.actions.plan import PlanItemData, evaluate_plan, save_plan, start_plan
from cases.forms.plan import EvaluationForm, PlanForm, PlanItems
from cases.models import Case, Code, PlanItem, SupportPlan
from cases.permissions import check_leads_case, leads_case
from cases.views.cases import get_case
from cases.views.drafts import begun, forget, unjudged, unjudged_rows
from cases.workflow import PlanState
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.japan.wareki import format_wareki_short
from common.pdf import render_pdf
from households.templatetags.contact import shield_of


def _plan(request: ActorRequest, pk: int) -> SupportPlan:
    rows = SupportPlan.objects.visible_to(request.actor).select_related(
        "case__household",
        "case__person",
        "case__lead_agency",
        "case__lead_staff",
        "agency",
        "written_by",
        "decided_by",
    )
    return scoped_get(rows, request, pk=pk)


def _tab(case: Case) -> str:
    return f"{reverse('cases:detail', args=[case.number])}?tab=plan"


@require_POST
@permission(Permission.CASE_WRITE)
def plan_start(request: ActorRequest, number: str) -> HttpResponse:
    """Begin a plan or a re-plan, then write it."""
    plan = start_plan(case=get_case(request, number, log=None), actor=request.actor, at=timezone.now())
    return redirect("cases:plan_edit", pk=plan.pk)


def _read(request: ActorRequest, plan: SupportPlan) -> dict[str, Any]:
    evaluation = getattr(plan, "evaluation", None)
    return {
        "plan": plan,
        "case": plan.case,
        "items": list(plan.items.select_related("agency", "staff").order_by("position", "pk")),
        "services": list(plan.services.order_by("position")),
        "evaluation": evaluation,
        "changes": list(evaluation.changes.order_by("position")) if evaluation else [],
        "leads": leads_case(request.actor, plan.case),
        "is_draft": plan.state == PlanState.DRAFT,
        "is_decided": plan.state == PlanState.DECIDED,
        "may_convene": request.actor.has(Permission.CONFERENCE_CONVENE),
    }


@require_safe
@permission(Permission.CASE_VIEW)
def plan_detail(request: ActorRequest, pk: int) -> HttpResponse:
    plan = _plan(request, pk)
    return render(request, "cases/plan.html", _read(request, plan))


@require_safe
@permission(Permission.CASE_VIEW)
def plan_pdf(request: ActorRequest, pk: int) -> HttpResponse:
    """The plan on paper, with the column for the person's signature."""
    plan = _plan(request, pk)
    log_reads(request, AccessKind.PRINT, "cases.supportplan", str(plan.pk))
    context = _read(request, plan) | {"printed_at": timezone.now(), "actor": request.actor}
    pdf = render_pdf("cases/plan_pdf.html", context, request=request)
    _plan(request, pk)  # a print that took longer than the right to it is not given out
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="plan-{plan.case.number}-{plan.ordinal}.pdf"'},
    )


def _check_readable(request: ActorRequest, plan: SupportPlan) -> None:
    """A plan that holds what is protected from the reader is written by those who may read it."""
    check_leads_case(request.actor, plan.case)
    rows = plan.items.values_list("problem", "action", "doer_text", "frequency")
    texts = (plan.hope, plan.long_goal, plan.short_goal, *(text for row in rows for text in row))
    shield_of(request).check_readable(plan.case.household_id, *texts)


def _tables(form: PlanForm, mine: list[PlanItemData], theirs: SupportPlan) -> dict[str, tuple[str, str, str]]:
    """Services and the role table are rows of their own: where they differ, the reader decides."""
    services = theirs.services.order_by("position")
    items = theirs.items.select_related("agency").order_by("position", "pk")
    return {
        "services": ("利用する事業", _lines(services), _lines(form.cleaned_data["services"])),
        "items": ("実施すること", "\n".join(map(_words, items)), "\n".join(map(_words, mine))),
    }


def _lines(codes: Iterable[Code]) -> str:
    return "\n".join(sorted(code.label for code in codes))


def _words(row: PlanItem | PlanItemData) -> str:
    """One row of the role table in words."""
    who = row.agency.short_name if row.agency else row.doer_text
    due = format_wareki_short(row.due_on) if row.due_on else ""
    return "　".join(part for part in (row.problem, row.action, who, row.frequency, due) if part)


ITEM_FIELDS = ("problem", "action", "doer", "agency", "doer_text", "frequency", "due_on")


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def plan_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Write a draft: goals, period, services and the role table."""
    plan = _plan(request, pk)
    _check_readable(request, plan)
    agencies = (
        Agency.objects.visible_to(request.actor).active_on(timezone.localdate()).with_desk().order_by("code")
    )
    options = {"agencies": agencies}
    key, compare = f"plan:{plan.case.number}:{plan.pk}", None
    draft = begun(request, key)
    context: dict[str, Any] = {"plan": plan, "case": plan.case, "draft": draft}
    if request.method == "GET":
        names = ("hope", "long_goal", "short_goal", "starts_on", "ends_on", "monitoring_on", "version")
        initial = {n: getattr(plan, n) for n in names} | {"services": list(plan.services.all())}
        form = PlanForm(initial=initial, actor=request.actor)
        rows = [{n: getattr(row, n) for n in ITEM_FIELDS} for row in plan.items.order_by("position", "pk")]
        items = PlanItems(initial=rows, prefix="items", form_kwargs=options)
        if draft.data:
            form, items = (
                PlanForm(draft.data, actor=request.actor),
                PlanItems(draft.data, prefix="items", form_kwargs=options),
            )
            unjudged(form)
            unjudged_rows(items)
        return render(request, "cases/plan_edit.html", context | {"form": form, "items": items})
    form = PlanForm(request.POST, actor=request.actor)
    items = PlanItems(request.POST, prefix="items", form_kwargs=options)
    if form.is_valid() and items.is_valid():
        rows_given = [row for row in (f.row() for f in items.forms if f.has_changed() or f.initial) if row]
        try:
            done = save_merging(
                form,
                lambda: save_plan(
                    plan=plan, data=form.plan(rows_given), version=form.cleaned_data["version"],
                    actor=request.actor, at=timezone.now(),
                ),
                also=lambda current: _tables(form, rows_given, current),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                forget(request, key)
                messages.success(request, done.words("プラン案を保存しました。会議で決定します。"))
                return redirect("cases:plan", pk=plan.pk)
            _check_readable(request, done.current)
            compare = done.rows
            form = PlanForm(done.data, actor=request.actor)
    context |= {"form": form, "items": items, "compare": compare}
    return render(request, "cases/plan_edit.html", context, status=422)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def evaluate(request: ActorRequest, pk: int) -> HttpResponse:
    """Evaluate a decided plan; 終結 leads on to closing, 再プラン to a new draft."""
    plan = _plan(request, pk)
    form = EvaluationForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            evaluation = evaluate_plan(
                plan=plan, data=form.evaluation(), actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "評価を保存しました。")
            if evaluation.judgement == "replan":
                return redirect(_tab(plan.case))
            return redirect("cases:close", number=plan.case.number)
    context = {"form": form, "plan": plan, "case": plan.case}
    return render(request, "cases/evaluate.html", context, status=422 if form.is_bound else 200)
