"""準備シート: asked of the invited agencies, written by them, read by the convener and by who may read the item."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.pdf import render_pdf
from households.templatetags.contact import shield_of
from referrals.actions.prep_sheets import Dated, ask_sheets, remind_sheets, see_sheet, take_back, write_sheet
from referrals.forms.prep_sheet import ROWS, PrepForm
from referrals.models import AgendaItem, PrepSheet
from referrals.models.prep_sheet import QUESTIONS
from referrals.permissions_conferences import can_manage
from referrals.selectors_prep import chronology, entry_when
from referrals.views.conference_agenda import get_item
from referrals.views.conferences import get_managed
from referrals.workflow import ConferenceState, PrepState


def _back(pk: int) -> HttpResponse:
    return redirect(reverse("conferences:detail", args=[pk]) + "#prep")


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def ask(request: ActorRequest, pk: int) -> HttpResponse:
    """Ask every invited agency, for each item that it may read."""
    asked = ask_sheets(conference=get_managed(request, pk), actor=request.actor, at=timezone.now())
    if asked:
        messages.success(request, f"準備シートを{asked}件お願いしました。")
    else:
        messages.warning(
            request,
            "お願いできる相手がいません。議題を読める機関を招いてから、お願いしてください（支援会議では守秘の確認のあと）。",
        )
    return _back(pk)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def remind(request: ActorRequest, pk: int) -> HttpResponse:
    """Ask again whoever has not handed in; once a day."""
    count = remind_sheets(conference=get_managed(request, pk), actor=request.actor, at=timezone.now())
    messages.success(
        request, f"{count}件の準備シートを催促しました。" if count else "催促は、きょう済んでいます。"
    )
    return _back(pk)


def _get(request: ActorRequest, pk: int) -> PrepSheet:
    sheets = PrepSheet.objects.visible_to(request.actor).select_related(
        "agenda_item__conference__convener",
        "agenda_item__case__household",
        "member__agency",
        "sent_by",
        "seen_by",
    )
    return scoped_get(sheets, request, pk=pk)


def _initial(sheet: PrepSheet) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(sheet, name) for name in (*QUESTIONS, "version")}
    for n, entry in enumerate(sheet.entries.order_by("on", "pk")[:ROWS]):
        values |= {f"when_{n}": entry_when(entry), f"what_{n}": entry.text}
    return values


@permission(Permission.CONFERENCE_VIEW)
def sheet(request: ActorRequest, pk: int) -> HttpResponse:
    """One sheet: its own agency writes it, the others read it once it is handed in."""
    row = _get(request, pk)
    item, actor = row.agenda_item, request.actor
    writes = (
        row.member.agency_id == actor.agency_id
        and item.conference.state == ConferenceState.PLANNED
        and not row.is_handed_in
    )
    if writes:
        texts = [getattr(row, name) for name in QUESTIONS]
        shield_of(request).check_readable(item.case.household_id, *texts)
    form = PrepForm(request.POST or None, initial=_initial(row)) if writes else None
    context = _context(request, row, form)
    if request.method != "POST":
        return render(request, "conferences/prep_sheet.html", context)
    if form is None:
        raise NotAllowed("この準備シートは、もう書けません。")
    if form.is_valid():
        hand_in = request.POST.get("hand_in") == "yes"
        try:
            done = save_merging(form, lambda: _write(request, row, form, hand_in))
        except NotAllowed:
            raise
        except RuleViolation as violation:
            if violation.field == "entries":
                violation.field = "when_0"
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                said = "準備シートを提出しました。" if hand_in else "書きかけを保存しました。"
                messages.success(request, done.words(said))
                return redirect("conferences:prep_sheet", pk=pk)
            context |= {
                "compare": done.rows,
                "who": row.member.agency.short_name,
                "form": PrepForm(done.data),
            }
    return render(request, "conferences/prep_sheet.html", context, status=422)


def _write(request: ActorRequest, row: PrepSheet, form: PrepForm, hand_in: bool) -> None:
    data = form.cleaned_data
    write_sheet(
        sheet=row, answers={name: data[name] for name in QUESTIONS}, version=data["version"], hand_in=hand_in,
        entries=[Dated(*entry) for entry in data["entries"]], actor=request.actor, at=timezone.now(),
    )  # fmt: skip


def _context(request: ActorRequest, row: PrepSheet, form: PrepForm | None) -> dict[str, Any]:
    item, manages = row.agenda_item, can_manage(request.actor, row.agenda_item.conference)
    entries = [(entry_when(entry), entry.text) for entry in row.entries.order_by("on", "pk")]
    own = row.member.agency_id == request.actor.agency_id
    planned = item.conference.state == ConferenceState.PLANNED
    return {
        "sheet": row, "item": item, "conference": item.conference, "form": form,
        "answers": [(label, getattr(row, name)) for name, label in QUESTIONS.items()],
        "entries": entries,
        "may_see": manages and row.state == PrepState.SENT,
        "may_take_back": own and planned and row.state == PrepState.SENT,
        "reads_item": AgendaItem.objects.visible_to(request.actor).filter(pk=item.pk).exists(),
    }  # fmt: skip


@require_POST
@permission(Permission.CONFERENCE_VIEW)
def undo(request: ActorRequest, pk: int) -> HttpResponse:
    """Back to the draft."""
    take_back(sheet=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "書きかけに戻しました。")
    return redirect("conferences:prep_sheet", pk=pk)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def seen(request: ActorRequest, pk: int) -> HttpResponse:
    """The convener has read it."""
    row = see_sheet(sheet=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "準備シートを確認しました。")
    return _back(row.agenda_item.conference_id)


@require_safe
@permission(Permission.CONFERENCE_VIEW)
def sheet_pdf(request: ActorRequest, pk: int) -> HttpResponse:
    """One sheet on paper, with its four questions; empty lines where nothing is written yet."""
    row = _get(request, pk)
    context = _context(request, row, None) | {"shield": shield_of(request), "printed_at": timezone.now()}
    log_reads(request, AccessKind.PRINT, "cases.case", str(row.agenda_item.case_id))
    pdf = render_pdf("conferences/prep_sheet_pdf.html", context, request=request)
    again = _context(request, _get(request, pk), None)
    if context["reads_item"] and not again["reads_item"]:
        raise NotAllowed("印刷している間に、この議題を見る権限が終わりました。")
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="prep-{pk}.pdf"'
    return response


@require_safe
@permission(Permission.CONFERENCE_VIEW)
def family_years(request: ActorRequest, pk: int) -> HttpResponse:
    """家族年表 of one item: what each agency holds, one list by date."""
    item = get_item(request, pk)
    log_reads(request, AccessKind.VIEW, "cases.case", str(item.case_id))
    rows = chronology(item, request.actor, shield_of(request))
    context = {"item": item, "conference": item.conference, "rows": rows}
    return render(request, "conferences/chronology.html", context)
