"""Time studies: drawn up with their staff and moments, answered by the workers, approved with their frozen result."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency, Staff
from audit.actions import record
from budgets.duty import duty_hours
from budgets.enums import StudySampling
from budgets.methods.statistics import NORMAL, StudyError
from budgets.methods.time_study import CODE_VERSION, evaluate
from budgets.models import StudyMember, StudyMoment, TimeStudy, WorkCategory
from budgets.permissions import check_can_lock, check_can_run, check_own_moment
from budgets.study_inputs import digest, frozen_result, study_inputs
from budgets.workflow import STUDY_TRANSITIONS, StudyEvent, StudyState
from common.errors import InvalidTransition, RuleViolation

MOMENT_STEP = 5  # minutes
MOST_MOMENTS = 400  # of one worker


@dataclass(frozen=True, slots=True)
class StudyData:
    """``covers_from``/``covers_to``: first days of months. ``moments_each`` only for random moments."""

    name: str
    sampling: StudySampling
    starts_on: date
    ends_on: date
    covers_from: date
    covers_to: date
    basis: str
    moments_each: int = 0
    level: int = 95


def _check(data: StudyData, members: Sequence[tuple[Staff, Agency]]) -> None:
    if data.ends_on < data.starts_on:
        raise RuleViolation("調査の末日が初日より前です。", field="ends_on")
    if data.covers_to < data.covers_from:
        raise RuleViolation("使う最後の月が最初の月より前です。", field="covers_to")
    if not members:
        raise RuleViolation("調査に加わる職員を1人以上選んでください。", field="members")
    if data.level not in NORMAL:
        raise RuleViolation("信頼水準は90・95・99%から選んでください。", field="level")
    if data.sampling == StudySampling.MOMENTS and not 1 <= data.moments_each <= MOST_MOMENTS:
        raise RuleViolation(f"1人に尋ねる時点は1〜{MOST_MOMENTS}で入力してください。", field="moments_each")


def grid(starts_on: date, ends_on: date) -> list[datetime]:
    """Every five minutes of duty in the period: what the moments are drawn from."""
    hours, day, found = duty_hours(), starts_on, []
    while day <= ends_on:
        for low, high in hours.stretches(day):
            while low < high:
                found.append(low)
                low += timedelta(minutes=MOMENT_STEP)
        day += timedelta(days=1)
    return found


@transaction.atomic
def create_study(
    *, data: StudyData, members: Sequence[tuple[Staff, Agency]], actor: Actor, at: datetime
) -> TimeStudy:
    """A draft. Moments are drawn for each worker apart, by a seed that is the study's number: anybody can draw again."""
    check_can_run(actor)
    _check(data, members)
    if data.covers_from < data.starts_on.replace(day=1) and data.starts_on.year - data.covers_from.year > 1:
        raise RuleViolation("調査より1年以上前の月には使えません。", field="covers_from")
    study = TimeStudy.objects.create(
        name=data.name.strip(), sampling=data.sampling, starts_on=data.starts_on, ends_on=data.ends_on,
        covers_from=data.covers_from, covers_to=data.covers_to, basis=data.basis.strip(), level=data.level,
        moments_each=data.moments_each if data.sampling == StudySampling.MOMENTS else 0, created_at=at,
        created_by=actor.office()[1],
    )  # fmt: skip
    StudyMember.objects.bulk_create(
        StudyMember(study=study, staff=staff, agency=agency) for staff, agency in members
    )
    if study.sampling == StudySampling.MOMENTS:
        _draw(study, [staff for staff, _ in members])
    record(
        actor=actor, action="time_study.create", target=study, at=at, sampling=study.sampling, members=len(members),
        moments_each=study.moments_each,
    )  # fmt: skip
    return study


def _draw(study: TimeStudy, staff: Sequence[Staff]) -> None:
    places = grid(study.starts_on, study.ends_on)
    if len(places) < study.moments_each:
        raise RuleViolation("調査の期間の勤務時間が、尋ねる時点の数より短いです。", field="moments_each")
    rng = random.Random(study.pk)  # noqa: S311 - a sample to be drawn again, not a secret
    for person in sorted(staff, key=lambda s: s.pk):
        StudyMoment.objects.bulk_create(
            StudyMoment(study=study, staff=person, moment_at=at)
            for at in sorted(rng.sample(places, study.moments_each))
        )


@transaction.atomic
def answer_moment(*, moment: StudyMoment, category_code: str, actor: Actor, at: datetime) -> StudyMoment:
    """What the worker was doing at that moment; a moment that has not come cannot be answered."""
    row = StudyMoment.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=moment.pk)
    check_own_moment(actor, row.staff_id)
    study = TimeStudy.objects.get(pk=row.study_id)
    if study.is_approved:
        raise RuleViolation("この調査は承認されているため、回答を変えられません。")
    if row.moment_at > at:
        raise RuleViolation("まだ来ていない時点には回答できません。")
    category = WorkCategory.objects.filter(code=category_code).first()
    if category is None:
        raise RuleViolation("業務区分を選んでください。", field="category")
    row.category, row.answered_on = category, timezone.localtime(at).date()
    row.save(update_fields=["category", "answered_on"])
    record(actor=actor, action="study_moment.answer", target=row, at=at, category=category.code)
    return row


@transaction.atomic
def approve_study(*, study: TimeStudy, expected_hash: str, actor: Actor, at: datetime) -> TimeStudy:
    """Freeze the result that was shown; nothing of an approved study changes any more."""
    check_can_lock(actor)
    row = TimeStudy.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=study.pk)
    try:
        new_state = STUDY_TRANSITIONS[StudyState(row.state), StudyEvent.APPROVE]
    except KeyError:
        raise InvalidTransition("この調査はすでに承認されています。") from None
    if row.ends_on >= timezone.localtime(at).date():
        raise RuleViolation("調査の期間が終わるまで承認できません。")
    inputs = study_inputs(row)
    try:
        result = evaluate(inputs)
    except StudyError as error:
        raise RuleViolation(str(error)) from None
    if digest(inputs) != expected_hash:
        raise RuleViolation(
            "表示した結果のあとに記録か回答が変わりました。もう一度確かめてから承認してください。"
        )
    clash = TimeStudy.objects.filter(
        state=StudyState.APPROVED, covers_from__lte=row.covers_to, covers_to__gte=row.covers_from,
        members__staff__in=row.members.values("staff"),
    ).order_by("pk").first()  # fmt: skip
    if clash is not None:
        raise RuleViolation(f"同じ職員の同じ月に、承認された調査「{clash.name}」があります。")
    row.state, row.approved_at, row.approved_by = new_state, at, actor.office()[1]
    row.result, row.input_hash, row.code_version = frozen_result(inputs, result), digest(inputs), CODE_VERSION
    row.save(update_fields=["state", "approved_at", "approved_by", "result", "input_hash", "code_version"])
    record(actor=actor, action="time_study.approve", target=row, at=at, input_hash=row.input_hash)
    return row
