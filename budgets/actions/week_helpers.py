"""What makes a week quick: templates of lines, and a timer that the server keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from budgets.actions.work_entries import add_entry
from budgets.models import WorkCategory, WorkEntry, WorkTemplate, WorkTimer
from budgets.permissions import check_can_record_work
from budgets.quick_entry import Choice, parse_line
from common.errors import RuleViolation

MOST_TEMPLATES = 20
LONGEST_TIMER = timedelta(hours=12)


def _choices() -> list[Choice]:
    return [
        Choice(*row)
        for row in WorkCategory.objects.order_by("position", "code").values_list("code", "name", "key")
    ]


@transaction.atomic
def add_template(*, name: str, line: str, actor: Actor, at: datetime) -> WorkTemplate:
    """A line as it would be typed, under a short name; it must be readable, and a name is used once."""
    check_can_record_work(actor)
    name, line = name.strip(), line.strip()
    if not name or len(name) > 30:
        raise RuleViolation("名前を30字までで入力してください。", field="name")
    parse_line(line, _choices())
    mine = WorkTemplate.objects.filter(staff=actor.staff_id)
    if mine.filter(name=name).exists():
        raise RuleViolation(f"「{name}」というひな形はもうあります。", field="name")
    if mine.count() >= MOST_TEMPLATES:
        raise RuleViolation(f"ひな形は{MOST_TEMPLATES}までです。使わないものを消してください。", field="name")
    made = WorkTemplate.objects.create(
        staff=actor.office()[1], name=name, line=line[:120], position=mine.count()
    )
    record(actor=actor, action="work_template.add", target=made, at=at, line=made.line)
    return made


@transaction.atomic
def delete_template(*, template: WorkTemplate, actor: Actor, at: datetime) -> None:
    """One's own."""
    check_can_record_work(actor)
    row = WorkTemplate.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=template.pk)
    record(actor=actor, action="work_template.delete", target=row, at=at)
    row.delete()


def stepped(moment: datetime, step: int) -> datetime:
    """The nearest whole ``step`` of the hour's clock."""
    local = timezone.localtime(moment).replace(second=0, microsecond=0)
    over = local.minute % step
    return local + timedelta(minutes=step - over if 2 * over >= step else -over)


@transaction.atomic
def start_timer(*, category_code: str, note: str, actor: Actor, at: datetime) -> WorkTimer:
    """Begin now; what is running is to be ended first."""
    check_can_record_work(actor)
    category = WorkCategory.objects.filter(code=category_code).first()
    if category is None:
        raise RuleViolation("業務区分を選んでください。", field="category")
    if WorkTimer.objects.filter(staff=actor.staff_id).exists():
        raise RuleViolation("もう計測しています。先に終えてください。", field="category")
    made = WorkTimer.objects.create(
        staff=actor.office()[1], category=category, note=note.strip()[:100], started_at=at
    )
    record(actor=actor, action="work_timer.start", target=made, at=at, category=category.code)
    return made


def _own_timer(actor: Actor) -> WorkTimer:
    check_can_record_work(actor)
    row = (
        WorkTimer.objects.visible_to(actor).select_for_update(of=("self",)).select_related("category").first()
    )
    if row is None:
        raise RuleViolation("計測していません。")
    return row


@transaction.atomic
def stop_timer(*, step: int, actor: Actor, at: datetime) -> WorkEntry:
    """The time since the start becomes an entry, to the nearest ``step``; one step at least.

    What collides is refused in words, and the timer goes on.
    """
    row = _own_timer(actor)
    if at - row.started_at > LONGEST_TIMER:
        raise RuleViolation("計測が12時間を超えています。計測をやめて、時刻を手で入力してください。")
    low = stepped(row.started_at, step)
    high = max(stepped(at, step), low + timedelta(minutes=step))
    entry = add_entry(
        starts_at=low, minutes=int((high - low).total_seconds() // 60), category_code=row.category.code, note=row.note,
        actor=actor, at=at,
    )  # fmt: skip
    record(actor=actor, action="work_timer.stop", target=row, at=at, entry=entry.pk)
    row.delete()
    return entry


@transaction.atomic
def drop_timer(*, actor: Actor, at: datetime) -> None:
    """Without an entry."""
    row = _own_timer(actor)
    record(actor=actor, action="work_timer.drop", target=row, at=at)
    row.delete()
