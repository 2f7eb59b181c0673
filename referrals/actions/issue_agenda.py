"""A community issue on the agenda of a conference, and what the conference concluded of it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from common.errors import RuleViolation
from common.models import check_version
from referrals.actions.agenda_order import close_ranks, next_place, rows_of
from referrals.actions.issues import check_names_nobody, move_issue
from referrals.actions.lock_conference import lock_managed
from referrals.actions.run_conference import check_task
from referrals.enums import Decides
from referrals.models import ActionItem, CommunityIssue, Conference, IssueItem
from referrals.workflow import ActionItemState, ConferenceState


@transaction.atomic
def put_issue(
    *, conference: Conference, issue: CommunityIssue, topic: str, minutes: int, actor: Actor, at: datetime
) -> IssueItem:
    """Put an issue on the agenda; twice is once. A 支援会議 talks of cases, not of the community."""
    conference = lock_managed(conference, actor, ConferenceState.PLANNED, ConferenceState.RUNNING)
    issue = CommunityIssue.objects.visible_to(actor).get(pk=issue.pk)
    if Decides.ISSUE not in conference.rule.decides:
        raise RuleViolation(
            f"{conference.get_kind_display()}では、地域課題を議題にできません。", field="issue"
        )
    if not 1 <= minutes <= 480:
        raise RuleViolation("時間は1分以上8時間以内で入力してください。", field="minutes")
    item, is_new = IssueItem.objects.get_or_create(
        conference=conference,
        issue=issue,
        defaults={
            "topic": topic.strip() or issue.title,
            "minutes": minutes,
            "position": next_place(conference),
        },
    )
    if is_new:
        record(actor=actor, action="conference.put_issue", target=conference, at=at, issue=issue.pk)
    return item


@transaction.atomic
def remove_issue_item(*, item: IssueItem, actor: Actor, at: datetime) -> None:
    """Take an issue off the agenda while the conference is planned."""
    conference = lock_managed(item.conference, actor, ConferenceState.PLANNED)
    item = IssueItem.objects.visible_to(actor).get(pk=item.pk, conference=conference)
    record(actor=actor, action="conference.remove_issue", target=conference, at=at, issue=item.issue_id)
    item.delete()
    close_ranks(rows_of(conference))


@transaction.atomic
def conclude_issue(
    *, item: IssueItem, conclusion: str, event: str, version: int, actor: Actor, at: datetime
) -> IssueItem:
    """What the conference concluded, and the step that it takes with it (``event`` "" takes none).

    Raises StaleRecord where somebody else has saved it since ``version``.
    """
    conference = lock_managed(item.conference, actor, ConferenceState.RUNNING)
    item = IssueItem.objects.visible_to(actor).select_related("issue").get(pk=item.pk, conference=conference)
    check_version(item, version)
    conclusion = conclusion.strip()
    if event and not conclusion:
        raise RuleViolation("結論を書いてから、次の段階に進めてください。", field="conclusion")
    item.conclusion = conclusion
    item.save(update_fields=["conclusion"])
    if event:
        try:
            move_issue(issue=item.issue, event=event, note=conclusion, actor=actor, at=at, item=item)
        except RuleViolation as violation:
            violation.field = "conclusion" if violation.field == "note" else violation.field
            raise
    record(
        actor=actor, action="conference.conclude_issue", target=conference, at=at, item=item.pk, step=event
    )
    return item


@transaction.atomic
def decide_on_issue(
    *, item: IssueItem, text: str, agency: Agency, staff: Staff, due_on: date, actor: Actor, at: datetime,
    request_key: UUID,
) -> ActionItem:  # fmt: skip
    """Who does what about an issue, by when: an action item like those about cases, but of no case. Its words name nobody
    behind the issue. The same ``request_key`` again returns what it made. Raises RuleViolation beside its field.
    """
    conference = lock_managed(item.conference, actor, ConferenceState.RUNNING)
    item = IssueItem.objects.visible_to(actor).select_related("issue").get(pk=item.pk, conference=conference)
    known = ActionItem.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.issue_item_id == item.pk:
            return known
        raise RuleViolation("画面を開き直してから、もう一度送信してください。")
    check_task(item, text, agency, staff, due_on, at)
    check_names_nobody(item.issue, ("text", text))
    done = ActionItem.objects.create(
        request_key=request_key, issue_item=item, text=text.strip(), agency=agency, staff=staff, due_on=due_on,
        state=ActionItemState.OPEN, decided_at=at,
    )  # fmt: skip
    record(
        actor=actor, action="conference.decide", target=conference, at=at, issue=item.issue_id, action_item=done.pk,
        agency=agency.pk, staff=staff.pk,
    )  # fmt: skip
    return done
