"""アウトリーチ: whom we go to, one of them with all that was tried, and how it goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from accounts.sent_forms import save_once
from cases.actions.outreach import (
    agree_to_support,
    begin_outreach,
    can_reach_out,
    edit_outreach,
    end_outreach,
    record_attempt,
    resume_outreach,
)
from cases.enums import Caller, Closeness, OutreachWay, WorrySource
from cases.forms.outreach import (
    AgreeForm,
    AttemptForm,
    EditOutreachForm,
    EndOutreachForm,
    NewOutreachForm,
    ResumeForm,
    WorryFields,
)
from cases.models import Case, Consultation, Outreach
from cases.selectors import outreach as selectors
from cases.views.drafts import begun, drafted, forget, place, unjudged
from cases.workflow import OutreachState
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.japan.business_days import add_working_days
from common.japan.fiscal import fiscal_year
from common.keyset import Sort, paginate
from households.models import Household
from households.templatetags.contact import shield_of

SORTS = {"next": Sort("次に関わる日", ["next_on"]), "heard": Sort("聞いた日", ["heard_at"])}
STATES = OutreachState.choices
WHOSE = (("", "自機関のすべて"), ("mine", "自分が関わる"))
USUAL_GAP = timedelta(days=14)
FROM_CALLER = {
    Caller.FAMILY: WorrySource.FAMILY, Caller.NEIGHBOUR: WorrySource.NEIGHBOUR, Caller.COMMISSIONER: WorrySource.WELFARE,
    Caller.AGENCY: WorrySource.AGENCY,
}  # fmt: skip


def _get(request: ActorRequest, pk: int, **options: Any) -> Outreach:
    rows = Outreach.objects.visible_to(request.actor).select_related(
        "household__area", "person", "agency", "staff", "companion", "case", "consultation", "finished_by"
    )
    return scoped_get(rows, request, pk=pk, **options)


def _staff(request: ActorRequest) -> Any:
    if request.actor.agency is None:
        return Staff.objects.none()
    rows = Staff.objects.visible_to(request.actor)
    return rows.of_agency(request.actor.agency, on=timezone.localdate()).order_by("kana", "pk")


def _check_readable(request: ActorRequest, row: Outreach) -> None:
    shield_of(request).check_readable(
        row.household_id, row.described, row.worry, row.next_text, row.source_contact
    )


@require_safe
@permission(Permission.CASE_VIEW)
def outreach_list(request: ActorRequest) -> HttpResponse:
    state, whose = request.GET.get("state", OutreachState.RUNNING), request.GET.get("whose", "")
    state = state if state in OutreachState.values else OutreachState.RUNNING
    rows = selectors.listed(request.actor, state=state, whose=whose)
    running = state == OutreachState.RUNNING
    page = paginate(
        rows,
        request_get=request.GET,
        sorts=SORTS if running else {"heard": SORTS["heard"]},
        default="next" if running else "-heard",
    )
    context = {
        "page": page, "state": state, "whose": whose, "states": STATES, "whose_choices": WHOSE,
        "today": timezone.localdate(), "may_begin": request.actor.has(Permission.CASE_WRITE),
    }  # fmt: skip
    return render(request, "outreach/list.html", context)


@require_safe
@permission(Permission.CASE_VIEW)
def counts(request: ActorRequest) -> HttpResponse:
    """The programme's counts by month, of one's own agency."""
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 4 else 0
    year = year if 2000 <= year <= 2100 else fiscal_year(timezone.localdate())
    rows = selectors.month_counts(request.actor, year)
    total = {key: sum(row[key] for row in rows) for key in ("begun", "tries", "reached", "agreed")}
    return render(
        request, "outreach/counts.html", {"rows": rows, "total": total, "year": year, "years": (year - 1, year + 1)}
    )  # fmt: skip


def _told_in(request: ActorRequest, draft: QueryDict | None) -> Consultation | None:
    """The contact in which somebody told of it, if the address (or the draft) names one that the actor's agency received."""
    number = request.GET.get("from") or (draft or request.POST).get("from") or ""
    if not number:
        return None
    return (
        Consultation.objects.visible_to(request.actor)
        .filter(receipt_no=number, agency=request.actor.agency_id)
        .select_related("person")
        .first()
    )


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def new(request: ActorRequest) -> HttpResponse:
    row = drafted(request)
    draft = place(request, row.key if row else "", row)
    told = _told_in(request, draft.data)
    initial: dict[str, Any] = {
        "request_key": uuid4(), "next_on": add_working_days(timezone.localdate() + timedelta(days=3), 0)
    }  # fmt: skip
    if told is not None:
        shield_of(request).check_readable(told.household_id, told.text)
        initial |= {
            "worry": told.text, "source": FROM_CALLER.get(Caller(told.caller), ""), "source_name": told.caller_name,
            "source_contact": told.caller_phone,
        }  # fmt: skip
        if told.person is not None:
            initial |= {"person": told.person_id, "person_text": told.person.display_name,
                        "described": told.person.display_name}  # fmt: skip
    form = NewOutreachForm(draft.data or request.POST or None, initial=initial, staff=_staff(request))
    if draft.data:
        unjudged(form)
    if request.method == "POST" and form.is_valid():
        key, at = form.cleaned_data["request_key"], timezone.now()
        try:
            made = save_once(
                lambda: begin_outreach(
                    data=form.worry_data(), actor=request.actor, at=at, consultation=told, request_key=key,
                    person_id=form.cleaned_data["person"],
                ),
                actor=request.actor, key=key, data=request.POST, at=at,
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget(request, f"outreach:{key}")
            messages.success(request, "アウトリーチを始めました。次に関わる日がホームに出ます。")
            return redirect("outreach:detail", pk=made.pk)
    draft = replace(draft, key=f"outreach:{form['request_key'].value()}")
    context = {"form": form, "told": told, "draft": draft}
    return render(request, "outreach/new.html", context, status=422 if request.method == "POST" else 200)


def _next(row: Outreach) -> dict[str, Any]:
    """What is agreed for a day to come stands; else the usual gap."""
    today = timezone.localdate()
    if row.next_on and row.next_on > today:
        return {"next_on": row.next_on, "next_text": row.next_text}
    return {"next_on": add_working_days(today + USUAL_GAP, 0)}


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """One outreach; POST records an attempt."""
    row = _get(request, pk)
    may = can_reach_out(request.actor, row)
    draft = begun(request, f"attempt::{row.pk}")
    form = AttemptForm(
        draft.data or request.POST or None,
        initial={
            "request_key": uuid4(), "way": OutreachWay.HOME_VISIT, "started_at": timezone.localtime(), **_next(row),
        },
    )  # fmt: skip
    if draft.data:
        unjudged(form)
    if request.method == "POST" and form.is_valid():
        try:
            record_attempt(
                outreach=row, data=form.attempt(), actor=request.actor, at=timezone.now(),
                request_key=form.cleaned_data["request_key"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget(request, draft.key)
            messages.success(request, "関わりを記録しました。")
            return redirect("outreach:detail", pk=pk)
    actor = request.actor
    context = {
        "outreach": row, "form": form, "may": may, "draft": draft, "attempts": selectors.attempts_of(row),
        "steps": [(value, label, value == row.closeness) for value, label in Closeness.choices],
        "tells_source": row.tells_source_to(actor), "today": timezone.localdate(),
        "sees_household": Household.objects.visible_to(actor).filter(pk=row.household_id).exists(),
        "sees_case": row.case_id is not None and Case.objects.visible_to(actor).filter(pk=row.case_id).exists(),
        "resume_form": ResumeForm(initial={"next_on": add_working_days(timezone.localdate(), 1)}),
    }  # fmt: skip
    return render(request, "outreach/detail.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def edit(request: ActorRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    if not can_reach_out(request.actor, row):
        raise NotAllowed(f"担当機関（{row.agency.short_name}）だけができる操作です。")
    _check_readable(request, row)
    names = [name for name in WorryFields.base_fields if name != "companion"]
    initial = {name: getattr(row, name) for name in names} | {
        "companion": row.companion_id, "staff": row.staff_id, "version": row.version,
    }  # fmt: skip
    draft = begun(request, f"outreach_edit::{row.pk}")
    form = EditOutreachForm(draft.data or request.POST or None, initial=initial, staff=_staff(request))
    if draft.data:
        unjudged(form)
    compare = None
    if request.method == "POST" and form.is_valid():
        try:
            done = save_merging(
                form,
                lambda: edit_outreach(
                    outreach=row, data=form.worry_data(), staff=form.cleaned_data["staff"],
                    version=form.cleaned_data["version"], actor=request.actor, at=timezone.now(),
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
                return redirect("outreach:detail", pk=pk)
            _check_readable(request, done.current)
            compare = done.rows
            form = EditOutreachForm(done.data, staff=_staff(request))
    context = {"form": form, "outreach": row, "compare": compare, "draft": draft}
    return render(request, "outreach/edit.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def agree(request: ActorRequest, pk: int) -> HttpResponse:
    """The person says yes: the case begins."""
    row = _get(request, pk)
    form = AgreeForm(request.POST or None, initial={"agreed_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            done = agree_to_support(
                outreach=row, agreed_on=data["agreed_on"], how=data["how"], actor=request.actor, at=timezone.now(),
                person_id=data["person"], new_person=form.new_person(), sectors=tuple(data["sectors"]),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "相談につながりました。これまでの関わりはケースの経過で読めます。")
            if done.case and Case.objects.visible_to(request.actor).filter(pk=done.case.pk).exists():
                return redirect("cases:detail", number=done.case.number)
            return redirect("outreach:detail", pk=pk)
    context = {"form": form, "outreach": row}
    return render(request, "outreach/agree.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission(Permission.CASE_WRITE)
def end(request: ActorRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    form = EndOutreachForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_outreach(
                outreach=row, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "アウトリーチを終えました。記録は残ります。")
            return redirect("outreach:detail", pk=pk)
    context = {"form": form, "outreach": row}
    return render(request, "outreach/end.html", context, status=422 if form.is_bound else 200)


@require_POST
@permission(Permission.CASE_WRITE)
def resume(request: ActorRequest, pk: int) -> HttpResponse:
    row = _get(request, pk, log=None)
    form = ResumeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "次に関わる日を確かめてください。")
        return redirect("outreach:detail", pk=pk)
    try:
        resume_outreach(
            outreach=row, next_on=form.cleaned_data["next_on"], actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    else:
        messages.success(request, "もう一度関わります。")
    return redirect("outreach:detail", pk=pk)
