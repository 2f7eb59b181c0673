"""検索用の本文: the folded words of consultations, notes, assessment and plans, by which search finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from accounts.models import Agency
from cases.models.case import Case, sees_case
from cases.models.consultation import Consultation
from cases.models.note import AssessmentItem, ProgressNote
from cases.models.plan import SupportPlan

if TYPE_CHECKING:
    from accounts.actor import Actor

SOURCES = ("consultation", "note", "item", "plan")


class IndexedTextQuerySet(models.QuerySet["IndexedText"]):
    def visible_to(self, actor: Actor) -> IndexedTextQuerySet:
        """The texts of records that the actor may see: what an agency received, and what belongs to a visible case.

        It only narrows the search: whoever shows a hit reads the record itself through its own ``visible_to``.
        """
        received = Q(consultation__isnull=False, agency=actor.agency_id)
        return self.filter(received | sees_case(actor, "case_id"))


class IndexedText(models.Model):
    """The search form of one record's words; made by the action that writes the record, never shown."""

    consultation = models.OneToOneField(
        Consultation,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="相談受付",
    )
    note = models.OneToOneField(
        ProgressNote,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="支援経過",
    )
    item = models.OneToOneField(
        AssessmentItem,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="見立て",
    )
    plan = models.OneToOneField(
        SupportPlan, on_delete=models.CASCADE, null=True, related_name="indexed_text", verbose_name="プラン"
    )
    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, verbose_name="ケース"
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name="書いた機関"
    )
    written_at = models.DateTimeField("対応日時")
    folded = models.TextField("検索用の本文")
    terms = ArrayField(models.IntegerField(), verbose_name="検索用の文字")

    objects = IndexedTextQuerySet.as_manager()

    class Meta:
        verbose_name = "検索用の本文"
        constraints = [
            models.CheckConstraint(
                name="indexed_text_of_one_record",
                condition=Q(
                    consultation__isnull=False, note__isnull=True, item__isnull=True, plan__isnull=True
                )
                | Q(consultation__isnull=True, note__isnull=False, item__isnull=True, plan__isnull=True)
                | Q(consultation__isnull=True, note__isnull=True, item__isnull=False, plan__isnull=True)
                | Q(consultation__isnull=True, note__isnull=True, item__isnull=True, plan__isnull=False),
            )
        ]
        indexes = [
            GinIndex(fields=["terms"], name="indexed_text_terms", fastupdate=False),
            models.Index(fields=["agency", "-written_at", "-id"], name="indexed_text_agency"),
            models.Index(fields=["case"], name="indexed_text_case"),
        ]

    def __str__(self) -> str:
        return f"検索用の本文 {self.pk}"
