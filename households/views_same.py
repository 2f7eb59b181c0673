"""同じ人かもしれない記録: linking two records, merging them field by field, and taking a merge back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation, StaleRecord
from households.actions.link_people import link_people
from households.actions.merge_people import PROTECTED, merge_people
from households.actions.undo_merge import undo_merge
from households.forms_same import LinkForm, MergeForm, UndoMergeForm
from households.models import Person, PersonMerge
from households.permissions import can_merge
from households.selectors_same import (
    agencies_seeing,
    candidates,
    field_rows,
    merges_of,
    standing_id,
    standing_rules,
    two_homes,
)
from households.templatetags.contact import shield_of


def get_person(request: ActorRequest, pk: int) -> Person:
    """One visible person; the address of a record that was merged leads to the one that stands for it."""
    return scoped_get(Person.objects.visible_to(request.actor), request, pk=standing_id(pk))


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def same(request: ActorRequest, pk: int) -> HttpResponse:
    """Who may be the same person, what was judged, what was merged."""
    person = get_person(request, pk)
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            other = Person.objects.findable_by(request.actor).filter(pk=said["other"] or 0).first()
            if other is None:
                raise RuleViolation("もう一人の記録を、候補から選んでください。", field="other_text")
            link_people(
                person=person, other=other, state=said["state"], reason=said["reason"], actor=request.actor,
                at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            violation.field = "other_text" if violation.field in ("other", "person") else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, "判断を記録しました。")
            return redirect("households:same", pk=person.pk)
    context = {
        "person": person, "form": form, "candidates": candidates(person, request.actor),
        "merges": merges_of(person, request.actor), "back": person.memberships.order_by("-pk").first(),
        "may_merge": can_merge(request.actor),
    }  # fmt: skip
    return render(request, "households/same.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def merge(request: ActorRequest, pk: int, other_pk: int) -> HttpResponse:
    """The two records side by side; ``pk`` is the one that stays."""
    people = Person.objects.visible_to(request.actor)
    if pk == other_pk:
        raise Http404
    kept, absorbed = (scoped_get(people, request, pk=each) for each in (pk, other_pk))
    shield = shield_of(request)
    rows = field_rows(kept, absorbed, shield)
    homes = two_homes(kept, absorbed)
    rules = standing_rules([kept, absorbed], request.actor)
    options: dict[str, Any] = {"rows": rows, "homes": homes, "two_rules": len(rules) == 2}
    versions = {"kept_version": kept.version, "absorbed_version": absorbed.version}
    form = MergeForm(request.POST or None, initial=versions | {"request_key": uuid4()}, **options)
    stale = False
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            merge_people(
                kept=kept, absorbed=absorbed, versions=(said["kept_version"], said["absorbed_version"]),
                data=form.data_of_merge(), request_key=said["request_key"], actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except StaleRecord:
            # what stands now is shown; the reader chooses again among the new values
            stale = True
            form = MergeForm(initial={"basis": said["basis"], "request_key": uuid4()} | versions, **options)
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "二つの記録を統合しました。この画面から取り消せます。")
            return redirect("households:same", pk=kept.pk)
    at = timezone.now()
    context = {
        "kept": kept, "absorbed": absorbed, "rows": rows, "fills": any(row.is_filled for row in rows), "form": form, "stale": stale, "rules": rules,
        "protected": PROTECTED if {kept.pk, absorbed.pk} & shield.people else "",
        "seeing": [(p, agencies_seeing(p, request.actor, shield, at)) for p in (kept, absorbed)],
    }  # fmt: skip
    return render(request, "households/merge.html", context, status=422 if form.is_bound or stale else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def merge_undo(request: ActorRequest, pk: int) -> HttpResponse:
    """Parting two records that were merged by mistake."""
    merges = PersonMerge.objects.visible_to(request.actor).select_related("kept", "absorbed", "merged_by")
    row = scoped_get(merges, request, pk=pk)
    form = UndoMergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            undo_merge(merge=row, reason=form.cleaned_data["reason"], actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "統合を取り消し、二つの記録に戻しました。")
            return redirect("households:same", pk=row.kept_id)
    return render(
        request,
        "households/merge_undo.html",
        {"merge": row, "form": form},
        status=422 if form.is_bound else 200,
    )
