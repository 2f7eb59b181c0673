"""地域課題: the list, one issue with its steps, and raising one from a case or from a need that nobody could meet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.models import Area
from accounts.roles import Permission
from cases.models import Case
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.keyset import Sort, paginate
from referrals.actions.issue_agenda import put_issue
from referrals.actions.issues import edit_issue, link_case, move_issue, raise_issue, unlink_case
from referrals.enums import IssueTheme
from referrals.forms.issues import IssueEditForm, IssueFilterForm, IssueForm, IssueStepForm, TakeUpForm
from referrals.models import CommunityIssue, IssueCase
from referrals.permissions_conferences import can_convene
from referrals.permissions_issues import can_move, can_raise, check_can_move
from referrals.selectors_issues import cases_behind, for_list, history_of, told_count
from referrals.workflow import IssueState, issue_steps

SORTS = {"moved": Sort("更新", ["moved_at"]), "title": Sort("地域課題", ["title"])}


@require_safe
@permission(Permission.ISSUE_VIEW)
def issue_list(request: ActorRequest) -> HttpResponse:
    """All issues by stage, theme and area; the number of cases only from five on."""
    form = IssueFilterForm(request.GET)
    form.is_valid()
    wanted = models.Q()
    for name in ("state", "theme", "area"):
        if form.cleaned_data.get(name):
            wanted &= models.Q(**{name: form.cleaned_data[name]})
    found = for_list(CommunityIssue.objects.visible_to(request.actor).filter(wanted))
    page = paginate(found, request_get=request.GET, sorts=SORTS, default="-moved")
    context = {
        "filter": form, "page": page, "is_filtered": bool(wanted), "may_raise": can_raise(request.actor),
        "rows": [(issue, told_count(getattr(issue, "cases_behind", 0))) for issue in page.rows],
        "reset_url": reverse("issues:list"),
    }  # fmt: skip
    return render(request, "issues/list.html", context)


def _wished_case(request: ActorRequest) -> Case | None:
    """The case that the address names; its read is logged."""
    number = request.GET.get("case", "")
    if not number:
        return None
    cases = Case.objects.visible_to(request.actor).select_related("household")
    return scoped_get(cases, request, number=number)


def _first_values(request: ActorRequest, case: Case | None) -> dict[str, Any]:
    """What a page with an unmet need hands over: ?title=, ?theme=, ?area= (the code of the area), ?text=."""
    get = request.GET
    area = Area.objects.visible_to(request.actor).filter(code=get.get("area", "")).first()
    if area is None and case is not None:
        area = case.household.area
    theme = get.get("theme", "")
    return {
        "title": get.get("title", "")[:120], "theme": theme if theme in IssueTheme.values else "",
        "area": area, "description": get.get("text", "")[:4000],
    }  # fmt: skip


@permission(Permission.ISSUE_RAISE)
def new(request: ActorRequest) -> HttpResponse:
    """Raise one; ``?case=`` stands behind it."""
    case = _wished_case(request)
    form = IssueForm(request.POST or None, initial=_first_values(request, case))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                issue = raise_issue(
                    actor=request.actor, at=timezone.now(), cases=[case] if case else [], **form.cleaned_data
                )
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "地域課題を挙げました。")
                return redirect("issues:detail", pk=issue.pk)
    return render(request, "issues/form.html", {"form": form, "case": case, "issue": None}, status=status)


def get_issue(request: ActorRequest, pk: int) -> CommunityIssue:
    return scoped_get(for_list(CommunityIssue.objects.visible_to(request.actor)), request, log=None, pk=pk)


@require_safe
@permission(Permission.ISSUE_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """One issue: its stage, its steps, how many cases are behind it, and those of them that the reader sees."""
    return _detail(request, get_issue(request, pk))


def _detail(request: ActorRequest, issue: CommunityIssue, status: int = 200, **more: Any) -> HttpResponse:
    actor = request.actor
    may_move = can_move(actor, issue)
    states = list(IssueState)
    take_up = TakeUpForm(actor=actor) if can_convene(actor) else None
    context = {
        "issue": issue,
        "count": told_count(issue.cases_behind),  # type: ignore[attr-defined]
        "links": list(cases_behind(issue, actor)) if actor.has(Permission.CASE_VIEW) else [],
        "steps": list(history_of(issue, actor)),
        "stages": [(state.label, states.index(state) <= states.index(IssueState(issue.state)), state == issue.state)
                   for state in states],
        "events": issue_steps(issue.state) if may_move else [],
        "may_move": may_move,
        "may_link": can_raise(actor),
        "step_form": IssueStepForm(),
        "take_up": take_up if take_up and take_up.has_choices else None,
    } | more  # fmt: skip
    return render(request, "issues/detail.html", context, status=status)


@permission(Permission.ISSUE_RAISE)
def edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Its words; two people at once are merged field by field or told."""
    issue = get_issue(request, pk)
    check_can_move(request.actor, issue)
    names = ("title", "theme", "area", "description", "version")
    form: Any = IssueEditForm(request.POST or None, initial={name: getattr(issue, name) for name in names})
    context: dict[str, Any] = {"issue": issue, "case": None, "form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            at = timezone.now()
            try:
                done = save_merging(
                    form, lambda: edit_issue(issue=issue, actor=request.actor, at=at, **form.cleaned_data)
                )
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                if isinstance(done, Saved):
                    messages.success(request, done.words("地域課題を保存しました。"))
                    return redirect("issues:detail", pk=pk)
                context |= {
                    "compare": done.rows,
                    "form": IssueEditForm(done.data),
                    "who": issue.agency.short_name,
                }
    return render(request, "issues/form.html", context, status=status)


@require_POST
@permission(Permission.ISSUE_RAISE)
def move(request: ActorRequest, pk: int) -> HttpResponse:
    """One step on, with what was done."""
    issue = get_issue(request, pk)
    form = IssueStepForm(request.POST)
    if form.is_valid():
        try:
            move_issue(
                issue=issue, event=request.POST.get("event", ""), note=form.cleaned_data["note"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "地域課題を進めました。もとのケースの経過にも載りました。")
            return redirect("issues:detail", pk=pk)
    return _detail(request, issue, 422, step_form=form)


@require_POST
@permission(Permission.ISSUE_RAISE)
def link(request: ActorRequest, pk: int) -> HttpResponse:
    """A case behind it, by its number."""
    issue = get_issue(request, pk)
    number = request.POST.get("number", "").strip().upper()
    case = Case.objects.visible_to(request.actor).filter(number=number).first()
    if case is None:
        refusal = "その番号のケースは見つかりません。番号（例：K08-00012）を確かめてください。"
        return _detail(request, issue, 422, link_error=refusal, link_number=number)
    try:
        link_case(issue=issue, case=case, actor=request.actor, at=timezone.now())
    except NotAllowed:
        raise
    except RuleViolation as violation:
        return _detail(request, issue, 422, link_error=violation.message, link_number=number)
    messages.success(request, f"{case.number}を、この地域課題のもとのケースにしました。")
    return redirect("issues:detail", pk=pk)


@require_POST
@permission(Permission.ISSUE_RAISE)
def unlink(request: ActorRequest, pk: int) -> HttpResponse:
    """The case has nothing to do with it after all."""
    row = scoped_get(IssueCase.objects.visible_to(request.actor), request, log=None, pk=pk)
    unlink_case(link=row, actor=request.actor, at=timezone.now())
    messages.success(request, "もとのケースから外しました。")
    return redirect("issues:detail", pk=row.issue_id)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def take_up(request: ActorRequest, pk: int) -> HttpResponse:
    """Onto the agenda of a conference of one's own agency."""
    issue = get_issue(request, pk)
    form = TakeUpForm(request.POST, actor=request.actor)
    if not form.is_valid():
        return _detail(request, issue, 422, take_up=form)
    conference = form.cleaned_data["conference"]
    put_issue(
        conference=conference, issue=issue, topic="", minutes=15, actor=request.actor, at=timezone.now()
    )
    messages.success(request, f"「{conference.shown_title}」の議題にしました。")
    return redirect("conferences:detail", pk=conference.pk)
