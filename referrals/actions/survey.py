"""Answering the questionnaire after a conference."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from referrals.actions.lock_conference import lock_conference
from referrals.enums import Agreement
from referrals.models import ConferenceMember, SurveyAnswer
from referrals.models.survey import SURVEY
from referrals.permissions_conferences import check_can_answer


@transaction.atomic
def answer_survey(
    *, member: ConferenceMember, answers: Mapping[str, int], comment: str, actor: Actor, at: datetime
) -> SurveyAnswer:
    """One answer an attendee; answering again replaces it (the history keeps the former)."""
    conference = lock_conference(member.conference, actor)
    member = conference.members.get(pk=member.pk)
    member.conference = conference
    check_can_answer(actor, member)
    _, staff = actor.office()
    for name in SURVEY:
        if answers.get(name) not in Agreement.values:
            raise RuleViolation("四つのうちから一つ選んでください。", field=name)
    row, _ = SurveyAnswer.objects.update_or_create(
        member=member,
        defaults={
            "conference": conference, "staff": staff, "comment": comment.strip(), "answered_at": at,
            **{name: answers[name] for name in SURVEY},
        },
    )  # fmt: skip
    record(actor=actor, action="conference.answer_survey", target=conference, at=at, agency=member.agency_id)
    return row
