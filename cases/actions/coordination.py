"""連携の型を決める: which coordination model holds from which day. What has begun stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency, Appointment
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.coordination import RULES, Hears, Leads, Model, Project, Rule
from cases.models import CoordinationSetting, ProjectOperator
from common.errors import NotAllowed, Overlap, RuleViolation
from common.japan.wareki import format_wareki

MOST_DAYS = 60


def check_can_set(actor: Actor) -> None:
    if not actor.has(Permission.STAFF_ADMIN) or actor.staff is None:
        raise NotAllowed("連携の型を変える権限がありません。")


@transaction.atomic
def set_model(
    *, model: str, starts_on: date, center: Agency | None, coordinator_may_lead: bool, conference_days: int | None,
    operators: Mapping[str, Sequence[Agency]], reason: str, actor: Actor, at: datetime, request_key: UUID,
) -> CoordinationSetting:  # fmt: skip
    """From ``starts_on`` (tomorrow at the earliest) the municipality works by ``model``. Cases opened before keep theirs.

    ``operators``: by sub-project who runs it. The same ``request_key`` again returns the row that it made. Raises RuleViolation
    beside its field: a day that is not to come or taken, a model without its central agency, one that could never lead.
    """
    check_can_set(actor)
    known = CoordinationSetting.objects.filter(request_key=request_key).first()
    if known is not None:
        return known
    if model not in Model.values:
        raise RuleViolation("連携の型を一覧から選んでください。", field="model")
    rule = RULES[Model(model)]
    today = timezone.localdate(at)
    if starts_on <= today:
        raise RuleViolation("開始日は明日以降にしてください。始まった型は変えられません。", field="starts_on")
    if CoordinationSetting.objects.standing().filter(starts_on=starts_on).exists():
        raise Overlap("この日から始まる設定がすでにあります。先に取り消してください。", field="starts_on")
    if conference_days is not None and not 1 <= conference_days <= MOST_DAYS:
        raise RuleViolation(f"会議までの開庁日数は1日から{MOST_DAYS}日までです。", field="conference_days")
    if not reason.strip():
        raise RuleViolation("変える理由を書いてください。", field="reason")
    may_lead = coordinator_may_lead if rule.coordinator_leads is None else rule.coordinator_leads
    _check_center(rule, center, may_lead, today)
    _check_operators(rule, operators, today)
    setting = CoordinationSetting.objects.create(
        request_key=request_key, starts_on=starts_on, model=model, center=center if rule.center else None,
        coordinator_may_lead=may_lead, conference_days=conference_days if rule.conference_days else None,
        reason=reason.strip(), set_at=at, set_by=actor.office()[1],
    )  # fmt: skip
    ProjectOperator.objects.bulk_create(
        ProjectOperator(setting=setting, project=project, agency=agency)
        for project, agencies in operators.items()
        for agency in agencies
    )
    record(
        actor=actor, action="coordination.set", target=setting, at=at, model=model, starts_on=starts_on.isoformat(),
        center=setting.center_id,
    )  # fmt: skip
    _tell(
        setting, f"連携の型が{format_wareki(starts_on)}から「{Model(model).label}」に変わります。", actor, at
    )
    return setting


def _check_center(rule: Rule, center: Agency | None, may_lead: bool, on: date) -> None:
    if not rule.center:
        return
    if center is None:
        raise RuleViolation(f"{rule.center}を選んでください。", field="center")
    if center.closed_on is not None and center.closed_on <= on:
        raise RuleViolation(f"{center.short_name}は廃止されています。", field="center")
    if Leads.CENTER in (rule.simple_lead, rule.complex_lead) and not center.may_lead:
        raise RuleViolation(f"{center.short_name}は主担当になれない機関です。", field="center")
    takes_people = Agency.objects.with_desk().filter(pk=center.pk).exists()
    if not may_lead and takes_people:
        raise RuleViolation(
            f"{center.short_name}は相談を受ける機関です。主担当にならない調整役には、調整だけをする機関を選んでください。",
            field="center",
        )
    if not Appointment.objects.current(on).filter(agency=center).exists():
        raise RuleViolation(f"{center.short_name}には、いま所属する職員がいません。", field="center")


def _check_operators(rule: Rule, operators: Mapping[str, Sequence[Agency]], on: date) -> None:
    for project, agencies in operators.items():
        if project not in Project.values:
            raise RuleViolation("事業を一覧から選んでください。")
        for agency in agencies:
            if agency.closed_on is not None and agency.closed_on <= on:
                raise RuleViolation(f"{agency.short_name}は廃止されています。", field=project)
    if rule.hears is Hears.OPERATORS and not operators.get(Project.COOPERATION):
        raise RuleViolation(
            "拠点を後ろから支える、多機関協働の実施機関を選んでください。", field=Project.COOPERATION
        )


def _tell(setting: CoordinationSetting, text: str, actor: Actor, at: datetime) -> None:
    """The directors, the central agency and who runs 多機関協働 hear of it."""
    offices = set(Agency.objects.filter(kind=AgencyKind.DIRECTOR_OFFICE).values_list("pk", flat=True))
    offices |= {setting.center_id} if setting.center_id else set()
    running = setting.operators.filter(project=Project.COOPERATION)
    offices |= set(running.values_list("agency_id", flat=True))
    people = Appointment.objects.current(timezone.localdate(at)).filter(
        agency__in=offices, staff__is_active=True
    )
    notify(
        staff_ids=set(people.values_list("staff_id", flat=True)) - {actor.staff_id}, text=text,
        url=reverse("manage:coordination"), at=at, kind=NoticeKind.OTHER,
    )  # fmt: skip


@transaction.atomic
def withdraw_model(*, setting: CoordinationSetting, actor: Actor, at: datetime) -> CoordinationSetting:
    """A setting that has not begun is taken back; the one before it goes on. The row stays in the history."""
    check_can_set(actor)
    setting = CoordinationSetting.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=setting.pk)
    if setting.withdrawn_at is not None:
        return setting
    if setting.starts_on <= timezone.localdate(at):
        raise RuleViolation(
            "始まった型は取り消せません。変えるときは、明日以降に始まる型を登録してください。"
        )
    setting.withdrawn_at, setting.withdrawn_by = at, actor.office()[1]
    setting.save(update_fields=["withdrawn_at", "withdrawn_by"])
    record(
        actor=actor,
        action="coordination.withdraw",
        target=setting,
        at=at,
        starts_on=setting.starts_on.isoformat(),
    )
    _tell(setting, f"{format_wareki(setting.starts_on)}からの連携の型の変更は、取り消されました。", actor, at)
    return setting
