"""配布資料: one job makes a copy of every item for every recipient; its rows outlive the worker that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Appointment, Staff
from referrals.models.conference import AgendaItem, Conference, ConferenceMember
from referrals.workflow import CopyState, PacketState

if TYPE_CHECKING:
    from accounts.actor import Actor


class PacketQuerySet(models.QuerySet["PacketJob"]):
    def visible_to(self, actor: Actor) -> PacketQuerySet:
        """The convening agency; of a secret conference its own attendee who has accepted secrecy."""
        own = ConferenceMember.objects.opened_by(actor).filter(conference=OuterRef("conference_id"))
        return self.filter(
            Exists(own),
            conference__convener=actor.agency_id,
            conference__in=Conference.objects.visible_to(actor),
        )


@pghistory.track()
class PacketJob(models.Model):
    """One order of hand-outs for a conference."""

    conference = models.ForeignKey(
        Conference, on_delete=models.PROTECT, related_name="packets", verbose_name="会議"
    )
    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="+", verbose_name="頼んだ職員の辞令"
    )
    asked_at = models.DateTimeField("頼んだ日時")
    state = models.CharField("状態", max_length=10, choices=PacketState, default=PacketState.RUNNING)
    ended_at = models.DateTimeField("終わった日時", null=True, blank=True)

    objects = PacketQuerySet.as_manager()

    class Meta:
        verbose_name = "配布資料の作成"
        constraints = [
            models.CheckConstraint(
                name="packet_ended_iff_over",
                condition=Q(state=PacketState.RUNNING, ended_at__isnull=True)
                | (~Q(state=PacketState.RUNNING) & Q(ended_at__isnull=False)),
            ),
            models.UniqueConstraint(
                name="packet_one_running", fields=["conference"], condition=Q(state=PacketState.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conference} {self.asked_at:%Y-%m-%d %H:%M}"


class CopyQuerySet(models.QuerySet["PacketCopy"]):
    def visible_to(self, actor: Actor) -> CopyQuerySet:
        """Copies of the jobs that the actor sees, of items that are still open to the actor."""
        return self.filter(
            job__in=PacketJob.objects.visible_to(actor), agenda_item__in=AgendaItem.objects.visible_to(actor)
        )


@pghistory.track(exclude=["pdf"])
class PacketCopy(models.Model):
    """One item for one recipient, with its number and mark."""

    job = models.ForeignKey(PacketJob, on_delete=models.CASCADE, related_name="copies", verbose_name="作成")
    agenda_item = models.ForeignKey(
        AgendaItem, on_delete=models.CASCADE, related_name="copies", verbose_name="議題"
    )
    member = models.ForeignKey(
        ConferenceMember, on_delete=models.CASCADE, related_name="copies", verbose_name="配布先"
    )
    number = models.PositiveSmallIntegerField("配布先の番号")
    state = models.CharField("状態", max_length=10, choices=CopyState, default=CopyState.WAITING)
    pdf = models.BinaryField("資料", null=True, blank=True)
    made_at = models.DateTimeField("作成日時", null=True, blank=True)
    note = models.CharField("作れなかった理由", max_length=200, blank=True)

    objects = CopyQuerySet.as_manager()

    class Meta:
        verbose_name = "配布資料の写し"
        constraints = [
            models.UniqueConstraint(fields=["job", "agenda_item", "member"], name="packet_copy_once"),
            models.CheckConstraint(
                name="packet_copy_made_at",
                condition=Q(state=CopyState.WAITING, made_at__isnull=True)
                | (~Q(state=CopyState.WAITING) & Q(made_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state=CopyState.WAITING), name="packet_copy_queue")
        ]

    def __str__(self) -> str:
        return f"No.{self.number}"
