"""業務記録: the week of a worker, entered line by line; a manager reads those of the agency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Staff
from accounts.roles import Permission
from budgets.actions.correct_category import correct_category
from budgets.actions.derive_entry import settle_finding
from budgets.actions.work_entries import add_entry, copy_week, delete_entry, edit_entry, week_start
from budgets.duty import at as moment
from budgets.forms.work import AddLineForm, CategoryForm, LineForm
from budgets.models import WorkCategory, WorkEntry, WorkFinding, WorkTemplate, WorkTimer
from budgets.permissions import check_own_entry
from budgets.quick_entry import NotReadable, QuickLine, parse_line
from budgets.selectors_work import categories, choices, first_gap, line_of, week_of
from common.errors import NotAllowed, RuleViolation
from common.japan.wareki import parse_wareki

SKIPPED_SHOWN = 10


def _day(text: str | None) -> date:
    """The day asked for, in any notation; today when it cannot be read."""
    try:
        return parse_wareki(text or "")
    except ValueError:
        return timezone.localdate()


def _whose(request: ActorRequest) -> Staff:
    """Oneself, or, for a manager, a worker of the own agency (404 and a log line for anybody else)."""
    actor = request.actor
    wanted = request.GET.get("staff", "")
    if actor.staff is not None and wanted in {"", str(actor.staff_id)}:
        return actor.staff
    staff = Staff.objects.visible_to(actor)
    if actor.has(Permission.WORK_VIEW_AGENCY) and actor.agency is not None:
        return scoped_get(staff.of_agency(actor.agency, on=timezone.localdate()), request, pk=wanted)
    return scoped_get(staff.none(), request, pk=wanted)


@permission(Permission.WORK_RECORD)
def week(request: ActorRequest) -> HttpResponse:
    """The week that holds ``?day=`` (default: this one), of oneself or of ``?staff=``."""
    return _page(request, _day(request.GET.get("day")), staff=_whose(request))


def _context(
    request: ActorRequest, day: date, staff: Staff, form: LineForm | CategoryForm | None, *, is_part: bool,
    known: Sequence[WorkCategory] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What page and part have in common; a part has the lines of its one day alone."""
    now = timezone.now()
    rows = week_of(staff=staff, day=day, actor=request.actor, now=now, only=is_part, known=known)
    typed = form if isinstance(form, AddLineForm) else None
    return {
        "week": rows,
        "staff": staff,
        "is_own": staff.pk == request.actor.staff_id,
        "days": [(row, (row.day == day and typed) or AddLineForm(day=row.day)) for row in rows.days],
        "focus_day": day,
        "today": timezone.localdate(now),
        "is_part": is_part,
    }


def _page(
    request: ActorRequest, day: date, *, staff: Staff, form: LineForm | CategoryForm | None = None, editing: int | None = None,
    status: int = 200, known: Sequence[WorkCategory] | None = None,
) -> HttpResponse:  # fmt: skip
    """The whole page, or for HTMX the one day and the sums."""
    is_part = bool(request.htmx and not request.htmx.boosted)
    context = _context(request, day, staff, form, is_part=is_part, known=known)
    context |= {"editing": editing, "edit_form": form if editing else None}
    if is_part:
        ((row, add_form),) = context["days"]
        context |= {"row": row, "add_form": add_form}
        return render(request, "work/_answer.html", context, status=status)
    actor = request.actor
    monday: date = context["week"].monday
    own = "" if context["is_own"] else f"&staff={staff.pk}"
    url = reverse("work:week")
    context |= {
        "previous_url": f"{url}?day={(monday - timedelta(days=7)).isoformat()}{own}",
        "next_url": f"{url}?day={(monday + timedelta(days=7)).isoformat()}{own}",
        "this_url": f"{url}?day={context['today'].isoformat()}{own}",
        "choices": choices() if context["is_own"] else [],
        "templates": WorkTemplate.objects.visible_to(actor).order_by("position", "pk")
        if context["is_own"]
        else [],
        "timer": WorkTimer.objects.visible_to(actor).select_related("category").first()
        if context["is_own"]
        else None,
        "step": settings.KYOSEI_WORK_STEP,
        "month_url": reverse("work:month_now") if actor.has(Permission.WORK_VIEW_AGENCY) else "",
        "colleagues": _colleagues(request) if actor.has(Permission.WORK_VIEW_AGENCY) else [],
        "crumbs": [{"label": "業務記録", "url": url}, {"label": f"{staff.name}の週", "url": ""}],
    }
    return render(request, "work/week.html", context, status=status)


def _colleagues(request: ActorRequest) -> list[Staff]:
    agency = request.actor.agency
    if agency is None:
        return []
    staff = Staff.objects.visible_to(request.actor).of_agency(agency, on=timezone.localdate())
    return list(staff.order_by("kana", "pk"))


def _me(request: ActorRequest) -> Staff:
    if request.actor.staff is None:
        raise NotAllowed("業務記録を入力する権限がありません。")
    return request.actor.staff


def _back(request: ActorRequest, day: date, known: Sequence[WorkCategory] | None = None) -> HttpResponse:
    """After a change: the day again (HTMX), or the week of the day."""
    if request.htmx:
        return _page(request, day, staff=_me(request), known=known)
    return redirect(f"{reverse('work:week')}?day={day.isoformat()}#day-{day.isoformat()}")


