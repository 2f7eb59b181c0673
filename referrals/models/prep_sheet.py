"""準備シート: what each invited agency knows and wants of one agenda item, written before the sitting (domain.md 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Staff
from cases.models.case import not_denied, sees_case
from common.models import Versioned
from referrals.models.conference import SECRET_KINDS, AgendaItem, ConferenceMember, ItemAttendee
from referrals.workflow import ConferenceState, PrepState

if TYPE_CHECKING:
    from accounts.actor import Actor

QUESTIONS = {
    "situation": "把握している世帯像",
    "efforts": "現在の取り組み状況",
    "wanted": "どの支援機関に関わってもらいたいか",
    "requests": "他部署へお願いしたいこと",
}


class PrepSheetQuerySet(models.QuerySet["PrepSheet"]):
    def visible_to(self, actor: Actor) -> PrepSheetQuerySet:
        """An agency's own sheets of items that it may read, from the draft on; the others' once they are handed in.

        The items of a secret conference are closed before it sits: there the sheet is only for the attendee chosen for
        the item who has accepted secrecy and whose agency has the case anyway.
        """
        readable = Exists(AgendaItem.objects.visible_to(actor).filter(pk=OuterRef("agenda_item_id")))
        own = Q(member__agency=actor.agency_id)
        seats = ConferenceMember.objects.opened_by(actor)
        chosen = Exists(ItemAttendee.objects.filter(agenda_item=OuterRef("agenda_item_id"), member__in=seats))
        secret = Q(agenda_item__conference__kind__in=SECRET_KINDS)
        before = secret & own & chosen & sees_case(actor, "agenda_item__case_id")
        handed_in = Q(state__in=[PrepState.SENT, PrepState.SEEN])
        return self.filter(
            (Q(readable) & (own | handed_in)) | before, not_denied(actor, "agenda_item__case_id")
        )

    def waiting(self) -> PrepSheetQuerySet:
        """Not handed in, of sittings still to come."""
        return self.filter(
            state__in=[PrepState.ASKED, PrepState.DRAFT],
            agenda_item__conference__state=ConferenceState.PLANNED,
            agenda_item__conference__starts_at__gt=Now(),
        )


@pghistory.track()
class PrepSheet(Versioned):
    """One agency's sheet for one item."""

    agenda_item = models.ForeignKey(
        AgendaItem, on_delete=models.CASCADE, related_name="sheets", verbose_name="議題"
    )
    member = models.ForeignKey(
        ConferenceMember, on_delete=models.CASCADE, related_name="sheets", verbose_name="構成員"
    )
    state = models.CharField("状態", max_length=10, choices=PrepState, default=PrepState.ASKED)
    situation = models.TextField(QUESTIONS["situation"], blank=True)
    efforts = models.TextField(QUESTIONS["efforts"], blank=True)
    wanted = models.TextField(QUESTIONS["wanted"], blank=True)
    requests = models.TextField(QUESTIONS["requests"], blank=True)
    asked_at = models.DateTimeField("依頼日時")
    reminded_at = models.DateTimeField("催促日時", null=True, blank=True)
    sent_at = models.DateTimeField("提出日時", null=True, blank=True)
    sent_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出者"
    )
    seen_at = models.DateTimeField("確認日時", null=True, blank=True)
    seen_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="確認者"
    )

    objects = PrepSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "準備シート"
        constraints = [
            models.UniqueConstraint(fields=["agenda_item", "member"], name="prep_sheet_once"),
            models.CheckConstraint(
                name="prep_sheet_sent_pair",
                condition=Q(state__in=[PrepState.ASKED, PrepState.DRAFT], sent_at__isnull=True, sent_by__isnull=True)
                | Q(state__in=[PrepState.SENT, PrepState.SEEN], sent_at__isnull=False, sent_by__isnull=False),
            ),
            models.CheckConstraint(
                name="prep_sheet_seen_pair",
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(state=PrepState.SEEN, seen_at__isnull=False, seen_by__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.agenda_item} {self.member}"

    @property
    def is_handed_in(self) -> bool:
        return self.state in (PrepState.SENT, PrepState.SEEN)


class ChronologyQuerySet(models.QuerySet["ChronologyEntry"]):
    def visible_to(self, actor: Actor) -> ChronologyQuerySet:
        return self.filter(sheet__in=PrepSheet.objects.visible_to(actor))


@pghistory.track()
class ChronologyEntry(models.Model):
    """家族年表の行: a year, month or day of the family's life that one agency knows, written on its sheet."""

    sheet = models.ForeignKey(
        PrepSheet, on_delete=models.CASCADE, related_name="entries", verbose_name="準備シート"
    )
    on = models.DateField("日付")
    precision = models.CharField(
        "日付の細かさ", max_length=5, choices=[("day", "日"), ("month", "月"), ("year", "年")], default="year"
    )
    text = models.CharField("できごと", max_length=200)

    objects = ChronologyQuerySet.as_manager()

    class Meta:
        verbose_name = "家族年表の行"

    def __str__(self) -> str:
        return self.text
