"""不在: who is not there from when to when, and who acts for them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Appointment, Staff, StaffAbsence
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from common.errors import NotAllowed, Overlap, RuleViolation
from common.jobs import enqueue
from common.models import period


def check_can_enter(actor: Actor, staff: Staff, on: date) -> None:
    """Everybody for themselves, the head of an agency for who is appointed there."""
    if actor.agency is None or actor.staff is None:
        raise NotAllowed("所属する機関がないため、不在を登録できません。")
    if staff.pk == actor.staff_id:
        return
    here = Appointment.objects.current(on).filter(staff=staff, agency=actor.agency)
    if not actor.has(Permission.HAND_OVER) or not here.exists():
        raise NotAllowed("不在を登録できるのは、本人と、その機関の長です。")


@transaction.atomic
def enter_absence(
    *, staff: Staff, first_on: date, last_on: date | None, deputy: Staff | None, actor: Actor, at: datetime,
    request_key: UUID,
) -> StaffAbsence:  # fmt: skip
    """From a day to a day (both included; without an end until it is set). The deputy works at the same agency.

    The same ``request_key`` again returns the same row. Raises Overlap when the days are already covered.
    """
    today = timezone.localdate(at)
    check_can_enter(actor, staff, today)
    agency, writer = actor.office()
    Staff.objects.select_for_update(of=("self",)).get(pk=staff.pk)
    done = StaffAbsence.objects.filter(request_key=request_key, staff=staff).first()
    if done is not None:
        return done
    if last_on is not None and last_on < first_on:
        raise RuleViolation("最後の日が、最初の日より前です。", field="last_on")
    if last_on is not None and last_on < today:
        raise RuleViolation("すでに終わった期間です。", field="last_on")
    if deputy is not None:
        if deputy.pk == staff.pk:
            raise RuleViolation("代理には、本人のほかの人を選んでください。", field="deputy")
        if not Staff.objects.of_agency(agency, on=today).filter(pk=deputy.pk).exists():
            raise RuleViolation(f"{deputy.name}さんは{agency.short_name}に所属していません。", field="deputy")
    during = period(first_on, last_on)
    if StaffAbsence.objects.filter(staff=staff, during__overlap=during).exists():
        raise Overlap("不在の期間が重なっています。", field="first_on")
    absence = StaffAbsence.objects.create(
        request_key=request_key, staff=staff, deputy=deputy, during=during, entered_at=at, entered_by=writer
    )
    if deputy is not None and deputy.pk != writer.pk:
        text = f"{staff.name}さんが不在のあいだ、代理をお願いします。"
        notify(staff_ids=[deputy.pk], text=text, url="/worries/", at=at, kind=NoticeKind.ABSENCE)
    enqueue("accounts.tasks.mail_notices")  # what waits for who is away now goes to the deputy
    record(
        actor=actor, action="absence.enter", target=absence, at=at, staff=staff.pk, deputy=deputy.pk if deputy else None,
        first_on=first_on.isoformat(), last_on=last_on.isoformat() if last_on else None,
    )  # fmt: skip
    return absence


@transaction.atomic
def end_absence(*, absence: StaffAbsence, last_on: date, actor: Actor, at: datetime) -> StaffAbsence:
    """Back after ``last_on`` (today or later, or yesterday: back today). One that has not begun is shortened to nothing
    by its own first day: it then covers that day alone.
    """
    absence = StaffAbsence.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=absence.pk)
    today = timezone.localdate(at)
    check_can_enter(actor, absence.staff, today)
    if (today - last_on).days > 1:
        raise RuleViolation("最後の日は昨日以降にしてください。", field="last_on")
    first = absence.during.lower
    if last_on < first:
        raise RuleViolation("最後の日が、最初の日より前です。", field="last_on")
    absence.during = DateRange(first, date.fromordinal(last_on.toordinal() + 1))
    try:
        with transaction.atomic():
            absence.save(update_fields=["during"])
    except IntegrityError:
        raise Overlap("不在の期間が重なっています。", field="last_on") from None
    record(actor=actor, action="absence.end", target=absence, at=at, last_on=last_on.isoformat())
    return absence
