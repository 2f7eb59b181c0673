"""地域課題: raising one, the cases behind it, its steps, and what is told back to those cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Area
from accounts.notice_kinds import NoticeKind
from audit.actions import record
from cases.models import Case
from common.errors import InvalidTransition, RuleViolation
from common.models import check_version
from households.models import Household, HouseholdMember, staff_denied
from referrals.enums import IssueTheme
from referrals.models import CommunityIssue, IssueCase, IssueItem, IssueReport, IssueStep
from referrals.permissions_issues import check_can_move, check_can_raise
from referrals.workflow import ISSUE_TRANSITIONS, IssueEvent, IssueState


@transaction.atomic
def raise_issue(
    *, title: str, theme: str, area: Area | None, description: str, actor: Actor, at: datetime,
    cases: Iterable[Case] = (),
) -> CommunityIssue:  # fmt: skip
    """A new issue at 発見, with the cases that made somebody think of it. Its words may not name anybody of them."""
    check_can_raise(actor)
    agency, staff = actor.office()
    title, description = title.strip(), description.strip()
    _check_words(title, theme)
    issue = CommunityIssue.objects.create(
        title=title, theme=theme, area=area, description=description, state=IssueState.FOUND, agency=agency,
        raised_by=staff, raised_at=at, moved_at=at,
    )  # fmt: skip
    for case in cases:
        _link(issue, case, actor, at)
    check_names_nobody(issue, ("title", title), ("description", description))
    step = IssueStep.objects.create(
        issue=issue, state=IssueState.FOUND, note=description or title, at=at, by=staff
    )
    _report(step, issue)
    record(actor=actor, action="issue.raise", target=issue, at=at, theme=theme)
    return issue


def _check_words(title: str, theme: str) -> None:
    if not title:
        raise RuleViolation("地域課題を一文で書いてください。", field="title")
    if theme not in IssueTheme.values:
        raise RuleViolation("テーマは、一覧にあるものから選んでください。", field="theme")


def check_names_nobody(issue: CommunityIssue, *texts: tuple[str, str]) -> None:
    """No name of a household behind the issue stands in its words: they are read by people who see none of the cases."""
    homes = issue.links.values("case__household_id")
    people = HouseholdMember.objects.filter(household__in=homes).values_list(
        "person__family_name", "person__given_name"
    )
    names = {f"{family}{given}" for family, given in people if family and given}
    names |= {given for _, given in people if given and len(given) > 1}
    names |= set(Household.objects.filter(pk__in=homes).values_list("name", flat=True))
    for field, text in texts:
        plain = "".join(text.split())
        if any("".join(name.split()) in plain for name in names if name):
            raise RuleViolation(
                "ケースの人や世帯の名前が入っています。地域課題には、だれのことかわからないように書いてください。",
                field=field,
            )


def _locked(issue: CommunityIssue, actor: Actor) -> CommunityIssue:
    rows = CommunityIssue.objects.visible_to(actor).select_related("agency", "area")
    return rows.select_for_update(of=("self",)).get(pk=issue.pk)


@transaction.atomic
def edit_issue(
    *, issue: CommunityIssue, title: str, theme: str, area: Area | None, description: str, version: int,
    actor: Actor, at: datetime,
) -> CommunityIssue:  # fmt: skip
    """Correct its words. Raises StaleRecord where somebody else did since ``version``."""
    issue = _locked(issue, actor)
    check_can_move(actor, issue)
    check_version(issue, version)
    _check_words(title.strip(), theme)
    issue.title, issue.theme, issue.area, issue.description = title.strip(), theme, area, description.strip()
    check_names_nobody(issue, ("title", issue.title), ("description", issue.description))
    issue.save(update_fields=["title", "theme", "area", "description"])
    record(actor=actor, action="issue.edit", target=issue, at=at)
    return issue


@transaction.atomic
def link_case(*, issue: CommunityIssue, case: Case, actor: Actor, at: datetime) -> IssueCase:
    """A case behind an issue; only who sees the case may say so. Twice is once."""
    check_can_raise(actor)
    issue = _locked(issue, actor)
    link = _link(issue, case, actor, at)
    check_names_nobody(issue, ("case", f"{issue.title}\n{issue.description}"))
    return link


def _link(issue: CommunityIssue, case: Case, actor: Actor, at: datetime) -> IssueCase:
    case = Case.objects.visible_to(actor.by_office()).get(pk=case.pk)
    _, staff = actor.office()
    link, is_new = IssueCase.objects.get_or_create(
        issue=issue, case=case, defaults={"linked_by": staff, "linked_at": at}
    )
    if is_new:
        record(actor=actor, action="issue.link_case", target=issue, at=at, case=case.pk)
    return link


@transaction.atomic
def unlink_case(*, link: IssueCase, actor: Actor, at: datetime) -> None:
    """The case has nothing to do with it after all; what was told to it stays in its stream."""
    check_can_raise(actor)
    link = IssueCase.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=link.pk)
    record(actor=actor, action="issue.unlink_case", target=link.issue, at=at, case=link.case_id)
    link.delete()


@transaction.atomic
def move_issue(
    *, issue: CommunityIssue, event: str, note: str, actor: Actor, at: datetime, item: IssueItem | None = None
) -> IssueStep:
    """One step on, with what was done or found: it is told to the lead workers of the cases behind it and stands in the
    streams of those cases. ``item``: a conference took the step. Raises InvalidTransition, and RuleViolation beside note.
    """
    issue = _locked(issue, actor)
    if item is None:
        check_can_move(actor, issue)
    _, staff = actor.office()
    try:
        issue.state = ISSUE_TRANSITIONS[IssueState(issue.state), IssueEvent(event)]
    except (KeyError, ValueError):
        raise InvalidTransition(
            f"この地域課題は「{issue.get_state_display()}」のため、この操作はできません。"
        ) from None
    note = note.strip()
    if not note:
        raise RuleViolation(
            "したこと・わかったことを書いてください。もとのケースの経過にも載ります。", field="note"
        )
    check_names_nobody(issue, ("note", note))
    issue.moved_at = at
    issue.save(update_fields=["state", "moved_at"])
    step = IssueStep.objects.create(issue=issue, state=issue.state, note=note, at=at, by=staff, item=item)
    _report(step, issue)
    record(actor=actor, action=f"issue.{event}", target=issue, at=at, step=step.pk)
    _tell(issue, actor, at)
    return step


def _report(step: IssueStep, issue: CommunityIssue) -> None:
    IssueReport.objects.bulk_create(
        [
            IssueReport(step=step, case_id=pk)
            for pk in issue.links.order_by("pk").values_list("case_id", flat=True)
        ]
    )


def _tell(issue: CommunityIssue, actor: Actor, at: datetime) -> None:
    """The lead workers of open cases behind it; not who did it."""
    leads = (
        Case.objects.open()
        .filter(issue_links__issue=issue)
        .order_by("pk")
        .values_list("lead_staff_id", "household_id", "lead_agency_id")
    )
    for staff_id, home, agency_id in leads:
        if staff_id != actor.staff_id:
            notify(
                staff_ids={staff_id} - staff_denied(home),
                text=f"担当するケースから挙がった地域課題が「{issue.get_state_display()}」に進みました。",
                url=f"/issues/{issue.pk}/", at=at, kind=NoticeKind.CASE, about=home, agency_id=agency_id,
            )  # fmt: skip
