"""見立て and sectors of a case."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from cases.actions.assessment import add_item, edit_item, end_item
from cases.actions.open_case import set_sectors
from cases.forms.case import ItemForm, SectorsForm
from cases.models import AssessmentItem, Case
from cases.selectors import case_page
from cases.views.cases import frame, get_case, item_draft_key
from cases.views.drafts import begun, forget, place, unjudged
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from households.templatetags.contact import shield_of


def _back(case: Case) -> str:
    return f"{reverse('cases:detail', args=[case.number])}?tab=assessment"


def _page(request: ActorRequest, case: Case, **forms: Any) -> HttpResponse:
    """The tab again, with the form that was wrong."""
    context = frame(request, case, "assessment")
    people = [chip.person for chip in context["chips"]]
    context["item_form"] = forms.get("item_form") or ItemForm(actor=request.actor, people=people)
    context["draft"] = place(request, item_draft_key(case))
    context["sectors_form"] = SectorsForm(initial={"sectors": case.sectors})
    return render(request, "cases/detail.html", context, status=422)


@require_POST
@permission(Permission.CASE_WRITE)
def item_add(request: ActorRequest, number: str) -> HttpResponse:
    case = get_case(request, number, log=None)
    people = [chip.person for chip in case_page.chips(case, timezone.localdate())]
    form = ItemForm(request.POST, actor=request.actor, people=people)
    if form.is_valid():
        try:
            add_item(case=case, data=form.item(), actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget(request, item_draft_key(case))
            messages.success(request, "見立てに加えました。")
            return redirect(_back(case))
    return _page(request, case, item_form=form)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def item_edit(request: ActorRequest, pk: int) -> HttpResponse:
    rows = AssessmentItem.objects.visible_to(request.actor).select_related(
        "case__household", "person", "code"
    )
    item = scoped_get(rows, request, log=None, pk=pk)
    shield_of(request).check_readable(item.case.household_id, item.text)
    people = [chip.person for chip in case_page.chips(item.case, timezone.localdate())]
    draft = begun(request, f"item_edit:{item.case.number}:{item.pk}")
    if request.method == "GET":
        initial = {
            "kind": item.kind, "person": item.person_id, "code": item.code_id, "sector": item.sector, "text": item.text,
            "version": item.version,
        }  # fmt: skip
        form = ItemForm(initial=initial, actor=request.actor, people=people)
        if draft.data:
            form = unjudged(ItemForm(draft.data, actor=request.actor, people=people))
        return render(request, "cases/item_edit.html", {"form": form, "item": item, "draft": draft})
    form, compare = ItemForm(request.POST, actor=request.actor, people=people), None
    if form.is_valid():
        try:
            done = save_merging(
                form,
                lambda: edit_item(
                    item=item, data=form.item(), version=form.cleaned_data["version"] or 0, actor=request.actor,
                    at=timezone.now(),
                ),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                forget(request, draft.key)
                messages.success(request, done.words("訂正を保存しました。"))
                return redirect(_back(item.case))
            shield_of(request).check_readable(done.current.case.household_id, done.current.text)
            compare = done.rows
            form = ItemForm(done.data, actor=request.actor, people=people)
    context = {"form": form, "item": item, "compare": compare, "draft": draft}
    return render(request, "cases/item_edit.html", context, status=422)


@require_POST
@permission(Permission.CASE_WRITE)
def item_end(request: ActorRequest, pk: int) -> HttpResponse:
    rows = AssessmentItem.objects.visible_to(request.actor).select_related("case")
    item = scoped_get(rows, request, log=None, pk=pk)
    end_item(item=item, actor=request.actor, at=timezone.now())
    messages.success(request, "解消したものとして記録しました。")
    return redirect(_back(item.case))


@require_POST
@permission(Permission.CASE_WRITE)
def sectors(request: ActorRequest, number: str) -> HttpResponse:
    case = get_case(request, number, log=None)
    form = SectorsForm(request.POST)
    if form.is_valid():
        set_sectors(case=case, sectors=form.cleaned_data["sectors"], actor=request.actor, at=timezone.now())
        messages.success(request, "分野を記録しました。")
    else:
        messages.error(request, "分野を一覧から選んでください。")
    return redirect(_back(case))
