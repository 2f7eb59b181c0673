"""同一人: two records that may be one person (link), and their merge, which can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from accounts.models import Staff
from households.enums import LinkState, MergeChange
from households.models.household import denied_households
from households.models.person import Person, people_of

if TYPE_CHECKING:
    from accounts.actor import Actor


class PersonLinkQuerySet(models.QuerySet["PersonLink"]):
    def visible_to(self, actor: Actor) -> PersonLinkQuerySet:
        """Whoever sees one of the two and may find the other; a deny list hides both."""
        seen = Person.objects.visible_to(actor).values("pk")
        denied = people_of(denied_households(actor))
        return self.filter(Q(person__in=seen) | Q(other__in=seen)).exclude(
            Q(person__in=denied) | Q(other__in=denied)
        )

    def of(self, person: Person) -> PersonLinkQuerySet:
        return self.filter(Q(person=person) | Q(other=person))


@pghistory.track()
class PersonLink(models.Model):
    """同一人の確認: two records that may be one person, or that were found to be two. Nothing is joined by it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="人")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="相手")
    state = models.CharField("判断", max_length=20, choices=LinkState, default=LinkState.POSSIBLE)
    reason = models.CharField("そう考えた理由", max_length=300)
    judged_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="判断した職員"
    )
    judged_at = models.DateTimeField("判断日時")

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("state", "reason", "judged_by_id", "judged_at")

    objects = PersonLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "同一人の確認"
        constraints = [
            models.UniqueConstraint(
                Least("person", "other"), Greatest("person", "other"), name="person_link_once"
            ),
            models.CheckConstraint(name="person_link_of_two", condition=~Q(person=F("other"))),
        ]
        indexes = [models.Index(fields=["other"], name="person_link_other")]

    def __str__(self) -> str:
        return f"同一人の確認 {self.pk}"


class PersonMergeQuerySet(models.QuerySet["PersonMerge"]):
    def visible_to(self, actor: Actor) -> PersonMergeQuerySet:
        """Whoever sees the person who stayed."""
        return self.filter(kept__in=Person.objects.visible_to(actor).values("pk"))

    def in_force(self) -> PersonMergeQuerySet:
        return self.filter(undone_at__isnull=True)


@pghistory.track()
class PersonMerge(models.Model):
    """人の統合: the records of ``absorbed`` hang on ``kept`` until the merge is undone. Nothing is deleted for good."""

    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="残す人")
    absorbed = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", verbose_name="統合された人"
    )
    choices = models.JSONField("項目ごとの選択", default=dict)
    basis = models.CharField("同じ人と確かめた方法", max_length=300)
    merged_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="統合した職員"
    )
    merged_at = models.DateTimeField("統合日時")
    undone_by = models.ForeignKey(
        Staff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="取り消した職員",
    )
    undone_at = models.DateTimeField("取り消し日時", null=True, blank=True)
    undo_reason = models.CharField("取り消した理由", max_length=300, blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("kept_id", "absorbed_id", "undone_at")

    objects = PersonMergeQuerySet.as_manager()

    class Meta:
        verbose_name = "人の統合"
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=Q(undone_at__isnull=True), name="merged_once_at_a_time"
            ),
            models.CheckConstraint(name="merge_of_two", condition=~Q(kept=F("absorbed"))),
            models.CheckConstraint(
                name="merge_undone_pair",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["kept"], name="merge_kept")]

    def __str__(self) -> str:
        return f"人の統合 {self.pk}"


@pghistory.track()
class MergedRow(models.Model):
    """統合で動いた記録: one row that a merge touched, with what it was before: the undo reads nothing else."""

    merge = models.ForeignKey(PersonMerge, on_delete=models.PROTECT, related_name="rows", verbose_name="統合")
    change = models.CharField("変更", max_length=20, choices=MergeChange)
    model = models.CharField("記録の種類", max_length=60)
    column = models.CharField("項目", max_length=60, blank=True)
    row_id = models.BigIntegerField("記録")
    before: Any = models.JSONField("統合前", default=dict)
    after: Any = models.JSONField("統合後", default=dict)

    class Meta:
        verbose_name = "統合で動いた記録"
        constraints = [
            models.UniqueConstraint(fields=["merge", "model", "column", "row_id"], name="merged_row_once")
        ]

    def __str__(self) -> str:
        return f"{self.merge} {self.model} {self.row_id}"