def _starts_at(line: QuickLine, request: ActorRequest, day: date) -> datetime:
    if line.start is not None:
        return moment(day, line.start)
    gap = first_gap(_me(request), day)
    if gap is None:
        raise NotReadable("この日の勤務時間に空きがありません。始まりの時刻も入力してください。")
    return gap


def _expanded(text: str, request: ActorRequest) -> str:
    """The line of one's template when its name is typed; what begins with a digit is a line already."""
    name = text.strip()
    if name[:1].isdecimal():
        return text
    template = WorkTemplate.objects.visible_to(request.actor).filter(name=name).first()
    return template.line if template else text


@require_POST
@permission(Permission.WORK_RECORD)
def add(request: ActorRequest) -> HttpResponse:
    """One line into one day."""
    day = _day(request.POST.get("day"))
    form, known = AddLineForm(request.POST, day=day), categories()
    if form.is_valid():
        data = form.cleaned_data
        try:
            line = parse_line(_expanded(data["line"], request), choices(known))
            add_entry(
                starts_at=_starts_at(line, request, day), minutes=line.minutes, category_code=line.category_code,
                note=line.note, actor=request.actor, at=timezone.now(), request_key=data["request_key"],
                step=settings.KYOSEI_WORK_STEP, known=known,
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _back(request, day, known)
    return _page(request, day, staff=_me(request), form=form, status=422, known=known)


def _entry(request: ActorRequest, pk: int) -> WorkEntry:
    rows = WorkEntry.objects.visible_to(request.actor).select_related("category")
    entry = scoped_get(rows, request, log=None, pk=pk)
    check_own_entry(request.actor, entry.staff_id)
    return entry


@permission(Permission.WORK_RECORD)
def edit(request: ActorRequest, pk: int) -> HttpResponse:
    """The entry's line, as it would be typed, to be typed over."""
    entry = _entry(request, pk)
    day = entry.worked_on
    if request.method != "POST":
        form = LineForm(day=day, prefix_id="edit", initial={"line": line_of(entry).as_typed})
        return _page(request, day, staff=_me(request), form=form, editing=pk)
    form = LineForm(request.POST, day=day, prefix_id="edit")
    if form.is_valid():
        try:
            line = parse_line(form.cleaned_data["line"], choices())
            edit_entry(
                entry=entry, starts_at=moment(day, line.start) if line.start else entry.during.lower,
                minutes=line.minutes, category_code=line.category_code, note=line.note, actor=request.actor,
                at=timezone.now(), step=settings.KYOSEI_WORK_STEP,
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _back(request, day)
    return _page(request, day, staff=_me(request), form=form, editing=pk, status=422)


@require_POST
@permission(Permission.WORK_RECORD)
def delete(request: ActorRequest, pk: int) -> HttpResponse:
    """Take a manual entry out; a derived one, or a locked month, answers 422 with the sentence."""
    entry = _entry(request, pk)
    day = entry.worked_on
    try:
        delete_entry(entry=entry, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form = LineForm({"line": line_of(entry).as_typed}, day=day, prefix_id="edit")
        form.is_valid()
        form.add_violation(violation)
        return _page(request, day, staff=_me(request), form=form, editing=pk, status=422)
    return _back(request, day)


@permission(Permission.WORK_RECORD)
def recategorize(request: ActorRequest, pk: int) -> HttpResponse:
    """Another category for an entry that came from a record, beside the table's explanation."""
    entry = _entry(request, pk)
    day = entry.worked_on
    if request.method != "POST":
        form = CategoryForm(
            choices=choices(), auto_id=f"category-{pk}-%s",
            initial={"category": entry.category.code, "reason": entry.correction},
        )  # fmt: skip
        return _page(request, day, staff=_me(request), form=form, editing=pk)
    form = CategoryForm(request.POST, choices=choices(), auto_id=f"category-{pk}-%s")
    if form.is_valid():
        try:
            correct_category(
                entry=entry, category_code=form.cleaned_data["category"], reason=form.cleaned_data["reason"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _back(request, day)
    return _page(request, day, staff=_me(request), form=form, editing=pk, status=422)


@require_POST
@permission(Permission.WORK_RECORD)
def copy(request: ActorRequest) -> HttpResponse:
    """The same as last week, and which entries were not taken over."""
    day = _day(request.POST.get("day"))
    try:
        copied = copy_week(to_week=day, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return redirect(f"{reverse('work:week')}?day={day.isoformat()}")
    if copied.entries:
        messages.success(request, f"先週から {len(copied.entries)} 件を入れました。")
    elif not copied.skipped:
        messages.info(request, "先週の業務記録に、手で入力したものはありません。")
    if copied.skipped:
        shown, more = copied.skipped[:SKIPPED_SHOWN], len(copied.skipped) - SKIPPED_SHOWN
        tail = f"、ほか{more}件" if more > 0 else ""
        messages.warning(request, f"入れなかったもの：{'、'.join(shown)}{tail}")
    return redirect(f"{reverse('work:week')}?day={week_start(day).isoformat()}")


@require_POST
@permission(Permission.WORK_RECORD)
def settle(request: ActorRequest, pk: int) -> HttpResponse:
    """The worker has looked at a finding."""
    finding = scoped_get(WorkFinding.objects.visible_to(request.actor), request, log=None, pk=pk)
    settle_finding(finding=finding, actor=request.actor, at=timezone.now())
    return _back(request, finding.worked_on)
