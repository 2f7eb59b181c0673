"""Community issues on the agenda of a conference: put there, talked about, concluded."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from referrals.actions.issue_agenda import conclude_issue, decide_on_issue, put_issue, remove_issue_item
from referrals.forms.issues import IssueConclusionForm, IssueItemForm
from referrals.models import IssueItem
from referrals.models.issue import agenda_in_order
from referrals.permissions_conferences import can_manage, check_can_manage
from referrals.selectors_conferences import agenda_of
from referrals.selectors_issues import history_of, issue_items_of, told_count
from referrals.views.conference_run import decision_form, filled, lines_of, parsed, way
from referrals.views.conferences import get_conference, get_managed
from referrals.views.issues import get_issue
from referrals.workflow import ConferenceState, issue_steps


@permission(Permission.CONFERENCE_CONVENE)
def issue_add(request: ActorRequest, pk: int) -> HttpResponse:
    """Which issue, what to talk about, for how long."""
    conference = get_managed(request, pk)
    form = IssueItemForm(request.POST or None, actor=request.actor, conference=conference)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                put_issue(conference=conference, actor=request.actor, at=timezone.now(), **form.cleaned_data)
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, "地域課題を議題にしました。")
                return redirect(reverse("conferences:detail", args=[pk]) + "#agenda")
    return render(
        request, "conferences/issue_add.html", {"conference": conference, "form": form}, status=status
    )


def get_issue_item(request: ActorRequest, pk: int) -> IssueItem:
    items = IssueItem.objects.visible_to(request.actor).select_related("conference__convener", "issue")
    return scoped_get(items, request, log=None, pk=pk)


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def issue_remove(request: ActorRequest, pk: int) -> HttpResponse:
    item = get_issue_item(request, pk)
    remove_issue_item(item=item, actor=request.actor, at=timezone.now())
    messages.success(request, "地域課題を議題から外しました。")
    return redirect(reverse("conferences:detail", args=[item.conference_id]) + "#agenda")


@permission(Permission.CONFERENCE_VIEW)
def issue_run(request: ActorRequest, pk: int) -> HttpResponse:
    """One issue on screen while the conference sits; the convening agency writes the conclusion and the next step."""
    item = get_issue_item(request, pk)
    conference = get_conference(request, item.conference_id)
    if conference.state != ConferenceState.RUNNING:
        return redirect("conferences:detail", pk=conference.pk)
    manages = can_manage(request.actor, conference)
    form: Any = IssueConclusionForm(
        request.POST or None, initial={"conclusion": item.conclusion, "version": item.version}
    )
    context: dict[str, Any] = {}
    if request.method == "POST":
        if not manages:
            raise NotAllowed(f"会議を招集した機関（{conference.convener.short_name}）だけができる操作です。")
        if form.is_valid():
            try:
                done = save_merging(form, lambda: _conclude(request, item, form))
            except NotAllowed:
                raise
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                if isinstance(done, Saved):
                    messages.success(request, done.words("結論を保存しました。"))
                    return redirect("conferences:issue_run", pk=pk)
                who = conference.convener.short_name
                context = {"compare": done.rows, "who": who, "form": IssueConclusionForm(done.data)}
    context = _context(request, item, manages) | {"conference": conference, "form": form} | context
    return render(
        request, "conferences/issue_run.html", context, status=422 if request.method == "POST" else 200
    )


def _conclude(request: ActorRequest, item: IssueItem, form: IssueConclusionForm) -> None:
    data = form.cleaned_data
    conclude_issue(
        item=item, conclusion=data["conclusion"], version=data["version"], event=request.POST.get("event", ""),
        actor=request.actor, at=timezone.now(),
    )  # fmt: skip


def _context(request: ActorRequest, item: IssueItem, manages: bool) -> dict[str, Any]:
    conference = item.conference
    rows = agenda_in_order(
        [*agenda_of(conference, request.actor), *issue_items_of(conference, request.actor)]
    )
    issue = get_issue(request, item.issue_id)
    context = way(rows, item) | lines_of(item) | {
        "issue": issue, "manages": manages,
        "count": told_count(issue.cases_behind),  # type: ignore[attr-defined]
        "steps": list(history_of(issue, request.actor)),
        "events": issue_steps(issue.state) if manages else [],
    }  # fmt: skip
    decision = decision_form(request, item) if manages else None
    return context | {"item": context["current"], "decision": decision}


# ── Decisions ───────────────────────────────────────────────────────────────────────────────────────────────


@permission(Permission.CONFERENCE_CONVENE)
def issue_parse(request: ActorRequest, pk: int) -> HttpResponse:
    """The line as understood so far, while it is typed."""
    return parsed(request, get_issue_item(request, pk))


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def issue_decide(request: ActorRequest, pk: int) -> HttpResponse:
    """Record who does what about an issue; an incomplete line comes back with what was understood."""
    item = get_issue_item(request, pk)
    check_can_manage(request.actor, item.conference)
    form = decision_form(request, item, filled(request.POST, item))
    status = 422
    if form.is_valid():
        data = form.cleaned_data
        try:
            decide_on_issue(
                item=item, text=data["text"], agency=data["agency"], staff=data["staff"], due_on=data["due_on"],
                actor=request.actor, at=timezone.now(), request_key=UUID(str(data["request_key"])),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if not request.htmx:
                return redirect("conferences:issue_run", pk=pk)
            form, status = decision_form(request, item, initial={"request_key": uuid4()}), 200
    if not request.htmx:
        conference = get_conference(request, item.conference_id)
        conclusion = IssueConclusionForm(initial={"conclusion": item.conclusion, "version": item.version})
        context = {
            **_context(request, item, True),
            "conference": conference,
            "form": conclusion,
            "decision": form,
        }
        return render(request, "conferences/issue_run.html", context, status=status)
    shown = next(i for i in issue_items_of(item.conference, request.actor) if i.pk == item.pk)
    context = {"item": shown, "form": form, "manages": True, "fresh": status == 200} | lines_of(item)
    return render(request, "conferences/_decisions.html", context, status=status)
