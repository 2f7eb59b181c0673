"""区分の表: how a record becomes a work category, line by line, with its examples; a change shows first what it moves."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.rule_trials import is_long, order_trial, tables_of
from budgets.actions.rules import check_new_table, period_of, save_table
from budgets.attribution import EXAMPLES, Example, Rule, TableError, attribute, read_examples
from budgets.forms.rules import (
    ACTIVITY_GROUPS,
    SPARE_LINES,
    RulesForm,
    as_typed,
    blank_line,
    example_text,
    qualification_choices,
    read_example_text,
    read_lines,
    typed_lines,
)
from budgets.models import AttributionTable, DutyAssignment, FundingStream, RuleTrial, WorkCategory
from budgets.rule_tables import SECTOR_CHOICES, move_lines, moves, table_on
from common.errors import NotAllowed, RuleViolation
from common.japan.fiscal import fiscal_year_label


def _examples(saved: AttributionTable | None) -> tuple[Example, ...]:
    return read_examples(saved.examples) if saved else EXAMPLES


@require_safe
@permission(Permission.APPORTION_VIEW)
def rules(request: ActorRequest) -> HttpResponse:
    """The table that holds today, its examples with what comes out, and its former versions."""
    today = timezone.localdate()
    tables = AttributionTable.objects.visible_to(request.actor)
    saved = tables.on(today).select_related("saved_by").first()
    table = table_on(today)
    categories = {c.code: c for c in WorkCategory.objects.visible_to(request.actor).select_related("stream")}
    streams = dict(FundingStream.objects.visible_to(request.actor).values_list("code", "short_name"))
    context = {
        "lines": [
            (n, rule, categories.get(rule.category_code), rule.work_words(streams.get(rule.dedicated or "", "")))
            for n, rule in enumerate(table, start=1)
        ],
        "examples": [(e, attribute(e.facts, table).reason, categories.get(e.category_code)) for e in _examples(saved)],
        "saved": saved, "year": fiscal_year_label(saved.fiscal_year) if saved else "",
        "versions": tables.select_related("saved_by").order_by("-valid_from", "-version")[:50],
        "may_edit": request.actor.has(Permission.COST_EDIT),
    }  # fmt: skip
    return render(request, "apportionment/rules.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.COST_EDIT)
def rules_edit(request: ActorRequest) -> HttpResponse:
    """Type, look at what would move, then save. Where very many entries are asked, a worker does both (rule_trials)."""
    today = timezone.localdate()
    categories = list(WorkCategory.objects.visible_to(request.actor).order_by("position", "code"))
    trials = RuleTrial.objects.visible_to(request.actor)
    context: dict[str, Any] = {
        "categories": categories, "sectors": SECTOR_CHOICES, "activities": ACTIVITY_GROUPS,
        "streams": list(FundingStream.objects.visible_to(request.actor).order_by("position", "code")),
        "waiting": trials.unfinished().order_by("-pk").first(),
    }  # fmt: skip
    if request.method != "POST":
        again = request.GET.get("trial", "")
        former = trials.filter(pk=int(again)).first() if again.isdecimal() and len(again) < 12 else None
        return _edit_page(request, *_as_it_stands(request, today, former), context)
    form, typed = RulesForm(request.POST), typed_lines(request.POST)
    codes, streams = {c.code for c in categories}, {s.code for s in context["streams"]}
    try:
        table = read_lines(typed, codes, streams)
        if not form.is_valid():
            return _edit_page(request, form, typed, context, status=422)
        examples = read_example_text(form.cleaned_data["examples"], codes, streams)
        check_new_table(table, examples, form.cleaned_data["valid_from"])
        return _preview_or_save(request, form, typed, context, table, examples)
    except TableError as error:
        context |= {"violation": error.message, "bad_line": error.line}
    except NotAllowed:
        raise
    except RuleViolation as violation:
        context |= {"violation": violation.message, "bad_line": violation.context.get("line")}
    form.is_valid()
    return _edit_page(request, form, typed, context, status=422)


def _as_it_stands(
    request: ActorRequest, today: date, former: RuleTrial | None
) -> tuple[RulesForm, list[dict[str, str]]]:
    """The form with the table that holds today, or with one that was tried."""
    if former is not None:
        table, examples = tables_of(former)
        valid_from, note = former.valid_from, former.note
    else:
        saved = AttributionTable.objects.visible_to(request.actor).on(today).first()
        table, examples, valid_from, note = table_on(today), _examples(saved), today.replace(day=1), ""
    initial = {"valid_from": valid_from, "note": note, "examples": example_text(examples)}
    return RulesForm(initial=initial), [as_typed(rule, n) for n, rule in enumerate(table, start=1)]


def _preview_or_save(
    request: ActorRequest, form: RulesForm, typed: list[dict[str, str]], context: dict[str, Any],
    table: tuple[Rule, ...], examples: list[Example],
) -> HttpResponse:  # fmt: skip
    valid_from, expected = form.cleaned_data["valid_from"], request.POST.get("expected", "")
    if "save" in request.POST and expected.isdecimal() and len(expected) < 12:
        saved = save_table(
            table=table, examples=examples, valid_from=valid_from, note=form.cleaned_data["note"],
            expected_moved=int(expected), actor=request.actor, at=timezone.now(),
        )  # fmt: skip
        messages.success(
            request, f"区分の表の第{saved.version}版を保存しました。業務実績を{expected}件動かしました。"
        )
        return redirect("apportionment:rules")
    if is_long(valid_from):
        trial = order_trial(
            table=table, examples=examples, valid_from=valid_from, note=form.cleaned_data["note"], actor=request.actor,
            at=timezone.now(),
        )  # fmt: skip
        return redirect("apportionment:rule_trial", pk=trial.pk)
    found = moves(table, *period_of(valid_from))
    context |= {"preview": move_lines(found), "moved": sum(m.entries for m in found), "is_preview": True}
    return _edit_page(request, form, typed, context)


def _edit_page(
    request: ActorRequest, form: RulesForm, typed: list[dict[str, str]], context: dict[str, Any], status: int = 200
) -> HttpResponse:  # fmt: skip
    lines = list(enumerate([*typed, *(blank_line() for _ in range(SPARE_LINES))]))
    written = set(DutyAssignment.objects.visible_to(request.actor).values_list("qualification", flat=True))
    context |= {"form": form, "lines": lines, "qualifications": qualification_choices(written, typed)}
    return render(request, "apportionment/rules_edit.html", context, status=status)
