"""What is read of community issues. How many cases stand behind one is told only from five on."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from accounts.actor import Actor
from cases.models import Case
from referrals.models import ActionItem, CommunityIssue, Conference, IssueCase, IssueItem, IssueStep
from referrals.models.issue import SMALL


def told_count(n: int) -> str:
    """The number of cases as everybody may read it: from one to four they could be guessed."""
    if n == 0:
        return "なし"
    return f"{SMALL}未満" if n < SMALL else f"{n}件"


def for_list(issues: QuerySet[CommunityIssue]) -> QuerySet[CommunityIssue]:
    return issues.with_count().select_related("area", "agency")  # type: ignore[attr-defined]


def issue_items_of(conference: Conference, actor: Actor) -> QuerySet[IssueItem]:
    """The issues on the agenda, in order, each with its ``decisions``."""
    decided = ActionItem.objects.select_related("agency", "staff", "done_by").order_by("pk")
    return (
        IssueItem.objects.visible_to(actor)
        .filter(conference=conference)
        .select_related("issue__area", "issue__agency", "conference")
        .prefetch_related(Prefetch("action_items", queryset=decided, to_attr="decisions"))
        .order_by("position", "pk")
    )


def cases_behind(issue: CommunityIssue, actor: Actor) -> QuerySet[IssueCase]:
    """Those that the actor sees."""
    return (
        IssueCase.objects.visible_to(actor)
        .filter(issue=issue)
        .select_related("case__household", "case__lead_agency")
        .order_by("linked_at", "pk")
    )


def history_of(issue: CommunityIssue, actor: Actor) -> QuerySet[IssueStep]:
    return (
        IssueStep.objects.visible_to(actor)
        .filter(issue=issue)
        .select_related("by", "item__conference")
        .order_by("-at", "-pk")
    )


def conferences_for(actor: Actor) -> QuerySet[Conference]:
    """Conferences of one's own agency that could take an issue up."""
    return (
        Conference.objects.visible_to(actor)
        .filter(convener=actor.agency_id, state="planned")
        .order_by("starts_at", "pk")
    )


def issues_of_case(case: Case, actor: Actor) -> QuerySet[CommunityIssue]:
    """The issues that a visible case has to do with."""
    return CommunityIssue.objects.visible_to(actor).filter(links__case=case).order_by("-moved_at", "-pk")
